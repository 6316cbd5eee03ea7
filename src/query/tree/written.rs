//! Names in SVG and MathML as they are written, where queries see them otherwise.
//!
//! Queries see `foreignobject` and `xlink:href`; the DOM has `foreignObject`, and `href` in a namespace.
//! Few pages hold any of these, so they lie in side lists, in document order.

use html5ever::LocalName;
use html5ever::QualName;

use crate::query::tree::AttrId;
use crate::query::tree::NodeId;

/// Side lists of names.
#[derive(Debug, Default)]
pub(super) struct Written {
    elements: Vec<(NodeId, LocalName)>,
    attrs: Vec<(AttrId, QualName)>,
}

impl Written {
    /// Keeps the name of an element; elements come in document order.
    pub(super) fn keep_element(&mut self, node: NodeId, name: LocalName) {
        self.elements.push((node, name));
    }

    /// Keeps the name of an attribute; attributes come in document order.
    pub(super) fn keep_attr(&mut self, attr: AttrId, name: QualName) {
        self.attrs.push((attr, name));
    }

    /// The name of an element, if it differs from what queries see.
    pub(super) fn element(&self, node: NodeId) -> Option<&LocalName> {
        let at = self.elements.binary_search_by_key(&node, |entry| entry.0).ok()?;
        self.elements.get(at).map(|entry| &entry.1)
    }

    /// The name of an attribute, if it differs from what queries see.
    pub(super) fn attr(&self, attr: AttrId) -> Option<&QualName> {
        let at = self.attrs.binary_search_by_key(&attr, |entry| entry.0).ok()?;
        self.attrs.get(at).map(|entry| &entry.1)
    }
}
