//! Sets of characters, built from the classes of a pattern.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CharSet {
    /// One bit for each ASCII character.
    ascii: u128,
    /// All ranges, in order.
    ranges: Box<[(char, char)]>,
}

impl CharSet {
    /// Returns the set of a class such as `[a-z&&[^b]]`, `\p{L}` or a single character, as the engine for plain
    /// patterns reads it.
    pub(super) fn of_class(class: &str, fold: bool) -> Result<Self, String> {
        let hir = ParserBuilder::new().case_insensitive(fold).build().parse(class);
        let hir = hir.map_err(|error| error.to_string())?;
        let ranges = match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => ranges_of(class),
            HirKind::Class(Class::Bytes(class)) => {
                class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
            }
            HirKind::Literal(literal) => {
                match std::str::from_utf8(&literal.0).map(|text| text.chars().collect()) {
                    Ok(chars) => match Vec::as_slice(&chars) {
                        [c] => vec![(*c, *c)],
                        _ => return Err(not_one(class)),
                    },
                    Err(_) => return Err(not_one(class)),
                }
            }
            _ => return Err(not_one(class)),
        };
        Ok(Self::new(ranges))
    }

    /// Returns the set of a character and its other cases.
    pub(super) fn folded(c: char) -> Result<Self, String> {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        class.try_case_fold_simple().map_err(|error| error.to_string())?;
        Ok(Self::new(ranges_of(&class)))
    }

    fn new(ranges: Vec<(char, char)>) -> Self {
        let has = |c: u8| ranges.iter().any(|(first, last)| (*first..=*last).contains(&char::from(c)));
        let ascii = (0..128_u8).filter(|c| has(*c)).fold(0, |bits, c| bits | 1 << c);
        Self { ascii, ranges: ranges.into() }
    }

    pub(super) fn has(&self, c: char) -> bool {
        if c.is_ascii() {
            return self.ascii >> u32::from(c) & 1 == 1;
        }
        let at = self.ranges.partition_point(|(_, last)| *last < c);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= c)
    }
}

fn ranges_of(class: &ClassUnicode) -> Vec<(char, char)> {
    class.ranges().iter().map(|range| (range.start(), range.end())).collect()
}

fn not_one(class: &str) -> String {
    format!("`{class}` is not a class of single characters")
}
