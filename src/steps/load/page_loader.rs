//! The step `loader`: a locator in, a document out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{Timestamp, Zoned};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::date::Live;
use crate::defs::Problem;
use crate::fetch::{Fetched, Fetcher, Request};
use crate::model::{Document, Job};
use crate::persist::Keeper;
use crate::plugin::About;
use crate::steps::{Build, Entry, LoadFuture, Loaded, Loader, Made, Station, StepError};

/// Longest wait of a job for its host, in addition to the delay between two requests. After that the node gives the job
/// back, so that others get its slot.
const PATIENCE: Duration = Duration::from_secs(3);

/// The media type of what is kept of a page that moved: its URL is the new one. No page from a server has it.
const MOVED: &str = "application/x-scoopi-moved";

/// The step `loader` has no settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue.
pub(in crate::steps) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "loader",
        &["org.codetab.scoopi.step.extract.PageLoader"],
        "gets the page: kept from an earlier run while it is live, else from its file or server",
    ),
    station: Station::Load,
    variants: &[],
    make,
};

fn make(build: &mut Build<'_>) -> Option<Made> {
    let Settings {} = build.settings()?;
    let kept = live(build).zip(build.services.keeper.clone());
    Some(Made::Loader(Arc::new(PageLoader {
        fetcher: build.services.fetcher.clone(),
        kept: kept.map(|(live, keeper)| (keeper, live)),
        run_date_time: build.services.run_date_time.clone(),
    })))
}

/// How long pages of the group are good for; `None` if they are fetched each time.
fn live(build: &mut Build<'_>) -> Option<Live> {
    let text = build.group.live.as_ref()?;
    let now = &build.services.run_date_time;
    match Live::parse(&text.value, &build.facts.date_time_pattern, now.time_zone(), now) {
        Ok(live) => Some(live).filter(|live| !matches!(live, Live::Zero)),
        Err(error) => {
            let help = "as it is, pages of this group are fetched in every run";
            build.problems.push(Problem::warning(&text.place, error.to_string(), help));
            None
        }
    }
}

/// The step `loader`.
struct PageLoader {
    fetcher: Fetcher,
    kept: Option<(Arc<Keeper>, Live)>,
    run_date_time: Zoned,
}

impl PageLoader {
    async fn fetch(&self, request: Request<'_>) -> Result<Loaded, StepError> {
        let page = match self.fetcher.visit(request).await? {
            Fetched::Page(page) => page,
            Fetched::Moved(to) => return Ok(Loaded::Moved(to)),
        };
        Ok(Loaded::Document(Document {
            url: page.url,
            fetched_at: self.run_date_time.timestamp().as_millisecond(),
            charset: page.charset,
            media_type: page.content_type.filter(|media_type| media_type != MOVED),
            body: page.body,
        }))
    }

    async fn load_kept(
        &self,
        keeper: &Arc<Keeper>,
        live: &Live,
        job: &Job,
        request: Request<'_>,
    ) -> Result<Loaded, StepError> {
        let place = request.place().await;
        if let Some(document) = keeper.document(&job.locator).await {
            if self.is_live(live, document.fetched_at) {
                let is_moved = document.media_type.as_deref() == Some(MOVED);
                return Ok(if is_moved { Loaded::Moved(document.url) } else { Loaded::Document(document) });
            }
            keeper.forget(&job.locator).await;
        }
        drop(place);
        let loaded = self.fetch(request).await?;
        match &loaded {
            Loaded::Document(document) => keeper.keep_document(&job.locator, document).await,
            Loaded::Moved(to) => keeper.keep_document(&job.locator, &self.moved(to)).await,
        }
        Ok(loaded)
    }

    /// What is kept of a page that moved, as long as a page would be.
    fn moved(&self, to: &str) -> Document {
        Document {
            url: to.to_owned(),
            fetched_at: self.run_date_time.timestamp().as_millisecond(),
            charset: None,
            media_type: Some(MOVED.to_owned()),
            body: Bytes::new(),
        }
    }

    fn is_live(&self, live: &Live, fetched_at: i64) -> bool {
        let fetched_at = Timestamp::from_millisecond(fetched_at);
        let fetched_at = fetched_at.map(|time| time.to_zoned(self.run_date_time.time_zone().clone()));
        fetched_at.is_ok_and(|time| live.is_live(&time, &self.run_date_time))
    }
}

impl Loader for PageLoader {
    fn hear(&self, job: &Job) {
        if let Some(places) = job.host_places {
            self.fetcher.hear(&job.locator.url, places);
        }
    }

    fn close(&self) {
        self.fetcher.close();
    }

    fn load<'a>(&'a self, job: &'a Job, pool: Option<&'a Semaphore>) -> LoadFuture<'a> {
        let request = Request::new(&job.locator.url)
            .after_moves(job.host_moves)
            .within(job.host_places)
            .after_redirects(&job.via)
            .patient_for(PATIENCE)
            .in_pool(pool);
        Box::pin(async move {
            match &self.kept {
                None => self.fetch(request).await,
                Some((keeper, live)) => self.load_kept(keeper, live, job, request).await,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::num::NonZeroUsize;
    use std::path::PathBuf;

    use super::*;
    use crate::fetch::FetchSettings;
    use crate::model::{Epoch, JobKey, Locator};

    const DELAY: Duration = Duration::from_secs(60);

    /// Whether a loader that never saw the host lets a whole delay pass before it asks for the page.
    async fn check(host_moves: u32, waits: bool) {
        let settings =
            FetchSettings { delay: DELAY, parallelism: NonZeroUsize::MIN, ..FetchSettings::default() };
        let loader = PageLoader {
            fetcher: Fetcher::new(settings, PathBuf::new()).unwrap(),
            kept: None,
            run_date_time: Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
        };
        // No server listens there: if the request had been sent, an error would come before the delay is over.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        let job = Job {
            key: JobKey([0; 16]),
            epoch: Epoch(1),
            locator: Locator { group: "g".into(), name: "n".into(), url },
            page: 1,
            failures: 0,
            alone: false,
            host_moves,
            host_places: None,
            via: vec![],
        };
        let loaded = tokio::time::timeout(DELAY - Duration::from_secs(1), loader.load(&job, None)).await;
        assert_eq!(loaded.is_err(), waits, "{host_moves} moves: {loaded:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_was_another_nodes_is_left_alone_for_a_delay() {
        check(0, false).await;
        check(1, true).await;
    }
}
