//! The flags of a Java pattern.
//!
//! Knows what each of them is called; what they change is for those to say who read a pattern by them.

/// Java's embedded flags, without those that change nothing here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    /// `i`
    pub(super) fold: bool,
    /// `u`: folding goes by Unicode
    pub(super) unicode_fold: bool,
    /// `U`: `\w` and its like go by Unicode
    pub(super) unicode_classes: bool,
    /// `x`
    pub(super) comments: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) unix_lines: bool,
}
