//! The rules of a run, made of its settings.
//!
//! They are part of the first command and stay what they are, and they count on what the fetcher of each node
//! keeps besides. So the nodes of a cluster have to take both limits of hosts from the settings that the run
//! was begun with: see `docs/decisions/0005-politeness-in-the-machine.md`.

use crate::api::Mode;
use crate::conf::Settings;
use crate::store::machine::{Pacing, Rules};

/// The rules of a run that begins with these settings.
pub(super) fn rules(settings: &Settings, mode: Mode) -> Rules {
    let fetch = &settings.loader.fetch;
    // One job ahead of each request in flight, where one fetcher keeps the limits of a host.
    let ahead = fetch.parallelism.saturating_mul(2);
    let (host_leases, pacing) = match mode {
        Mode::Solo => (ahead, Pacing::AnyNode),
        // Each node's fetcher keeps to the places that it has: no more requests run than these, on all nodes.
        Mode::Cluster if fetch.delay == 0 => (fetch.parallelism, Pacing::Shared),
        Mode::Cluster => (ahead, Pacing::OneNode),
    };
    Rules {
        max_tries: settings.job.max_tries.max(1),
        max_crashes: settings.job.max_crashes,
        host_leases,
        host_first: fetch.parallelism.max(1),
        pacing,
        max_jobs: settings.job.max_jobs,
        max_url_bytes: settings.job.max_url_bytes,
        max_depth: settings.job.max_depth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_together_press_a_host_no_harder_than_one() {
        let check = |mode, parallelism, delay, expected| {
            let mut settings = Settings::default();
            (settings.loader.fetch.parallelism, settings.loader.fetch.delay) = (parallelism, delay);
            let rules = rules(&settings, mode);
            assert_eq!((rules.host_leases, rules.pacing), expected, "{mode:?}, {parallelism}, {delay}");
        };
        check(Mode::Solo, 3, 0, (6, Pacing::AnyNode));
        check(Mode::Solo, 3, 500, (6, Pacing::AnyNode));
        check(Mode::Cluster, 3, 0, (3, Pacing::Shared));
        check(Mode::Cluster, 3, 500, (6, Pacing::OneNode));
        check(Mode::Cluster, u32::MAX, 1, (u32::MAX, Pacing::OneNode));
        let mut settings = Settings::default();
        settings.loader.fetch.parallelism = 3;
        assert_eq!(rules(&settings, Mode::Solo).host_first, 3, "no job ahead before the first page");
    }
}
