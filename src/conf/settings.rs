//! Every setting, with its default. The doc comments are the reference that users read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration;
use super::proxy_url::ProxyUrl;

/// All settings of a run. Keys are the field names with dots between them, `scoopi.` in front or not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// Fixes the date-time of the run, written as `dateTimePattern` says; now if it is not given.
    pub run_date_time_text: Option<String>,
    /// How date-times are written, in the letters of Java's SimpleDateFormat.
    pub date_time_pattern: DateTimePattern,
    /// The time zone of the run, such as Asia/Kolkata; that of the machine if it is not given.
    pub time_zone: Option<String>,
    /// The date-time that scripts are given as the end of all validity (`configs.getHighDate()`).
    pub high_date: HighDate,
    /// Definitions.
    pub defs: DefsSettings,
    /// What facts without a value become.
    pub fact: FactSettings,
    /// Where rows go.
    pub appender: AppenderSettings,
    /// Kept pages and data.
    pub datastore: DataStoreSettings,
    /// What is kept.
    pub persist: PersistSettings,
    /// The durable log of a run.
    pub store: StoreSettings,
    /// Jobs.
    pub job: JobSettings,
    /// Where links may lead.
    pub scope: ScopeSettings,
    /// The watch over the end of a run.
    pub monitor: MonitorSettings,
    /// How many jobs may be in a step at a time, by the step's name; 64 for `loader`, else the number of cores.
    pub poolsize: BTreeMap<String, u32>,
    /// Politeness to http hosts.
    pub loader: LoaderSettings,
    /// Limits of a fetch.
    pub fetch: FetchSettings,
    /// How we show ourselves to servers.
    pub web_client: WebClientSettings,
    /// Limits of a page.
    pub page: PageSettings,
    /// Limits of queries.
    pub query: QuerySettings,
    /// Limits of parsing.
    pub parse: ParseSettings,
    /// Limits of scripts.
    pub script: ScriptSettings,
    /// Log files.
    pub log: LogSettings,
    /// Running on several hosts.
    pub cluster: ClusterSettings,
}

impl Settings {
    /// These settings, with the pace and the places of `today`: what a resumed run gives is as it began,
    /// how fast it goes and where it logs may change.
    #[must_use]
    pub fn at_the_pace_of(self, today: &Self) -> Self {
        let today = today.clone();
        Self {
            store: today.store,
            monitor: today.monitor,
            poolsize: today.poolsize,
            loader: today.loader,
            log: today.log,
            fetch: FetchSettings { cookies: self.fetch.cookies, ..today.fetch },
            job: JobSettings {
                max_jobs: self.job.max_jobs,
                max_url_bytes: self.job.max_url_bytes,
                max_depth: self.job.max_depth,
                ..today.job
            },
            cluster: today.cluster,
            ..self
        }
    }

    /// These settings, composed by one node, as another one works by them: what concerns a machine (where its
    /// data, output, kept pages and log files are, how it reaches others and the network) is its own.
    #[must_use]
    pub fn on_the_machine_of(self, own: &Self) -> Self {
        let own = own.clone();
        Self {
            appender: AppenderSettings { file: own.appender.file, ..self.appender },
            datastore: DataStoreSettings { path: own.datastore.path, ..self.datastore },
            store: own.store,
            poolsize: own.poolsize,
            log: own.log,
            fetch: FetchSettings { proxy: own.fetch.proxy, ..self.fetch },
            cluster: own.cluster,
            ..self
        }
    }
}

impl Settings {
    /// Returns these settings without passwords, as they are published to other nodes, stored with the run and shown to
    /// scripts.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let proxy = self.fetch.proxy.as_ref().map(ProxyUrl::without_user_info);
        Self { fetch: FetchSettings { proxy, ..self.fetch.clone() }, ..self.clone() }
    }
}

macro_rules! text_default {
    ($(#[$doc:meta])* $name:ident, $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl Default for $name {
            fn default() -> Self {
                Self($default.to_owned())
            }
        }
    };
}

text_default!(
    /// A date-time pattern.
    DateTimePattern,
    "yyyy-MM-dd'T'HH:mm:ss.SSSZ"
);
text_default!(
    /// A date-time far away.
    HighDate,
    "2037-12-31T23:59:59.999"
);

macro_rules! settings {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }
    };
}

settings! {
    /// Definitions.
    DefsSettings {
        /// The folder of definitions. A path that begins with `/` is looked up below the working directory first.
        dir: String = "defs".to_owned(),
        /// Name of the steps for tasks that name none: css, xpath, jsoupDefault, htmlUnitDefault or one of your own.
        default_steps: String = "css".to_owned(),
    }
}

settings! {
    /// What facts without a value become.
    FactSettings {
        /// Blank values.
        blank: BlankSettings = BlankSettings::default(),
        /// Values that the page does not have.
        not_found: NotFoundSettings = NotFoundSettings::default(),
    }
}

settings! {
    /// Blank values.
    BlankSettings {
        /// Whether blank facts are replaced.
        replace: bool = true,
        /// By what.
        replace_with: String = "-".to_owned(),
    }
}

settings! {
    /// Values that the page does not have.
    NotFoundSettings {
        /// The text that stands for a fact that was not found.
        replace_with: String = "not found".to_owned(),
    }
}

settings! {
    /// Where rows go.
    AppenderSettings {
        /// Files.
        file: FileSettings = FileSettings::default(),
        /// Most bytes of rows of one task on one page; the limit holds for their texts and for the encoded rows. More
        /// fails the job. At most 32 MiB, which is also the limit of all tasks of a page together.
        max_row_bytes: u64 = 16 << 20,
    }
}

settings! {
    /// Files of rows.
    FileSettings {
        /// Folder put in front of relative files; `--output` sets it.
        base_dir: String = String::new(),
    }
}

settings! {
    /// Kept pages and data.
    DataStoreSettings {
        /// Whether pages and data with a live period are kept from one run to the next.
        enable: bool = true,
        /// Folder of kept pages and data; `<data folder>/pages` if it is not given.
        path: Option<String> = None,
    }
}

settings! {
    /// What is kept.
    PersistSettings {
        /// Whether pages are kept.
        locator: bool = true,
        /// Whether parsed data is kept.
        data: bool = true,
    }
}

settings! {
    /// The durable log of a run.
    StoreSettings {
        /// Folder of the log; `--data` sets it.
        dir: String = "data".to_owned(),
        /// What keeps the log: sled or redb.
        kind: String = "redb".to_owned(),
        /// What a committed job survives: `process` (this program being killed) or `fsync` (the machine losing power).
        durability: String = "process".to_owned(),
        /// Bytes of log after which the state is written down and the log before it removed, or four times the bytes of
        /// the state if that is more.
        snapshot_after: u64 = 64 << 20,
    }
}

settings! {
    /// Jobs.
    JobSettings {
        /// Jobs that may be in work on a node at a time.
        take_limit: u32 = 128,
        /// Tries of a job that fails for a reason that may pass, the first one included.
        max_tries: u32 = 3,
        /// Crashes of a node while it worked on a job that the job survives; with one more it is put aside.
        max_crashes: u32 = 5,
        /// Milliseconds before the second try; doubled before each further one.
        #[serde(deserialize_with = "duration::millis")]
        retry_delay: u64 = 1_000,
        /// Milliseconds between two tries at most, unless the server asks for more.
        #[serde(deserialize_with = "duration::millis")]
        max_retry_delay: u64 = 60_000,
        /// Jobs that a run may have altogether; links beyond it are counted and not followed.
        max_jobs: u64 = 10_000_000,
        /// Longest URL of a link in bytes; longer links are counted and not followed. At most 16 KiB.
        max_link: u32 = 2_048,
        /// Most bytes of the URLs of all open jobs (waiting or leased) together; further links are counted and not followed.
        max_url_bytes: u64 = 256 << 20,
        /// Most links from a locator to a page; deeper links are counted and not followed.
        max_depth: u32 = 100_000,
    }
}

settings! {
    /// Where links may lead.
    ScopeSettings {
        /// Hosts that links may lead to: `any`; `same` (the hosts that the run begins with); `domain` (these without
        /// `www.` in front, and all hosts below them). Other links are counted and not followed.
        hosts: String = "any".to_owned(),
    }
}

settings! {
    /// The watch over the end of a run.
    MonitorSettings {
        /// Milliseconds between two looks at whether all is done, when nothing else wakes the watch.
        #[serde(deserialize_with = "duration::millis")]
        timer_period: u64 = 1_000,
    }
}

settings! {
    /// Loading.
    LoaderSettings {
        /// Politeness to http hosts.
        fetch: LoaderFetchSettings = LoaderFetchSettings::default(),
    }
}

settings! {
    /// Politeness to http hosts; files are not concerned.
    LoaderFetchSettings {
        /// Requests to one host at a time.
        parallelism: u32 = 1,
        /// Milliseconds between the starts of two requests to one host.
        #[serde(deserialize_with = "duration::millis")]
        delay: u64 = 1_000,
    }
}

settings! {
    /// Limits of a fetch.
    FetchSettings {
        /// Time limits.
        timeout: FetchTimeouts = FetchTimeouts::default(),
        /// Redirects that are followed.
        max_redirects: u32 = 10,
        /// Largest page in bytes, after decompression.
        max_body: u64 = 10 << 20,
        /// Seconds that a host's Retry-After may keep us away at most.
        #[serde(deserialize_with = "duration::seconds")]
        max_retry_after: u64 = 600,
        /// Whether cookies are kept during a run.
        cookies: bool = true,
        /// URL of an HTTP proxy for all requests. Its user name and password stay on this machine: they are not
        /// stored with the run.
        proxy: Option<ProxyUrl> = None,
    }
}

settings! {
    /// Time limits of a fetch, in milliseconds.
    FetchTimeouts {
        /// To connect.
        #[serde(deserialize_with = "duration::millis")]
        connect: u64 = 10_000,
        /// Until the head of the response is there.
        #[serde(deserialize_with = "duration::millis")]
        first_byte: u64 = 20_000,
        /// Between two pieces of the body.
        #[serde(deserialize_with = "duration::millis")]
        idle: u64 = 15_000,
        /// For the whole fetch; a redirect to another page starts a new fetch.
        #[serde(deserialize_with = "duration::millis")]
        total: u64 = 60_000,
    }
}

settings! {
    /// How we show ourselves to servers.
    WebClientSettings {
        /// The user agent; one that names scoopi and its version if it is not given.
        user_agent: Option<String> = None,
    }
}

settings! {
    /// Limits of a page.
    PageSettings {
        /// Deepest nesting of elements.
        depth: u32 = 512,
        /// Most nodes and attributes.
        nodes: u32 = 1_000_000,
    }
}

settings! {
    /// Limits of queries.
    QuerySettings {
        /// Nodes that all queries of one task may visit on one page.
        visits: u64 = 200_000_000,
    }
}

settings! {
    /// Limits of parsing.
    ParseSettings {
        /// Rows of one task on one page; more fails the job.
        max_rows: u32 = 1_000_000,
        /// Most bytes of the value of one item, dim or fact; more fails the job.
        max_cell_bytes: u64 = 1 << 20,
    }
}

settings! {
    /// Limits of scripts.
    ScriptSettings {
        /// Bytes of memory.
        memory: u64 = 64 << 20,
        /// Bytes of stack.
        stack: u64 = 512 << 10,
        /// Milliseconds of one evaluation.
        #[serde(deserialize_with = "duration::millis")]
        time: u64 = 5_000,
    }
}

settings! {
    /// Log files.
    LogSettings {
        /// Folder of log files.
        dir: String = "logs".to_owned(),
    }
}

settings! {
    /// Running on several hosts.
    ClusterSettings {
        /// Whether the run is one of a cluster; `--mode` sets it.
        enable: bool = false,
        /// What people call this node; its address if it is not given. `--name` sets it.
        name: Option<String> = None,
        /// Where this node listens, HOST:PORT; `--listen` sets it.
        listen: String = "127.0.0.1:4001".to_owned(),
        /// Where others reach this node, if that is not where it listens (0.0.0.0, containers).
        advertise: Option<String> = None,
        /// The other nodes, HOST:PORT with commas between; `--join` sets it.
        join: String = String::new(),
        /// How many nodes there are to be; 0 for those that `join` names and this one.
        size: u32 = 0,
        /// Enough nodes to begin.
        quorum: QuorumSettings = QuorumSettings::default(),
        /// File of the cluster's key, made by `scoopi keygen`; needed unless all addresses are of this machine.
        /// `--key-file` sets it.
        key_file: Option<String> = None,
        /// Whether nodes of the same network are looked for by multicast (mDNS).
        mdns: bool = false,
        /// Milliseconds without a sign of life after which a node's jobs are given to others.
        #[serde(deserialize_with = "duration::millis")]
        session: u64 = 10_000,
        /// Milliseconds between two signs of life.
        #[serde(deserialize_with = "duration::millis")]
        keep_alive: u64 = 2_000,
        /// A leader that says nothing for three times as many milliseconds, mostly up to four times, is replaced by
        /// another one.
        #[serde(deserialize_with = "duration::millis")]
        election: u64 = 350,
        /// Milliseconds after which a silent voter's place is given to another node.
        #[serde(deserialize_with = "duration::millis")]
        voter_timeout: u64 = 60_000,
        /// Milliseconds that a node stays after the end of a run for members that were away; it does not stay if all members were there.
        #[serde(deserialize_with = "duration::millis")]
        linger: u64 = 60_000,
        /// Which nodes keep the rows: all, leader, or the name of one.
        output_on: String = "all".to_owned(),
    }
}

settings! {
    /// Enough nodes to begin.
    QuorumSettings {
        /// How many nodes there must be before work begins, more than half of all; 0 for the smallest such number.
        /// `--quorum` sets it.
        size: u32 = 0,
        /// Milliseconds to wait for them.
        #[serde(deserialize_with = "duration::millis")]
        timeout: u64 = 60_000,
    }
}
