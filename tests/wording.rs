//! The words of the project, as a test: phrases that are hard to read may stand in no text, message or comment.
//!
//! [docs/STYLE.md](../docs/STYLE.md) says what to write instead.

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

/// A phrase, and what to write instead.
struct Rule {
    phrase: Phrase,
    instead: &'static str,
}

const fn rule(phrase: Phrase, instead: &'static str) -> Rule {
    Rule { phrase, instead }
}

const fn words(text: &'static str) -> Phrase {
    Phrase { text, not_after: &[], not_before: &[] }
}

/// "There is no quota" and "is no longer" are plain English.
const fn negated_noun(text: &'static str) -> Phrase {
    Phrase { text, not_after: &["there"], not_before: &["longer"] }
}

/// "So long as" is plain English.
const fn unless_before(text: &'static str, not_before: &'static [&'static str]) -> Phrase {
    Phrase { text, not_after: &[], not_before }
}

/// Where the phrases are looked for.
const AREAS: [&str; 3] = ["docs", "messages", "comments"];

const RULES: &[Rule] = &[
    rule(negated_noun("is no"), "negate the verb: is not a …, is not valid"),
    rule(negated_noun("are no"), "negate the verb: are not …"),
    rule(negated_noun("was no"), "negate the verb: was not a …"),
    rule(negated_noun("be no"), "negate the verb: not be a …"),
    rule(words("whoever"), "name the actor: the caller, the node that …"),
    rule(words("nobody"), "name the actor: no node, no caller"),
    rule(words("somebody"), "name the actor: a node, a caller"),
    rule(words("everybody"), "name the actor: every node, every caller"),
    rule(words("anybody"), "name the actor: any node, any caller"),
    rule(words("oneself"), "name the actor: this node"),
    rule(words("One that"), "name the thing: a node that …"),
    rule(negated_noun("is none"), "negate the verb: is not one, is absent"),
    rule(words("of which"), "a sentence of its own, or whose"),
    rule(words("cannot be."), "say what is wrong: is not valid, is not possible"),
    rule(words("Between two"), "name what waits, and how long: the pause between two …"),
    rule(words("what came of"), "the outcome of, the result of"),
    rule(words("what becomes of"), "the outcome of, the result of"),
    rule(words("told"), "name the actor and the fact: the leader sends the member its quota"),
    rule(words("hears"), "receives, learns"),
    rule(words("Who"), "name the actor: the node that …, nodes that …"),
    rule(unless_before("so long", &["as"]), "name the time: for `limit`, for this time"),
    rule(words("anew"), "again, from the beginning; start over"),
    rule(words("once more"), "again"),
    rule(words("goes on"), "continues"),
    rule(words("go on"), "continue"),
    rule(words("went on"), "continued"),
    rule(words("in work"), "in progress, running, leased"),
    rule(words("so often"), "the number with its unit: `count` times, every `pause`"),
    rule(words("So many"), "name the number: the quota, the limit"),
    rule(words("any more"), "no longer"),
    rule(words("beside"), "next to, in addition to, at the same time as"),
    rule(words("mend that"), "fix this"),
    rule(words("See the module docs"), "one line that says what the item is"),
    rule(words("The same,"), "say what it does, not what it resembles"),
    rule(words("Gives"), "Returns, Assigns, Passes on"),
    rule(words("Says"), "Returns, Reports, Describes"),
    rule(words("Tells"), "Sends, Reports, Returns"),
    rule(words("Hears"), "Receives, Handles"),
];

#[test]
fn no_phrase_is_used() {
    let areas = areas();
    let mut wrong = String::new();
    for rule in RULES {
        for (area, texts) in AREAS.iter().zip(&areas) {
            let finds: Vec<String> = texts.iter().flat_map(|text| text.finds(&rule.phrase)).collect();
            if !finds.is_empty() {
                let (phrase, instead) = (rule.phrase.text, rule.instead);
                wrong.push_str(&format!(
                    "\n\"{phrase}\" in {area}. Write instead: {instead}\n  {}\n",
                    finds.join("\n  ")
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
    assert_eq!(joined(rust::strings("a.rs", "\"{told}: a {name:?} b\"")), "{}: a {} b");
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
