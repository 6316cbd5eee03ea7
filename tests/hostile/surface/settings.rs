//! Settings and names of files that cannot be: they are refused before a run begins.

use super::{PLAIN, folder};
use crate::cases::Cases;

#[test]
fn a_setting_that_cannot_be_is_said_with_its_value_its_place_and_what_is_expected() {
    let mut cases = Cases::of("settings");
    let scoopi = folder(PLAIN);
    for (set, expected) in [
        ("store.kind=foo", "expected one of redb, sled"),
        ("store.kind=", "expected one of redb, sled"),
        ("store.durability=never", "expected one of process, fsync"),
        ("scope.hosts=all", "expected one of any, same, domain"),
        ("cluster.listen=zzz", "HOST:PORT"),
        ("cluster.listen=h:99999", "HOST:PORT"),
        ("cluster.advertise=zzz", "HOST:PORT"),
        ("cluster.join=zzz,h:1", "HOST:PORT"),
        ("timeZone=Mars/Base", "Europe/Berlin"),
        ("dateTimePattern=yyyy-QQQ'", "dateTimePattern"),
        ("runDateTimeText=yesterday", "yesterday"),
        ("highDate=never", "never"),
        ("loader.fetch.parallelism=0", "1 or more"),
        ("loader.fetch.parallelism=5000", "1024"),
        ("loader.fetch.delay=100000000000", "24 hours"),
        ("loader.fetch.delay=soon", "expected"),
        ("loader.fetch.delay=-1", "expected"),
        ("fetch.timeout.connect=0", "no time"),
        ("fetch.timeout.total=100000000000", "24 hours"),
        ("fetch.maxBody=0", "no room"),
        ("fetch.maxRetryAfter=10000000", "24 hours"),
        ("fetch.proxy=ftp://h", "http"),
        ("fetch.proxy=", "http"),
        ("fetch.cookies=maybe", "expected"),
        ("webClient.userAgent=a\u{1b}b", "header"),
        ("appender.maxRowBytes=0", "1 or more"),
        ("appender.maxRowBytes=100000000", "at most"),
        ("page.depth=0", "1 or more"),
        ("page.nodes=0", "1 or more"),
        ("query.visits=0", "1 or more"),
        ("parse.maxRows=0", "1 or more"),
        ("script.memory=0", "1 or more"),
        ("script.stack=0", "1 or more"),
        ("script.time=0", "1 or more"),
        ("script.time=18446744073709551615", "script.time"),
        ("parse.maxCellBytes=0", "1 or more"),
        ("job.takeLimit=0", "1 or more"),
        ("job.maxTries=0", "1 or more"),
        ("job.maxJobs=0", "job.maxDepth"),
        ("job.maxLink=0", "job.maxDepth"),
        ("job.maxUrlBytes=0", "job.maxDepth"),
        ("monitor.timerPeriod=0", "1 or more"),
        ("store.snapshotAfter=0", "1 or more"),
        ("poolsize.loader=0", "1 or more"),
        ("poolsize.parser=0", "1 or more"),
        ("cluster.session=0", "100 or more"),
        ("cluster.session=99", "100 or more"),
        ("cluster.keepAlive=0", "10 or more"),
        ("cluster.election=49", "50 or more"),
        ("cluster.voterTimeout=0", "100 or more"),
        ("cluster.quorum.timeout=0", "1 or more"),
        ("job.retryDelay=100000000000000", "a year"),
        ("job.maxRetryDelay=100000000000000", "a year"),
        ("job.takeLimit=99999999999", "expected"),
        ("monitor.timerPeriod=100000000000000", "a year"),
        ("cluster.session=100000000000000", "a year"),
        ("cluster.keepAlive=100000000000000", "a year"),
        ("cluster.election=100000000000000", "a year"),
        ("cluster.voterTimeout=100000000000000", "a year"),
        ("cluster.quorum.timeout=100000000000000", "a year"),
        ("cluster.size=many", "expected"),
        ("poolsize.loader=many", "expected"),
        ("store.dir=", "a path"),
        ("log.dir=", "a path"),
        ("datastore.path=", "a path"),
        ("persist.locator=2.5", "expected"),
    ] {
        let (key, value) = set.split_once('=').unwrap();
        for arguments in [&["check", "--set", set][..], &["--output", "output", "--set", set]] {
            let ended = scoopi.run(arguments);
            let shown: String = value.chars().take_while(|c| c.is_ascii_graphic() && *c != ',').collect();
            let words = [key, &*shown, expected, "--set"];
            let is_good = ended.code() == Some(2)
                && ended.stdout.is_empty()
                && words.iter().all(|word| ended.stderr.contains(word));
            cases.check(format!("{set} of {arguments:?}"), is_good, || format!("{words:?}: {ended:?}"));
        }
    }
    for (name, text) in
        [("nul.toml", "[store]\ndir = \"a\\u0000b\"\n"), ("nul2.toml", "[log]\ndir = \"a\\u0000b\"\n")]
    {
        scoopi.write(name, text);
        let ended = scoopi.run(&["check", "--conf", name]);
        let is_good = ended.code() == Some(2) && ended.stderr.contains("NUL") && ended.stderr.contains(name);
        cases.check(name, is_good, || format!("{ended:?}"));
    }
    let two = scoopi.run(&["check", "--set", "store.kind=foo", "--set", "cluster.listen=zzz"]);
    let is_good =
        two.code() == Some(2) && two.stderr.contains("store.kind") && two.stderr.contains("cluster.listen");
    cases.check("two at once", is_good, || two.stderr.clone());
    let flag = scoopi.run(&["check", "--listen", "zzz"]);
    cases.check("a flag is named", flag.code() == Some(2) && flag.stderr.contains("--listen"), || {
        flag.stderr.clone()
    });
    for arguments in [
        &["check", "--mode", "cluster", "--listen", "10.0.0.1:4001"][..],
        &["check", "--mode", "cluster", "--join", "127.0.0.1:1,127.0.0.1:2", "--quorum", "1"],
        &["check", "--mode", "cluster", "--join", "127.0.0.1:1", "--quorum", "9"],
        &["check", "--mode", "cluster", "--set", "cluster.mdns=true"],
        &["check", "--mode", "cluster", "--key-file", "none"],
        &["check", "--mode", "cluster", "--listen", "0.0.0.0:4001", "--set", "cluster.size=3"],
    ] {
        let ended = scoopi.run(arguments);
        cases.check(format!("{arguments:?}"), ended.code() == Some(2), || format!("{ended:?}"));
    }
    assert!(!scoopi.path("output").exists() && !scoopi.path("data").exists(), "nothing of this began a run");
}

#[test]
fn a_zero_that_means_something_is_allowed() {
    let scoopi = folder(PLAIN);
    for key in [
        "job.maxCrashes",
        "job.maxDepth",
        "job.retryDelay",
        "job.maxRetryDelay",
        "loader.fetch.delay",
        "fetch.maxRedirects",
        "fetch.maxRetryAfter",
        "cluster.size",
        "cluster.quorum.size",
        "cluster.linger",
    ] {
        let ended = scoopi.run(&["--output", "output", "--set", &format!("{key}=0")]);
        assert_eq!(ended.code(), Some(0), "{key}: {ended:?}");
    }
}

#[test]
fn a_file_name_that_cannot_be_is_found_by_check() {
    let mut cases = Cases::of("file names");
    for (name, expected) in [
        ("a\\0b.txt", "NUL"),
        ("output/", "does not name a file"),
        ("..", "does not name a file"),
        ("", "does not name a file"),
        (&*format!("{}.txt", "x".repeat(300)), "255 bytes"),
        (&*format!("{}/data.txt", "x".repeat(300)), "255 bytes"),
    ] {
        let scoopi = folder(&PLAIN.replace("file: data.txt", &format!("file: \"{name}\"")));
        let ended = scoopi.run(&["check"]);
        let is_good = ended.code() == Some(2) && ended.stderr.contains(expected);
        cases.check(name, is_good, || format!("{ended:?}"));
    }
}
