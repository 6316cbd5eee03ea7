//! Reading the tree key by key, with a message for everything that is not as it should be.
//!
//! Knows lists, mappings, texts and numbers; the caller knows which keys there are. A value that is wrong is reported
//! and then treated as absent, so that one run finds all problems.

use std::collections::HashSet;

use crate::model::nearest;

use super::node::{Entry, Kind, Node};
use super::wording::{did_you_mean, listed, printable, shown};
use super::{Place, Problem, Problems, Spanned};

/// A node, and the path that leads to it.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

/// A mapping whose keys are fixed.
pub(super) struct Fields<'a> {
    at: At<'a>,
    entries: &'a [Entry],
    /// What unknown keys were most likely meant to be.
    guesses: Vec<&'static str>,
}

/// `path`, one key further down. Long keys are shortened, keys with dots or brackets in them quoted.
pub(super) fn key_path(path: &str, key: &str) -> String {
    let key = printable(key);
    let dot = if path.is_empty() { "" } else { "." };
    if key.is_empty() || key.contains(['.', '[', ']', '"']) {
        format!("{path}{dot}\"{key}\"")
    } else {
        format!("{path}{dot}{key}")
    }
}

impl<'a> At<'a> {
    pub(super) fn new(node: &'a Node, path: String) -> Self {
        Self { node, path }
    }

    /// The value of `entry`.
    pub(super) fn child(&self, entry: &'a Entry) -> Self {
        Self::new(&entry.value, key_path(&self.path, &entry.key))
    }

    pub(super) fn place(&self) -> Place {
        self.node.mark.place(&self.path)
    }

    /// The key of `entry`, with the place where it stands.
    pub(super) fn name(&self, entry: &Entry) -> Spanned<String> {
        Spanned::new(entry.key.to_string(), entry.mark.place(&key_path(&self.path, &entry.key)))
    }

    pub(super) fn error(&self, message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::error(&self.place(), message, help)
    }

    pub(super) fn warning(&self, message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::warning(&self.place(), message, help)
    }

    /// "expected ..., found ..."
    pub(super) fn unexpected(&self, expected: &str, help: impl Into<String>) -> Problem {
        self.error(format!("expected {expected}, found {}", self.node.description()), help)
    }

    /// The entries of a mapping with keys of the author's choice.
    pub(super) fn entries(&self, expected: &str, problems: &mut Problems) -> Option<&'a [Entry]> {
        if let Kind::Map(entries) = &self.node.kind {
            return Some(entries);
        }
        problems.push(
            self.unexpected(expected, "write `key: value` lines, indented by the same number of blanks"),
        );
        None
    }

    /// A mapping with no keys but `known` ones.
    pub(super) fn fields(&self, known: &[&'static str], problems: &mut Problems) -> Option<Fields<'a>> {
        let expected = format!("a mapping with {}", listed(known.iter().copied()));
        let entries = self.entries(&expected, problems)?;
        let mut guesses = vec![];
        for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
            let guess = did_you_mean(&entry.key, known.iter().copied());
            guesses.extend(nearest(&entry.key, known.iter().copied()));
            let help = format!("known keys are {}", listed(known.iter().copied()));
            let message = format!("unknown key {}{guess}", shown(&entry.key));
            problems.push(Problem::error(&self.name(entry).place, message, help));
        }
        Some(Fields { at: self.clone(), entries, guesses })
    }

    /// The elements of a list that is not empty.
    pub(super) fn elements(&self, help: &str, problems: &mut Problems) -> Vec<At<'a>> {
        match &self.node.kind {
            Kind::List(nodes) if nodes.is_empty() => {
                problems.push(
                    self.error("the list is empty", "write at least one element, or leave the key out"),
                );
                vec![]
            }
            Kind::List(nodes) => self.numbered(nodes),
            _ => {
                problems.push(self.unexpected("a list", help));
                vec![]
            }
        }
    }

    pub(super) fn numbered(&self, nodes: &'a [Node]) -> Vec<At<'a>> {
        let path = |position| format!("{}[{position}]", self.path);
        nodes.iter().enumerate().map(|(position, node)| At::new(node, path(position))).collect()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, problems: &mut Problems) -> Option<Spanned<String>> {
        let text = self.any_text(problems)?;
        if text.value.is_empty() {
            problems.push(self.error("the text is empty", "write a text, or leave the key out"));
            return None;
        }
        Some(text)
    }

    /// A text, which may be empty.
    pub(super) fn any_text(&self, problems: &mut Problems) -> Option<Spanned<String>> {
        if let Kind::Text(text) = &self.node.kind {
            return Some(Spanned::new(text.to_string(), self.place()));
        }
        problems.push(self.unexpected("text", self.quoting_help()));
        None
    }

    fn quoting_help(&self) -> String {
        match &self.node.kind {
            Kind::Number(text) | Kind::Bool(_, text) => format!("write it in quotes: \"{text}\""),
            Kind::List(_) => "a text that begins with `[` must stand in quotes".to_owned(),
            Kind::Map(_) => "a text that begins with `{`, or has `: ` in it, must stand in quotes".to_owned(),
            Kind::Null | Kind::Text(_) => {
                "write a text, or leave the key out; a text that begins with `#` must stand in quotes"
                    .to_owned()
            }
        }
    }

    pub(super) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        if let Kind::Bool(value, _) = self.node.kind {
            return Some(value);
        }
        problems.push(self.unexpected("true or false", "write true or false, without quotes"));
        None
    }

    /// A whole number that is not negative.
    pub(super) fn whole_number(&self, problems: &mut Problems) -> Option<u32> {
        let number = match &self.node.kind {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            let help = match &self.node.kind {
                Kind::Text(text) if text.parse::<u32>().is_ok() => {
                    format!(
                        "write it without quotes and leading zeros: {}",
                        text.parse::<u32>().unwrap_or_default()
                    )
                }
                _ => format!("write a number from 0 to {}", u32::MAX),
            };
            problems.push(self.unexpected("a whole number", help));
        }
        number
    }

    /// A list of texts, without repetition. The first one must be text, others are taken as written: this is
    /// what definitions of old could rely on.
    pub(super) fn texts(&self, problems: &mut Problems) -> Vec<Spanned<String>> {
        let mut texts: Vec<Spanned<String>> = vec![];
        let mut known = HashSet::new();
        for (position, at) in
            self.elements("write the texts in brackets: [\"text\"]", problems).iter().enumerate()
        {
            let text = match (&at.node.kind, at.node.source()) {
                (Kind::Number(_) | Kind::Bool(..), Some(source)) if position > 0 => {
                    let message = format!("{} is taken as text", at.node.description());
                    problems.push(at.warning(message, at.quoting_help()));
                    Some(Spanned::new(source.to_string(), at.place()))
                }
                _ => at.any_text(problems),
            };
            let Some(text) = text else { continue };
            if known.insert(text.value.clone()) {
                texts.push(text);
            } else {
                let message = format!("{} stands in the list twice", shown(&text.value));
                problems.push(at.error(message, "remove one of them"));
            }
        }
        texts
    }
}

impl<'a> Fields<'a> {
    /// The value of `key`, when there is one.
    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        self.entry(key).map(|entry| self.at.child(entry))
    }

    /// The value of `key`, which must be there. A misspelt key was reported already.
    pub(super) fn require(&self, key: &str, help: &str, problems: &mut Problems) -> Option<At<'a>> {
        let value = self.get(key);
        if value.is_none() && !self.guesses.contains(&key) {
            problems.push(self.at.error(format!("the key `{key}` is missing"), help));
        }
        value
    }

    /// Whether there is none of `keys`, nor a key that may have been meant to be one of them.
    pub(super) fn has_none_of(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.entry(key).is_none() && !self.guesses.contains(key))
    }

    /// The key `key` itself, when it is there.
    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        self.entry(key).map(|entry| self.at.name(entry).place)
    }

    /// A text that is not empty, when there is one.
    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<Spanned<String>> {
        self.get(key)?.text(problems)
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| &*entry.key == key)
    }
}
