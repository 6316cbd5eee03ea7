//! The XPath engine against an independent one, on generated documents and expressions.
//!
//! Everything is generated from a fixed seed, so a failure can be run again: it prints the document, the
//! expression and both answers. Where the other engine departs from the recommendation, nothing of the kind
//! is generated; `the_other_engine_has_known_departures` holds these cases, with the right answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly wherever it is")]
#![allow(clippy::mutable_key_type, reason = "nodes of the other engine compare by address")]

use std::collections::HashMap;

use html5ever::LocalName;
use scoopi::internals::query::Limits;
use scoopi::internals::query::Meter;
use scoopi::internals::query::Template;
use scoopi::internals::query::Tree;
use scoopi::internals::query::tree::TreeBuilder;
use scoopi::internals::query::tree::Vocabulary;
use scoopi::internals::query::xpath::Context;
use scoopi::internals::query::xpath::Query;
use scoopi::internals::query::xpath::Value;
use scoopi::internals::query::xpath::XNode;
use sxd_document::Package;
use sxd_document::dom;
use sxd_xpath::nodeset::Node;

const DOCUMENTS: u64 = 80;
const EXPRESSIONS: usize = 150;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const ATTRS: [&str; 3] = ["x", "y", "z"];
const TEXTS: [&str; 10] = ["1", "2", "3.5", "-4", "foo", "bar foo", " 5 ", "\n ", "1", "é日"];

/// A small generator of numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list[self.roll(list.len())]
    }
}

/// One document for both engines.
struct Twins<'d> {
    builder: TreeBuilder,
    document: dom::Document<'d>,
    /// The other engine's nodes, as ours.
    nodes: HashMap<Node<'d>, XNode>,
    markup: String,
    next_node: u32,
    next_attr: u32,
}

impl<'d> Twins<'d> {
    fn new(document: dom::Document<'d>) -> Self {
        let nodes = HashMap::from([(Node::Root(document.root()), XNode::DOCUMENT)]);
        let builder = TreeBuilder::default();
        Self { builder, document, nodes, markup: String::new(), next_node: 1, next_attr: 0 }
    }

    fn element(&mut self, dice: &mut Dice, depth: usize) -> dom::Element<'d> {
        let name = dice.pick(&NAMES);
        let element = self.document.create_element(name);
        self.builder.open(LocalName::from(name), Vocabulary::Html);
        self.keep(Node::Element(element));
        self.markup.push_str(&format!("<{name}"));
        // Not more than one: the order among several is free, and the other engine has two orders.
        if dice.roll(3) > 0 {
            let (attr, value) = (dice.pick(&ATTRS), dice.pick(&TEXTS));
            self.builder.attr(LocalName::from(attr), value);
            let attribute = element.set_attribute_value(attr, value);
            self.nodes.insert(Node::Attribute(attribute), XNode::Attr(self.next_attr));
            self.next_attr += 1;
            self.markup.push_str(&format!(" {attr}='{value}'"));
        }
        self.markup.push('>');
        let children = [0, 1, 4, 6, 6][depth].min(dice.roll(7) + depth);
        let mut after_text = false;
        for _ in 0..children {
            match dice.roll(6) {
                0 | 1 if !after_text => {
                    let text = dice.pick(&TEXTS);
                    let node = self.document.create_text(text);
                    element.append_child(node);
                    self.builder.text(text);
                    self.keep(Node::Text(node));
                    self.markup.push_str(text);
                    after_text = true;
                }
                2 => {
                    let text = dice.pick(&TEXTS);
                    let node = self.document.create_comment(text);
                    element.append_child(node);
                    self.builder.comment(text);
                    self.keep(Node::Comment(node));
                    self.markup.push_str(&format!("<!--{text}-->"));
                    after_text = false;
                }
                _ => {
                    let child = self.element(dice, depth - 1);
                    element.append_child(child);
                    after_text = false;
                }
            }
        }
        self.builder.close();
        self.markup.push_str(&format!("</{name}>"));
        element
    }

    fn keep(&mut self, node: Node<'d>) {
        self.nodes.insert(node, XNode::Node(self.next_node));
        self.next_node += 1;
    }
}

/// Writes expressions. `attr` says whether the context may be an attribute: from there the other engine's
/// `following` axis leads astray.
struct Writer<'r> {
    dice: &'r mut Dice,
}

impl Writer<'_> {
    fn expression(&mut self) -> String {
        match self.dice.roll(8) {
            0 => self.number(3, false),
            1 => self.text(3, false),
            2 => self.truth(3, false),
            _ => self.nodes(3, false).0,
        }
    }

    /// A node-set, and whether it may hold attributes.
    fn nodes(&mut self, depth: usize, attr: bool) -> (String, bool) {
        match self.dice.roll(if depth == 0 { 5 } else { 9 }) {
            5 => {
                let ((one, first), (other, second)) =
                    (self.nodes(depth - 1, attr), self.nodes(depth - 1, attr));
                (format!("{one} | {other}"), first || second)
            }
            6 => {
                let (inner, held) = self.nodes(depth - 1, attr);
                (format!("({inner}){}", self.predicate(depth - 1, held)), held)
            }
            7 => {
                let (inner, held) = self.nodes(depth - 1, attr);
                let (steps, held) = self.steps(depth - 1, held);
                (format!("({inner}){}{steps}", self.dice.pick(&["/", "/", "//"])), held)
            }
            _ => self.path(depth, attr),
        }
    }

    fn path(&mut self, depth: usize, attr: bool) -> (String, bool) {
        let start = self.dice.pick(&["", "", "", "/", "//", "//", ".//", "../", "./"]);
        let (steps, held) = self.steps(depth, attr && matches!(start, "" | "./"));
        (format!("{start}{steps}"), held)
    }

    fn steps(&mut self, depth: usize, attr: bool) -> (String, bool) {
        let (mut text, mut held) = self.step(depth, attr);
        for _ in 0..self.dice.roll(3) {
            text.push_str(self.dice.pick(&["/", "/", "/", "//"]));
            let (step, now) = self.step(depth, held);
            text.push_str(&step);
            held = now;
        }
        (text, held)
    }

    fn step(&mut self, depth: usize, attr: bool) -> (String, bool) {
        let (mut step, held) = match self.dice.roll(12) {
            0 => return (".".to_owned(), attr),
            1 => return ("..".to_owned(), false),
            2 | 3 => (format!("@{}", self.dice.pick(&["x", "y", "z", "*", "node()"])), true),
            4..=6 => (self.test(), false),
            _ => self.long_step(attr),
        };
        if depth > 0 {
            for _ in 0..[0, 0, 1, 1, 2][self.dice.roll(5)] {
                step.push_str(&self.predicate(depth - 1, held));
            }
        }
        (step, held)
    }

    fn long_step(&mut self, attr: bool) -> (String, bool) {
        let axes = [
            "child",
            "descendant",
            "parent",
            "ancestor",
            "following-sibling",
            "preceding-sibling",
            "self",
            "ancestor-or-self",
            "descendant-or-self",
            "attribute",
            "following",
            "preceding",
        ];
        let axis = axes[self.dice.roll(if attr { 10 } else { axes.len() })];
        let held = axis == "attribute" || (attr && axis.ends_with("self"));
        (format!("{axis}::{}", self.test()), held)
    }

    fn test(&mut self) -> String {
        self.dice.pick(&["a", "b", "c", "d", "*", "*", "node()", "text()", "comment()"]).to_owned()
    }

    fn predicate(&mut self, depth: usize, attr: bool) -> String {
        let inner = match self.dice.roll(14) {
            0 => "1".to_owned(),
            1 => "2".to_owned(),
            2 => "last()".to_owned(),
            3 => "last() - 1".to_owned(),
            4 => format!("position() {} {}", self.dice.pick(&["=", "!=", "<", ">="]), self.dice.roll(4)),
            5 => "position() mod 2 = 1".to_owned(),
            6 => "position() = last()".to_owned(),
            // The other engine cuts a broken number off to a position.
            7 => format!("floor({})", self.number(depth, attr)),
            8 => self.text(depth, attr),
            9 | 10 => self.nodes(depth, attr).0,
            _ => self.truth(depth, attr),
        };
        format!("[{inner}]")
    }

    fn truth(&mut self, depth: usize, attr: bool) -> String {
        if depth == 0 {
            return self.dice.pick(&["true()", "false()", "1 = 2", ". = '1'", "* or @x"]).to_owned();
        }
        let depth = depth - 1;
        match self.dice.roll(10) {
            0 => format!("not({})", self.truth(depth, attr)),
            1 => format!("{} and {}", self.truth(depth, attr), self.truth(depth, attr)),
            2 => format!("{} or {}", self.truth(depth, attr), self.truth(depth, attr)),
            3 => format!("boolean({})", self.nodes(depth, attr).0),
            4 => format!("contains({}, {})", self.text(depth, attr), self.text(depth, attr)),
            5 => format!("starts-with({}, {})", self.text(depth, attr), self.text(depth, attr)),
            // Of node-sets only `=` is right in the other engine.
            6 => format!("{} = {}", self.nodes(depth, attr).0, self.nodes(depth, attr).0),
            7 => format!("{} = {}", self.nodes(depth, attr).0, self.text(depth, attr)),
            8 => format!("{} = {}", self.number(depth, attr), self.nodes(depth, attr).0),
            _ => {
                let operator = self.dice.pick(&["=", "!=", "<", "<=", ">", ">="]);
                let (left, right) = match self.dice.roll(3) {
                    0 => (self.number(depth, attr), self.number(depth, attr)),
                    1 => (self.text(depth, attr), self.number(depth, attr)),
                    _ => (self.text(depth, attr), self.text(depth, attr)),
                };
                format!("{left} {operator} {right}")
            }
        }
    }

    fn number(&mut self, depth: usize, attr: bool) -> String {
        if depth == 0 || self.dice.roll(2) == 0 {
            return self.natural(depth, attr);
        }
        let depth = depth - 1;
        match self.dice.roll(6) {
            0 => format!("-{}", self.natural(depth, attr)),
            1 => format!("sum({})", self.nodes(depth, attr).0),
            2 => format!("{}({})", self.dice.pick(&["floor", "ceiling", "round"]), self.number(depth, attr)),
            3 => format!("number({})", self.text(depth, attr)),
            _ => {
                let operator = self.dice.pick(&["+", "-", "*", "div", "mod"]);
                format!("{} {operator} {}", self.number(depth, attr), self.number(depth, attr))
            }
        }
    }

    /// A number that is not negative, and no negative zero, which the other engine prints with its sign.
    fn natural(&mut self, depth: usize, attr: bool) -> String {
        match self.dice.roll(6) {
            0 => "position()".to_owned(),
            1 => "last()".to_owned(),
            2 if depth > 0 => format!("count({})", self.nodes(depth - 1, attr).0),
            3 if depth > 0 => format!("string-length({})", self.text(depth - 1, attr)),
            _ => self.dice.pick(&["0", "1", "2", "3", "1.5", ".5", "10"]).to_owned(),
        }
    }

    fn text(&mut self, depth: usize, attr: bool) -> String {
        if depth == 0 {
            return self
                .dice
                .pick(&["'1'", "\"foo\"", "''", "string()", "string(.)", "name()", "'o'"])
                .to_owned();
        }
        let depth = depth - 1;
        match self.dice.roll(10) {
            0 => format!("string({})", self.nodes(depth, attr).0),
            1 => format!("concat({}, {})", self.text(depth, attr), self.natural(depth, attr)),
            2 => {
                // Never from negative infinity, where the other engine finds nothing.
                let (text, sign) = (self.text(depth, attr), self.dice.pick(&["", "-"]));
                format!("substring({text}, {sign}{})", self.natural(depth, attr))
            }
            3 => {
                let (text, from) = (self.text(depth, attr), self.number(depth, attr));
                format!("substring({text}, {from}, {})", self.number(depth, attr))
            }
            4 => format!("normalize-space({})", self.text(depth, attr)),
            5 => format!("translate({}, 'fo1', {})", self.text(depth, attr), self.text(depth, attr)),
            6 => format!("name({})", self.nodes(depth, attr).0),
            7 => format!("substring-before({}, {})", self.text(depth, attr), self.text(depth, attr)),
            8 => format!("substring-after({}, {})", self.text(depth, attr), self.text(depth, attr)),
            _ => self.text(0, attr),
        }
    }
}

fn ours(tree: &Tree, expression: &str) -> Value {
    let query = Query::compile(&Template::literal(expression)).unwrap_or_else(|error| panic!("{error}"));
    query.evaluate(tree, Context::from(1), &(), &Meter::new(&Limits::default())).unwrap()
}

fn theirs<'d>(element: dom::Element<'d>, nodes: &HashMap<Node<'d>, XNode>, expression: &str) -> Value {
    let xpath = sxd_xpath::Factory::new().build(expression);
    let xpath = xpath.unwrap_or_else(|error| panic!("{expression}: {error}")).unwrap();
    match xpath.evaluate(&sxd_xpath::Context::new(), element).unwrap() {
        sxd_xpath::Value::Boolean(truth) => Value::Boolean(truth),
        sxd_xpath::Value::Number(number) => Value::Number(number),
        sxd_xpath::Value::String(text) => Value::Text(text.into()),
        sxd_xpath::Value::Nodeset(set) => {
            Value::Nodes(set.document_order().into_iter().map(|node| nodes[&node]).collect())
        }
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || (one.is_nan() && other.is_nan()),
        (one, other) => one == other,
    }
}

#[test]
fn generated_expressions_give_what_another_engine_gives() {
    let (mut filled, mut empty) = (0, 0);
    for seed in 0..DOCUMENTS {
        let mut dice = Dice(seed);
        let package = Package::new();
        let mut twins = Twins::new(package.as_document());
        let root = twins.element(&mut dice, 4);
        package.as_document().root().append_child(root);
        let tree = twins.builder.finish();
        for _ in 0..EXPRESSIONS {
            let expression = Writer { dice: &mut dice }.expression();
            let (ours, theirs) = (ours(&tree, &expression), theirs(root, &twins.nodes, &expression));
            assert!(
                same(&ours, &theirs),
                "seed {seed}\n{}\n{expression}\nours:   {ours:?}\ntheirs: {theirs:?}",
                twins.markup
            );
            match ours {
                Value::Nodes(nodes) if nodes.is_empty() => empty += 1,
                _ => filled += 1,
            }
        }
    }
    println!("{filled} answers, {empty} empty node-sets");
    assert!(filled > empty, "the expressions ask for too little: {filled} answers, {empty} empty");
}

/// An expression, the other engine's answer, and ours, which is the recommendation's.
fn check_departure(expression: &str, theirs_is: Value, ours_is: Value) {
    let package = Package::new();
    let document = package.as_document();
    let mut builder = TreeBuilder::default();
    let root = document.create_element("r");
    document.root().append_child(root);
    builder.open(LocalName::from("r"), Vocabulary::Html);
    builder.attr(LocalName::from("x"), "1");
    let attribute = root.set_attribute_value("x", "1");
    let mut nodes =
        HashMap::from([(Node::Element(root), XNode::Node(1)), (Node::Attribute(attribute), XNode::Attr(0))]);
    for (number, text) in ["1", "2", "+3"].into_iter().enumerate() {
        let element = document.create_element("p");
        let node = document.create_text(text);
        root.append_child(element);
        element.append_child(node);
        builder.open(LocalName::from("p"), Vocabulary::Html);
        builder.text(text);
        builder.close();
        nodes.insert(Node::Element(element), XNode::Node(number as u32 * 2 + 2));
    }
    let tree = builder.finish();
    let theirs = theirs(root, &nodes, expression);
    assert!(same(&theirs, &theirs_is), "{expression}: the other engine gives {theirs:?}");
    let ours = ours(&tree, expression);
    assert!(same(&ours, &ours_is), "{expression}: {ours:?}");
}

#[test]
fn the_other_engine_has_known_departures() {
    // Section 3.4: some node of the set must differ. There: no node may be equal.
    check_departure("p != '1'", Value::Boolean(false), Value::Boolean(true));
    check_departure("p != p", Value::Boolean(false), Value::Boolean(true));
    check_departure("z != '1'", Value::Boolean(true), Value::Boolean(false));
    // Section 3.4: some node of the set must be greater. There: the first one.
    check_departure("p > 1", Value::Boolean(false), Value::Boolean(true));
    // Section 4.4: a number has no plus sign, no exponent, and is not called `inf`.
    check_departure("number('+3')", Value::Number(3.0), Value::Number(f64::NAN));
    check_departure("number('1e2')", Value::Number(100.0), Value::Number(f64::NAN));
    check_departure("number('inf')", Value::Number(f64::INFINITY), Value::Number(f64::NAN));
    // Section 4.4: only the white space of XML may surround it.
    check_departure("number('\u{a0}1')", Value::Number(1.0), Value::Number(f64::NAN));
    // Section 4.2: without a length, everything from the start on.
    check_departure("substring('12', -1 div 0)", Value::Text("".into()), Value::Text("12".into()));
    // Section 2.4: the position must be equal to the number.
    check_departure("p[1.5]", Value::Nodes(vec![XNode::Node(2)]), Value::Nodes(vec![]));
    // Section 4.2: both zeros are written `0`.
    check_departure("string(-0)", Value::Text("-0".into()), Value::Text("0".into()));
    // Section 2.2: what is below an element follows its attributes in document order.
    let found = Value::Nodes(vec![XNode::Node(2)]);
    check_departure("@x/following::p[1]", Value::Nodes(vec![]), found);
}
