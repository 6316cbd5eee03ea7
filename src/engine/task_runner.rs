//! Brings one job through its steps: loads the page once, then runs every task on it.
//!
//! A job goes through its steps one after the other, on one task of the runtime; what bounds the work is a
//! pool per step. Steps that compute do so right here: they are short, and a page that makes them long
//! gives its thread up first, and so does a step that waits for scripts.

use std::sync::Arc;
use std::time::Duration;

use compact_str::{CompactString, ToCompactString};
use tokio::runtime::{Handle, RuntimeFlavor};
use tracing::{debug, warn};

use crate::model::{Failure, HostHint, Job, Link, Locator, Rows, ShownUrl, Source, shown_within};
use crate::query::Limits;
use crate::steps::Loaded;
use crate::steps::{Outcome, Page, Payload, Step, StepError};

use super::figures::Figures;
use super::link_scope::LinkScope;
use super::plan::{Plan, PlannedGroup, PlannedTask};
use super::pools::Pools;

/// Pages above this size are worked on with the thread given up: others take its place meanwhile.
const LONG_PAGE: usize = 128 << 10;

/// Longest reason of a failure that is stored, in bytes.
const LONGEST_REASON: usize = 4 << 10;

/// Number of skipped pages that get a warning each; there may be very many.
const MOST_SKIPS_SAID: u64 = 10;

/// The outcome of a job.
#[derive(Debug)]
pub(super) enum Came {
    /// The rows and links of its page.
    Results(Results),
    /// The page is at this URL.
    Moved(String),
}

/// The rows and links that the tasks of a job made of its page.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) rows: Rows,
    pub(super) links: Vec<Link>,
}

/// Why a job did not come to its end.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) failure: Failure,
    pub(super) retry_after: Option<Duration>,
    /// The hint for other pages of the same host.
    pub(super) host: HostHint,
    /// Whether the request did not reach the host.
    pub(super) is_not_begun: bool,
}

/// Which links are followed.
#[derive(Debug)]
pub struct LinkRules {
    /// Longest URL in bytes.
    pub longest: usize,
    /// Where they may lead.
    pub scope: LinkScope,
}

/// Runs one job: loads the page once, then runs every task on it.
pub struct TaskRunner {
    plan: Arc<Plan>,
    pools: Pools,
    limits: Limits,
    links: LinkRules,
    figures: Arc<Figures>,
}

impl TaskRunner {
    /// Makes a runner for a plan.
    #[must_use]
    pub fn new(
        plan: Arc<Plan>,
        pools: Pools,
        limits: Limits,
        links: LinkRules,
        figures: Arc<Figures>,
    ) -> Self {
        Self { plan, pools, limits, links, figures }
    }

    /// Updates the quota at the host of a job in progress, which has grown.
    pub(super) fn hear(&self, job: &Job) {
        if let Some(group) = self.plan.group(&job.locator.group) {
            group.loader.hear(job);
        }
    }

    /// Stops beginning jobs: a job whose page has not been requested yet, or whose steps take long, ends with a
    /// recoverable failure.
    pub(super) fn close(&self) {
        self.plan.close();
    }

    /// Runs all tasks of a job.
    pub(super) async fn run(&self, job: &Job) -> Result<Came, Stopped> {
        let Some(group) = self.plan.group(&job.locator.group) else {
            let reason = format!("no task group `{}` in this run", job.locator.group);
            return Err(stopped("", StepError::fatal(reason)));
        };
        let pool = self.pools.of(&group.loader_name);
        let document = match group.loader.load(job, pool).await {
            Ok(Loaded::Document(document)) => document,
            Ok(Loaded::Moved(to)) => return self.moved(job, &group.loader_name, to),
            Err(error) if error.is_skip => {
                self.skip(job, &error);
                return Ok(Came::Results(Results::default()));
            }
            Err(error) => return Err(stopped(&group.loader_name, error)),
        };
        self.figures.pages.inc();
        self.figures.bytes.add(document.body.len() as u64);
        // The fetcher itself follows a redirect with a cookie, and a kept page may be at another host.
        if self.is_beyond(job, &document.url) {
            return Ok(Came::Results(Results::default()));
        }
        let page = Arc::new(Page::new(document, self.limits));
        let mut results = Results::default();
        for task in &group.tasks {
            let source = Arc::new(source(job, task, &page));
            let ran = self.run_task(job, task, &source, &page, &mut results).await;
            ran.map_err(|stopped| held_back(stopped, group, task))?;
        }
        Ok(Came::Results(results))
    }

    /// The page is at another URL, which becomes a job: it may be as long as that of a link, and is on a host that a link
    /// may lead to. A page to begin with may move to any host.
    fn moved(&self, job: &Job, loader: &str, to: String) -> Result<Came, Stopped> {
        if self.is_beyond(job, &to) {
            return Ok(Came::Results(Results::default()));
        }
        if to.len() <= self.links.longest {
            return Ok(Came::Moved(to));
        }
        let (length, limit) = (to.len(), self.links.longest);
        let reason = format!(
            "the page redirects to a URL of {length} bytes, more than the setting scoopi.job.maxLink allows ({limit})"
        );
        Err(stopped(loader, StepError::fatal(reason)))
    }

    /// Whether a page that is linked has led to a host beyond the scope; counts and logs it.
    fn is_beyond(&self, job: &Job, to: &str) -> bool {
        let own = &*job.locator.url;
        let is_beyond = !self.links.scope.allows([own, own], to) && !self.is_start(job);
        if is_beyond {
            self.figures.links_beyond.inc();
            debug!(url = %ShownUrl(own), to = %ShownUrl(to), "redirect is not followed: it leads to another host");
        }
        is_beyond
    }

    /// Logs why a page is skipped: the first ones as warnings, the others at debug level.
    fn skip(&self, job: &Job, why: &StepError) {
        self.figures.skipped.inc();
        let locator = &job.locator.name;
        if self.figures.skipped.get() <= MOST_SKIPS_SAID {
            warn!(%locator, reason = why.reason, "page is skipped");
        } else {
            debug!(%locator, reason = why.reason, "page is skipped");
        }
    }

    /// Whether the run began with the page of a job, or with one that redirects to it.
    fn is_start(&self, job: &Job) -> bool {
        let Job { locator, via, .. } = job;
        let first = via.first().unwrap_or(&locator.url);
        self.links.scope.is_start(&locator.group, &locator.name, first)
    }

    async fn run_task(
        &self,
        job: &Job,
        task: &PlannedTask,
        source: &Arc<Source>,
        page: &Arc<Page>,
        results: &mut Results,
    ) -> Result<(), Stopped> {
        let mut payload = Payload::Page(Arc::clone(page));
        for (name, step) in &task.steps {
            let _place = self.pools.enter(name).await;
            let outcome = compute(&**step, source, payload, page.document().body.len());
            match outcome.map_err(|error| stopped(name, labelled(source, error)))? {
                Outcome::Next(next) => payload = next,
                Outcome::Links(links) => {
                    if !page.may_have_links() {
                        return Ok(());
                    }
                    self.take_links(job, source, links, &mut results.links);
                    return Ok(());
                }
                Outcome::Rows(rows, data) => {
                    results.rows.parts.extend(rows.parts);
                    payload = Payload::Data(data);
                }
            }
        }
        Ok(())
    }
}

impl TaskRunner {
    /// Adds the links of a page that are followed to `taken`, and counts the others.
    fn take_links(&self, job: &Job, source: &Source, links: Vec<Link>, taken: &mut Vec<Link>) {
        let LinkRules { longest, scope } = &self.links;
        let asked = &*job.locator.url;
        // A redirect on the way, with a cookie, leads a page to begin with to any host, and no other page.
        let is_elsewhere = !scope.is_open() && Locator::host_of(&source.page_url) != Locator::host_of(asked);
        let at = if is_elsewhere && !self.is_start(job) { asked } else { &*source.page_url };
        let (before, found) = (taken.len(), links.len());
        let mut beyond = 0;
        taken.extend(links.into_iter().filter(|link| {
            let is_allowed = scope.allows([asked, at], &link.url);
            beyond += usize::from(!is_allowed);
            is_allowed && link.url.len() <= *longest
        }));
        self.figures.links_beyond.add(beyond as u64);
        self.say_too_long(source, before + found - taken.len() - beyond);
    }

    /// Logs that `count` links of a page are too long.
    fn say_too_long(&self, source: &Source, count: usize) {
        if count > 0 {
            self.figures.long_links.add(count as u64);
            let (url, limit) = (ShownUrl(&source.page_url), self.links.longest);
            warn!(
                locator = %source.locator, task = %source.task, %url, count,
                "links are not followed: their URLs have more than {limit} bytes (limit `scoopi.job.maxLink`)"
            );
        }
    }
}

fn compute(
    step: &dyn Step,
    source: &Arc<Source>,
    payload: Payload,
    size: usize,
) -> Result<Outcome, StepError> {
    let may_give_up = (size > LONG_PAGE || step.may_wait())
        && Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if may_give_up {
        tokio::task::block_in_place(|| step.run(source, payload))
    } else {
        step.run(source, payload)
    }
}

fn source(job: &Job, task: &PlannedTask, page: &Page) -> Source {
    let document = page.document();
    Source {
        id: job.key.to_compact_string(),
        locator: job.locator.name.clone(),
        group: job.locator.group.clone(),
        task: task.name.clone(),
        url: job.locator.url.clone(),
        page_url: document.url.clone(),
        encoding: page.encoding(),
        fetched_at: document.fetched_at,
        page: job.page,
    }
}

/// The error, with the task that it happened in.
fn labelled(source: &Source, error: StepError) -> StepError {
    StepError { reason: format!("task `{}`: {}", source.task, error.reason), ..error }
}

/// Most names of tasks in one message.
const MOST_NAMED: usize = 5;

/// Adds what the failure means for the other tasks of the page: a page commits all of its rows or none.
fn held_back(mut stopped: Stopped, group: &PlannedGroup, failed: &PlannedTask) -> Stopped {
    let others: Vec<&str> =
        group.tasks.iter().map(|task| task.name.as_str()).filter(|name| *name != failed.name).collect();
    if let [first, rest @ ..] = others.as_slice() {
        let named = rest
            .iter()
            .take(MOST_NAMED - 1)
            .fold(format!("`{first}`"), |named, name| format!("{named}, `{name}`"));
        let more = if others.len() > MOST_NAMED { ", ..." } else { "" };
        stopped.failure.reason +=
            &format!("; the rows of the page's other tasks ({named}{more}) are held back with it");
    }
    stopped
}

fn stopped(step: &str, error: StepError) -> Stopped {
    // The reason goes into the log of the run and to all who read failures, and text from a page may be in it.
    let reason = shown_within(&error.reason, LONGEST_REASON).into_owned();
    let failure = Failure { class: error.class, step: CompactString::from(step), reason };
    let StepError { retry_after, host, is_not_begun, .. } = error;
    Stopped { failure, retry_after, host, is_not_begun }
}
