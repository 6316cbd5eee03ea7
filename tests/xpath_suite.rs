//! The XPath engine against expressions and results of a widely used one.
//!
//! The suite is not part of this project: it is looked for in `../shared/xpath-tests` (or below the folder
//! that `SCOOPI_SHARED` names), and where it is absent the tests say so and pass. Its documents are XML, so
//! a small reader for just these documents is here, and names are compared as written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly wherever it is")]

#[path = "support/needs.rs"]
mod needs;

use std::path::Path;
use std::path::PathBuf;

use html5ever::LocalName;
use scoopi::internals::query::Limits;
use scoopi::internals::query::Meter;
use scoopi::internals::query::QueryError;
use scoopi::internals::query::Template;
use scoopi::internals::query::Tree;
use scoopi::internals::query::tree::Kind;
use scoopi::internals::query::tree::TreeBuilder;
use scoopi::internals::query::tree::Vocabulary;
use scoopi::internals::query::xpath::Context;
use scoopi::internals::query::xpath::Query;
use scoopi::internals::query::xpath::Value;
use scoopi::internals::query::xpath::XNode;

/// Expressions about things that the engine leaves out.
const SKIPPED: [(&str, &str); 5] = [
    ("/doc/elem/namespace::node()/..", "name spaces"),
    ("/doc/elem/namespace::*/self::node()[true()]", "name spaces"),
    ("//*[namespace::ns1]", "name spaces"),
    ("/doc/elem/namespace::ns2/following::*", "name spaces"),
    ("/doc/elem/namespace::ns2/preceding::*", "name spaces"),
];

/// Expressions where the other engine departs from the recommendation, and what it should give.
const DEPARTURES: [(&str, &str); 2] = [
    // Section 4.2: numbers are written without an exponent.
    ("string(12345678901234567890)", "12345678901234567000"),
    ("string(-12345678901234567890)", "-12345678901234567000"),
];

fn suite() -> Option<PathBuf> {
    needs::of_shared("xpath-tests")
}

/// An expression and the lines that were printed about its value.
struct Case {
    expression: String,
    printed: Vec<String>,
}

fn read_results(path: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = vec![];
    for line in std::fs::read_to_string(path).unwrap().lines() {
        if let Some(expression) = line.strip_prefix("Expression: ") {
            cases.push(Case { expression: expression.to_owned(), printed: vec![] });
        } else if let Some(case) = cases.last_mut()
            && !line.is_empty()
            && !line.starts_with("====")
        {
            case.printed.push(line.to_owned());
        }
    }
    cases
}

fn read_xml(text: &str) -> Tree {
    let mut builder = TreeBuilder::default();
    let (mut rest, mut depth) = (text, 0);
    let mut pending = String::new();
    while let Some(at) = rest.find('<') {
        if depth > 0 {
            pending.push_str(&decode(&rest[..at]));
        }
        rest = &rest[at..];
        if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let (data, after) = data.split_once("]]>").unwrap();
            pending.push_str(data);
            rest = after;
            continue;
        }
        builder.text(&std::mem::take(&mut pending));
        if let Some(comment) = rest.strip_prefix("<!--") {
            let (comment, after) = comment.split_once("-->").unwrap();
            builder.comment(comment);
            rest = after;
        } else if rest.starts_with("<?") {
            rest = rest.split_once("?>").unwrap().1;
        } else if rest.starts_with("<!DOCTYPE") {
            let end = if rest.contains('[') { "]>" } else { ">" };
            rest = rest.split_once(end).unwrap().1;
        } else {
            let (tag, after) = rest[1..].split_once('>').unwrap();
            rest = after;
            depth = read_tag(&mut builder, tag, depth);
        }
    }
    builder.finish()
}

fn read_tag(builder: &mut TreeBuilder, tag: &str, depth: usize) -> usize {
    if tag.starts_with('/') {
        builder.close();
        return depth - 1;
    }
    let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let (name, mut attrs) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    builder.open(LocalName::from(name), Vocabulary::Html);
    while let Some((name, after)) = attrs.split_once('=') {
        let quote = after.chars().next().unwrap();
        let (value, after) = after[1..].split_once(quote).unwrap();
        if !name.trim().starts_with("xmlns") {
            builder.attr(LocalName::from(name.trim()), &decode(value));
        }
        attrs = after;
    }
    if empty {
        builder.close();
        return depth;
    }
    depth + 1
}

fn decode(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// At most 40 bytes, as the other engine prints them.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for byte in text.bytes().take(40) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => shown.push(' '),
            0x80.. => shown.push_str(&format!("#{byte:X}")),
            _ => shown.push(char::from(byte)),
        }
    }
    if text.len() > 40 {
        shown.push_str("...");
    }
    shown
}

fn print_attr(tree: &Tree, attr: u32, indent: &str) -> String {
    let name = tree.attr_name(attr);
    let local = name.split_once(':').map_or(&**name, |(_, local)| local);
    let value = shown(tree.attr_value(attr));
    format!("ATTRIBUTE {local}\n{indent}  TEXT\n{indent}    content={value}")
}

fn print_node(tree: &Tree, node: XNode) -> String {
    let node = match node {
        XNode::Attr(attr) => return print_attr(tree, attr, "  "),
        XNode::Node(node) => node,
    };
    match tree.kind(node) {
        Kind::Document => " /".to_owned(),
        Kind::Text => format!("TEXT\n    content={}", shown(tree.text(node))),
        Kind::Comment => format!("COMMENT\n    content={}", shown(tree.text(node))),
        Kind::Element => {
            let attrs = tree.attrs(node).map(|attr| format!("\n    {}", print_attr(tree, attr, "    ")));
            format!("ELEMENT {}{}", shown(tree.name(node)), attrs.collect::<String>())
        }
    }
}

/// The nodes of a printed node-set. Character data in CDATA sections is text; processing instructions, which
/// a page has none of, are left out.
fn expected_nodes(printed: &[String]) -> Vec<String> {
    let mut nodes: Vec<String> = vec![];
    for line in printed {
        if line.starts_with(|ch: char| ch.is_ascii_digit()) {
            let node = line.trim_start_matches(|ch: char| ch.is_ascii_digit());
            nodes.push(node.strip_prefix("  ").unwrap().replace("CDATA_SECTION", "TEXT"));
        } else if !line.starts_with("Set contains") {
            let node = nodes.last_mut().unwrap();
            node.push('\n');
            node.push_str(line);
        }
    }
    nodes.retain(|node| !node.starts_with("PI "));
    nodes
}

/// What is wrong with the value, if anything.
fn compare(tree: &Tree, case: &Case, value: Result<Value, QueryError>) -> Option<String> {
    let header = case.printed.first().map_or("", String::as_str);
    let wrong = |value: &dyn std::fmt::Debug| Some(format!("expected {:?}, got {value:?}", case.printed));
    let value = match value {
        Err(_) if header.starts_with("Object is empty") => return None,
        Err(error) => return wrong(&error),
        Ok(value) => value,
    };
    if header.starts_with("Object is a Node Set") {
        let Value::Nodes(nodes) = &value else { return wrong(&value) };
        let printed: Vec<String> = nodes.iter().map(|node| print_node(tree, *node)).collect();
        let expected = expected_nodes(&case.printed[1..]);
        return (printed != expected).then(|| format!("expected {expected:#?}, got {printed:#?}"));
    }
    let same = match (&value, header.strip_prefix("Object is a ").and_then(|rest| rest.split_once(" : "))) {
        (Value::Boolean(truth), Some(("Boolean", expected))) => expected == truth.to_string(),
        (Value::Text(text), Some(("string", expected))) => {
            let departure = DEPARTURES.iter().find(|(expression, _)| *expression == case.expression);
            *text == departure.map_or(expected, |(_, right)| right)
        }
        (Value::Number(number), Some(("number", expected))) => {
            // Printed with six digits.
            let expected: f64 = expected.parse().unwrap();
            *number == expected
                || (number.is_nan() && expected.is_nan())
                || (number - expected).abs() < number.abs() * 1e-5
        }
        _ => false,
    };
    if same { None } else { wrong(&value) }
}

/// Evaluates all expressions of a result file on a document and says what went wrong.
fn check(results: &Path, document: &str, counts: &mut (usize, usize)) -> Vec<String> {
    let tree = read_xml(document);
    let mut failures = vec![];
    for case in read_results(results) {
        if let Some((_, reason)) = SKIPPED.iter().find(|(expression, _)| *expression == case.expression) {
            println!("skipped ({reason}): {}", case.expression);
            counts.1 += 1;
            continue;
        }
        counts.0 += 1;
        let value = Query::compile_xml(&Template::literal(&case.expression))
            // The other engine's context is the outermost element.
            .and_then(|query| query.evaluate(&tree, Context::from(1), &(), &Meter::new(&Limits::default())));
        if let Some(failure) = compare(&tree, &case, value) {
            failures.push(format!("{}: {failure}", case.expression));
        }
    }
    failures
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn expressions_without_a_document_give_the_known_values() {
    let Some(suite) = suite() else { return };
    let (mut counts, mut failures) = ((0, 0), vec![]);
    for results in files(&suite.join("result/XPath/expr")) {
        failures.extend(check(&results, "<none/>", &mut counts));
    }
    println!("{} expressions, {} failed, {} skipped", counts.0, failures.len(), counts.1);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(counts, (243, 0), "the suite changed or was not read");
}

#[test]
fn paths_find_the_known_nodes() {
    let Some(suite) = suite() else { return };
    let documents = files(&suite.join("test/XPath/docs"));
    let (mut counts, mut failures) = ((0, 0), vec![]);
    for results in files(&suite.join("result/XPath/tests")) {
        // `chaptersbase` is asked of `chapters`: the longest name that it begins with.
        let name = results.file_name().unwrap().to_str().unwrap();
        let document = documents
            .iter()
            .filter(|document| name.starts_with(document.file_name().unwrap().to_str().unwrap()))
            .max_by_key(|document| document.as_os_str().len())
            .unwrap();
        let document = std::fs::read_to_string(document).unwrap();
        failures.extend(check(&results, &document, &mut counts));
    }
    println!("{} expressions, {} failed, {} skipped", counts.0, failures.len(), counts.1);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(counts, (79, 5), "the suite changed or was not read");
}
