//! html5lib's tree construction tests against our tree.
//!
//! Every test without scripting runs, documents and fragments, and is compared in the tests' own notation.
//! `HTML5EVER_FAILS` lists the tests that html5ever itself fails with its reference DOM; a test of the
//! list that passes is an error too, so that the list stays true.

#![allow(clippy::unwrap_used, reason = "allow-unwrap-in-tests does not cover what tests call")]

#[path = "support/needs.rs"]
mod needs;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use scoopi::internals::query::Limits;
use scoopi::internals::query::Tree;
use scoopi::internals::query::tree::Kind;
use scoopi::internals::query::tree::NodeId;
use scoopi::internals::query::tree::Vocabulary;

/// Tests by file and 1-based number within it: html5ever keeps an `input` in a `select` fragment, and
/// asks for a copy of the chosen `option` in `selectedcontent` only where `</option>` is written.
const HTML5EVER_FAILS: &[(&str, usize)] = &[
    ("tests_innerHTML_1.dat", 76),
    ("webkit02.dat", 45),
    ("webkit02.dat", 46),
    ("webkit02.dat", 47),
    ("webkit02.dat", 48),
];

struct Test {
    number: usize,
    data: String,
    fragment: Option<String>,
    script_on: bool,
    document: String,
}

#[test]
fn our_tree_is_what_the_html_standard_demands() {
    let Some(folder) = needs::of_shared("html5lib-tests/tree-construction") else { return };
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "dat"));
    files.sort();
    let (mut passed, mut skipped, mut failed, mut shown) = (0, 0, BTreeSet::new(), String::new());
    for path in &files {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        for test in read_tests(&String::from_utf8_lossy(&fs::read(path).unwrap())) {
            if test.script_on {
                skipped += 1;
                continue;
            }
            let found = run(&test);
            if found == test.document {
                passed += 1;
                continue;
            }
            let Test { number, data, document, .. } = test;
            if !HTML5EVER_FAILS.contains(&(file.as_str(), number)) {
                writeln!(shown, "--- {file} {number}\n{data}\n--- wants\n{document}\n--- has\n{found}\n")
                    .unwrap();
            }
            failed.insert((file.clone(), number));
        }
    }
    println!("passed/failed/skipped: {passed}/{}/{skipped}", failed.len());
    let known: BTreeSet<_> =
        HTML5EVER_FAILS.iter().map(|(file, number)| (file.to_string(), *number)).collect();
    assert!(passed > 0, "no test was found in {}", folder.display());
    assert!(shown.is_empty(), "{shown}");
    assert_eq!(known, failed, "tests on the list that pass");
}

fn read_tests(file: &str) -> Vec<Test> {
    let file = format!("\n{file}");
    file.split("\n#data\n").skip(1).enumerate().map(|(index, text)| read_test(index + 1, text)).collect()
}

fn read_test(number: usize, text: &str) -> Test {
    // A text may begin right after the first line end when the data is empty.
    let text = format!("\n{text}");
    let (data, rest) = text.split_once("\n#errors\n").unwrap();
    let (head, document) = rest.split_once("#document\n").unwrap();
    let fragment = head.lines().skip_while(|line| *line != "#document-fragment").nth(1);
    Test {
        number,
        data: data.get(1..).unwrap_or_default().to_owned(),
        fragment: fragment.map(str::to_owned),
        script_on: head.lines().any(|line| line == "#script-on"),
        document: document.trim_end_matches('\n').to_owned(),
    }
}

fn run(test: &Test) -> String {
    let mut out = String::new();
    match &test.fragment {
        None => {
            let tree = Tree::parse_html(&test.data, &Limits::default()).unwrap();
            dump_below(&tree, 0, 0, &mut out);
        }
        Some(context) => {
            let context = match context.split_once(' ') {
                Some(("svg", name)) => (Vocabulary::Svg, name),
                Some(("math", name)) => (Vocabulary::MathMl, name),
                _ => (Vocabulary::Html, context.as_str()),
            };
            let tree = Tree::parse_fragment(&test.data, context, &Limits::default()).unwrap();
            dump_below(&tree, 1, 0, &mut out);
        }
    }
    out.trim_end_matches('\n').to_owned()
}

fn dump_below(tree: &Tree, above: NodeId, level: usize, out: &mut String) {
    for node in tree.children(above) {
        dump_doctype(tree, node, out);
        dump(tree, node, level, out);
    }
    if above == 0 {
        dump_doctype(tree, tree.len(), out);
    }
}

fn dump_doctype(tree: &Tree, before: NodeId, out: &mut String) {
    if let Some(doctype) = tree.doctype().filter(|doctype| doctype.before == before) {
        write!(out, "| <!DOCTYPE {}", doctype.name).unwrap();
        if !doctype.public_id.is_empty() || !doctype.system_id.is_empty() {
            write!(out, " \"{}\" \"{}\"", doctype.public_id, doctype.system_id).unwrap();
        }
        out.push_str(">\n");
    }
}

fn dump(tree: &Tree, node: NodeId, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    match tree.kind(node) {
        Kind::Document => {}
        Kind::Text => writeln!(out, "| {indent}\"{}\"", tree.text(node)).unwrap(),
        Kind::Comment => writeln!(out, "| {indent}<!-- {} -->", tree.text(node)).unwrap(),
        Kind::Element => dump_element(tree, node, level, out),
    }
}

fn dump_element(tree: &Tree, node: NodeId, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    let (vocabulary, name) = (tree.vocabulary(node), tree.written_name(node));
    let prefix = match vocabulary {
        Vocabulary::Html => "",
        Vocabulary::Svg => "svg ",
        Vocabulary::MathMl => "math ",
    };
    writeln!(out, "| {indent}<{prefix}{name}>").unwrap();
    let mut attrs: Vec<(Vec<u16>, String)> = tree
        .attrs(node)
        .map(|attr| {
            let (namespace, name) = tree.written_attr_name(attr);
            let name = match namespace {
                "http://www.w3.org/1999/xlink" => format!("xlink {name}"),
                "http://www.w3.org/XML/1998/namespace" => format!("xml {name}"),
                "http://www.w3.org/2000/xmlns/" => format!("xmlns {name}"),
                _ => name.to_owned(),
            };
            (name.encode_utf16().collect(), format!("{name}=\"{}\"", tree.attr_value(attr)))
        })
        .collect();
    attrs.sort();
    for (_, attr) in attrs {
        writeln!(out, "| {indent}  {attr}").unwrap();
    }
    if name == "template" && vocabulary == Vocabulary::Html {
        writeln!(out, "| {indent}  content").unwrap();
        dump_below(tree, node, level + 2, out);
    } else {
        dump_below(tree, node, level + 1, out);
    }
}
