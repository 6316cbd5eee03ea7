//! Definitions from text to [`Definitions`], in both forms.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// A definition that uses much of the short form.
const SHORT: &str = r#"
locatorGroups:
  books:
    locators: [ { name: books, url: "http://localhost/page-1.html" } ]
taskGroups:
  books:
    live: P1W
    book: { dataDef: book, steps: dated }
    next:
      dataDef: next
      steps: [ parser: css, links: { resolve: true } ]
    plain: { dataDef: book, parser: xpath, persist: { data: false } }
steps:
  dated:
    - parser: css
    - converter:
        - dateRoller: { item: year, inPattern: "MMM ''YY", outPattern: "yyyy-MM-dd", roll: "DAY_OF_MONTH=ceil" }
        - trim
    - script: { file: clean.js }
    - script: more.js
    - appender:
        - file: { file: output/data.txt, encoder: { csv: { delimiter: "|" } } }
        - file: { file: output/more.txt, encoder: jsonLines }
        - list
dataDefs:
  book:
    query: { block: "li:nth-child(%{item.index})", selector: "a" }
    items: [ { name: book, value: Book, indexRange: 1-20 } ]
    dims:
      - { name: year, selector: td, index: 2, breakAfter: [ end ], filters: [ { value: "" }, { match: "x" } ] }
      - { name: date, script: "document.getFromDate()" }
  next:
    query: { block: li.next }
    items: [ { name: link, selector: "a attribute: href", linkGroup: books, prefix: [ "/a/" ] } ]
"#;

fn composed(text: &str) -> Definitions {
    let (definitions, problems) = check(vec![SourceFile::new("job.yml", text)], "jsoupDefault");
    definitions.ok_or_else(|| problems.to_string()).unwrap()
}

fn problems_in(text: &str) -> String {
    check(vec![SourceFile::new("job.yml", text)], "jsoupDefault").1.to_string()
}

/// The steps of a task as text: `name=kind(settings)[plugins]`.
fn chain(definitions: &Definitions, task: &str) -> Vec<String> {
    let task =
        definitions.task_groups.iter().flat_map(|group| &group.tasks).find(|t| t.name.value == task).unwrap();
    task.steps.iter().map(step).collect()
}

fn step(step: &StepDef) -> String {
    let last = step.kind.value.rsplit('.').next().unwrap();
    let plugins: String = step.plugins.iter().map(plugin).collect();
    let settings = settings(&step.settings);
    if step.name == last {
        format!("{last}{settings}{plugins}")
    } else {
        format!("{}={last}{settings}{plugins}", step.name)
    }
}

fn plugin(it: &PluginDef) -> String {
    let last = it.kind.value.rsplit('.').next().unwrap();
    let plugins: String = it.plugins.iter().map(plugin).collect();
    format!("[{last}{}{plugins}]", settings(&it.settings))
}

fn settings(settings: &[Setting]) -> String {
    let all: Vec<String> =
        settings.iter().map(|setting| format!("{}={}", setting.key, setting.value)).collect();
    if all.is_empty() { String::new() } else { format!("({})", all.join(" ")) }
}

fn with_steps(steps: &str) -> String {
    let rest = SHORT.split_once("steps:\n  dated:").unwrap();
    let data_defs = rest.1.split_once("\ndataDefs:").unwrap().1;
    format!("{}{steps}\ndataDefs:{data_defs}", rest.0)
}

fn conformance() -> Option<PathBuf> {
    crate::needs::of_shared("conformance")
}

fn folders_with_definitions(dir: &Path) -> Vec<PathBuf> {
    let mut folders = vec![];
    let entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    if entries.iter().any(|path| path.extension().is_some_and(|extension| extension == "yml")) {
        folders.push(dir.to_owned());
    }
    entries
        .iter()
        .filter(|path| path.is_dir())
        .for_each(|path| folders.extend(folders_with_definitions(path)));
    folders
}

#[test]
fn the_short_form_of_steps_becomes_a_chain() {
    let definitions = composed(SHORT);
    assert_eq!(
        chain(&definitions, "book"),
        [
            "loader",
            "parser(type=\"css\")",
            "filter",
            "converter[dateRoller(item=\"year\" inPattern=\"MMM ''YY\" outPattern=\"yyyy-MM-dd\" \
             roll=\"DAY_OF_MONTH=ceil\")][trim]",
            "script[script(file=\"clean.js\")]",
            "script2=script[script(file=\"more.js\")]",
            "appender[file(file=\"output/data.txt\")[csv(delimiter=\"|\")]]\
             [file(file=\"output/more.txt\")[jsonLines]][list[csv]]",
        ]
    );
    assert_eq!(chain(&definitions, "next"), ["loader", "parser(type=\"css\")", "links(resolve=true)"]);
    assert_eq!(
        chain(&definitions, "plain"),
        [
            "loader",
            "parser(type=\"xpath\")",
            "filter",
            "appender[file(file=\"output/data.txt\")[csv(delimiter=\"|\" includeTags=false)]]",
        ]
    );
}

#[test]
fn a_task_says_what_is_kept() {
    let definitions = composed(SHORT);
    let group = &definitions.task_groups[0];
    assert_eq!(group.live.as_ref().unwrap().value, "P1W");
    assert_eq!(group.tasks.iter().map(|task| task.persist_data).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn what_was_left_out_of_a_list_is_put_in() {
    let of = |steps: &str| chain(&composed(&with_steps(&format!("steps:\n  dated: {steps}"))), "book");
    let default = of("[ parser: css ]");
    assert_eq!(default.len(), 4);
    assert_eq!(of("[ loader, parser: css, filter, appender ]"), default);
    assert_eq!(of("[ parser: { type: css }, appender ]"), default);
    assert_eq!(of("[ browser: { wait: 5 }, parser: css ]")[0], "browser(wait=5)");
    assert_eq!(
        of("[ parser: css, converter: trim, filter ]")[1..4],
        ["parser(type=\"css\")", "converter[trim]", "filter"]
    );
}

#[test]
fn built_in_chains_have_short_and_old_names() {
    let of = |name: &str| chain(&composed(&SHORT.replace("steps: dated", &format!("steps: {name}"))), "book");
    let unquoted = |name: &str| of(name).join(" ").replace(" quote=false", "");
    assert_eq!(of("css").join(" "), unquoted("jsoupDefault"));
    assert_eq!(of("xpath").join(" "), unquoted("htmlUnitDefault"));
    assert_ne!(of("css"), of("jsoupDefault"), "rows of old definitions have no quotes");
    assert_ne!(of("css"), of("xpath"));
}

#[test]
fn the_default_steps_are_a_setting() {
    let text = SHORT.replace(", parser: xpath", "");
    let (definitions, _) = compose(vec![SourceFile::new("job.yml", &text)], "htmlUnitDefault");
    assert_eq!(chain(&definitions.unwrap(), "plain")[1], "parser(type=\"xpath\")");
    let (none, problems) = compose(vec![SourceFile::new("job.yml", &text)], "jsoupDefalt");
    assert!(none.is_none());
    let text = problems.to_string();
    assert!(text.starts_with("error: scoopi.defs.defaultSteps: steps not defined for steps name: jsoupDefalt, did you mean `jsoupDefault`?"), "{text}");
}

#[test]
fn derived_steps_are_put_in_between() {
    let definitions = composed(&with_steps(
        r#"steps:
  dated:
    base: { last: { class: a.Last, previous: converter, next: appender } }
  base:
    jsoupDefault:
      converter:
        class: a.b.DataConverter
        previous: filter
        next: appender
        plugins: [ plugin: { name: d, class: x.DateRoller, item: year, plugins: [ { name: n, class: y.Nested } ] } ]
"#,
    ));
    assert_eq!(
        chain(&definitions, "book")[2..5],
        ["filter", "converter=DataConverter[DateRoller(item=\"year\")[Nested]]", "last=Last"]
    );
    assert_eq!(chain(&definitions, "book").len(), 6);
}

#[test]
fn the_next_step_is_the_one_that_next_names() {
    let definitions = composed(&with_steps(
        r#"steps:
  dated:
    jsoupDefault: { process: { class: org.codetab.scoopi.step.process.LocatorCreator, previous: parser, next: seeder } }
"#,
    ).replace("dataDef: book, steps: dated", "dataDef: next, steps: dated"));
    assert_eq!(chain(&definitions, "book"), ["loader", "parser(type=\"css\")", "process=LocatorCreator"]);
}

#[test]
fn steps_may_be_written_in_full() {
    let definitions = composed(&with_steps(
        r#"steps:
  dated:
    seeder: { class: a.LocatorSeeder, previous: start, next: loader }
    loader: { class: a.PageLoader, previous: seeder, next: parser }
    parser: { class: a.Parser, previous: loader, next: filter }
    filter: { class: a.DataFilter, previous: parser, next: End }
"#,
    ));
    assert_eq!(chain(&definitions, "book"), ["loader=PageLoader", "parser=Parser", "filter=DataFilter"]);
}

#[test]
fn indexes_run_through_the_written_range() {
    let range = |text: &str| {
        let items = format!("items: [ {{ name: book, selector: td, {text} }} ]\n    dims:");
        let text =
            SHORT.replace("items: [ { name: book, value: Book, indexRange: 1-20 } ]\n    dims:", &items);
        composed(&text).data_defs[0].items[0].range
    };
    let is = |from, to| IndexRange { from, to };
    assert_eq!(range("order: 1"), is(1, Some(1)));
    assert_eq!(range("index: 5"), is(5, Some(5)));
    assert_eq!(range("index: 5, breakAfter: [ x ]"), is(5, None));
    assert_eq!(range("breakAfter: [ x ]"), is(1, None));
    assert_eq!(range("indexRange: 2-6"), is(2, Some(6)));
    assert_eq!(range("indexRange: \"7\""), is(7, Some(7)));
    assert_eq!(range("indexRange: 4-, breakAfter: [ x ]"), is(4, None));
    assert_eq!(range("indexRange: \"-\""), is(0, Some(0)));
    assert_eq!(range("indexRange: 6-2"), is(2, Some(6)));
    assert_eq!(range("indexRange: 3-9-1"), is(3, Some(9)));
    assert_eq!(range("index: 1, indexRange: 3-9"), is(3, Some(9)));
}

#[test]
fn what_is_not_written_has_its_default() {
    let definitions = composed(SHORT);
    let def = &definitions.data_defs[0];
    assert_eq!((def.facts.len(), &*def.facts[0].name.value), (1, "fact"));
    assert_eq!(def.dims.iter().map(|dim| dim.order).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(&*def.dims[0].name.place.path, "dataDefs.book.dims[0].name");
    assert_eq!(definitions.data_defs[1].items[0].range, IndexRange { from: 1, to: Some(1) });
}

#[test]
fn both_forms_of_items_say_the_same() {
    let old = SHORT
        .replace(
            "[ { name: book, value: Book, indexRange: 1-20 } ]",
            "[ item: { name: book, value: Book, indexRange: 1-20 }, ]",
        )
        .replace(
            "{ value: \"\" }, { match: \"x\" }",
            "filter: { type: value, pattern: \"\" }, filter: { type: match, pattern: x }",
        );
    let fingerprints =
        |text: &str| composed(text).data_defs.iter().map(|def| def.fingerprint).collect::<Vec<_>>();
    assert_ne!(old, SHORT);
    assert_eq!(fingerprints(&old), fingerprints(SHORT));
}

#[test]
fn the_fingerprint_is_of_content_not_of_places() {
    let of = |text: &str| composed(text).data_defs[0].fingerprint;
    let first = of(SHORT);
    assert_eq!(of(&format!("\n\n# moved\n{SHORT}")), first);
    assert_eq!(
        of(&SHORT.replace("index: 2, breakAfter: [ end ]", "indexRange: 2-, breakAfter: [ end ]")),
        first
    );
    for (from, to) in [
        ("name: book,", "name: books,"),
        ("value: Book", "match: Book"),
        ("1-20", "1-21"),
        ("[ end ]", "[ end, stop ]"),
        ("{ value: \"\" }, ", ""),
        ("index: 2,", "index: 2, order: 7,"),
        ("selector: \"a\"", "selector: \"b\""),
    ] {
        let text = SHORT.replacen(from, to, 1);
        assert_ne!(text, SHORT, "{from}");
        assert_ne!(of(&text), first, "{from}");
    }
}

#[test]
fn definitions_come_back_from_json() {
    let definitions = composed(SHORT);
    let json = serde_json::to_string(&definitions).unwrap();
    assert_eq!(serde_json::from_str::<Definitions>(&json).unwrap(), definitions);
}

#[test]
fn files_are_merged_in_the_order_of_their_names() {
    let (head, data_defs) = SHORT.split_once("dataDefs:").unwrap();
    let other = "dataDefs:\n  next:\n    query: { block: other }\n    items: [ { name: l, selector: a, linkGroup: books } ]\n";
    let block = |last: &str, first: &str| {
        let sources = vec![
            SourceFile::new("z.yml", last),
            SourceFile::new("b.yml", head),
            SourceFile::new("a.yml", format!("dataDefs:{first}")),
            SourceFile::new("empty.yml", "# nothing\n"),
        ];
        let (definitions, problems) = check(sources, "css");
        (definitions.unwrap().data_defs[1].block.clone().unwrap().value, problems.to_string())
    };
    let (last, warning) = block(other, data_defs);
    assert_eq!(last, "other");
    let expected = "warning: z.yml:2:3: dataDefs.next: `next` is also defined at a.yml:8:3, in another way";
    assert!(warning.starts_with(expected), "{warning}");
    assert_eq!(block(&format!("dataDefs:{data_defs}"), data_defs), ("li.next".to_owned(), String::new()));
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = SHORT
        .replace("book: { dataDef: book, steps: dated }", "book: &task { dataDef: &name book, steps: dated }")
        .replace("plain: { dataDef: book, parser: xpath,", "plain: { <<: *task, steps: xpath,")
        .replace("name: book, value: Book", "name: *name, value: Book");
    let definitions = composed(&text);
    let task = &definitions.task_groups[0].tasks[2];
    assert_eq!((&*task.data_def.value, &*task.steps[1].settings[0].value.to_string()), ("book", "\"xpath\""));
    assert_eq!(definitions.data_defs[0].items[0].name.value, "book");
}

#[test]
fn brackets_may_be_closed_further_left() {
    let text = SHORT.replace("indexRange: 1-20 } ]", "\n indexRange: 1-20,\n}\n  ]");
    let item = &composed(&text).data_defs[0].items[0];
    assert_eq!(item.range, IndexRange { from: 1, to: Some(20) });
    let wrong = problems_in(&text.replace("1-20", "20-x"));
    assert!(wrong.contains("job.yml:29:14: dataDefs.book.items[0].indexRange: `20-x` is not"), "{wrong}");
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_problem() {
    assert_eq!(problems_in(&format!("\u{feff}{}", SHORT.replace('\n', "\r\n"))), "");
}

#[test]
fn aliases_cannot_exhaust_memory() {
    let mut text = "a0: &a0 [ x, x, x, x, x, x, x, x, x ]\n".to_owned();
    for level in 1..30 {
        let alias = format!("*a{}, ", level - 1).repeat(9);
        text.push_str(&format!("a{level}: &a{level} [ {alias} ]\n"));
    }
    assert!(problems_in(&text).contains("values in all files, aliases included"));
    let long = format!("a: &a \"{}\"\nb: [ {} ]", "x".repeat(1 << 20), "*a, ".repeat(9));
    assert!(problems_in(&long).contains("aliases repeat more than 8 MiB"));
    assert!(problems_in("a: &a [ *a ]").contains("an alias inside of what it stands for"));
}

#[test]
fn nesting_has_a_limit() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        assert!(problems_in(&text).starts_with("error: job.yml:"), "{text:.20}");
    }
    let mut text = "a0: &a0 [ x ]\n".to_owned();
    (1..100).for_each(|level| text.push_str(&format!("a{level}: &a{level} [ *a{} ]\n", level - 1)));
    assert!(problems_in(&text).contains("nested deeper than 64 levels"));
    let mut steps =
        "steps:\n  s0: { css: { c: { class: a.B, previous: filter, next: appender } } }\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        steps.push_str(&format!("  s{level}: {{ s{before}: {{ c{level}: {{ class: a.B, previous: filter, next: appender }} }} }}\n"));
    }
    // The last one first, so that all others are worked out within it.
    let reversed: Vec<&str> = steps.lines().skip(1).collect();
    let text = format!("steps:\n{}\n", reversed.into_iter().rev().collect::<Vec<_>>().join("\n"));
    assert!(problems_in(&text).contains("more than 32 steps definitions start one from the other"));
}

#[test]
fn all_conformance_definitions_are_accepted() {
    let Some(root) = conformance() else { return };
    let folders = folders_with_definitions(&root);
    assert!(folders.len() > 20, "{}", folders.len());
    for folder in folders {
        let (definitions, problems) = compose(read_folder(&folder).unwrap(), "jsoupDefault");
        assert_eq!(problems.to_string(), "", "{}", folder.display());
        let definitions = definitions.unwrap();
        let references = check_references(&definitions);
        let expected = usize::from(folder.ends_with("defs-only/reference"));
        assert_eq!(references.counts(), (expected, expected), "{}: {references}", folder.display());
        let json = serde_json::to_string(&definitions).unwrap();
        assert_eq!(serde_json::from_str::<Definitions>(&json).unwrap(), definitions);
    }
}

#[test]
fn the_definitions_in_the_guide_are_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/definitions.md");
    let guide = fs::read_to_string(path).unwrap();
    let blocks: Vec<&str> =
        guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let complete = blocks.iter().filter(|block| block.starts_with("locatorGroups:"));
    assert!(complete.clone().count() > 5);
    for block in complete {
        assert_eq!(problems_in(block), "", "{block}");
    }
}

/// Texts to spoil: our own, and those of the conformance folder where it is there.
fn texts() -> Vec<String> {
    let mut texts = vec![SHORT.to_owned()];
    for folder in conformance().iter().flat_map(|root| folders_with_definitions(root)) {
        texts.extend(read_folder(&folder).unwrap().into_iter().map(|file| file.text));
    }
    let old = "steps: { a: { b: { c: { class: x, previous: filter, next: seeder } } }, b: { css: { d: { class: y, previous: parser, next: filter, plugins: [ plugin: { name: n, class: z } ] } } } }\n";
    texts.push(old.to_owned());
    texts
}

/// What is put into texts.
const PIECES: [&str; 32] = [
    "{", "}", "[", "]", ":", ": ", ",", "-", "- ", "#", "&a ", "*a", "<<: *a\n", "!!str ", "\"", "'", "|\n",
    ">\n", "\t", "\n", "  ", "---\n", "%", "?", "null", "5", "true", "\u{feff}", "é", "\0", "start", "end",
];

fn spoiled(text: &str, changes: &[(usize, usize, usize, u8)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, length, from, how) in changes {
        let at = at % (chars.len() + 1);
        let end = (at + length % 40).min(chars.len());
        match how % 4 {
            0 => drop(chars.drain(at..end)),
            1 => drop(chars.splice(at..at, PIECES[from % PIECES.len()].chars())),
            2 => drop(chars.splice(at..end, PIECES[from % PIECES.len()].chars())),
            _ => {
                let from = from % (chars.len() + 1);
                let copied = chars[from..(from + length % 200).min(chars.len())].to_vec();
                chars.splice(at..at, copied);
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_composing_panic(
        which: usize,
        changes in prop::collection::vec((any::<usize>(), any::<usize>(), any::<usize>(), any::<u8>()), 1..8),
    ) {
        let texts = texts();
        let text = spoiled(&texts[which % texts.len()], &changes);
        let (definitions, problems) = check(vec![SourceFile::new("job.yml", &text)], "css");
        prop_assert_eq!(definitions.is_some(), !problems.has_errors());
        let shown = problems.to_string();
        prop_assert!(!shown.contains('\u{1b}') && !shown.contains('\0'), "{}", shown);
    }

    #[test]
    fn no_characters_make_composing_panic(text in "[a-c:{}\\[\\],&*!|>'\"%@`#?\\- \n\t\u{0}-\u{1f}\u{85}\u{2028}é-]{0,200}") {
        let (_, problems) = check(vec![SourceFile::new("job.yml", &text)], "css");
        prop_assert!(problems.has_errors(), "{}", text);
    }
}
