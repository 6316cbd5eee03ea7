//! The step `links`: the values of items that name a link group become jobs.
//!
//! A page is not trusted: its origin decides where its links may lead. A link that cannot be followed is left out and
//! logged ([`LeftOut`]); it does not end the job.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use compact_str::CompactString;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::ItemDef;
use crate::fetch::{LinkError, Target, canonical_url, resolve_link};
use crate::model::{Link, Source};
use crate::plugin::About;
use crate::steps::{Build, Entry, Made, Outcome, Payload, Station, Step, StepError};

use super::left_out::LeftOut;

/// Settings of the step `links`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Whether a relative link is resolved against the URL of its page. Links on http pages always are. On
    /// other pages the default is: yes, unless the item has a `prefix`.
    #[serde(default)]
    resolve: Option<bool>,
}

/// The entry of the catalogue.
pub(in crate::steps) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "links",
        &["locatorCreator", "org.codetab.scoopi.step.process.LocatorCreator"],
        "makes a job of every link in the data; ends the chain",
    ),
    station: Station::Links,
    variants: &[],
    make,
};

fn make(build: &mut Build<'_>) -> Option<Made> {
    let settings: Settings = build.settings()?;
    let data_def = build.data_def?;
    let items = data_def.items.iter().flat_map(|item| data_def.facts.iter().map(move |_| item));
    let targets = items.map(|item| LinkItem::new(item, settings.resolve)).collect();
    Some(Made::Step(Box::new(LinkStep { targets, said: AtomicU32::new(0) })))
}

/// The step `links`.
struct LinkStep {
    /// By template of the shape; `None` for items that are not links.
    targets: Vec<Option<LinkItem>>,
    /// Warnings of this task so far in the run.
    said: AtomicU32,
}

struct LinkItem {
    group: CompactString,
    break_on: Vec<CompactString>,
    resolve: bool,
}

impl LinkItem {
    fn new(item: &ItemDef, resolve: Option<bool>) -> Option<Self> {
        Some(Self {
            group: item.link_group.as_ref()?.value.as_str().into(),
            break_on: item.link_break_on.iter().map(|text| text.value.as_str().into()).collect(),
            resolve: resolve.unwrap_or(item.prefix.is_empty()),
        })
    }

    /// Returns the URL that a value leads to, on a page that says what its links are relative to; `None` if the value is not
    /// a link.
    fn url(&self, source: &Source, base: &str, value: &str) -> Option<Result<String, LinkError>> {
        if value.trim().is_empty() || self.break_on.iter().any(|stop| stop == value) {
            return None;
        }
        if !self.resolve && is_resource(&source.page_url) && is_resource(value) {
            return Some(Ok(canonical_url(value)));
        }
        Some(resolve_link(base, value, source.encoding))
    }
}

/// The URL that links are relative to on a page of the web that says so. It leads to the web, too; pages of files say
/// nothing of that, since definitions put prefixes before their links.
fn base_on_the_web(page_url: &str, base: &str) -> Option<String> {
    let Ok(Target::Http(page)) = Target::parse(page_url) else { return None };
    let base = page.join(base.trim()).ok()?;
    matches!(base.scheme(), "http" | "https").then(|| base.into())
}

fn is_resource(url: &str) -> bool {
    matches!(Target::parse(url), Ok(Target::Resource(_)))
}

impl Step for LinkStep {
    fn run(&self, source: &Arc<Source>, payload: Payload) -> Result<Outcome, StepError> {
        let data = payload.data()?;
        let base = data.base.as_deref().and_then(|base| base_on_the_web(&source.page_url, base));
        let base = base.as_deref().unwrap_or(&source.page_url);
        let mut left_out = LeftOut::new(source, &self.said);
        let links = data.rows.iter().filter_map(|row| {
            let item = self.targets.get(row.template as usize)?.as_ref()?;
            let value = row.cells.first()?.value.as_deref()?;
            match item.url(source, base, value)? {
                Ok(url) => Some(Link { group: item.group.clone(), url }),
                Err(error) => {
                    left_out.note(value, &error);
                    None
                }
            }
        });
        let links = links.collect();
        left_out.sum_up();
        Ok(Outcome::Links(links))
    }
}
