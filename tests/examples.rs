//! The project's own examples: every folder of `defs/examples` gives the rows that its `expected.txt` says.
//!
//! A folder has definitions, their pages, `expected.txt` with all lines of all output files in any order and, if
//! it needs them, `settings.txt` with `KEY=VALUE` lines as they would follow `--set`. A new folder is a new test,
//! without an edit here. What is expected was thought out from page and definition, not copied from a run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use support::rows;
use support::scoopi::LIMIT;
use support::scoopi::RUN_DATE;
use support::scoopi::Scoopi;

/// Examples that have to be there.
const PROMISED: [&str; 10] = [
    "css",
    "xpath",
    "links",
    "two-tasks",
    "dates",
    "scripts",
    "filters",
    "json-lines",
    "several-files",
    "short-form",
];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of all examples, sorted.
fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(project().join("defs/examples")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn name(example: &Path) -> &str {
    example.file_name().unwrap().to_str().unwrap()
}

/// A working directory whose `defs` is empty.
fn workplace() -> Scoopi {
    let scoopi = Scoopi::new("").with(&["timeZone=UTC", RUN_DATE]);
    fs::remove_file(scoopi.path("defs/job.yml")).unwrap();
    scoopi
}

/// A working directory whose `defs` is that of the project.
fn workplace_in_project() -> Scoopi {
    let scoopi = workplace();
    fs::remove_dir(scoopi.path("defs")).unwrap();
    symlink(project().join("defs"), scoopi.path("defs")).unwrap();
    scoopi
}

/// The arguments that run an example.
fn arguments(example: &Path) -> Vec<String> {
    let mut arguments = vec!["--defs".to_owned(), format!("/defs/examples/{}", name(example))];
    arguments.extend(["--output".to_owned(), "out".to_owned()]);
    let settings = fs::read_to_string(example.join("settings.txt")).unwrap_or_default();
    let settings = settings.lines().filter(|line| !line.starts_with('#'));
    arguments.extend(settings.flat_map(|line| ["--set".to_owned(), line.to_owned()]));
    arguments
}

/// What is wrong with a run of the example; empty if nothing is.
fn complaints(example: &Path) -> String {
    let scoopi = workplace_in_project();
    let Ok(ended) = scoopi.start(&arguments(example)).ended_within(LIMIT) else {
        return format!("  does not end within {} s\n", LIMIT.as_secs());
    };
    let expected = fs::read_to_string(example.join("expected.txt")).unwrap_or_default();
    let mut text = rows::differences(&rows::lines(&expected), &rows::written(&scoopi.path("out")));
    // An example is to be followed, so it must not be warned of.
    if ended.code() != Some(0) || !ended.stderr.is_empty() {
        text.push_str(&format!("  exit code {:?}\n{}{}", ended.code(), ended.stdout, ended.stderr));
    }
    text
}

#[test]
fn every_example_gives_its_rows() {
    let examples = examples();
    let wrong = examples.iter().map(|example| (name(example), complaints(example)));
    let wrong: Vec<String> = wrong
        .filter(|(_, complaints)| !complaints.is_empty())
        .map(|(name, complaints)| format!("defs/examples/{name}\n{complaints}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} examples:\n{}", wrong.len(), examples.len(), wrong.join("\n"));
}

#[test]
fn every_example_has_its_parts_and_none_that_was_promised_is_missing() {
    let examples = examples();
    assert!(examples.len() >= 10, "{examples:?}");
    let list = fs::read_to_string(project().join("defs/examples/README.md")).unwrap();
    for promised in PROMISED {
        assert!(examples.iter().any(|example| name(example) == promised), "{promised}");
    }
    for example in examples {
        assert!(example.join("pages").is_dir(), "{}", example.display());
        let link = format!("[{0}]({0}/", name(&example));
        assert!(list.contains(&link), "{link} is missing in defs/examples/README.md");
        let expected = fs::read_to_string(example.join("expected.txt")).unwrap_or_default();
        assert!(
            expected.ends_with('\n'),
            "{}: expected.txt, with an end to its last line",
            example.display()
        );
    }
}

#[test]
fn only_the_example_of_the_old_form_has_class_names() {
    for example in examples() {
        let sources = scoopi::internals::defs::read_folder(&example).unwrap();
        let is_old = sources.iter().any(|source| source.text.contains("org.codetab"));
        assert_eq!(is_old, name(&example) == "old-form", "{}", example.display());
    }
}

#[test]
fn rows_are_compared_by_number_and_not_by_order() {
    let check = |expected: &str, found: &str, differences: &str| {
        let differ = rows::differences(&rows::lines(expected), &rows::lines(found));
        assert_eq!(differ, differences, "{expected:?} {found:?}");
    };
    check("a\nb\na\n", "b\na\na", "");
    check("a\nb\n", "b\n", "  missing  1x \"a\"\n");
    check("a\n", "a\na\r\na\na\n", "  too much 2x \"a\"\n  too much 1x \"a\\r\"\n");
    check("", "\n", "  too much 1x \"\"\n");
}

/// A shop that may change its price, with the example `kept-pages`, which keeps the page for a week.
struct Market(Scoopi);

impl Market {
    const EXAMPLE: &str = "defs/examples/kept-pages";

    fn new() -> Self {
        let market = Self(workplace());
        for file in ["job.yml", "pages/price.html"] {
            let text = fs::read_to_string(project().join(Self::EXAMPLE).join(file)).unwrap();
            market.0.write(&format!("{}/{file}", Self::EXAMPLE), text);
        }
        market
    }

    fn replace(&self, file: &str, old: &str, new: &str) -> &Self {
        let file = format!("{}/{file}", Self::EXAMPLE);
        let text = self.0.read(&file);
        assert!(text.contains(old), "{old}: {text}");
        self.0.write(&file, text.replace(old, new));
        self
    }

    /// Runs on a day and checks the rows.
    fn check(&self, day: &str, expected: &[&str]) -> &Self {
        let out = format!("out-{day}");
        let day = format!("runDateTimeText={day}");
        let defs = format!("/{}", Self::EXAMPLE);
        let arguments =
            ["--defs", &defs, "--output", &out, "--set", "dateTimePattern=yyyy-MM-dd", "--set", &day];
        let ended = self.0.exits(0, &arguments);
        assert!(ended.stderr.is_empty(), "{ended:?}");
        let expected: Vec<String> = expected.iter().map(|&row| row.to_owned()).collect();
        let differ = rows::differences(&expected, &rows::written(&self.0.path(&out)));
        assert!(differ.is_empty(), "{day}\n{differ}");
        self
    }
}

#[test]
fn a_kept_page_is_used_as_long_as_it_is_live_and_says_when_it_was_fetched() {
    let market = Market::new();
    market.check(
        "2026-03-02",
        &[
            "market|weekly|Potatoes|2026-03-02|0.95",
            "market|weekly|Potatoes again|2026-03-02|0.95",
            "market|daily|Potatoes|2026-03-02|0.95",
        ],
    );
    // The price changes, and for the rest of the week only those see it who look every day.
    market.replace("pages/price.html", "0.95", "1.05").check(
        "2026-03-08",
        &[
            "market|weekly|Potatoes|2026-03-02|0.95",
            "market|weekly|Potatoes again|2026-03-02|0.95",
            "market|daily|Potatoes|2026-03-08|1.05",
        ],
    );
    // A week is over on its seventh day, at the time of day at which the page was fetched.
    market.check(
        "2026-03-09",
        &[
            "market|weekly|Potatoes|2026-03-09|1.05",
            "market|weekly|Potatoes again|2026-03-09|1.05",
            "market|daily|Potatoes|2026-03-09|1.05",
        ],
    );
}

#[test]
fn another_definition_takes_other_rows_out_of_the_kept_page() {
    let market = Market::new();
    let first = ["market|weekly|Potatoes|2026-03-02|0.95", "market|weekly|Potatoes again|2026-03-02|0.95"];
    market.replace("job.yml", "  daily:\n    price: { dataDef: price }\n", "").replace(
        "job.yml",
        "  daily:\n    locators: [ { name: market, url: \"/defs/examples/kept-pages/pages/price.html\" } ]\n",
        "",
    );
    market.check("2026-03-02", &first);
    market
        .replace("pages/price.html", "0.95", "1.05")
        .replace("job.yml", "b.price", "b")
        .check("2026-03-03", &first);
    market.replace("job.yml", "value: Potatoes }", "value: Spuds }").check(
        "2026-03-04",
        &["market|weekly|Spuds|2026-03-02|0.95", "market|weekly|Potatoes again|2026-03-02|0.95"],
    );
}
