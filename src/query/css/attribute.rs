//! Attributes as selectors name them, and how their values are compared.
//!
//! Asks elements about their attributes. Values are compared without regard to case. Does not know how an attribute
//! selector is written: see `parse/brackets.rs`.

use std::borrow::Cow;

use html5ever::LocalName;

use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::fold;

/// Schemes of addresses that Java takes for absolute without a base.
const ABSOLUTE: &[&str] = &["http:", "https:", "ftp:", "file:", "jar:", "mailto:"];

/// The name of an attribute, as a selector names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttrName {
    pub(super) name: LocalName,
    /// `abs:`, so that only absolute addresses count.
    pub(super) absolute: bool,
}

/// How the value of an attribute is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttrOp {
    Equals,
    Differs,
    Starts,
    Ends,
    Contains,
}

impl AttrName {
    /// The name in lower case, perhaps with `abs:` before it.
    pub(super) fn new(name: &str) -> Self {
        match name.strip_prefix("abs:").filter(|plain| !plain.is_empty()) {
            Some(plain) => Self { name: LocalName::from(plain), absolute: true },
            None => Self { name: LocalName::from(name), absolute: false },
        }
    }

    /// The value on an element.
    pub(super) fn value<'t>(&self, tree: &'t Tree, node: NodeId) -> Option<&'t str> {
        tree.attr(node, &self.name).and_then(|value| self.read(value))
    }

    /// What is read of a value that was found.
    pub(super) fn read<'t>(&self, value: &'t str) -> Option<&'t str> {
        if self.absolute { absolute(value) } else { Some(value) }
    }
}

impl AttrOp {
    /// Whether an element whose attribute is `found` passes; `value` is in lower case.
    pub(super) fn passes(self, found: Option<&str>, value: &str) -> bool {
        match (self, found) {
            (Self::Differs, found) => !fold::same(found.unwrap_or_default(), value),
            (_, None) => false,
            (Self::Equals, Some(found)) => fold::same(found.trim_matches(|c| c <= ' '), value),
            (Self::Starts, Some(found)) => fold::starts(found, value),
            (Self::Ends, Some(found)) => fold::ends(found, value),
            (Self::Contains, Some(found)) => lower(found).contains(value),
        }
    }
}

/// An address that needs no base; there never is one.
fn absolute(value: &str) -> Option<&str> {
    let value = value.trim_matches(|c| c <= ' ');
    ABSOLUTE.iter().any(|scheme| fold::starts(value, scheme)).then_some(value)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}
