//! The step `filter`: drops rows that the definition does not want.
//!
//! A row is dropped when any filter of any of its axes hits. A filter hits when its pattern is a blank and
//! the text is blank, when the text equals the pattern, or when the pattern as a regular expression matches
//! the whole text.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::{FilterDef, FilterKind, ItemDef};
use crate::model::{Data, Row};
use crate::plugin::About;
use crate::query::{JavaRegex, JavaRegexError, Limits, Meter};
use crate::steps::{Build, DataStep, Entry, Made, Station, StepError};

/// The step `filter` has no settings: filters stand at the items.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue.
pub(in crate::steps) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "filter",
        &["org.codetab.scoopi.step.process.DataFilter"],
        "drops the rows that the filters of items, dims and facts name",
    ),
    station: Station::Process,
    variants: &[],
    make,
};

/// Bytes of text that can be read for the price of one visit.
const READ: usize = 16;

/// The step `filter`.
struct DataFilter {
    /// By template of the shape, then by axis.
    templates: Vec<Vec<Vec<Filter>>>,
    limits: Limits,
    /// Whether the run is being stopped.
    stop: AtomicBool,
}

struct Filter {
    kind: FilterKind,
    pattern: String,
    /// Unless it is plain text, which matches nothing but itself.
    regex: Option<Arc<JavaRegex>>,
}

fn make(build: &mut Build<'_>) -> Option<Made> {
    let Settings {} = build.settings()?;
    let data_def = build.data_def?;
    // The same axis stands in many templates; its patterns are compiled for the first one.
    let mut compiled: HashMap<String, Arc<JavaRegex>> = HashMap::new();
    let mut of_item = |item: &ItemDef| -> Vec<Option<Filter>> {
        item.filters.iter().map(|filter| compile(build, filter, &mut compiled)).collect()
    };
    // All are compiled before the first error returns: each reports its own problem.
    let mut templates: Vec<Vec<Vec<Option<Filter>>>> = vec![];
    for item in &data_def.items {
        for fact in &data_def.facts {
            let axes = std::iter::once(item).chain(&data_def.dims).chain(std::iter::once(fact));
            templates.push(axes.map(&mut of_item).collect());
        }
    }
    let whole = |filters: Vec<Option<Filter>>| filters.into_iter().collect();
    let of_row = |axes: Vec<_>| axes.into_iter().map(whole).collect();
    let templates: Option<_> = templates.into_iter().map(of_row).collect();
    let (limits, stop) = (build.services.limits, AtomicBool::new(false));
    Some(Made::Step(Box::new(DataFilter { templates: templates?, limits, stop })))
}

fn compile(
    build: &mut Build<'_>,
    filter: &FilterDef,
    compiled: &mut HashMap<String, Arc<JavaRegex>>,
) -> Option<Filter> {
    let pattern = &filter.pattern.value;
    let regex = match compiled.get(pattern) {
        Some(regex) => Arc::clone(regex),
        None => match JavaRegex::compile(pattern) {
            Ok(regex) => Arc::clone(compiled.entry(pattern.clone()).or_insert(Arc::new(regex))),
            Err(error) => {
                let help = "a pattern is a regular expression: a character such as `(`, `[` or `*` that stands \
                            for itself has a backslash in front";
                build.problem(&filter.pattern.place, error.to_string(), help);
                return None;
            }
        },
    };
    Some(Filter::new(filter.kind, pattern, regex))
}

impl DataStep for DataFilter {
    fn process(&self, mut data: Data) -> Result<Data, StepError> {
        let mut rows = std::mem::take(&mut data.rows);
        let mut failed = None;
        let meter = Meter::stoppable(&self.limits, &self.stop);
        rows.retain(|row| {
            failed.is_some()
                || !self.drops(&data, row, &meter).unwrap_or_else(|error| failed.replace(error).is_some())
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(Data { rows, ..data }),
        }
    }

    fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl DataFilter {
    fn drops(&self, data: &Data, row: &Row, meter: &Meter) -> Result<bool, StepError> {
        let Some(filters) = self.templates.get(row.template as usize) else { return Ok(false) };
        for ((filters, cell), axis) in filters.iter().zip(&row.cells).zip(data.axes(row)) {
            for filter in filters {
                let text = match filter.kind {
                    FilterKind::Value => cell.value.as_deref(),
                    FilterKind::Match => axis.match_text.as_deref(),
                };
                if filter.hits(text, meter)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Filter {
    fn new(kind: FilterKind, pattern: &str, regex: Arc<JavaRegex>) -> Self {
        let is_plain = pattern.chars().all(|c| c.is_alphanumeric() || c == ' ');
        Self { kind, pattern: pattern.to_owned(), regex: (!is_plain).then_some(regex) }
    }

    fn hits(&self, text: Option<&str>, meter: &Meter) -> Result<bool, StepError> {
        let is_blank = || text.is_none_or(|text| text.trim().is_empty());
        if self.pattern == " " && is_blank() {
            return Ok(true);
        }
        let Some(text) = text else { return Ok(false) };
        if text == self.pattern {
            return Ok(true);
        }
        let Some(regex) = &self.regex else { return Ok(false) };
        let what = || format!("filter `{}`", self.pattern);
        meter.pay((text.len() / READ) as u64 + 1).map_err(|error| StepError::of_query(&what(), &error))?;
        regex.matches_whole(text, meter).map_err(|error| match error {
            JavaRegexError::Unpaid(error, _) => StepError::of_query(&what(), &error),
            other => StepError::fatal(format!("{}: {other}", what())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: Option<&str>, hits: bool) {
        let regex = Arc::new(JavaRegex::compile(pattern).unwrap());
        let filter = Filter::new(FilterKind::Value, pattern, regex);
        assert_eq!(filter.hits(text, &Meter::new(&Limits::default())), Ok(hits), "{pattern:?} on {text:?}");
    }

    #[test]
    fn a_filter_hits_on_blank_equal_or_whole_match() {
        check("^abc", Some("abcd"), false);
        check("ab.*", Some("abcd"), true);
        check("not found", Some("not found"), true);
        check("not found", Some("not found "), false);
        check("Per share data (annualised)", Some("Per share data (annualised)"), true);
        check(" ", Some("  "), true);
        check(" ", None, true);
        check("", Some(""), true);
        check("", Some(" "), false);
        check("", None, false);
        check(".*", None, false);
    }
}
