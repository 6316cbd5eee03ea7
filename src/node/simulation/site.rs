//! Pages that lead to each other, what becomes of each, and what a run over them must give.
//!
//! Stands for the loader: a page takes some simulated time, and may fail a few times or always. One page may be
//! poison: it brings down the node that loads it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::model::{Document, FailureClass, Job};
use crate::steps::StepError;
use crate::steps::{LoadFuture, Loaded, Loader};

use super::random::Random;

/// What a node does with each page: one row from it, and the pages that it leads to.
pub(super) const DEFINITIONS: &str = r#"
locatorGroups: { p: { locators: [ { name: l, url: "http://site/0" }, { name: l, url: "http://site/1" } ] } }
taskGroups: { p: { rows: { dataDef: d, steps: listed }, next: { dataDef: n, steps: [ parser: css, links ] } } }
steps: { listed: [ parser: css, appender: { file: { file: rows.jsonl, encoder: jsonLines } } ] }
dataDefs:
  d: { query: { block: body, selector: i }, items: [ { name: number, value: N } ] }
  n:
    query: { block: body }
    items: [ { name: next, selector: "li:nth-child(%{index}) a attribute: href", indexRange: 1-4, linkGroup: p } ]
"#;

/// What becomes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is there after so many failures that pass.
    There(u32),
    /// It is never there.
    Missing,
    /// Its node dies.
    Poison,
}

#[derive(Debug)]
struct SimulatedPage {
    links: Vec<usize>,
    fate: Fate,
    takes: Duration,
}

/// The pages of a simulated site.
#[derive(Debug)]
pub(super) struct Site {
    pages: Vec<SimulatedPage>,
}

/// Pages that a run begins with.
const SEEDS: usize = 2;

impl Site {
    pub(super) fn new(random: &Random, with_poison: bool) -> Self {
        let count = usize::try_from(random.of(40..130)).unwrap();
        let slowest = random.pick(&[300, 800, 1600]);
        let mut pages: Vec<SimulatedPage> = vec![];
        for number in 0..count {
            let fate = match random.of(0..100) {
                0..80 => Fate::There(0),
                80..96 => Fate::There(1 + u32::try_from(random.of(0..2)).unwrap()),
                _ if number < SEEDS => Fate::There(0),
                _ => Fate::Missing,
            };
            let takes = Duration::from_millis(random.of(1..slowest));
            if number >= SEEDS {
                // Four links at most; the first pages that have room lead here.
                let from = (0..number).filter(|from| pages[*from].links.len() < 3);
                let from: Vec<usize> = from.take(6).collect();
                pages[random.pick(&from)].links.push(number);
            }
            pages.push(SimulatedPage { links: vec![], fate, takes });
        }
        for page in &mut pages {
            page.links.push(usize::try_from(random.of(0..count as u64)).unwrap());
        }
        if with_poison {
            pages[usize::try_from(random.of(SEEDS as u64..count as u64)).unwrap()].fate = Fate::Poison;
        }
        Self { pages }
    }

    /// The pages that are found, and those of them that give no row.
    fn found(&self) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut found, mut lost) = (BTreeSet::new(), BTreeSet::new());
        let mut next: Vec<usize> = (0..SEEDS).collect();
        while let Some(number) = next.pop() {
            if !found.insert(number) {
                continue;
            }
            match self.pages[number].fate {
                Fate::There(_) => next.extend(&self.pages[number].links),
                Fate::Missing | Fate::Poison => drop(lost.insert(number)),
            }
        }
        (found, lost)
    }

    /// How many jobs there are in the end.
    pub(super) fn jobs(&self) -> usize {
        self.found().0.len()
    }

    /// What stands in the row of each page that gives one.
    pub(super) fn facts(&self) -> BTreeSet<String> {
        let (found, lost) = self.found();
        found.difference(&lost).map(|number| fact(*number)).collect()
    }

    /// The URL of each page that is lost, and what it is called then.
    pub(super) fn lost(&self) -> BTreeSet<(String, &'static str)> {
        let state = |number: usize| match self.pages[number].fate {
            Fate::Poison => "quarantined",
            _ => "failed",
        };
        self.found().1.into_iter().map(|number| (url(number), state(number))).collect()
    }

    fn page(&self, url: &str) -> Option<(usize, &SimulatedPage)> {
        let number = url.strip_prefix("http://site/")?.parse().ok()?;
        Some((number, self.pages.get(number)?))
    }

    fn html(&self, number: usize) -> String {
        let mut html = format!("<body><i>{}</i><ul>", fact(number));
        for link in &self.pages[number].links {
            write!(html, "<li><a href='/{link}'>next</a></li>").unwrap();
        }
        html
    }
}

fn url(number: usize) -> String {
    format!("http://site/{number}")
}

/// Long enough for a few snapshots.
fn fact(number: usize) -> String {
    format!("{number}-{}", "x".repeat(50 + number * 7 % 200))
}

/// The loader of one life of a node.
pub(super) struct SimulatedLoader {
    pub(super) site: Arc<Site>,
    /// Set by poison: the node is to die.
    pub(super) dies: Arc<AtomicBool>,
    pub(super) is_closed: AtomicBool,
}

impl Loader for SimulatedLoader {
    fn load<'a>(&'a self, job: &'a Job, _: Option<&'a Semaphore>) -> LoadFuture<'a> {
        Box::pin(async move {
            let recoverable =
                |reason: &str| StepError { class: FailureClass::Recoverable, ..StepError::fatal(reason) };
            if self.is_closed.load(Ordering::Relaxed) {
                return Err(recoverable("no page is requested now"));
            }
            let (number, page) =
                self.site.page(&job.locator.url).ok_or_else(|| StepError::fatal("no such page"))?;
            sleep(page.takes).await;
            match page.fate {
                Fate::There(failures) if job.failures < failures => Err(recoverable("not there for now")),
                Fate::There(_) => Ok(Loaded::Document(Document {
                    url: job.locator.url.clone(),
                    fetched_at: 0,
                    charset: None,
                    media_type: None,
                    body: self.site.html(number).into(),
                })),
                Fate::Missing => Err(StepError::fatal("never there")),
                Fate::Poison => {
                    self.dies.store(true, Ordering::Relaxed);
                    std::future::pending().await
                }
            }
        })
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}
