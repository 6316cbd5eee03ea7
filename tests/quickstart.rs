//! The first command of the README, and what the first guide says of it.
//!
//! The main job runs as a newcomer runs it: the program in a folder with the project's `conf` and `defs`, and no
//! option but `--mode solo`. What is shown in `docs/guide/first-run.md` is compared with what comes out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::fs;
use std::fs::File;
use std::path::Path;

use support::rows;
use support::scoopi::Running;
use support::scoopi::Scoopi;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(project().join(path)).expect(path)
}

/// The lines of the guide's code blocks.
fn blocks(guide: &str) -> Vec<String> {
    guide.split("```").skip(1).step_by(2).flat_map(|block| rows::lines(block).into_iter().skip(1)).collect()
}

#[test]
fn the_main_job_ends_by_saying_how_many_rows_lie_where() {
    let scoopi = Scoopi::of_project();
    let ended = scoopi.exits(0, &["--mode", "solo"]);
    assert_eq!(ended.stderr, "", "{ended:#?}");
    let expected = rows::lines(&text("defs/main/expected.txt"));
    assert_eq!(ended.summary("status"), "complete");
    assert_eq!(ended.summary("rows"), expected.len().to_string());
    let last = ended.stdout.lines().last().unwrap();
    let (number, place) = last.strip_prefix("output").unwrap().trim().split_once(" rows in ").expect(last);
    assert_eq!(number, expected.len().to_string());
    let differ = rows::differences(&expected, &rows::lines(&scoopi.read(place)));
    assert!(differ.is_empty(), "{place}\n{differ}");
}

#[test]
fn the_main_job_runs_again_without_being_asked_anything() {
    let scoopi = Scoopi::of_project();
    for _ in 0..2 {
        scoopi.exits(0, &["--mode", "solo"]);
    }
    scoopi.exits(0, &["check"]);
}

#[test]
fn the_main_job_needs_no_class_names() {
    let job = text("defs/main/job.yml");
    assert!(!job.contains("org.codetab"), "{job}");
}

#[test]
fn the_guide_shows_rows_that_come_out() {
    let blocks = blocks(&text("docs/guide/first-run.md"));
    let known = rows::lines(&text("defs/main/expected.txt"));
    let shown: Vec<&String> = blocks.iter().filter(|line| line.starts_with("coast|")).collect();
    assert!(shown.len() >= 3, "{blocks:#?}");
    for row in shown {
        assert!(known.contains(row), "{row}");
    }
}

#[test]
fn the_guide_shows_the_last_lines_of_the_main_job() {
    let blocks = blocks(&text("docs/guide/first-run.md"));
    let ended = Scoopi::of_project().exits(0, &["--mode", "solo"]);
    // Times and dates differ from run to run; all other words and numbers do not.
    let undated = |line: &str| line.split("output/").next().unwrap().to_owned();
    for line in ended.stdout.lines().filter(|line| !line.starts_with("time")) {
        assert!(blocks.iter().any(|shown| undated(shown) == undated(line)), "`{line}` is not in {blocks:#?}");
    }
}

#[test]
fn the_guide_shows_what_is_said_of_a_misspelt_key() {
    let scoopi = Scoopi::of_project();
    let job = scoopi.read("defs/main/job.yml");
    scoopi.write("defs/main/job.yml", job.replacen("indexRange", "indxRange", 1));
    let ended = scoopi.exits(2, &["--mode", "solo"]);
    let guide = text("docs/guide/first-run.md");
    assert!(guide.contains(&format!("```text\n{}\n```", ended.stderr.trim_end())), "{}", ended.stderr);
    assert!(!scoopi.path("output").exists(), "{ended:?}");
}

#[test]
fn the_definition_in_ten_lines_is_an_example() {
    let (guide, job) = (text("docs/guide/first-run.md"), text("defs/examples/ten-lines/job.yml"));
    assert_eq!(job.lines().count(), 10, "{job}");
    assert!(guide.contains(&format!("```yaml\n{job}```")), "{job}");
    let page = text("defs/examples/ten-lines/pages/planets.html");
    let table = &page[page.find("<table>").unwrap()..page.find("</body>").unwrap()];
    assert!(guide.contains(&format!("```html\n{table}```")), "{table}");
    let rows = text("defs/examples/ten-lines/expected.txt");
    assert!(guide.contains(&format!("```text\n{rows}```")), "{rows}");
}

#[test]
fn the_guide_shows_what_the_shell_says() {
    let scoopi = Scoopi::of_project();
    scoopi.write("queries.txt", "tr:nth-child(2) > td\n");
    let mut command = scoopi.command(&["shell", "defs/examples/ten-lines/pages/planets.html"]);
    command.stdin(File::open(scoopi.path("queries.txt")).unwrap());
    let ended = Running::start(&mut command).ended();
    assert!(ended.stdout.contains("value: Earth 1"), "{ended:?}");
    let guide = text("docs/guide/first-run.md");
    assert!(guide.contains(&format!("```text\n{}```", ended.stdout)), "{}", ended.stdout);
}
