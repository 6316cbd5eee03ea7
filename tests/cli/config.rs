//! `scoopi config`: the settings in effect, and where each comes from.

use serde_json::Value;
use serde_json::json;

use super::folder;
use crate::support::scoopi::Running;
use crate::support::scoopi::Scoopi;
use scoopi::internals::conf::keys;

fn text(scoopi: &Scoopi, arguments: &[&str]) -> String {
    let ended = scoopi.exits(0, &[&["config"], arguments].concat());
    assert_eq!(ended.stderr, "", "{ended:#?}");
    ended.stdout
}

fn entries(scoopi: &Scoopi, arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&text(scoopi, &[&["--json"], arguments].concat())).unwrap()
}

#[test]
fn every_setting_has_a_line_with_its_origin() {
    let scoopi = Scoopi::new("");
    scoopi.write(
        "conf/scoopi.toml",
        "# mine\n[loader.fetch]\ndelay = \"2s\"\n\n[scoopi.poolsize]\nloader = 3\n",
    );
    let arguments = [
        "config",
        "--set",
        "job.maxTries=7",
        "--data",
        "d",
        "--mode",
        "cluster",
        "--quorum",
        "2",
        "--name",
        "n1",
    ];
    let mut command = scoopi.command(&arguments);
    command.env("SCOOPI_LOG_DIR", "l \"1\"").env("SCOOPI_CLUSTER_QUORUM_SIZE", "3");
    let ended = Running::start(&mut command).ended();
    assert_eq!((ended.code(), &*ended.stderr), (Some(0), ""), "{ended:#?}");
    for line in [
        "loader.fetch.delay = 2000  # conf/scoopi.toml:3",
        "poolsize.loader = 3  # conf/scoopi.toml:6",
        "log.dir = \"l \\\"1\\\"\"  # environment variable SCOOPI_LOG_DIR",
        "job.maxTries = 7  # --set",
        "store.dir = \"d\"  # --data",
        "cluster.enable = true  # --mode",
        "cluster.quorum.size = 2  # --quorum",
        "cluster.name = \"n1\"  # --name",
        "store.kind = \"redb\"  # default",
        "fetch.cookies = true  # default",
        "# timeZone is not set  # default",
    ] {
        assert!(ended.stdout.lines().any(|found| found == line), "{line}\n{}", ended.stdout);
    }
    for key in keys().iter().filter(|key| !key.name.ends_with('.')) {
        let begins = |line: &&str| line.trim_start_matches("# ").starts_with(&format!("{} ", key.name));
        assert_eq!(ended.stdout.lines().filter(begins).count(), 1, "{}", key.name);
    }
}

#[test]
fn its_text_is_a_configuration_file_with_the_same_settings() {
    let scoopi = folder();
    scoopi.write("conf/scoopi.toml", "[scoopi.poolsize]\nloader = 3\ntoFile-2 = 4\n");
    let arguments = [
        "--set=loader.fetch.delay=2s",
        "--set=script.memory=18446744073709551615",
        "--set=fact.blank.replaceWith=a\"b\\c\u{1b}\u{85}#'\u{e9}",
        "--set=timeZone=Asia/Kolkata",
        "--output=o",
        "--mode=cluster",
        "--listen=127.0.0.1:1",
    ];
    let printed = text(&scoopi, &arguments);
    assert!(!printed.contains('\u{1b}') && !printed.contains('\u{85}'), "{printed}");
    scoopi.write("again.toml", &printed);
    let values = |arguments: &[&str]| -> Vec<Value> {
        entries(&scoopi, arguments).iter().map(|entry| json!([entry["key"], entry["value"]])).collect()
    };
    assert_eq!(values(&["--conf", "again.toml"]), values(&arguments));
    // Its own text, read again, differs in the origins only.
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.rsplit_once("  # ").unwrap().0.to_owned()).collect()
    };
    assert_eq!(values(&text(&scoopi, &["--conf", "again.toml"])), values(&printed));
    scoopi.exits(
        0,
        &["check", "--conf", "again.toml", "--set", "script.memory=1000000", "--set", "defs.dir=defs"],
    );
}

#[test]
fn json_has_key_value_and_origin() {
    let scoopi = Scoopi::new("");
    scoopi.write("a.properties", "\nscoopi.store.kind=sled\n");
    let entries = entries(&scoopi, &["--conf", "a.properties", "--set", "loader.fetch.parallelism=2"]);
    for expected in [
        json!({ "key": "store.kind", "value": "sled", "origin": "a.properties:2" }),
        json!({ "key": "loader.fetch.parallelism", "value": 2, "origin": "--set" }),
        json!({ "key": "fetch.proxy", "value": null, "origin": "default" }),
        json!({ "key": "persist.data", "value": true, "origin": "default" }),
    ] {
        assert!(entries.contains(&expected), "{expected}: {entries:#?}");
    }
}

#[test]
fn the_password_of_the_proxy_is_hidden() {
    let scoopi = Scoopi::new("");
    for arguments in [&[][..], &["--json"]] {
        let shown =
            text(&scoopi, &[arguments, &["--set", "fetch.proxy=http://user:hunter2@proxy:3128"]].concat());
        assert!(shown.contains("\"http://***@proxy:3128\"") && !shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("user:"), "{shown}");
    }
}

#[test]
fn what_is_wrong_is_said_as_everywhere() {
    let scoopi = Scoopi::new("");
    scoopi.write("wrong.toml", "\n[loader.fetch]\ndely = 1\n");
    scoopi.exits(2, &["config", "--conf", "wrong.toml"]).said(&["wrong.toml:3", "scoopi.loader.fetch.delay"]);
    scoopi.exits(2, &["config", "--set", "loader.fetch.delay=soon"]).said(&["loader.fetch.delay", "--set"]);
    let ended = scoopi.exits(0, &["config", "--set", "wait=1"]);
    ended.said(&["warning: setting `wait` in --set no longer has an effect"]);
    // A name of a file cannot add a line.
    scoopi.write("a\nb.toml", "store.kind = \"sled\"\n");
    let shown = text(&scoopi, &["--conf", "a\nb.toml"]);
    assert!(shown.contains("store.kind = \"sled\"  # a\\nb.toml:1\n"), "{shown}");
}

#[test]
fn the_mode_of_the_command_line_wins_over_the_configuration_file() {
    let scoopi = folder();
    scoopi.write("conf/scoopi.toml", "[cluster]\nenable = true\nsize = 3\n");
    let line = |arguments: &[&str]| {
        let text = text(&scoopi, arguments);
        text.lines().find(|line| line.starts_with("cluster.enable")).unwrap().to_owned()
    };
    assert_eq!(line(&[]), "cluster.enable = true  # conf/scoopi.toml:2");
    assert_eq!(line(&["--mode", "solo"]), "cluster.enable = false  # --mode");
    assert_eq!(line(&["--mode", "cluster"]), "cluster.enable = true  # --mode");
    let ended = scoopi.exits(0, &["--mode", "solo", "--output", "output"]);
    assert_eq!(ended.summary("status"), "complete");
    let message = "scoopi: `--join` acts in a cluster only: add `--mode cluster`, or leave it out\n";
    assert_eq!(scoopi.exits(2, &["--mode", "solo", "--join", "h:1"]).stderr, message);
}

#[test]
fn the_size_of_a_pool_that_no_step_uses_is_a_warning() {
    let scoopi = folder();
    scoopi.write("conf/scoopi.toml", "[poolsize]\nparsr = 4\nloader = 2\nconverter = 3\n");
    let warning =
        "the setting poolsize.parsr is \"4\" (conf/scoopi.toml:2): no step of the definitions is called so";
    let help = "did you mean poolsize.parser?";
    for arguments in [&["check"][..], &["--output", "output"]] {
        let ended = scoopi.exits(0, arguments);
        ended.said(&[warning, help]);
        assert!(
            !ended.stderr.contains("poolsize.loader is") && !ended.stderr.contains("converter"),
            "{ended:#?}"
        );
    }
    let ended = scoopi.exits(0, &["check", "--set", "poolsize.zzzzz=1"]);
    ended.said(&["poolsize.zzzzz is \"1\" (--set)", "the steps are appender, filter, loader, parser"]);
    assert!(ended.stdout.contains("2 warnings"), "{ended:#?}");
}
