//! The step `parser`: a page in, data out.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use compact_str::CompactString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::model::{Data, Fingerprint, Row, Source};
use crate::persist::Keeper;
use crate::plugin::About;
use crate::query::{Limits, Meter};
use crate::script::PageScripts;
use crate::steps::{Build, Entry, Facts, Made, Outcome, Page, Payload, Station, Step, StepError};

use super::cache::Cache;
use super::engine::{Css, Engine, XPath};
use super::extract::{Bounds, CutShort, Extraction};
use super::program::Program;

/// Settings of the step `parser`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The query language of the dataDef: `css` or `xpath`.
    #[serde(default, rename = "type")]
    kind: Language,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    #[default]
    Css,
    #[serde(rename = "xpath")]
    XPath,
}

/// Prefix of old class names.
const OLD: &str = "org.codetab.";
/// Pages of a task that get a warning of their own when an index range is too short.
const TOLD_ALWAYS: u64 = 3;

/// Old names, one for each language.
const JSOUP: &str = "org.codetab.scoopi.step.parse.jsoup.Parser";
const HTMLUNIT: &str = "org.codetab.scoopi.step.parse.htmlunit.Parser";

/// The entry of the catalogue.
pub(in crate::steps) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "parser",
        &[JSOUP, HTMLUNIT],
        "takes data out of the page, as the task's dataDef says",
    ),
    station: Station::Parse,
    variants: &[(JSOUP, "type", "css"), (HTMLUNIT, "type", "xpath")],
    make,
};

fn make(build: &mut Build<'_>) -> Option<Made> {
    let settings: Settings = build.settings()?;
    Some(match settings.kind {
        Language::Css => Made::Step(Box::new(Parser::<Css>::new(build)?)),
        Language::XPath => Made::Step(Box::new(Parser::<XPath>::new(build)?)),
    })
}

/// The step that takes data out of a page.
struct Parser<E: Engine> {
    program: Program<E>,
    facts: Arc<Facts>,
    limits: Limits,
    bounds: Bounds,
    keeper: Option<(Arc<Keeper>, Fingerprint)>,
    /// Whether each match of an item is a value of its own, as for links.
    each_match: bool,
    /// Whether the rows become links.
    makes_links: bool,
    /// Whether the run is being stopped.
    stop: AtomicBool,
    /// Pages on which the index ran out before the values.
    cut_short: AtomicU64,
    /// Pages that were read, and whether any of them had a value.
    pages: AtomicU64,
    has_found: AtomicBool,
    /// The name of the task's group.
    group: CompactString,
    engine: PhantomData<E>,
}

impl<E: Engine> Parser<E> {
    fn new(build: &mut Build<'_>) -> Option<Self> {
        let data_def = build.data_def?;
        let program = Program::compile(data_def, build.facts, build.problems);
        // A dataDef makes other rows for links than for data.
        let keeper = build.keeper().filter(|_| build.links.is_none());
        let keeper = keeper.map(|keeper| (keeper, data_def.fingerprint));
        Some(Self {
            program,
            facts: Arc::clone(build.facts),
            limits: build.services.limits,
            bounds: Bounds {
                rows: build.services.max_rows,
                cell_bytes: build.services.max_cell_bytes,
                row_bytes: build.services.max_row_bytes,
            },
            keeper,
            each_match: build
                .links
                .is_some_and(|links| E::EACH_MATCH_OF_OLD || !links.kind.value.starts_with(OLD)),
            makes_links: build.links.is_some(),
            stop: AtomicBool::new(false),
            cut_short: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            has_found: AtomicBool::new(false),
            group: build.group.name.value.as_str().into(),
            engine: PhantomData,
        })
    }

    fn extract(&self, source: &Source, page: &Page) -> Result<Vec<Row>, StepError> {
        let tree = page.tree()?;
        let meter = Meter::stoppable(&self.limits, &self.stop);
        let mut extraction = Extraction {
            program: &self.program,
            tree,
            meter: &meter,
            scripts: PageScripts::new(
                &self.facts.sandbox,
                &self.facts.configs,
                Facts::page(source, page.document()),
            ),
            replacements: &self.facts.replacements,
            bounds: self.bounds,
            each_match: self.each_match,
            matched: vec![],
            found: false,
            cache: Cache::new(self.program.blocks.len(), self.program.by_index),
            scratch: E::scratch(tree),
        };
        let rows = extraction.rows()?;
        self.pages.fetch_add(1, Ordering::Relaxed);
        if extraction.found {
            self.has_found.store(true, Ordering::Relaxed);
        }
        if let Some(cut) = extraction.cut_short() {
            self.tell_cut_short(source, &cut);
        }
        Ok(rows)
    }

    /// Warns that a page has more than the indexes reach: for each of the first pages, then for fewer and fewer.
    fn tell_cut_short(&self, source: &Source, cut: &CutShort) {
        let pages = self.cut_short.fetch_add(1, Ordering::Relaxed) + 1;
        if pages <= TOLD_ALWAYS || pages.is_power_of_two() {
            warn!(
                locator = %source.locator, group = %source.group, task = %source.task, page = source.page, pages,
                data_def = %self.program.shape.name, axis = %cut.axis, last_index = cut.last,
                "the page has a value behind the last index of an `indexRange`: rows are left out on so many pages so far"
            );
        }
    }

    fn rows(&self, source: &Source, page: &Page) -> Result<Vec<Row>, StepError> {
        let Some((keeper, fingerprint)) = &self.keeper else { return self.extract(source, page) };
        let name = keeper.data_name(source, *fingerprint);
        if let Some(rows) = keeper.data(&name).filter(|rows| self.fits(rows)) {
            return Ok(rows);
        }
        let rows = self.extract(source, page)?;
        keeper.keep_data(&name, &rows);
        Ok(rows)
    }

    /// Whether rows from the disk are rows of this dataDef.
    fn fits(&self, rows: &[Row]) -> bool {
        let templates = &self.program.shape.templates;
        rows.iter()
            .all(|row| templates.get(row.template as usize).is_some_and(|axes| axes.len() == row.cells.len()))
    }
}

impl<E: Engine> Step for Parser<E> {
    fn run(&self, source: &Arc<Source>, payload: Payload) -> Result<Outcome, StepError> {
        let page = payload.page()?;
        let rows = self.rows(source, &page)?;
        let base = if self.makes_links { page.tree()?.base().map(Arc::from) } else { None };
        let data = Data { source: Arc::clone(source), shape: Arc::clone(&self.program.shape), rows, base };
        Ok(Outcome::Next(Payload::Data(data)))
    }

    fn may_wait(&self) -> bool {
        self.program.needs_engine()
    }

    fn sum_up(&self) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages == 0 || self.has_found.load(Ordering::Relaxed) {
            return;
        }
        warn!(
            group = %self.group, data_def = %self.program.shape.name, pages,
            "no query of the dataDef found anything on the pages that this process read: try its block and selectors on one of \
             them with `scoopi shell URL`"
        );
    }

    fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
