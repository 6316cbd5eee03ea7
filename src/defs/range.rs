//! Which indexes an axis runs through: `index`, `indexRange` and `breakAfter` together.
//!
//! Knows numbers and how they are written. That an open range must end somewhere is checked here too, since the place
//! where it was written is not known later.

use super::fields::{At, Fields};
use super::wording::shown;
use super::{IndexRange, Problems, Spanned};

/// How to write a range.
const HELP: &str = "write indexRange: 2-6 for 2 to 6, or indexRange: 2- with breakAfter for 2 until a value";

/// Reads the range of an item; an item that says nothing has the index 1.
pub(super) fn read(fields: &Fields<'_>, breaks: &[Spanned<String>], problems: &mut Problems) -> IndexRange {
    let index = fields.get("index");
    let written = fields.get("indexRange");
    if let (Some(index), Some(_)) = (&index, &written) {
        problems
            .push(index.warning("`index` has no effect together with `indexRange`", "remove one of them"));
    }
    let range = match (&written, &index) {
        (Some(at), _) => at.text(problems).and_then(|text| parse(at, &text.value, problems)),
        (None, Some(at)) => at.whole_number(problems).map(|index| single(index, breaks)),
        (None, None) => Some(single(1, breaks)),
    };
    let Some(range) = range else {
        return IndexRange { from: 1, to: Some(1) };
    };
    check_end(fields, written.as_ref(), range, problems);
    range
}

fn single(index: u32, breaks: &[Spanned<String>]) -> IndexRange {
    IndexRange { from: index, to: if breaks.is_empty() { Some(index) } else { None } }
}

fn parse(at: &At<'_>, text: &str, problems: &mut Problems) -> Option<IndexRange> {
    if text == "-" {
        return Some(IndexRange { from: 0, to: Some(0) });
    }
    let parts: Vec<&str> = text.split('-').collect();
    let (from, to) = match *parts.as_slice() {
        [from] => (number(from), number(from).map(Some)),
        [from, ""] => (number(from), Some(None)),
        [from, to] => (number(from), number(to).map(Some)),
        [from, to, ..] => {
            let message = format!("only `{from}-{to}` of {} counts", shown(text));
            problems.push(at.warning(message, HELP));
            (number(from), number(to).map(Some))
        }
        [] => (None, None),
    };
    let (Some(from), Some(to)) = (from, to) else {
        problems.push(at.error(format!("{} is not a range of indexes", shown(text)), HELP));
        return None;
    };
    // `6-2` has always been read as `2-6`.
    Some(IndexRange { from: to.map_or(from, |to| to.min(from)), to: to.map(|to| to.max(from)) })
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn check_end(fields: &Fields<'_>, written: Option<&At<'_>>, range: IndexRange, problems: &mut Problems) {
    let breaks = fields.get("breakAfter");
    match (range.to, &breaks) {
        (None, None) => {
            if let Some(at) = written {
                let message = "the range has no end: without `breakAfter` it would run for ever";
                problems.push(at.error(
                    message,
                    "write the last index (indexRange: 4-20), or add breakAfter: [\"text\"]",
                ));
            }
        }
        (None, Some(at)) => {
            if let Some(constant) = ["value", "match"].into_iter().find(|key| fields.get(key).is_some()) {
                let message =
                    format!("the range never ends: `breakAfter` is not applied to the constant `{constant}`");
                problems.push(at.error(message, "write indexRange with a last index, and remove breakAfter"));
            }
        }
        (Some(_), Some(at)) if written.is_some() => {
            let message = "`breakAfter` has no effect, since `indexRange` has an end";
            problems.push(at.warning(message, "remove breakAfter, or the end of the range (indexRange: 4-)"));
        }
        (Some(_), _) => {}
    }
}
