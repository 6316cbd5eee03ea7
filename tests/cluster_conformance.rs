//! The examples of the engine that scoopi follows, on three nodes: undisturbed, and with one node killed.
//!
//! The examples are those of `tests/conformance.rs`, and are skipped where they are absent, as there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use support::cluster::Cluster;
use support::cluster::Node;
use support::conformance;
use support::rows;
use support::scoopi::LIMIT;

/// The number of examples of each kind.
const KINDS: [(&str, usize); 4] =
    [("book/htmlunit", 3), ("book/jsoup", 3), ("fin/htmlunit", 9), ("fin/jsoup", 10)];

/// The examples of more than one page.
const WITH_LINKS: [&str; 4] =
    ["fin/htmlunit/ex-13", "fin/htmlunit/ex-14", "fin/jsoup/ex-10", "fin/jsoup/ex-13"];

/// Short, so that the jobs of a dead node are taken over soon.
const SESSION: [&str; 2] = ["cluster.session=1000", "cluster.keepAlive=200"];

/// Which node is killed.
#[derive(Clone, Copy)]
enum Killed {
    Nobody,
    /// The one that has the first page done, where more than one is to come; otherwise whoever is first told that work
    /// begins.
    First,
}

/// Waits until somebody has said one of these, and gives who.
fn first_to_say(cluster: &Cluster, words: &[&str]) -> usize {
    let until = Instant::now() + LIMIT;
    loop {
        let says = |node: &Node| words.iter().any(|word| node.running().has_said(word));
        if let Some(node) = cluster.nodes.iter().position(says) {
            return node;
        }
        assert!(Instant::now() < until, "nobody has said {words:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What is wrong with an example on three nodes; empty if nothing is. Says whether a node was killed before its end.
fn differences(conformance: &Path, example: &str, killed: Killed) -> (String, bool) {
    let node = || conformance::workplace(conformance, example, &SESSION);
    let mut cluster = Cluster::of((0..3).map(|_| node()).collect());
    let defs = format!("/defs/examples/{example}");
    cluster.start(&["--defs", &defs, "-vv"]);
    let mut was_killed = false;
    if matches!(killed, Killed::First) {
        let word = if WITH_LINKS.contains(&example) { "done locator=" } else { "work begins" };
        let node = first_to_say(&cluster, &[word]);
        was_killed = cluster.nodes[node].kill_if_running();
    }
    let mut text = String::new();
    for node in cluster.nodes.iter_mut().filter(|node| node.is_started()) {
        let ended = node.ended();
        let output = rows::written(&node.folder.path("output"));
        let differ = rows::differences(&conformance::expected(conformance, example), &output);
        if ended.code() != Some(0) || !differ.is_empty() {
            text.push_str(&format!("{}: {:?}\n{differ}{}", node.name, ended.code(), ended.stderr));
        }
    }
    (text, was_killed)
}

fn check(kind: &str, killed: Killed) {
    let Some(conformance) = conformance::folder() else { return };
    let examples = conformance::examples(&conformance);
    assert_eq!(examples.len(), KINDS.iter().map(|(_, number)| number).sum::<usize>(), "{examples:#?}");
    let examples: Vec<_> = examples.iter().filter(|example| example.starts_with(kind)).collect();
    let number = KINDS.iter().find(|(known, _)| *known == kind).unwrap().1;
    assert_eq!(examples.len(), number, "{kind}: {examples:#?}");
    let found = examples.iter().map(|example| (example, differences(&conformance, example, killed)));
    let found: Vec<_> = found.collect();
    let wrong = found.iter().filter(|(_, (differences, _))| !differences.is_empty());
    let wrong: Vec<_> =
        wrong.map(|(example, (differences, _))| format!("{example}\n{differences}")).collect();
    assert!(wrong.is_empty(), "{} of {number} examples:\n{}", wrong.len(), wrong.join("\n"));
    if matches!(killed, Killed::First) {
        let met = found.iter().filter(|(_, (_, was_killed))| *was_killed).count();
        // On a busy machine one may end before it is its turn to be killed.
        assert!(2 * met > number, "{met} of {number} nodes could be killed before they ended");
    }
}

#[test]
fn three_nodes_give_the_rows_of_every_book() {
    check("book/jsoup", Killed::Nobody);
    check("book/htmlunit", Killed::Nobody);
}

#[test]
fn three_nodes_give_the_rows_of_every_company_with_css() {
    check("fin/jsoup", Killed::Nobody);
}

#[test]
fn three_nodes_give_the_rows_of_every_company_with_xpath() {
    check("fin/htmlunit", Killed::Nobody);
}

#[test]
fn two_nodes_give_the_rows_of_every_book_when_the_third_is_killed() {
    check("book/jsoup", Killed::First);
    check("book/htmlunit", Killed::First);
}

#[test]
fn two_nodes_give_the_rows_of_every_company_with_css_when_the_third_is_killed() {
    check("fin/jsoup", Killed::First);
}

#[test]
fn two_nodes_give_the_rows_of_every_company_with_xpath_when_the_third_is_killed() {
    check("fin/htmlunit", Killed::First);
}
