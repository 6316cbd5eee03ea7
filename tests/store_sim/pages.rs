//! The web that is crawled: which links a page has, and what happens to those who work on it.

use scoopi::internals::model::{FailureClass, Link, Locator};
use scoopi::internals::store::machine::{Pacing, Rules};

use super::random::Random;

/// What happens to a node that works on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It gives rows.
    Healthy,
    /// It fails some times, then gives rows.
    Flaky(u32),
    /// It fails for ever.
    Failing(FailureClass),
    /// It brings the node down.
    Poison,
    /// Its server redirects to this URL.
    Moved(String),
}

/// A web of a few hosts with cycles, decided by a seed.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    seed: u64,
    urls: u64,
    hosts: u64,
}

impl Pages {
    /// A web.
    pub(crate) fn new(random: &mut Random) -> Self {
        Self { seed: random.below(u64::MAX), urls: 2 + random.below(14), hosts: 1 + random.below(4) }
    }

    /// Locators to begin with: each has a name of its own.
    pub(crate) fn seeds(&self, count: u64) -> Vec<Locator> {
        let locator = |number| Locator {
            group: "first".into(),
            name: format!("name{number}").into(),
            url: self.url(number % self.urls),
        };
        (0..count).map(locator).collect()
    }

    /// The links of a page; some lead back to it, or to the same page twice.
    pub(crate) fn links(&self, locator: &Locator) -> Vec<Link> {
        let mut random = self.random(locator, "links");
        let count = random.below(4);
        (0..count)
            .map(|_| Link {
                group: if random.percent(50) { "first".into() } else { "second".into() },
                url: self.url(random.below(self.urls)),
            })
            .collect()
    }

    /// What happens to those who work on it.
    pub(crate) fn nature(&self, locator: &Locator) -> Nature {
        let mut random = self.random(locator, "nature");
        match random.below(20) {
            0 => Nature::Failing(FailureClass::Recoverable),
            1 => Nature::Failing(FailureClass::Final),
            2 | 3 => Nature::Flaky(1 + random.below(3) as u32),
            4 => Nature::Poison,
            5 | 6 => Nature::Moved(self.url(random.below(self.urls))),
            _ => Nature::Healthy,
        }
    }

    /// The jobs that a page makes when it is done.
    pub(crate) fn leads_to(&self, locator: &Locator) -> Vec<Link> {
        match self.nature(locator) {
            Nature::Moved(url) => vec![Link { group: locator.group.clone(), url }],
            _ => self.links(locator),
        }
    }

    fn url(&self, number: u64) -> String {
        match number % (self.hosts + 1) {
            0 => format!("/files/{number}.html"),
            host => format!("http://host{host}/{number}"),
        }
    }

    fn random(&self, locator: &Locator, what: &str) -> Random {
        let text = format!("{} {} {} {what}", locator.group, locator.name, locator.url);
        let hash = text.bytes().fold(self.seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3).rotate_left(23)
        });
        let mut random = Random::new(hash);
        random.below(2);
        random
    }
}

/// Rules of a run, tight enough to matter.
pub(crate) fn rules(random: &mut Random) -> Rules {
    Rules {
        max_tries: 1 + random.below(4) as u32,
        max_crashes: 1 + random.below(5) as u32,
        host_leases: 1 + random.below(4) as u32,
        pacing: [Pacing::AnyNode, Pacing::Shared, Pacing::OneNode][random.index(3)],
        max_jobs: if random.percent(30) { 10 + random.below(40) } else { 10_000 },
        host_first: 1 + random.below(8) as u32,
        max_url_bytes: if random.percent(30) { 200 + random.below(500) } else { 1 << 20 },
        max_depth: if random.percent(30) { random.below(4) as u32 } else { 100 },
    }
}
