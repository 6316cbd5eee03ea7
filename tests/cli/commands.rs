//! Which commands there are, and which options each of them takes.

use super::folder;
use crate::support::scoopi::STAMP;
use crate::support::scoopi::Scoopi;

/// Options of a cluster.
const CLUSTER: [&str; 6] = ["--listen", "--join", "--quorum", "--name", "--key-file", "--output-on"];

/// The part of a help text below `heading`.
fn below<'t>(help: &'t str, heading: &str) -> &'t str {
    let (_, rest) =
        help.split_once(&format!("\n{heading}:\n")).unwrap_or_else(|| panic!("{heading}: {help}"));
    rest.split_once("\n\n").map_or(rest, |(part, _)| part)
}

#[test]
fn run_is_what_scoopi_alone_does() {
    let scoopi = folder();
    for arguments in [
        &["run", "--output", "output"][..],
        &["--output", "output", "run"],
        &["--output", "output"],
        &["-v", "run", "--output", "output", "--resume"],
    ] {
        let ended = scoopi.exits(0, arguments);
        assert_eq!(
            (ended.summary("status"), scoopi.rows()),
            ("complete", "acme|books|title|1000|Acme\n".into())
        );
        assert_eq!(ended.summary("output"), format!("1 row in output/{STAMP}/data.txt"));
        assert_eq!(ended.stderr.contains("nothing to resume"), arguments.contains(&"--resume"), "{ended:#?}");
        std::fs::remove_dir_all(scoopi.path("output")).unwrap();
    }
    scoopi.exits(2, &["run", "--resume", "--fresh"]).said(&["--resume", "--fresh"]);
    scoopi.exits(2, &["-q", "run", "-v"]).said(&["--quiet", "--verbose"]);
}

#[test]
fn an_option_of_a_cluster_without_one_is_an_error() {
    let scoopi = folder();
    for (option, value) in
        [("--join", "h:1,h:2"), ("--quorum", "2"), ("--listen", "h:1"), ("--key-file", "k")]
    {
        for command in ["run", "check"] {
            let message =
                format!("scoopi: `{option}` acts in a cluster only: add `--mode cluster`, or leave it out\n");
            assert_eq!(scoopi.exits(2, &[command, option, value]).stderr, message);
        }
    }
}

#[test]
fn help_groups_the_options_and_shows_them_where_they_act() {
    let scoopi = Scoopi::new("");
    let help = |command: &[&str]| scoopi.exits(0, &[command, &["--help"]].concat()).stdout;
    for command in [&[][..], &["run"]] {
        let help = help(command);
        for (heading, options) in [
            ("Run", &["--mode", "--defs", "--output", "--data", "--resume", "--fresh"][..]),
            ("Configuration", &["--conf", "--set"]),
            ("Cluster", &CLUSTER),
            ("Output", &["--verbose", "--quiet", "--log-format", "--color"]),
        ] {
            let part = below(&help, heading);
            options.iter().for_each(|option| assert!(part.contains(option), "{option}: {part}"));
        }
    }
    let all =
        ["--mode", "--defs", "--output", "--data", "--resume", "--fresh", "--conf", "--set", "--verbose"];
    let all = [&all[..], &["--quiet", "--log-format", "--at", "--json", "--watch"], &CLUSTER].concat();
    for (command, expected) in [
        (
            "check",
            [&["--mode", "--defs", "--output", "--data", "--conf", "--set", "--quiet"], &CLUSTER[..]]
                .concat(),
        ),
        ("shell", vec!["--conf", "--set", "--quiet"]),
        (
            "config",
            [&["--json", "--mode", "--defs", "--output", "--data", "--conf", "--set"], &CLUSTER[..]].concat(),
        ),
        ("plugins", vec![]),
        ("keygen", vec!["--conf", "--set"]),
        ("status", vec!["--at", "--json", "--watch", "--conf", "--set", "--key-file"]),
        ("cancel", vec!["--at", "--conf", "--set", "--key-file"]),
        ("completions", vec![]),
        ("man", vec![]),
    ] {
        let help = help(&[command]);
        let shows =
            |option: &&&str| help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n"));
        let shown: Vec<_> = all.iter().filter(shows).copied().collect();
        let expected: Vec<_> = all.iter().filter(|option| expected.contains(option)).copied().collect();
        assert_eq!(shown, expected, "{command}: {help}");
        assert!(help.contains("--color <WHEN>"), "{command}: {help}");
    }
}

#[test]
fn an_option_that_does_not_act_in_a_command_is_an_error() {
    let scoopi = Scoopi::new("");
    scoopi.write("page.html", "<h1>Acme</h1>");
    for (option, command) in [
        (&["--join", "127.0.0.1:1"][..], &["shell", "page.html"][..]),
        (&["--defs", "defs"], &["shell", "page.html"]),
        (&["--resume"], &["check"]),
        (&["--fresh"], &["status", "--at", "127.0.0.1:1"]),
        (&["--name", "n1"], &["cancel", "--at", "127.0.0.1:1"]),
        (&["--mode", "cluster"], &["keygen"]),
        (&["--set", "loader.fetch.delay=0"], &["plugins"]),
        (&["-v"], &["plugins"]),
    ] {
        for arguments in [[option, command].concat(), [command, option].concat()] {
            let ended = scoopi.exits(2, &arguments);
            ended.said(&["unexpected argument", option[0], &format!("scoopi {}", command[0])]);
            assert_eq!(ended.stdout, "", "{ended:#?}");
        }
    }
    assert!(!scoopi.path("cluster.key").exists());
}

#[test]
fn an_option_that_acts_may_stand_before_the_command() {
    let scoopi = Scoopi::new("");
    scoopi.write("page.html", "<h1>Acme</h1>");
    scoopi.exits(2, &["--set", "page.nodes=x", "shell", "page.html"]).said(&["page.nodes", "--set"]);
    scoopi.exits(0, &["-q", "shell", "page.html"]);
    // Nobody listens there, so that the question itself fails.
    for arguments in [["status", "--at", "127.0.0.1:1"], ["cancel", "--at", "127.0.0.1:1"]] {
        scoopi.exits(1, &[&["--set", "cluster.session=1s"], &arguments[..]].concat()).said(&["127.0.0.1:1"]);
    }
}

#[test]
fn keygen_writes_the_key_file_of_the_settings_if_no_file_is_named() {
    let scoopi = Scoopi::new("");
    scoopi.exits(0, &["--set", "cluster.keyFile=own.key", "keygen"]);
    scoopi.exits(0, &["keygen", "--set", "cluster.keyFile=own.key", "named.key"]);
    scoopi.exits(0, &["keygen"]);
    for file in ["own.key", "named.key", "cluster.key"] {
        assert_eq!(scoopi.read(file).lines().count(), 3, "{file}");
    }
}

#[test]
fn completions_know_commands_and_their_options() {
    let scoopi = Scoopi::new("");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = scoopi.exits(0, &["completions", shell]);
        assert_eq!(ended.stderr, "");
        for word in ["completions", "keygen", "log-format", "key-file", "--color"] {
            let word = if shell == "fish" { word.trim_start_matches("--") } else { word };
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
    scoopi.exits(2, &["completions", "csh"]).said(&["csh", "bash", "elvish", "fish", "powershell", "zsh"]);
    scoopi.exits(2, &["completions"]).said(&["<SHELL>"]);
    let bash = scoopi.exits(0, &["completions", "bash"]).stdout;
    scoopi.write("completions", &bash);
    let ask = r#"source ./completions; COMP_WORDS=(scoopi shell --j); COMP_CWORD=2; _scoopi scoopi --j shell
        echo "join: ${COMPREPLY[*]}"; COMP_WORDS=(scoopi st); COMP_CWORD=1; _scoopi scoopi st scoopi; echo "${COMPREPLY[*]}""#;
    let output =
        std::process::Command::new("bash").args(["-c", ask]).current_dir(scoopi.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "join: \nstatus\n", "{output:?}");
}

#[test]
fn the_manual_has_a_page_for_the_program_and_for_each_command() {
    let scoopi = Scoopi::new("");
    let page = scoopi.exits(0, &["man"]);
    assert_eq!(page.stderr, "");
    for words in
        [".TH scoopi 1", "scoopi\\-check(1)", "\\-\\-resume", "\\-\\-color", env!("CARGO_PKG_VERSION")]
    {
        assert!(page.stdout.contains(words), "{words}: {}", page.stdout);
    }
    let page = scoopi.exits(0, &["man", "status"]).stdout;
    for words in [".TH scoopi-status 1", "\\-\\-at", "\\-\\-watch", "\\-\\-key\\-file"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("\\-\\-join"), "{page}");
    scoopi.exits(2, &["man", "nonsense"]).said(&["scoopi man nonsense", "check", "status"]);
}
