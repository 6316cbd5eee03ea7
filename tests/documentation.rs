//! What the documentation says, held against the program: settings, steps, links, examples, exit codes.
//!
//! Where a row is missing, the message holds the row to put in.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use scoopi::Run;
use scoopi::internals::cli::Exit;
use scoopi::internals::compose;
use scoopi::internals::conf::{Key, Layers, Settings, keys};
use scoopi::internals::steps;
use scoopi::{Definitions, Outcome, RunRequest};

const CONFIGURATION: &str = "docs/guide/configuration.md";
const DEFINITIONS: &str = "docs/guide/definitions.md";
const ERRORS: &str = "docs/guide/errors.md";
const SAMPLE: &str = "conf/scoopi.toml";

#[test]
fn every_setting_is_in_the_sample_configuration() {
    let samples = samples();
    let mut missing = String::new();
    for key in keys() {
        let found = samples.iter().find(|(name, _)| is_named(&key, name));
        let fits = found.is_some_and(|(name, (value, comment))| {
            // The sample is the configuration of this project, whose definitions lie elsewhere.
            let is_default = key.name.ends_with('.') || key.default == "null" || key.default == *value;
            (is_default || name == "defs.dir") && (comment.contains(&key.text) || key.name.ends_with('.'))
        });
        if !fits {
            missing.push_str(&format!("# {}\n# {} = {}\n", key.text, key.name, key.default));
        }
    }
    assert!(missing.is_empty(), "put into {SAMPLE}:\n{missing}");
    let known = keys();
    for name in samples.keys() {
        assert!(known.iter().any(|key| is_named(key, name)), "{SAMPLE} has the unknown key {name}");
    }
}

#[test]
fn the_sample_configuration_is_read_as_it_is_and_with_every_key_switched_on() {
    let read = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scoopi.toml");
        fs::write(&path, text).unwrap();
        let mut layers = Layers::default();
        layers.file(&path).unwrap();
        layers.build().unwrap()
    };
    let mut expected = Settings::default();
    expected.defs.dir = "/defs/main".to_owned();
    let text = text_of(SAMPLE);
    assert_eq!(read(&text), expected);
    let mut switched_on = String::new();
    for line in text.lines() {
        let line = if assignment(line).is_some() { line.trim_start_matches("# ") } else { line };
        switched_on.push_str(&format!("{line}\n"));
    }
    let settings = read(&switched_on);
    assert_eq!(settings.poolsize.len(), 2);
    assert_eq!(settings.fetch.timeout, expected.fetch.timeout);
}

#[test]
fn every_setting_is_in_the_guide() {
    let guide = text_of(CONFIGURATION);
    let rows: Vec<String> = keys().iter().map(row).filter(|row| !guide.contains(row)).collect();
    assert!(rows.is_empty(), "put into {CONFIGURATION}:\n{}", rows.join("\n"));
}

#[test]
fn settings_that_the_guide_calls_without_effect_have_none() {
    let guide = text_of(CONFIGURATION);
    let (_, section) = guide.split_once("\n## Keys without effect").unwrap();
    let keys = codes(section);
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        let mut layers = Layers::default();
        layers.assignment(&format!("{key}=1")).unwrap();
        assert_eq!(layers.ignored().len(), 1, "{key}");
    }
}

#[test]
fn every_step_and_plugin_is_in_the_guide() {
    let guide = text_of(DEFINITIONS);
    let code = |name: &str| format!("`{name}`");
    let mut missing = String::new();
    for (kind, entries) in steps::reference() {
        for about in entries {
            let settings: Vec<String> = about.settings().iter().map(|doc| code(&doc.key)).collect();
            let aliases: Vec<String> = about.aliases.iter().copied().map(code).collect();
            let row = [kind, &code(about.name), about.summary, &settings.join(", "), &aliases.join(", ")];
            let row = format!("| {} |", row.join(" | "));
            if !guide.contains(&row) {
                missing.push_str(&format!("{row}\n"));
            }
        }
    }
    assert!(missing.is_empty(), "put into {DEFINITIONS}:\n{missing}");
}

#[test]
fn the_exit_codes_of_the_guide_are_those_of_the_program() {
    let guide = text_of(ERRORS);
    let (_, section) = guide.split_once("\n## Exit codes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let found: Vec<(&str, &str)> = table(section).map(|cells| (cells[0], cells[1])).collect();
    let all = [Exit::Complete, Exit::Fatal, Exit::Usage, Exit::WithErrors, Exit::LeftBehind, Exit::Cancelled];
    let expected: Vec<(String, String)> =
        all.iter().map(|exit| (exit.code().to_string(), format!("`{}`", name_of(*exit)))).collect();
    let expected: Vec<(&str, &str)> = expected.iter().map(|(code, name)| (&**code, &**name)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_limit_of_the_guide_is_a_setting() {
    let guide = text_of(ERRORS);
    let (_, section) = guide.split_once("\n## Limits\n").unwrap();
    let (section, _) = section.split_once("\nLimits without a key:").unwrap();
    let known = keys();
    let limits: Vec<&str> = table(section).map(|cells| cells[1].trim_matches('`')).collect();
    assert!(limits.len() > 15, "{limits:?}");
    for limit in limits {
        assert!(known.iter().any(|key| is_named(key, limit)), "{ERRORS}: `{limit}` is no setting");
    }
}

#[test]
fn the_code_map_is_the_table_of_layers() {
    let page = text_of("docs/ARCHITECTURE.md");
    let (_, section) = page.split_once("\n## Code map\n").unwrap();
    let (section, _) = section.split_once("\nWhy `query`").unwrap();
    let map: Vec<(&str, &str)> = table(section).map(|cells| (cells[0].trim_matches('`'), cells[2])).collect();
    let layering = text_of("tests/layering.rs");
    let (_, layers) = layering.split_once("const LAYERS").unwrap();
    let (layers, _) = layers.split_once("\n];").unwrap();
    let layers: Vec<Vec<&str>> = layers
        .split('(')
        .map(|layer| layer.split('"').skip(1).step_by(2).collect())
        .filter(|layer: &Vec<&str>| !layer.is_empty())
        .collect();
    assert_eq!(layers.len(), map.len(), "{map:?}");
    for (number, (layer, (module, imports))) in layers.iter().zip(map).enumerate() {
        let imports: BTreeSet<&str> = match imports {
            "–" => BTreeSet::new(),
            "all above" => layers[..number].iter().map(|layer| layer[0]).collect(),
            imports => imports.split(", ").collect(),
        };
        assert_eq!((layer[0], layer[1..].iter().copied().collect()), (module, imports));
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut dead = vec![];
    let pages = pages();
    assert!(pages.len() > 12, "{pages:?}");
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let is_there = match fs::read_to_string(&target) {
                Ok(text) => anchor.is_empty() || headings(&text).any(|heading| heading == anchor),
                Err(_) => target.is_dir() && anchor.is_empty(),
            };
            if !is_there {
                dead.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "\n{}\n", dead.join("\n"));
}

#[test]
fn the_example_of_the_library_guide_is_the_one_that_compiles() {
    let example = text_of("examples/embedded.rs");
    let lines: BTreeSet<&str> = example.lines().map(str::trim).collect();
    let guide = text_of("docs/guide/library.md");
    for line in block(&guide, "rust").lines() {
        assert!(lines.contains(line.trim()), "not in examples/embedded.rs: {line}");
    }
}

#[tokio::test]
async fn the_definition_of_the_readme_gives_the_rows_of_the_readme() {
    let readme = text_of("README.md");
    let (_, section) = readme.split_once("\n## A first definition\n").unwrap();
    let definition = block(section, "yaml");
    assert!(definition.lines().count() <= 10, "{definition}");
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.store.dir = folder.path().join("data").to_string_lossy().into_owned();
    settings.appender.file.base_dir = folder.path().to_string_lossy().into_owned();
    let definitions = Definitions::text("job.yml", definition);
    let request = RunRequest::new(settings).definitions(definitions).root(root());
    let (_, problems) = compose::check(&request).unwrap();
    assert!(problems.is_empty(), "{problems}");
    let report = Run::new(request).start().await.unwrap().ended().await.unwrap();
    assert_eq!(report.outcome, Outcome::Complete);
    let rows = fs::read_to_string(&report.sinks[0].place).unwrap();
    assert_eq!(rows, block(section, "text"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn is_named(key: &Key, name: &str) -> bool {
    if key.name.ends_with('.') { name.starts_with(&key.name) } else { key.name == name }
}

/// Every variant; a new one does not compile before it is here.
fn name_of(exit: Exit) -> &'static str {
    match exit {
        Exit::Complete => "Complete",
        Exit::Fatal => "Fatal",
        Exit::Usage => "Usage",
        Exit::WithErrors => "WithErrors",
        Exit::LeftBehind => "LeftBehind",
        Exit::Cancelled => "Cancelled",
    }
}

/// The keys of the sample configuration, switched on or not, each with its value and the comment before it.
fn samples() -> BTreeMap<String, (String, String)> {
    let (mut samples, mut table, mut comment) = (BTreeMap::new(), String::new(), String::new());
    for line in text_of(SAMPLE).lines() {
        if let Some(name) = line.strip_prefix('[') {
            table = format!("{}.", name.trim_end_matches(']'));
            comment.clear();
        } else if let Some((key, value)) = assignment(line) {
            samples.insert(format!("{table}{key}"), (value.to_owned(), comment.trim().to_owned()));
        } else {
            match line.strip_prefix("# ") {
                Some(text) => comment.push_str(&format!(" {text}")),
                None => comment.clear(),
            }
        }
    }
    samples
}

/// Key and value of a line such as `delay = 5` or `# delay = 5`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")?;
    key.chars().all(char::is_alphanumeric).then_some((key, value))
}

/// The row of a setting in the guide.
fn row(key: &Key) -> String {
    let name = if key.name.ends_with('.') { format!("{}<step>", key.name) } else { key.name.clone() };
    let default = match key.default.trim_matches('"') {
        "" if key.name.ends_with('.') => "see there".to_owned(),
        "" => "empty".to_owned(),
        "null" => "not set".to_owned(),
        text => format!("`{text}`"),
    };
    format!("| `{name}` | {default} | {} |", key.text)
}

/// What stands between single backquotes, outside of blocks of code.
fn codes(text: &str) -> Vec<&str> {
    let lines = prose(text);
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::trim).collect()
}

/// The cells of the rows of a table, without its head.
fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    lines.map(|line| line.split(" | ").collect()).skip(1)
}

/// The first block of code in `language`, with its line ends.
fn block<'t>(text: &'t str, language: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// All lines but those in blocks of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_fence && !is_code
    })
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// The anchors of all headings.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|line| line.starts_with('#')).map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    })
}

/// Every page of documentation.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (vec![], vec![root(), root().join("docs"), root().join("defs")]);
    while let Some(folder) = folders.pop() {
        let is_root = folder == root();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !is_root {
                folders.push(path);
            } else if path.extension() == Some("md".as_ref()) {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}
