//! How many attributes the tag has that html5ever has not finished reading.
//!
//! html5ever compares each attribute of a tag with those before it, and shows the tag only at its end: a
//! page that is one endless tag would take quadratic time and say nothing meanwhile. Where a whole chunk
//! of the page went by without a token, the parser is inside a tag, a comment or the like, and it does not
//! say which nor since where. So every place that may have begun a tag is followed at once, as a set of
//! the tokenizer's states, each with the most attributes that lead there. What else is read there (a
//! comment, say) can be mistaken for a tag only if no `>` outside of quotes comes in thousands of words.

/// States of the HTML tokenizer inside a tag, by the names of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    TagName,
    BeforeAttributeName,
    AttributeName,
    AfterAttributeName,
    BeforeAttributeValue,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
}

const STATES: [State; 8] = [
    State::TagName,
    State::BeforeAttributeName,
    State::AttributeName,
    State::AfterAttributeName,
    State::BeforeAttributeValue,
    State::DoubleQuoted,
    State::SingleQuoted,
    State::Unquoted,
];

impl State {
    /// The state after `byte`; `None` when the tag ends.
    fn after(self, byte: u8) -> Option<Self> {
        let blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c);
        let next = match (self, byte) {
            (Self::DoubleQuoted, b'"') | (Self::SingleQuoted, b'\'') => Self::BeforeAttributeName,
            (Self::DoubleQuoted | Self::SingleQuoted, _) => self,
            (_, b'>') => return None,
            (Self::BeforeAttributeValue, b'"') => Self::DoubleQuoted,
            (Self::BeforeAttributeValue, b'\'') => Self::SingleQuoted,
            (Self::BeforeAttributeValue, _) if blank => self,
            (Self::BeforeAttributeValue, _) => Self::Unquoted,
            (Self::Unquoted, _) => {
                if blank {
                    Self::BeforeAttributeName
                } else {
                    self
                }
            }
            (_, b'/') => Self::BeforeAttributeName,
            (Self::AttributeName | Self::AfterAttributeName, _) if blank => Self::AfterAttributeName,
            (Self::AttributeName | Self::AfterAttributeName, b'=') => Self::BeforeAttributeValue,
            (Self::TagName, _) if !blank => Self::TagName,
            _ if blank => Self::BeforeAttributeName,
            _ => Self::AttributeName,
        };
        Some(next)
    }
}

/// Follows every tag that may be open.
#[derive(Debug, Default)]
pub(super) struct OpenTags {
    /// For each of `STATES` the most attributes of a tag in it.
    most: [Option<u32>; STATES.len()],
}

impl OpenTags {
    /// Reads a chunk in which the open tag may have begun.
    pub(super) fn begin(&mut self, chunk: &str) {
        let mut before = [0; 2];
        for byte in chunk.bytes() {
            self.read_byte(byte);
            if byte.is_ascii_alphabetic() && (before[1] == b'<' || before == *b"</") {
                let tag = &mut self.most[State::TagName as usize];
                *tag = Some(tag.unwrap_or(0));
            }
            before = [before[1], byte];
        }
    }

    /// Reads a chunk that is all inside of whatever is open.
    pub(super) fn go_on(&mut self, chunk: &str) {
        for byte in chunk.bytes() {
            self.read_byte(byte);
        }
    }

    /// The most attributes that the open tag may have.
    pub(super) fn most(&self) -> u32 {
        self.most.iter().flatten().copied().max().unwrap_or(0)
    }

    fn read_byte(&mut self, byte: u8) {
        if self.most == [None; STATES.len()] {
            return;
        }
        let mut next = [None; STATES.len()];
        for (state, most) in STATES.into_iter().zip(self.most) {
            let Some(most) = most else { continue };
            let Some(after) = state.after(byte) else { continue };
            let begins = after == State::AttributeName && state != State::AttributeName;
            let slot = &mut next[after as usize];
            *slot = (*slot).max(Some(most + u32::from(begins)));
        }
        self.most = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(begun: &str, rest: &str, most: u32) {
        let mut tags = OpenTags::default();
        tags.begin(begun);
        tags.go_on(rest);
        assert_eq!(tags.most(), most, "{begun} | {rest}");
    }

    #[test]
    fn attributes_are_counted_as_the_tokenizer_reads_them() {
        check("x<a b c", " d", 3);
        check("<a b=1 c='d e f' g = \"h i\"j/k", "", 5);
        check("</a b c d", "", 3);
        check("<a b = c=d e", "", 2);
        check("<a =b", "", 1);
        check("<a\nb\tc\u{c}d\re", "", 4);
    }

    #[test]
    fn only_what_is_still_open_counts() {
        check("<a b c d> x y z", " q", 0);
        check("<a b c d><b e", " f", 2);
        check("a < b c d e", "", 0);
        check("<a t='x y", " u v w", 1);
        check("<a t='x y", " <b u v w' z", 2);
    }

    #[test]
    fn a_tag_inside_a_value_is_followed_beside_the_value() {
        check("<a t='<b c d e", "", 3);
        check("<a t='<b c d e' f", "", 4);
    }
}
