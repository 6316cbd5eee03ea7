//! Locator and group names, each kept once however many jobs carry it.

use std::collections::HashMap;

use compact_str::CompactString;

/// Texts by number.
#[derive(Debug, Default, Clone)]
pub(super) struct Names {
    texts: Vec<CompactString>,
    numbers: HashMap<CompactString, u32>,
}

impl Names {
    /// The number of `text`, given to it when it is first seen.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // Cannot truncate: `Rules::max_jobs` bounds names long before.
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> &CompactString {
        static NONE: CompactString = CompactString::const_new("");
        self.texts.get(number as usize).unwrap_or(&NONE)
    }

    /// All texts, by number.
    pub(super) fn all(&self) -> &[CompactString] {
        &self.texts
    }

    /// Names with these texts, numbered in this order.
    pub(super) fn from_texts(texts: Vec<CompactString>) -> Self {
        let numbers = (0..).zip(&texts).map(|(number, text)| (text.clone(), number)).collect();
        Self { texts, numbers }
    }
}
