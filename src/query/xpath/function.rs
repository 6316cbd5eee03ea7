//! The functions of XPath 1.0, and three more.
//!
//! Knows names, numbers of arguments and types; `eval::call` knows what they do. Added are `lower-case`
//! (which definitions rely on), `upper-case` and `ends-with`.

use crate::query::xpath::case::Case;
use crate::query::xpath::value_type::Type;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    EndsWith,
    False,
    Floor,
    Id,
    Lang,
    Last,
    LocalName,
    LowerCase,
    Name,
    NamespaceUri,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    String,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
    UpperCase,
}

/// A function, its name, fewest and most arguments, the type of its value.
type Entry = (Function, &'static str, usize, usize, Type);

const MANY: usize = usize::MAX;

/// In the order of [`Function`], which a test holds.
const ENTRIES: [Entry; 30] = [
    (Function::Boolean, "boolean", 1, 1, Type::Boolean),
    (Function::Ceiling, "ceiling", 1, 1, Type::Number),
    (Function::Concat, "concat", 2, MANY, Type::Text),
    (Function::Contains, "contains", 2, 2, Type::Boolean),
    (Function::Count, "count", 1, 1, Type::Number),
    (Function::EndsWith, "ends-with", 2, 2, Type::Boolean),
    (Function::False, "false", 0, 0, Type::Boolean),
    (Function::Floor, "floor", 1, 1, Type::Number),
    (Function::Id, "id", 1, 1, Type::Nodes),
    (Function::Lang, "lang", 1, 1, Type::Boolean),
    (Function::Last, "last", 0, 0, Type::Number),
    (Function::LocalName, "local-name", 0, 1, Type::Text),
    (Function::LowerCase, "lower-case", 1, 1, Type::Text),
    (Function::Name, "name", 0, 1, Type::Text),
    (Function::NamespaceUri, "namespace-uri", 0, 1, Type::Text),
    (Function::NormalizeSpace, "normalize-space", 0, 1, Type::Text),
    (Function::Not, "not", 1, 1, Type::Boolean),
    (Function::Number, "number", 0, 1, Type::Number),
    (Function::Position, "position", 0, 0, Type::Number),
    (Function::Round, "round", 1, 1, Type::Number),
    (Function::StartsWith, "starts-with", 2, 2, Type::Boolean),
    (Function::String, "string", 0, 1, Type::Text),
    (Function::StringLength, "string-length", 0, 1, Type::Number),
    (Function::Substring, "substring", 2, 3, Type::Text),
    (Function::SubstringAfter, "substring-after", 2, 2, Type::Text),
    (Function::SubstringBefore, "substring-before", 2, 2, Type::Text),
    (Function::Sum, "sum", 1, 1, Type::Number),
    (Function::Translate, "translate", 3, 3, Type::Text),
    (Function::True, "true", 0, 0, Type::Boolean),
    (Function::UpperCase, "upper-case", 1, 1, Type::Text),
];

impl Function {
    pub(super) fn named(name: &str, case: Case) -> Option<Self> {
        ENTRIES.iter().find(|(_, known, ..)| case.same(known, name)).map(|(function, ..)| *function)
    }

    /// The names of all functions.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        ENTRIES.iter().map(|(_, name, ..)| *name)
    }

    fn entry(self) -> Entry {
        ENTRIES[self as usize]
    }

    pub(super) fn name(self) -> &'static str {
        self.entry().1
    }

    pub(super) fn kind(self) -> Type {
        self.entry().4
    }

    /// Whether the first argument must be a node-set.
    pub(super) fn needs_nodes(self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Name | Self::LocalName | Self::NamespaceUri)
    }

    /// Whether the function asks for the context node when it gets `count` arguments.
    pub(super) fn uses_node(self, count: usize) -> bool {
        self == Self::Lang || (count == 0 && self.entry().3 == 1)
    }

    /// What is wrong with this number of arguments, if anything.
    pub(super) fn wrong_count(self, count: usize) -> Option<String> {
        let (_, name, least, most, _) = self.entry();
        if (least..=most).contains(&count) {
            return None;
        }
        let wanted = match (least, most) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "1 argument".to_owned(),
            (0, 1) => "at most 1 argument".to_owned(),
            (least, MANY) => format!("at least {least} arguments"),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} or {most} arguments"),
        };
        Some(format!("{name}() takes {wanted}, found {count}"))
    }
}

/// The known word that the unknown one was probably meant to be.
pub(super) fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word = word.to_lowercase();
    known
        .map(|candidate| (distance(&word, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len() / 2)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    // A longer word is near no function; cut, so that a long name costs little.
    for (line, letter) in one.chars().take(64).enumerate() {
        let mut before = line;
        let mut left = line + 1;
        for (column, candidate) in other.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or_default();
            let cell = (before + usize::from(letter != *candidate)).min(above + 1).min(left + 1);
            if let Some(kept) = row.get_mut(column) {
                *kept = left;
            }
            before = above;
            left = cell;
        }
        if let Some(last) = row.last_mut() {
            *last = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (index, (function, name, ..)) in ENTRIES.iter().enumerate() {
            assert_eq!(*function as usize, index, "{name}");
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        for (word, near) in [
            ("contain", Some("contains")),
            ("normalise-space", Some("normalize-space")),
            ("starts_with", Some("starts-with")),
            ("COUNT", Some("count")),
            ("frobnicate", None),
        ] {
            assert_eq!(nearest(word, Function::names()), near, "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
