//! The types of XPath's values.
//!
//! A name for each; which expression or function has which type is in `expr` and `function`, values are in `value`.

/// The type of a value. Known for every expression before it is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Nodes,
    Text,
    Number,
    Boolean,
}
