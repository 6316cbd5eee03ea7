//! Whether upper and lower case are the same in a query.
//!
//! Knows words and names; which tree has which names is not known here.

/// Whose names a query compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// HTML: names in the query mean their lower-case forms.
    Lower,
    /// XML: names as written.
    Exact,
}

impl Case {
    /// Whether a word of the language is meant.
    pub(super) fn same(self, known: &str, word: &str) -> bool {
        known == word || (self == Self::Lower && known.eq_ignore_ascii_case(word))
    }

    /// A name as the tree writes it.
    pub(super) fn name(self, word: &str) -> String {
        if self == Self::Lower { word.to_ascii_lowercase() } else { word.to_owned() }
    }
}
