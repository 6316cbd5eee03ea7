//! A phrase, and where it stands in a text. Does not know what the text is part of.

/// Words that stand next to each other. If a capital begins them, capitals count.
pub(crate) struct Phrase {
    pub(crate) text: &'static str,
    /// Words after which the phrase is good English.
    pub(crate) not_after: &'static [&'static str],
    /// Words before which it is.
    pub(crate) not_before: &'static [&'static str],
}

impl Phrase {
    /// The offsets of all finds in `text`, whose words are separated by single spaces.
    pub(crate) fn offsets(&self, text: &str) -> Vec<usize> {
        let lower = text.to_ascii_lowercase();
        let capitals_count = self.text.starts_with(|first: char| first.is_ascii_uppercase());
        let searched = if capitals_count { text } else { &lower };
        let offsets = searched.match_indices(self.text).map(|(offset, _)| offset);
        offsets.filter(|offset| self.counts(&lower[..*offset], &lower[offset + self.text.len()..])).collect()
    }

    /// Whether the find between `before` and `after` is whole words, and none that are good English here.
    fn counts(&self, before: &str, after: &str) -> bool {
        let is_whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        let is_fine = self.not_after.iter().any(|word| before.trim_end().ends_with(word))
            || self.not_before.iter().any(|word| after.trim_start().starts_with(word));
        is_whole && !is_fine
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}
