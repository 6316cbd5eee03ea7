//! Functions from texts to texts.
//!
//! Know nothing of trees. A part of a borrowed text is borrowed too, so that cutting a page's text costs no
//! memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::query::xpath::number;

/// A part of a text; `range` lies on character boundaries.
fn part(text: Cow<'_, str>, range: Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(range.end);
            text.drain(..range.start);
            Cow::Owned(text)
        }
    }
}

pub(super) fn find(text: &str, wanted: &str) -> Option<usize> {
    memchr::memmem::find(text.as_bytes(), wanted.as_bytes())
}

pub(super) fn before<'t>(text: Cow<'t, str>, mark: &str) -> Cow<'t, str> {
    let end = find(&text, mark).unwrap_or_default();
    part(text, 0..end)
}

pub(super) fn after<'t>(text: Cow<'t, str>, mark: &str) -> Cow<'t, str> {
    let end = text.len();
    let start = find(&text, mark).map_or(end, |at| at + mark.len());
    part(text, start..end)
}

/// `substring(text, start, length)`: the characters whose position `p` has
/// `p >= round(start) and p < round(start) + round(length)`.
pub(super) fn substring(text: Cow<'_, str>, start: f64, length: Option<f64>) -> Cow<'_, str> {
    let start = number::round(start);
    let end = length.map_or(f64::INFINITY, |length| start + number::round(length));
    let first = start.max(1.0);
    // False for NaN, which both sides may be.
    let some = start < f64::INFINITY && first < end;
    if !some {
        return Cow::Borrowed("");
    }
    let skipped = first as usize - 1;
    let kept = end - first;
    let from = offset(&text, skipped);
    let rest = text.get(from..).unwrap_or_default();
    let to = if kept < rest.len() as f64 { from + offset(rest, kept as usize) } else { text.len() };
    part(text, from..to)
}

/// Where the character after the first `count` begins.
fn offset(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

pub(super) fn normalize_space(text: Cow<'_, str>) -> Cow<'_, str> {
    let trimmed = text.trim_matches(number::is_space);
    let mut after_space = false;
    let normal = trimmed.bytes().all(|byte| {
        let double = after_space && byte == b' ';
        after_space = byte == b' ';
        !double && !matches!(byte, b'\t' | b'\n' | b'\r')
    });
    if normal {
        let start = text.len() - text.trim_start_matches(number::is_space).len();
        let end = start + trimmed.len();
        return part(text, start..end);
    }
    let mut result = String::with_capacity(trimmed.len());
    for word in trimmed.split(number::is_space).filter(|word| !word.is_empty()) {
        if !result.is_empty() {
            result.push(' ');
        }
        result.push_str(word);
    }
    Cow::Owned(result)
}

/// `translate(text, from, to)`: the first mention of a character in `from` counts.
pub(super) fn translate<'t>(text: Cow<'t, str>, from: &str, to: &str) -> Cow<'t, str> {
    let table = Translation::new(from, to);
    let Some((start, _)) = text.char_indices().find(|(_, letter)| table.get(*letter) != Some(*letter)) else {
        return text;
    };
    let (kept, changed) = text.split_at(start);
    let mut result = String::with_capacity(text.len());
    result.push_str(kept);
    result.extend(changed.chars().filter_map(|letter| table.get(letter)));
    Cow::Owned(result)
}

/// The result of each character: an array for ASCII, which nearly all are.
struct Translation {
    ascii: [Option<char>; 128],
    others: HashMap<char, Option<char>>,
}

impl Translation {
    fn new(from: &str, to: &str) -> Self {
        let mut seen = [false; 128];
        let mut ascii = [None; 128];
        for (place, byte) in ascii.iter_mut().zip(0u8..) {
            *place = Some(char::from(byte));
        }
        let mut others = HashMap::new();
        let mut targets = to.chars();
        for letter in from.chars() {
            let target = targets.next();
            let index = letter as usize;
            match (seen.get_mut(index), ascii.get_mut(index)) {
                (Some(seen), Some(place)) => {
                    if !std::mem::replace(seen, true) {
                        *place = target;
                    }
                }
                _ => {
                    others.entry(letter).or_insert(target);
                }
            }
        }
        Self { ascii, others }
    }

    fn get(&self, letter: char) -> Option<char> {
        match self.ascii.get(letter as usize) {
            Some(target) => *target,
            None if self.others.is_empty() => Some(letter),
            None => self.others.get(&letter).copied().unwrap_or(Some(letter)),
        }
    }
}
