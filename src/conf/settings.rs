//! Every setting: its key, type, default and scope. The doc comments are the reference that users read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration;
use super::proxy_url::ProxyUrl;
use super::scope::Scope;

impl Settings {
    /// These settings, with the pace and the machine of `today`: what a resumed run gives is as it began,
    /// how fast it goes and where it logs may change.
    #[must_use]
    pub fn at_the_pace_of(&self, today: &Self) -> Self {
        self.blended(today, Scope::changes_on_resume)
    }

    /// These settings, composed by one node, as another one works by them: what concerns a machine (where its
    /// data, output, kept pages and log files are, how it reaches others and the network) is its own.
    #[must_use]
    pub fn on_the_machine_of(&self, own: &Self) -> Self {
        self.blended(own, Scope::is_of_each_node)
    }

    /// Returns these settings without passwords, as they are published to other nodes, stored with the run and shown to
    /// scripts.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let proxy = self.fetch.proxy.as_ref().map(ProxyUrl::without_user_info);
        Self { fetch: FetchSettings { proxy, ..self.fetch.clone() }, ..self.clone() }
    }
}

/// The value of a field: a section is blended field by field, a setting is taken whole.
macro_rules! blended {
    (Section, $own:expr, $other:expr, $takes:expr) => {
        $own.blended(&$other, $takes)
    };
    ($scope:ident, $own:expr, $other:expr, $takes:expr) => {
        if $takes(Scope::$scope) { $other.clone() } else { $own.clone() }
    };
}

/// Declares a section. Each field is either a setting, with its [`Scope`] in front, or a `Section` of its own.
macro_rules! settings {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $scope:ident $field:ident: $type:ty = $default:expr,)+
    }) => {
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

        impl $name {
            /// These settings, but those of the scopes that `takes` accepts from `other`.
            fn blended(&self, other: &Self, takes: fn(Scope) -> bool) -> Self {
                Self { $($field: blended!($scope, self.$field, other.$field, takes),)+ }
            }
        }
    };
}

settings! {
    /// All settings of a run. Keys are the field names with dots between them, `scoopi.` in front or not.
    Settings {
        /// Fixes the date-time of the run, written as `dateTimePattern` says; now if it is not given.
        Run run_date_time_text: Option<String> = None,
        /// How date-times are written, in the letters of Java's SimpleDateFormat.
        Run date_time_pattern: String = "yyyy-MM-dd'T'HH:mm:ss.SSSZ".to_owned(),
        /// The time zone of the run, such as Asia/Kolkata; that of the machine if it is not given.
        Run time_zone: Option<String> = None,
        /// The date-time that scripts are given as the end of all validity (`configs.getHighDate()`).
        Run high_date: String = "2037-12-31T23:59:59.999".to_owned(),
        /// Definitions.
        Section defs: DefsSettings = DefsSettings::default(),
        /// What facts without a value become.
        Section fact: FactSettings = FactSettings::default(),
        /// Where rows go.
        Section appender: AppenderSettings = AppenderSettings::default(),
        /// Kept pages and data.
        Section datastore: DataStoreSettings = DataStoreSettings::default(),
        /// What is kept.
        Section persist: PersistSettings = PersistSettings::default(),
        /// The durable log of a run.
        Section store: StoreSettings = StoreSettings::default(),
        /// Jobs.
        Section job: JobSettings = JobSettings::default(),
        /// Where links may lead.
        Section scope: ScopeSettings = ScopeSettings::default(),
        /// The watch over the end of a run.
        Section monitor: MonitorSettings = MonitorSettings::default(),
        /// How many jobs may be in a step at a time, by the step's name; 64 for `loader`, else the number of cores.
        Machine poolsize: BTreeMap<String, u32> = BTreeMap::new(),
        /// Politeness to http hosts.
        Section loader: LoaderSettings = LoaderSettings::default(),
        /// Limits of a fetch.
        Section fetch: FetchSettings = FetchSettings::default(),
        /// How we show ourselves to servers.
        Section web_client: WebClientSettings = WebClientSettings::default(),
        /// Limits of a page.
        Section page: PageSettings = PageSettings::default(),
        /// Limits of queries.
        Section query: QuerySettings = QuerySettings::default(),
        /// Limits of parsing.
        Section parse: ParseSettings = ParseSettings::default(),
        /// Limits of scripts.
        Section script: ScriptSettings = ScriptSettings::default(),
        /// Log files.
        Section log: LogSettings = LogSettings::default(),
        /// Running on several hosts.
        Section cluster: ClusterSettings = ClusterSettings::default(),
    }
}

settings! {
    /// Definitions.
    DefsSettings {
        /// The folder of definitions. A path that begins with `/` is looked up below the working directory first.
        Run dir: String = "defs".to_owned(),
        /// Name of the steps for tasks that name none: css, xpath, jsoupDefault, htmlUnitDefault or one of your own.
        Run default_steps: String = "css".to_owned(),
    }
}

settings! {
    /// What facts without a value become.
    FactSettings {
        /// Blank values.
        Section blank: BlankSettings = BlankSettings::default(),
        /// Values that the page does not have.
        Section not_found: NotFoundSettings = NotFoundSettings::default(),
    }
}

settings! {
    /// Blank values.
    BlankSettings {
        /// Whether blank facts are replaced.
        Run replace: bool = true,
        /// By what.
        Run replace_with: String = "-".to_owned(),
    }
}

settings! {
    /// Values that the page does not have.
    NotFoundSettings {
        /// The text that stands for a fact that was not found.
        Run replace_with: String = "not found".to_owned(),
    }
}

settings! {
    /// Where rows go.
    AppenderSettings {
        /// Files.
        Section file: FileSettings = FileSettings::default(),
        /// Most bytes of rows of one task on one page; the limit holds for their texts and for the encoded rows. More
        /// fails the job. At most 32 MiB, which is also the limit of all tasks of a page together.
        Run max_row_bytes: u64 = 16 << 20,
    }
}

settings! {
    /// Files of rows.
    FileSettings {
        /// Folder put in front of relative files; `--output` sets it.
        Place base_dir: String = String::new(),
    }
}

settings! {
    /// Kept pages and data.
    DataStoreSettings {
        /// Whether pages and data with a live period are kept from one run to the next.
        Run enable: bool = true,
        /// Folder of kept pages and data; `<data folder>/pages` if it is not given.
        Place path: Option<String> = None,
    }
}

settings! {
    /// What is kept.
    PersistSettings {
        /// Whether pages are kept.
        Run locator: bool = true,
        /// Whether parsed data is kept.
        Run data: bool = true,
    }
}

settings! {
    /// The durable log of a run.
    StoreSettings {
        /// Folder of the log; `--data` sets it.
        Machine dir: String = "data".to_owned(),
        /// What keeps the log: sled or redb.
        Machine kind: String = "redb".to_owned(),
        /// What a committed job survives: `process` (this program being killed) or `fsync` (the machine losing power).
        Machine durability: String = "process".to_owned(),
        /// Bytes of log after which the state is written down and the log before it removed, or four times the bytes of
        /// the state if that is more.
        Machine snapshot_after: u64 = 64 << 20,
    }
}

settings! {
    /// Jobs.
    JobSettings {
        /// Most jobs in progress on a node at a time.
        Pace take_limit: u32 = 128,
        /// Tries of a job that fails for a reason that may pass, the first one included.
        Pace max_tries: u32 = 3,
        /// Crashes of a node while it worked on a job that the job survives; with one more it is put aside.
        Pace max_crashes: u32 = 5,
        /// Milliseconds before the second try; doubled before each further one.
        #[serde(deserialize_with = "duration::millis")]
        Pace retry_delay: u64 = 1_000,
        /// Milliseconds between two tries at most, unless the server asks for more.
        #[serde(deserialize_with = "duration::millis")]
        Pace max_retry_delay: u64 = 60_000,
        /// Jobs that a run may have altogether; links beyond it are counted and not followed.
        Run max_jobs: u64 = 10_000_000,
        /// Longest URL of a link in bytes; longer links are counted and not followed. At most 16 KiB.
        Pace max_link: u32 = 2_048,
        /// Most bytes of the URLs of all open jobs (waiting or leased) together; further links are counted and not followed.
        Run max_url_bytes: u64 = 256 << 20,
        /// Most links from a locator to a page; deeper links are counted and not followed.
        Run max_depth: u32 = 100_000,
    }
}

settings! {
    /// Where links may lead.
    ScopeSettings {
        /// Hosts that links may lead to: `any`; `same` (the hosts that the run begins with); `domain` (these without
        /// `www.` in front, and all hosts below them). Other links are counted and not followed.
        Run hosts: String = "any".to_owned(),
    }
}

settings! {
    /// The watch over the end of a run.
    MonitorSettings {
        /// Milliseconds between two looks at whether all is done, when nothing else wakes the watch.
        #[serde(deserialize_with = "duration::millis")]
        Pace timer_period: u64 = 1_000,
    }
}

settings! {
    /// Loading.
    LoaderSettings {
        /// Politeness to http hosts.
        Section fetch: LoaderFetchSettings = LoaderFetchSettings::default(),
    }
}

settings! {
    /// Politeness to http hosts; files are not concerned.
    LoaderFetchSettings {
        /// Requests to one host at a time.
        Pace parallelism: u32 = 1,
        /// Milliseconds between the starts of two requests to one host.
        #[serde(deserialize_with = "duration::millis")]
        Pace delay: u64 = 1_000,
    }
}

settings! {
    /// Limits of a fetch.
    FetchSettings {
        /// Time limits.
        Section timeout: FetchTimeouts = FetchTimeouts::default(),
        /// Redirects that are followed.
        Pace max_redirects: u32 = 10,
        /// Largest page in bytes, after decompression.
        Pace max_body: u64 = 10 << 20,
        /// Seconds that a host's Retry-After may keep us away at most.
        #[serde(deserialize_with = "duration::seconds")]
        Pace max_retry_after: u64 = 600,
        /// Whether cookies are kept during a run.
        Run cookies: bool = true,
        /// URL of an HTTP proxy for all requests. Its user name and password stay on this machine: they are not
        /// stored with the run.
        Machine proxy: Option<ProxyUrl> = None,
    }
}

settings! {
    /// Time limits of a fetch, in milliseconds.
    FetchTimeouts {
        /// Longest time to connect.
        #[serde(deserialize_with = "duration::millis")]
        Pace connect: u64 = 10_000,
        /// Longest time until the head of the response is there.
        #[serde(deserialize_with = "duration::millis")]
        Pace first_byte: u64 = 20_000,
        /// Longest time between two pieces of the body.
        #[serde(deserialize_with = "duration::millis")]
        Pace idle: u64 = 15_000,
        /// Longest time for the whole fetch; a redirect to another page starts a new fetch.
        #[serde(deserialize_with = "duration::millis")]
        Pace total: u64 = 60_000,
    }
}

settings! {
    /// How we show ourselves to servers.
    WebClientSettings {
        /// The user agent; one that names scoopi and its version if it is not given.
        Run user_agent: Option<String> = None,
    }
}

settings! {
    /// Limits of a page.
    PageSettings {
        /// Deepest nesting of elements.
        Run depth: u32 = 512,
        /// Most nodes and attributes.
        Run nodes: u32 = 1_000_000,
    }
}

settings! {
    /// Limits of queries.
    QuerySettings {
        /// Nodes that all queries of one task may visit on one page.
        Run visits: u64 = 200_000_000,
    }
}

settings! {
    /// Limits of parsing.
    ParseSettings {
        /// Rows of one task on one page; more fails the job.
        Run max_rows: u32 = 1_000_000,
        /// Most bytes of the value of one item, dim or fact; more fails the job.
        Run max_cell_bytes: u64 = 1 << 20,
    }
}

settings! {
    /// Limits of scripts.
    ScriptSettings {
        /// Bytes of memory.
        Run memory: u64 = 64 << 20,
        /// Bytes of stack.
        Run stack: u64 = 512 << 10,
        /// Milliseconds of one evaluation.
        #[serde(deserialize_with = "duration::millis")]
        Run time: u64 = 5_000,
    }
}

settings! {
    /// Log files.
    LogSettings {
        /// Folder of log files.
        Machine dir: String = "logs".to_owned(),
    }
}

settings! {
    /// Running on several hosts.
    ClusterSettings {
        /// Whether the run is one of a cluster; `--mode` sets it.
        Machine enable: bool = false,
        /// What people call this node; its address if it is not given. `--name` sets it.
        Machine name: Option<String> = None,
        /// Where this node listens, HOST:PORT; `--listen` sets it.
        Machine listen: String = "127.0.0.1:4001".to_owned(),
        /// Where others reach this node, if that is not where it listens (0.0.0.0, containers).
        Machine advertise: Option<String> = None,
        /// The other nodes, HOST:PORT with commas between; `--join` sets it.
        Machine join: String = String::new(),
        /// How many nodes there are to be; 0 for those that `join` names and this one.
        Machine size: u32 = 0,
        /// Enough nodes to begin.
        Section quorum: QuorumSettings = QuorumSettings::default(),
        /// File of the cluster's key, made by `scoopi keygen`; needed unless all addresses are of this machine.
        /// `--key-file` sets it.
        Machine key_file: Option<String> = None,
        /// Whether nodes of the same network are looked for by multicast (mDNS).
        Machine mdns: bool = false,
        /// Milliseconds without a sign of life after which a node's jobs are given to others.
        #[serde(deserialize_with = "duration::millis")]
        Machine session: u64 = 10_000,
        /// Milliseconds between two signs of life; at most a third of `session` counts.
        #[serde(deserialize_with = "duration::millis")]
        Machine keep_alive: u64 = 2_000,
        /// Base of Raft's election time, in milliseconds. A leader that is silent for three to four times this long is
        /// replaced.
        #[serde(deserialize_with = "duration::millis")]
        Machine election: u64 = 350,
        /// Milliseconds after which a silent voter's place is given to another node.
        #[serde(deserialize_with = "duration::millis")]
        Machine voter_timeout: u64 = 60_000,
        /// Milliseconds that a node stays after the end of a run for members that were away; it does not stay if all members were there.
        #[serde(deserialize_with = "duration::millis")]
        Machine linger: u64 = 60_000,
        /// Which nodes keep the rows: all, leader, or the name of one.
        Machine output_on: String = "all".to_owned(),
    }
}

settings! {
    /// Enough nodes to begin.
    QuorumSettings {
        /// How many nodes there must be before work begins, more than half of all; 0 for the smallest such number.
        /// `--quorum` sets it.
        Machine size: u32 = 0,
        /// Milliseconds to wait for them.
        #[serde(deserialize_with = "duration::millis")]
        Machine timeout: u64 = 60_000,
    }
}

#[cfg(test)]
mod tests;
