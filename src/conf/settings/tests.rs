//! Which settings a resumed run and another node take from where.

use serde_json::{Value, json};

use super::*;

/// Settings that all differ from the defaults, as far as a scope is concerned.
fn other() -> Settings {
    let text = json!({
        "timeZone": "Asia/Kolkata",
        "appender": { "file": { "baseDir": "theirs" }, "maxRowBytes": 7 },
        "datastore": { "enable": false, "path": "theirs" },
        "store": { "dir": "theirs", "snapshotAfter": 7 },
        "job": { "takeLimit": 7, "maxTries": 7, "maxJobs": 7, "maxUrlBytes": 7, "maxDepth": 7, "maxLink": 7 },
        "monitor": { "timerPeriod": 7 },
        "poolsize": { "loader": 7 },
        "loader": { "fetch": { "parallelism": 7, "delay": 7 } },
        "fetch": { "timeout": { "total": 7 }, "maxBody": 7, "cookies": false, "proxy": "http://u:p@theirs/" },
        "webClient": { "userAgent": "theirs" },
        "page": { "depth": 7 },
        "log": { "dir": "theirs" },
        "cluster": { "name": "theirs", "session": 7, "quorum": { "size": 7 } },
    });
    serde_json::from_value(text).unwrap()
}

/// The keys whose values are those of [`other`].
fn taken(settings: &Settings) -> Vec<String> {
    fn walk(key: &str, value: &Value, default: &Value, keys: &mut Vec<String>) {
        match (value, default) {
            (Value::Object(members), Value::Object(defaults)) if !defaults.is_empty() => {
                for (name, value) in members {
                    walk(&format!("{key}.{name}"), value, &defaults[name], keys);
                }
            }
            _ if value != default => keys.push(key.trim_start_matches('.').to_owned()),
            _ => {}
        }
    }
    let (value, default) = (serde_json::to_value(settings), serde_json::to_value(Settings::default()));
    let mut keys = vec![];
    walk("", &value.unwrap(), &default.unwrap(), &mut keys);
    keys.sort();
    keys
}

#[test]
fn a_resumed_run_takes_the_pace_and_the_machine_of_today() {
    let expected = [
        "cluster.name",
        "cluster.quorum.size",
        "cluster.session",
        "fetch.maxBody",
        "fetch.proxy",
        "fetch.timeout.total",
        "job.maxLink",
        "job.maxTries",
        "job.takeLimit",
        "loader.fetch.delay",
        "loader.fetch.parallelism",
        "log.dir",
        "monitor.timerPeriod",
        "poolsize",
        "store.dir",
        "store.snapshotAfter",
    ];
    assert_eq!(taken(&Settings::default().at_the_pace_of(&other())), expected);
}

#[test]
fn a_node_keeps_what_concerns_its_machine() {
    let expected = [
        "appender.file.baseDir",
        "cluster.name",
        "cluster.quorum.size",
        "cluster.session",
        "datastore.path",
        "fetch.proxy",
        "log.dir",
        "poolsize",
        "store.dir",
        "store.snapshotAfter",
    ];
    assert_eq!(taken(&Settings::default().on_the_machine_of(&other())), expected);
}
