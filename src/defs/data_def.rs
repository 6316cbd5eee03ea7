//! A dataDef: its query, its items, dims and facts, and what must hold among them.

use std::collections::HashMap;

use super::fields::{At, key_path};
use super::node::Entry;
use super::wording::shown;
use super::{DataDef, IndexRange, ItemDef, Place, Problem, Problems, Spanned, fingerprint, items};

/// The only name of a fact.
const FACT: &str = "fact";

/// Most axes that the rows of one dataDef may have, over all of its items: each item has its own row of dims and fact.
const MAX_AXES: usize = 100_000;

/// Reads the dataDef `entry`. What is wrong in it is left out.
pub(super) fn read(entry: &Entry, problems: &mut Problems) -> DataDef {
    let at = At::new(&entry.value, key_path("dataDefs", &entry.key));
    let name = Spanned::new(entry.key.to_string(), entry.mark.place(&at.path));
    let mut def = empty(name, &at);
    let Some(fields) = at.fields(&["query", "items", "dims", "facts"], problems) else {
        return def;
    };
    let help = "add query: { block: \"...\", selector: \"...\" }: where in the page to look";
    if let Some(query) = fields.require("query", help, problems)
        && let Some(query) = query.fields(&["block", "selector"], problems)
    {
        let help = "add block: the query for the part of the page to look in";
        def.block = query.require("block", help, problems).and_then(|at| at.text(problems));
        def.selector = query.text("selector", problems);
    }
    let help = "add items: [ { name: price, value: Price } ]: every dataDef has at least one";
    if let Some(list) = fields.require("items", help, problems) {
        def.items = items::read(&list, problems);
    }
    def.dims = fields.get("dims").map(|list| items::read(&list, problems)).unwrap_or_default();
    if let Some(list) = fields.get("facts") {
        def.facts = facts(&list, problems);
    }
    check_size(&def, &at, problems);
    check_names(&def, problems);
    warn_of_no_fact(&def, problems);
    def.fingerprint = fingerprint::of(&def);
    def
}

/// Returns the axes of all kinds of rows of a dataDef: they decide the cost to prepare it.
pub(super) fn axes(def: &DataDef) -> usize {
    def.items.len().saturating_mul(def.facts.len()).saturating_mul(def.dims.len() + 2)
}

fn check_size(def: &DataDef, at: &At<'_>, problems: &mut Problems) {
    let axes = axes(def);
    if axes > MAX_AXES {
        let message = format!(
            "{} items, each with {} dims and the fact, are {axes} axes: more than {MAX_AXES}",
            def.items.len(),
            def.dims.len()
        );
        let help =
            "let an index run (`indexRange`) instead of writing every item or dim, or make several dataDefs";
        problems.push(at.error(message, help));
    }
}

fn empty(name: Spanned<String>, at: &At<'_>) -> DataDef {
    let mut def = DataDef {
        name,
        block: None,
        selector: None,
        items: vec![],
        dims: vec![],
        facts: vec![default_fact(&format!("{}.facts[0].name", at.path))],
        fingerprint: super::fingerprint::NONE,
    };
    def.fingerprint = fingerprint::of(&def);
    def
}

fn default_fact(path: &str) -> ItemDef {
    ItemDef {
        name: Spanned::new(FACT.to_owned(), Place::nowhere(path)),
        value: None,
        match_text: None,
        selector: None,
        script: None,
        range: IndexRange { from: 1, to: Some(1) },
        break_after: vec![],
        order: 1,
        filters: vec![],
        prefix: vec![],
        link_group: None,
        link_break_on: vec![],
    }
}

fn facts(list: &At<'_>, problems: &mut Problems) -> Vec<ItemDef> {
    let facts = items::read(list, problems);
    for (position, fact) in facts.iter().enumerate() {
        if fact.name.value != FACT {
            let message = format!("the fact is named {}", shown(&fact.name.value));
            problems.push(Problem::error(&fact.name.place, message, "the name of a fact must be `fact`"));
        } else if position > 0 {
            let help = "a dataDef has one fact: make another dataDef and task for the other";
            problems.push(Problem::error(&fact.name.place, "more than one fact", help));
        }
        if let Some(selector) = &fact.selector {
            let message = "the selector of a fact has no effect";
            problems.push(Problem::warning(&selector.place, message, "write it as query.selector"));
        }
        if let Some(group) = &fact.link_group {
            let message = "`linkGroup` has no effect in a fact";
            problems.push(Problem::warning(&group.place, message, "links are taken from `items`"));
        }
    }
    if facts.is_empty() { vec![default_fact(&format!("{}[0].name", list.path))] } else { facts }
}

fn check_names(def: &DataDef, problems: &mut Problems) {
    let mut first: HashMap<&str, &Place> = HashMap::new();
    for Spanned { value, place } in def.items.iter().chain(&def.dims).map(|item| &item.name) {
        if value == FACT {
            let help = "give it another name: `fact` is what query.selector finds";
            problems.push(Problem::error(place, "no item or dim may be named `fact`", help));
        } else if let Some(known) = first.get(value.as_str()) {
            let message = format!("the name {} is used twice in this dataDef", shown(value));
            let help =
                format!("give it another name: the first one is at line {} of {}", known.line, known.file);
            problems.push(Problem::error(place, message, help));
        } else {
            first.insert(value, place);
        }
    }
    for dim in &def.dims {
        if let Some(group) = &dim.link_group {
            let message = "`linkGroup` has no effect in a dim";
            problems.push(Problem::warning(&group.place, message, "links are taken from `items`"));
        }
    }
}

/// A fact that cannot be found. Links need none.
fn warn_of_no_fact(def: &DataDef, problems: &mut Problems) {
    let links = def.items.iter().any(|item| item.link_group.is_some());
    let found = |fact: &ItemDef| fact.value.is_some() || fact.match_text.is_some() || fact.script.is_some();
    if let (Some(block), None, false) = (&def.block, &def.selector, links)
        && !def.facts.iter().any(found)
    {
        let help = "add selector to the query: it finds the fact within the block";
        problems.push(Problem::warning(
            &block.place,
            "the fact is never found: the query has no selector",
            help,
        ));
    }
}
