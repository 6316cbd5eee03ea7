//! Checks all settings before a run begins.
//!
//! Asks the code that reads a setting which values are valid, so that `scoopi check` and a run report the same. Checks
//! all settings, whatever the run needs: a value that is wrong today is wrong in the run that needs it, too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::api::RunError;
use crate::cluster::{Address, Declared};
use crate::conf::{Origins, Settings, WrongSetting};
use crate::date::{DatePattern, RunTimes, high_date};
use crate::engine::LinkHosts;
use crate::fetch::{FetchError, Fetcher};
use crate::store::log::LogKind;

use super::cluster_options::{MDNS_ALONE, cannot_dial, key};
use super::configs::flatten;
use super::wiring;

/// Longest time that a setting may name, in milliseconds: a year. It keeps every clock far from its end.
const LONGEST: u64 = 365 * 24 * 60 * 60 * 1000;

/// Most bytes of rows of one task on one page; a frame of the log holds them twice.
const MOST_ROW_BYTES: u64 = 32 << 20;

/// Checks all settings.
///
/// # Errors
/// [`RunError::Settings`] with a line for each one that is wrong.
pub(crate) fn check_settings(settings: &Settings, origins: &Origins) -> Result<(), RunError> {
    let mut lines = vec![];
    let wrong = [
        values(settings),
        minimums(settings),
        times(settings),
        dates(settings),
        fetch(settings),
        addresses(settings),
    ];
    for wrong in wrong {
        lines.extend(wrong.into_iter().map(|wrong| wrong.with_origin(origins).to_string()));
    }
    if lines.is_empty()
        && settings.cluster.enable
        && let Err(reason) = cluster(settings)
    {
        lines.push(reason);
    }
    if lines.is_empty() { Ok(()) } else { Err(RunError::Settings(lines.join("\n"))) }
}

/// Choices and paths, and numbers that are too large.
fn values(settings: &Settings) -> Vec<WrongSetting> {
    let store = &settings.store;
    let mut wrong = vec![];
    if store.kind.parse::<LogKind>().is_err() {
        let mut known = LogKind::ALL.map(LogKind::name);
        known.sort_unstable();
        let known = known.join(", ");
        wrong.push(WrongSetting::new("store.kind", &store.kind, format!("expected one of {known}")));
    }
    if !["fsync", "process"].contains(&&*store.durability) {
        let expected = "expected one of process, fsync";
        wrong.push(WrongSetting::new("store.durability", &store.durability, expected));
    }
    let hosts = &settings.scope.hosts;
    if hosts.parse::<LinkHosts>().is_err() {
        let expected = format!("expected one of {}", LinkHosts::NAMES.join(", "));
        wrong.push(WrongSetting::new("scope.hosts", hosts, expected));
    }
    for (key, path, may_be_empty) in [
        ("defs.dir", Some(&settings.defs.dir), false),
        ("store.dir", Some(&store.dir), false),
        ("log.dir", Some(&settings.log.dir), false),
        ("appender.file.baseDir", Some(&settings.appender.file.base_dir), true),
        ("datastore.path", settings.datastore.path.as_ref(), false),
        ("cluster.keyFile", settings.cluster.key_file.as_ref(), false),
    ] {
        let Some(path) = path else { continue };
        if path.contains('\0') {
            wrong.push(WrongSetting::new(key, path, "expected a path without a NUL"));
        } else if path.is_empty() && !may_be_empty {
            wrong.push(WrongSetting::new(key, path, "expected a path"));
        }
    }
    if settings.appender.max_row_bytes > MOST_ROW_BYTES {
        let (value, expected) =
            (settings.appender.max_row_bytes, format!("expected at most {MOST_ROW_BYTES}"));
        wrong.push(WrongSetting::new("appender.maxRowBytes", value, expected));
    }
    wrong
}

/// Numbers that are too small. A zero that means something, such as `job.maxDepth=0` (no link is followed), is allowed.
fn minimums(settings: &Settings) -> Vec<WrongSetting> {
    const PAGE: &str = "with 0 every page would fail";
    const JOB: &str = "with 0 the run cannot work on any page";
    const LINKS: &str = "to follow no links, set job.maxDepth to 0";
    let (job, cluster) = (&settings.job, &settings.cluster);
    let minimums = [
        ("page.depth", u64::from(settings.page.depth), 1, PAGE),
        ("page.nodes", u64::from(settings.page.nodes), 1, PAGE),
        ("query.visits", settings.query.visits, 1, PAGE),
        ("parse.maxRows", u64::from(settings.parse.max_rows), 1, PAGE),
        ("parse.maxCellBytes", settings.parse.max_cell_bytes, 1, PAGE),
        ("script.memory", settings.script.memory, 1, PAGE),
        ("script.stack", settings.script.stack, 1, PAGE),
        ("script.time", settings.script.time, 1, PAGE),
        ("appender.maxRowBytes", settings.appender.max_row_bytes, 1, PAGE),
        ("job.takeLimit", u64::from(job.take_limit), 1, JOB),
        ("job.maxTries", u64::from(job.max_tries), 1, "the first try counts"),
        ("job.maxJobs", job.max_jobs, 1, LINKS),
        ("job.maxLink", u64::from(job.max_link), 1, LINKS),
        ("job.maxUrlBytes", job.max_url_bytes, 1, LINKS),
        ("monitor.timerPeriod", settings.monitor.timer_period, 1, "with 0 the watch would never sleep"),
        (
            "store.snapshotAfter",
            settings.store.snapshot_after,
            1,
            "with 0 the state would be written all the time",
        ),
        ("cluster.session", cluster.session, 100, "the others need the time to hear of a node"),
        ("cluster.keepAlive", cluster.keep_alive, 10, "less only keeps the network busy"),
        ("cluster.election", cluster.election, 50, "with less the nodes replace a leader that is well"),
        (
            "cluster.voterTimeout",
            cluster.voter_timeout,
            100,
            "with less a voter that is well loses its place",
        ),
        ("cluster.quorum.timeout", cluster.quorum.timeout, 1, "with 0 no node waits for another one"),
    ];
    let pools = settings.poolsize.iter().map(|(step, size)| (format!("poolsize.{step}"), u64::from(*size)));
    let pools = pools.map(|(key, size)| (key, size, 1, "with 0 no job gets through the step"));
    let minimums = minimums.map(|(key, number, least, why)| (key.to_owned(), number, least, why));
    let too_small = minimums.into_iter().chain(pools).filter(|(_, number, least, _)| number < least);
    too_small
        .map(|(key, number, least, why)| {
            WrongSetting::new(&key, number, format!("expected {least} or more; {why}"))
        })
        .collect()
}

/// Times in milliseconds.
fn times(settings: &Settings) -> Vec<WrongSetting> {
    let (job, cluster) = (&settings.job, &settings.cluster);
    let times = [
        ("job.retryDelay", job.retry_delay),
        ("job.maxRetryDelay", job.max_retry_delay),
        ("monitor.timerPeriod", settings.monitor.timer_period),
        ("script.time", settings.script.time),
        ("cluster.session", cluster.session),
        ("cluster.keepAlive", cluster.keep_alive),
        ("cluster.election", cluster.election),
        ("cluster.voterTimeout", cluster.voter_timeout),
        ("cluster.linger", cluster.linger),
        ("cluster.quorum.timeout", cluster.quorum.timeout),
    ];
    let too_long = times.into_iter().filter(|(_, time)| *time > LONGEST);
    let expected = format!("expected at most {LONGEST} ms, a year");
    too_long.map(|(key, time)| WrongSetting::new(key, time, expected.clone())).collect()
}

fn dates(settings: &Settings) -> Vec<WrongSetting> {
    let mut wrong = vec![];
    let zone = wiring::zone(settings);
    if let (Err(_), Some(zone)) = (&zone, &settings.time_zone) {
        let expected = "expected a time zone of this machine's database, such as Europe/Berlin";
        wrong.push(WrongSetting::new("timeZone", zone, expected));
    }
    let pattern = DatePattern::compile(&settings.date_time_pattern);
    if let Err(error) = &pattern {
        wrong.push(WrongSetting::new("dateTimePattern", &settings.date_time_pattern, error.to_string()));
    }
    let Ok(zone) = zone else { return wrong };
    if let Err(error) = high_date(&settings.high_date, &zone) {
        wrong.push(WrongSetting::new("highDate", &settings.high_date, error.to_string()));
    }
    if let (Ok(pattern), Some(text)) = (&pattern, &settings.run_date_time_text) {
        let now = jiff::Timestamp::now().to_zoned(zone.clone());
        if let Err(error) = RunTimes::from_text(text, pattern, &zone, &now) {
            wrong.push(WrongSetting::new("runDateTimeText", text, error.to_string()));
        }
    }
    wrong
}

fn fetch(settings: &Settings) -> Vec<WrongSetting> {
    let key = "loader.fetch.parallelism";
    if settings.loader.fetch.parallelism == 0 {
        return vec![WrongSetting::new(key, 0, "expected 1 or more; with 0 the run cannot fetch any page")];
    }
    let fetcher = wiring::fetch_settings(settings).map(|settings| Fetcher::new(settings, PathBuf::new()));
    match fetcher {
        Ok(Err(FetchError::Setting { key, value, reason })) => {
            let mut written = BTreeMap::new();
            flatten("scoopi", &serde_json::to_value(settings).unwrap_or_default(), &mut written);
            let value = written.remove(key).unwrap_or(value);
            let key = key.strip_prefix("scoopi.").unwrap_or(key);
            vec![WrongSetting::new(key, value, format!("it {reason}"))]
        }
        _ => vec![],
    }
}

fn addresses(settings: &Settings) -> Vec<WrongSetting> {
    let own = &settings.cluster;
    let named = own.join.split(',').filter(|text| !text.trim().is_empty()).map(|text| ("cluster.join", text));
    let own = [("cluster.listen", Some(&*own.listen)), ("cluster.advertise", own.advertise.as_deref())];
    let own = own.into_iter().filter_map(|(key, text)| Some((key, text?)));
    let wrong = own.chain(named).filter(|(_, text)| text.trim().parse::<Address>().is_err());
    let expected = "expected HOST:PORT, such as 10.0.0.1:4001, node-1:4001 or [::1]:4001";
    wrong.map(|(key, text)| WrongSetting::new(key, text.trim(), expected)).collect()
}

/// Checks settings of a cluster that are valid alone but do not fit together.
fn cluster(settings: &Settings) -> Result<(), String> {
    let own = &settings.cluster;
    let parse = |text: &str| text.trim().parse::<Address>().map_err(|error| error.to_string());
    let listen = parse(&own.listen)?;
    let advertised = own.advertise.as_deref().map(parse).transpose()?;
    let named = own.join.split(',').filter(|text| !text.trim().is_empty());
    let join = named.map(parse).collect::<Result<Vec<_>, _>>()?;
    if own.mdns && join.is_empty() && own.size == 0 {
        return Err(MDNS_ALONE.to_owned());
    }
    if advertised.is_none() && listen.is_unspecified() {
        return Err(cannot_dial(&listen));
    }
    key(settings, [&listen].into_iter().chain(&advertised).chain(&join))
        .map_err(|error| error.to_string())?;
    let at = advertised.as_ref().unwrap_or(&listen);
    let number = |number: u32| (number > 0).then_some(number as usize);
    let declared = Declared::new(at, &join, number(own.size), number(own.quorum.size));
    declared.map(drop).map_err(|error| error.to_string())
}
