//! The text of a cell, shared between the rows that have it.
//!
//! A value of an axis whose index does not change is the same in many rows. Short texts, which nearly all are, are
//! copied: that costs less than a reference count. Long texts are reference-counted, so a page with one long text and a
//! thousand rows stores it once.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text that is copied.
const LONGEST_COPIED: usize = 128;

/// The text of a cell, shared between the rows that have it.
#[derive(Clone)]
pub struct CellText(Repr);

#[derive(Clone)]
enum Repr {
    Copied(CompactString),
    Shared(Arc<str>),
}

impl CellText {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Copied(text) => text,
            Repr::Shared(text) => text,
        }
    }

    /// Returns its bytes if they are stored outside the cell; short texts lie within the cell.
    #[must_use]
    pub fn bytes_outside(&self) -> usize {
        match &self.0 {
            Repr::Copied(text) if !text.is_heap_allocated() => 0,
            Repr::Copied(text) => text.len(),
            Repr::Shared(text) => text.len(),
        }
    }
}

impl Deref for CellText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Default for CellText {
    fn default() -> Self {
        Self(Repr::Copied(CompactString::default()))
    }
}

impl From<CompactString> for CellText {
    #[inline]
    fn from(text: CompactString) -> Self {
        Self(if text.len() > LONGEST_COPIED {
            Repr::Shared(text.as_str().into())
        } else {
            Repr::Copied(text)
        })
    }
}

impl From<String> for CellText {
    fn from(text: String) -> Self {
        Self(if text.len() > LONGEST_COPIED { Repr::Shared(text.into()) } else { Repr::Copied(text.into()) })
    }
}

impl From<&str> for CellText {
    fn from(text: &str) -> Self {
        Self(if text.len() > LONGEST_COPIED { Repr::Shared(text.into()) } else { Repr::Copied(text.into()) })
    }
}

impl PartialEq for CellText {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Shared(a), Repr::Shared(b)) if Arc::ptr_eq(a, b) => true,
            _ => self.as_str() == other.as_str(),
        }
    }
}

impl Eq for CellText {}

impl Hash for CellText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for CellText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Serialize for CellText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for CellText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CompactString::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_larger_than_its_text() {
        assert_eq!(size_of::<Option<CellText>>(), size_of::<CompactString>());
    }

    #[test]
    fn long_texts_are_shared_and_short_ones_copied() {
        let at = |text: &CellText| text.as_ptr();
        for (length, shared) in [(0, false), (24, false), (LONGEST_COPIED, false), (LONGEST_COPIED + 1, true)]
        {
            let text = "x".repeat(length);
            for made in
                [CellText::from(text.as_str()), text.clone().into(), CompactString::from(&text).into()]
            {
                let copy = made.clone();
                assert_eq!((&*copy, &made), (text.as_str(), &copy), "{length}");
                assert_eq!(at(&copy) == at(&made), shared, "{length}");
                assert_eq!(made.bytes_outside(), if length > 24 { length } else { 0 }, "{length}");
            }
        }
    }
}
