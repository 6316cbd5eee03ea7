//! The words of the project, as a test: phrases that are hard to read, and how many of each are left.
//!
//! Each phrase has a budget in each area. A text that adds a find fails; a text that removes one lowers the budget, so
//! that the number of finds only falls. [docs/STYLE.md](../docs/STYLE.md) says what to write instead.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test, also in its own functions")]

#[path = "wording/phrase.rs"]
mod phrase;
#[path = "wording/rust.rs"]
mod rust;
#[path = "wording/text.rs"]
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use phrase::Phrase;
use text::Text;

/// Pages that are not below `docs`.
const PAGES: &[&str] = &["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "conf/scoopi.toml"];

/// This page quotes the phrases that it advises against.
const STYLE: &str = "docs/STYLE.md";

/// A phrase, what to write instead, and how many finds are left in docs, messages and comments.
struct Rule {
    phrase: Phrase,
    instead: &'static str,
    budgets: [usize; 3],
}

const fn rule(phrase: Phrase, instead: &'static str, budgets: [usize; 3]) -> Rule {
    Rule { phrase, instead, budgets }
}

const fn words(text: &'static str) -> Phrase {
    Phrase { text, not_after: &[], not_before: &[] }
}

/// "There is no quota" and "is no longer" are plain English.
const fn negated_noun(text: &'static str) -> Phrase {
    Phrase { text, not_after: &["there"], not_before: &["longer"] }
}

/// The areas, in the order of the budgets.
const AREAS: [&str; 3] = ["docs", "messages", "comments"];

const RULES: &[Rule] = &[
    rule(negated_noun("is no"), "negate the verb: is not a …, is not valid", [0, 15, 7]),
    rule(negated_noun("are no"), "negate the verb: are not …", [0, 2, 0]),
    rule(negated_noun("was no"), "negate the verb: was not a …", [0, 0, 0]),
    rule(negated_noun("be no"), "negate the verb: not be a …", [0, 0, 0]),
    rule(words("whoever"), "name the actor: the caller, the node that …", [0, 0, 1]),
    rule(words("nobody"), "name the actor: no node, no caller", [0, 0, 2]),
    rule(words("somebody"), "name the actor: a node, a caller", [0, 0, 0]),
    rule(words("everybody"), "name the actor: every node, every caller", [0, 0, 0]),
    rule(words("is told"), "name the actor, and what it gets", [0, 0, 0]),
    rule(words("are told"), "name the actor, and what it gets", [0, 0, 1]),
    rule(words("be told"), "name the actor, and what it gets", [0, 0, 1]),
    rule(words("anew"), "again, from the beginning; start over", [0, 0, 3]),
    rule(words("once more"), "again", [0, 0, 0]),
    rule(words("goes on"), "continues", [0, 2, 1]),
    rule(words("go on"), "continue", [0, 0, 1]),
    rule(words("went on"), "continued", [0, 0, 0]),
    rule(words("in work"), "in progress, running, leased", [0, 0, 0]),
    rule(words("so often"), "the number with its unit: `count` times, every `pause`", [0, 0, 0]),
    rule(words("So many"), "name the number: the quota, the limit", [0, 0, 1]),
    rule(words("any more"), "no longer", [0, 0, 0]),
    rule(words("beside"), "next to, in addition to, at the same time as", [0, 0, 3]),
    rule(words("mend that"), "fix this", [0, 0, 0]),
    rule(words("See the module docs"), "one line that says what the item is", [0, 0, 4]),
    rule(words("The same,"), "say what it does, not what it resembles", [0, 0, 1]),
    rule(words("Gives"), "Returns, Assigns, Passes on", [0, 0, 4]),
    rule(words("Says"), "Returns, Reports, Describes", [0, 0, 0]),
    rule(words("Tells"), "Sends, Reports, Returns", [0, 0, 2]),
    rule(words("Hears"), "Receives, Handles", [0, 0, 0]),
];

#[test]
fn no_phrase_is_used_more_often_than_its_budget_allows() {
    let areas = areas();
    let mut wrong = String::new();
    for rule in RULES {
        for ((area, texts), budget) in AREAS.iter().zip(&areas).zip(rule.budgets) {
            let finds: Vec<String> = texts.iter().flat_map(|text| text.finds(&rule.phrase)).collect();
            if finds.len() > budget {
                let (phrase, found, instead) = (rule.phrase.text, finds.len(), rule.instead);
                wrong.push_str(&format!(
                    "\n\"{phrase}\" in {area}: {found} finds, the budget is {budget}. Write instead: {instead}\n  {}\n",
                    finds.join("\n  ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_budget_is_higher_than_what_is_left() {
    let areas = areas();
    let mut wrong = String::new();
    for rule in RULES {
        for ((area, texts), budget) in AREAS.iter().zip(&areas).zip(rule.budgets) {
            let found: usize = texts.iter().map(|text| text.finds(&rule.phrase).len()).sum();
            if found < budget {
                let phrase = rule.phrase.text;
                wrong.push_str(&format!(
                    "\n\"{phrase}\" in {area}: lower the budget from {budget} to {found}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_phrase_is_found_across_lines_and_only_as_whole_words() {
    let source = "/// The node is\n/// no member. It is nothing, there is no quota, it is no longer here.\nfn f() {}\n";
    let texts = rust::comments("a.rs", source);
    let finds: Vec<String> = texts.iter().flat_map(|text| text.finds(&negated_noun("is no"))).collect();
    assert_eq!(finds, ["a.rs:1: The node is no member. It is nothing, there is no"]);
    assert!(texts.iter().all(|text| text.finds(&words("Is nothing")).is_empty()), "capitals count");
}

#[test]
fn strings_and_comments_of_a_source_are_told_apart() {
    let source = "// one\nlet a = \"two // \\\" three \\\n    four\"; // five\nlet b: &'a str = r#\"six \" seven\"#; let c = '\"';\n/* eight */\n";
    let joined = |texts: Vec<Text>| texts.iter().map(Text::words).collect::<Vec<_>>().join("|");
    assert_eq!(joined(rust::comments("a.rs", source)), "one|five|eight");
    assert_eq!(joined(rust::strings("a.rs", source)), "two // \" three four|six \" seven");
}

#[test]
fn code_blocks_of_a_page_are_not_text() {
    let page = "one\n```sh\ntwo\n```\nthree\n";
    assert_eq!(text::page("a.md", page).words(), "one three");
}

/// The texts of each area, in the order of [`AREAS`].
fn areas() -> [Vec<Text>; 3] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    let mut pages: Vec<PathBuf> = PAGES.iter().map(|page| root.join(page)).collect();
    pages.extend(files(&root.join("docs"), "md"));
    let docs = pages
        .iter()
        .map(read)
        .filter(|(name, _)| name != STYLE)
        .map(|(name, content)| text::page(&name, &content))
        .collect();
    let sources: Vec<_> = files(&root.join("src"), "rs").iter().map(read).collect();
    let messages = sources.iter().flat_map(|(name, source)| rust::strings(name, source)).collect();
    let comments = sources.iter().flat_map(|(name, source)| rust::comments(name, source)).collect();
    [docs, messages, comments]
}

/// All files below `folder` with this extension, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (vec![], vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
