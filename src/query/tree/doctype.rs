//! The doctype of a page.
//!
//! XPath and CSS do not know such a node, so it is kept next to the tree.

use crate::query::tree::NodeId;

/// What `<!DOCTYPE …>` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doctype {
    /// The name, `html` nearly always.
    pub name: String,
    /// The public identifier; empty when there is none.
    pub public_id: String,
    /// The system identifier; empty when there is none.
    pub system_id: String,
    /// The node that follows it in the page.
    pub before: NodeId,
}
