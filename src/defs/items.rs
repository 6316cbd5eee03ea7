//! `items`, `dims` and `facts` of a dataDef.
//!
//! Knows the keys of an item and which of them make no sense together. Whether a selector or a script is
//! right is not known here.

use std::collections::HashSet;

use super::fields::{At, Fields};
use super::node::Kind;
use super::wording::{did_you_mean, shown};
use super::{FilterDef, FilterKind, ItemDef, Problem, Problems, Spanned, range};

/// The keys of an item.
const KEYS: [&str; 13] = [
    "name",
    "value",
    "match",
    "selector",
    "script",
    "index",
    "indexRange",
    "breakAfter",
    "order",
    "filters",
    "prefix",
    "linkGroup",
    "linkBreakOn",
];

/// How to write items.
const HELP: &str = "write items as a list: [ { name: price, selector: \"td\" } ]";

/// Reads a list of items.
pub(super) fn read(list: &At<'_>, problems: &mut Problems) -> Vec<ItemDef> {
    let mut items = vec![];
    for (position, at) in list.elements(HELP, problems).into_iter().enumerate() {
        let order = u32::try_from(position + 1).unwrap_or(u32::MAX);
        if let Some(at) = unwrapped(at, "item", problems) {
            items.extend(item(&at, order, problems));
        }
    }
    items
}

/// What is in the wrapper `{ key: { ... } }` around an element; the element itself when there is none.
pub(super) fn unwrapped<'a>(at: At<'a>, key: &str, problems: &mut Problems) -> Option<At<'a>> {
    let Kind::Map(entries) = &at.node.kind else {
        return Some(at);
    };
    let Some(wrapped) = entries.iter().find(|entry| &*entry.key == key) else {
        return Some(at);
    };
    if matches!(wrapped.value.kind, Kind::Null) && entries.len() > 1 {
        let message = format!("`{key}` is empty: what belongs to it is not indented below it");
        problems.push(
            at.error(message, format!("indent the other keys by two blanks more, or leave `{key}:` out")),
        );
        return None;
    }
    for other in entries.iter().filter(|entry| &*entry.key != key) {
        let message = format!("{} has no effect together with `{key}`", shown(&other.key));
        let help = format!("indent it, so that it stands inside of `{key}`, or remove it");
        problems.push(Problem::warning(&at.name(other).place, message, help));
    }
    Some(At::new(&wrapped.value, at.path))
}

fn item(at: &At<'_>, position: u32, problems: &mut Problems) -> Option<ItemDef> {
    let fields = at.fields(&KEYS, problems)?;
    let list =
        |key: &str, problems: &mut Problems| fields.get(key).map(|at| at.texts(problems)).unwrap_or_default();
    let name = fields.require("name", "every item has a name", problems).and_then(|at| at.text(problems));
    let break_after = list("breakAfter", problems);
    let item = ItemDef {
        name: name.clone().unwrap_or_else(|| Spanned::new(String::new(), at.place())),
        value: fields.get("value").and_then(|at| at.any_text(problems)),
        match_text: fields.text("match", problems),
        selector: fields.text("selector", problems),
        script: fields.text("script", problems),
        range: range::read(&fields, &break_after, problems),
        break_after,
        order: fields.get("order").and_then(|at| at.whole_number(problems)).unwrap_or(position),
        filters: fields.get("filters").map(|at| filters(&at, problems)).unwrap_or_default(),
        prefix: list("prefix", problems),
        link_group: fields.text("linkGroup", problems),
        link_break_on: list("linkBreakOn", problems),
    };
    warn_of_no_effect(&fields, problems);
    name.as_ref()?;
    // The value of a fact comes from the query of the dataDef.
    if item.name.value != "fact" && fields.has_none_of(&["value", "match", "selector", "script"]) {
        let message = format!("{} never has a value", shown(&item.name.value));
        let help = "add one of value, match, selector, script";
        problems.push(Problem::warning(&item.name.place, message, help));
    }
    Some(item)
}

/// Keys that are right on their own, but have no effect together with others.
fn warn_of_no_effect(fields: &Fields<'_>, problems: &mut Problems) {
    let has = |key: &str| fields.get(key).is_some();
    if let Some(constant) = ["value", "match"].into_iter().find(|key| has(key)) {
        for key in ["selector", "script", "prefix"] {
            if let Some(place) = fields.place_of(key) {
                let message =
                    format!("`{key}` has no effect together with `{constant}`, which is a constant");
                problems.push(Problem::warning(&place, message, "remove one of them"));
            }
        }
    }
    if let (Some(place), false) = (fields.place_of("linkBreakOn"), has("linkGroup")) {
        let message = "`linkBreakOn` has no effect without `linkGroup`";
        problems.push(Problem::warning(&place, message, "add linkGroup, or remove linkBreakOn"));
    }
}

fn filters(list: &At<'_>, problems: &mut Problems) -> Vec<FilterDef> {
    let help = "write filters as a list: [ { value: \"text or regular expression\" } ]";
    let mut filters: Vec<FilterDef> = vec![];
    let mut known = HashSet::new();
    for at in list.elements(help, problems) {
        let Some(at) = unwrapped(at, "filter", problems) else { continue };
        let Some(filter) = filter(&at, problems) else { continue };
        if known.insert((filter.kind == FilterKind::Value, filter.pattern.value.clone())) {
            filters.push(filter);
        } else {
            let message = format!("the filter for {} is written twice", shown(&filter.pattern.value));
            problems.push(at.error(message, "remove one of them"));
        }
    }
    filters
}

/// `{ type: value, pattern: P }`, or short `{ value: P }`.
fn filter(at: &At<'_>, problems: &mut Problems) -> Option<FilterDef> {
    let help = "write { value: \"pattern\" } or { match: \"pattern\" }";
    if !matches!(at.node.kind, Kind::Map(_)) {
        problems.push(at.unexpected("a filter", help));
        return None;
    }
    match (at.node.get("value").is_some(), at.node.get("match").is_some()) {
        (true, true) => {
            problems.push(
                at.error("a filter looks at the value or at the match, not at both", "write two filters"),
            );
            return None;
        }
        (true, false) => return short_filter(at, "value", FilterKind::Value, problems),
        (false, true) => return short_filter(at, "match", FilterKind::Match, problems),
        (false, false) => {}
    }
    // An author who writes neither key of the old form wants the short form.
    if at.node.get("type").is_none() && at.node.get("pattern").is_none() {
        let before = problems.counts().0;
        at.fields(&["value", "match"], problems)?;
        if problems.counts().0 == before {
            problems.push(at.error("a filter without `value` or `match`", help));
        }
        return None;
    }
    let fields = at.fields(&["type", "pattern"], problems)?;
    let kind = fields.require("type", help, problems).and_then(|at| filter_kind(&at, problems));
    let pattern = fields.require("pattern", help, problems).and_then(|at| at.any_text(problems));
    Some(FilterDef { kind: kind?, pattern: pattern? })
}

fn short_filter(
    at: &At<'_>,
    key: &'static str,
    kind: FilterKind,
    problems: &mut Problems,
) -> Option<FilterDef> {
    let fields = at.fields(&[key], problems)?;
    Some(FilterDef { kind, pattern: fields.get(key)?.any_text(problems)? })
}

fn filter_kind(at: &At<'_>, problems: &mut Problems) -> Option<FilterKind> {
    let text = at.text(problems)?.value;
    match text.as_str() {
        "value" => Some(FilterKind::Value),
        "match" => Some(FilterKind::Match),
        other => {
            let guess = did_you_mean(other, ["value", "match"]);
            problems.push(at.error(
                format!("unknown type of filter {}{guess}", shown(other)),
                "types are `value` and `match`",
            ));
            None
        }
    }
}
