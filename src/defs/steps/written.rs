//! The old form of steps: a mapping of steps with `class`, `previous` and `next`, or of changes to others.

use std::sync::Arc;

use crate::defs::fields::At;
use crate::defs::node::{Kind, Node};
use crate::defs::{Problems, Spanned, StepDef};

use super::chain::Link;
use super::plugins;

/// What a steps mapping says.
pub(super) enum Written {
    /// All steps.
    Full(Vec<Link>),
    /// Other steps, and what is different.
    Derived { base: Spanned<String>, overrides: Vec<Link> },
}

/// Reads a steps mapping; `None` when something is wrong with it.
pub(super) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Written> {
    let before = problems.counts().0;
    let entries = at.entries("a list of steps, or a mapping of steps", problems)?;
    if entries.iter().any(|entry| is_step(&entry.value)) {
        let links = links(at, problems);
        return (problems.counts().0 == before).then_some(Written::Full(links));
    }
    let [entry] = entries else {
        let message = format!("expected single steps definition, found: {}", entries.len());
        let help = "name the one steps definition to start from, with the changed steps indented below it; \
                    or write all steps, each with class, previous and next";
        problems.push(at.error(message, help));
        return None;
    };
    let inner = at.child(entry);
    if nests_deeper(inner.node) {
        let help = "give the inner steps a name at the top level, and start from that name";
        problems.push(inner.error("steps can be changed one level deep only", help));
        return None;
    }
    let overrides = links(&inner, problems);
    if overrides.is_empty() && problems.counts().0 == before {
        problems.push(inner.error("no step is changed", "write only the name: `steps: name`"));
    }
    (problems.counts().0 == before).then(|| Written::Derived { base: at.name(entry), overrides })
}

fn is_step(node: &Node) -> bool {
    ["class", "previous", "next"].iter().any(|key| node.get(key).is_some_and(|value| !is_mapping(value)))
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.kind, Kind::Map(_))
}

/// Whether there is a mapping of mappings where steps should be.
fn nests_deeper(node: &Node) -> bool {
    let Kind::Map(entries) = &node.kind else { return false };
    entries.iter().any(|entry| match &entry.value.kind {
        Kind::Map(inner) => !is_step(&entry.value) && inner.iter().any(|entry| is_step(&entry.value)),
        _ => false,
    })
}

fn links(at: &At<'_>, problems: &mut Problems) -> Vec<Link> {
    let entries = at.entries("a mapping of steps", problems).unwrap_or_default();
    entries.iter().filter_map(|entry| link(at.name(entry), &at.child(entry), problems)).collect()
}

fn link(name: Spanned<String>, at: &At<'_>, problems: &mut Problems) -> Option<Link> {
    let fields = at.fields(&["class", "previous", "next", "plugins"], problems)?;
    let mut required = |key: &str| {
        let help = "a step has `class`, `previous` and `next`, also where it replaces another one";
        fields.require(key, help, problems).and_then(|at| at.text(problems))
    };
    let (class, previous, next) = (required("class"), required("previous"), required("next"));
    let plugins = fields.get("plugins").map(|list| plugins::written(&list, problems)).unwrap_or_default();
    let Spanned { value: name, place } = name;
    let shared: Arc<str> = name.as_str().into();
    let step = StepDef { name, kind: class?, settings: vec![], plugins };
    let shared_text = |text: Spanned<String>| Spanned::new(Arc::from(text.value), text.place);
    let (previous, next) = (shared_text(previous?), shared_text(next?));
    Some(Link { name: shared, place, previous, next, step: Arc::new(step) })
}
