//! A tree of YAML values that remembers where each was written.
//!
//! Knows nothing of definitions. Scalars keep their source text, so that a number that stands where a text
//! is wanted can be shown as it was written. Texts are shared, so that copying a part of the tree (aliases,
//! merging) copies no text.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::Place;
use super::wording::shown;

/// Where a value begins.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// The file, relative to the definitions folder.
    pub(super) file: Arc<str>,
    /// 1-based.
    pub(super) line: u32,
    /// 1-based, in characters.
    pub(super) column: u32,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) kind: Kind,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`, and how it was written.
    Bool(bool, Arc<str>),
    /// A number as written, which is also how JSON writes it.
    Number(Arc<str>),
    Text(Arc<str>),
    List(Vec<Node>),
    /// In the order of writing, keys unique.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Arc<str>,
    /// Where the key begins.
    pub(super) mark: Mark,
    pub(super) value: Node,
}

impl Mark {
    /// The place of what is marked, known by `path`.
    pub(super) fn place(&self, path: &str) -> Place {
        Place { file: Arc::clone(&self.file), line: self.line, column: self.column, path: path.into() }
    }
}

impl Node {
    /// Whether both say the same, wherever they stand.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a, _), Kind::Bool(b, _)) => a == b,
            (Kind::Number(a), Kind::Number(b)) | (Kind::Text(a), Kind::Text(b)) => a == b,
            (Kind::List(a), Kind::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_the_same(b))
            }
            (Kind::Map(a), Kind::Map(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| a.key == b.key && a.value.says_the_same(&b.value))
            }
            _ => false,
        }
    }

    /// The text as written, of anything but lists and mappings.
    pub(super) fn source(&self) -> Option<&Arc<str>> {
        match &self.kind {
            Kind::Bool(_, text) | Kind::Number(text) | Kind::Text(text) => Some(text),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The value of `key`, when this is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| &*entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// What it is, for messages: `the number 5`, `a list`.
    pub(super) fn description(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(_, text) => text.to_string(),
            Kind::Number(text) => format!("the number {text}"),
            Kind::Text(text) => format!("the text {}", shown(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The value as JSON. A number that no JSON reader could hold becomes a text.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value, _) => Value::Bool(*value),
            Kind::Number(text) => {
                text.parse::<Number>().map_or_else(|_| Value::String(text.to_string()), Value::Number)
            }
            Kind::Text(text) => Value::String(text.to_string()),
            Kind::List(nodes) => Value::Array(nodes.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.to_string(), entry.value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}
