//! What must hold between commands, and at the end.

use std::collections::BTreeSet;

use scoopi::internals::model::{Incarnation, Link, Locator, NodeId};
use scoopi::internals::store::machine::{Machine, Pacing, Phase};

use super::{Oracle, State};

/// A node that never was here.
const STRANGER: NodeId = NodeId(77);

impl Oracle {
    /// What must hold between any two commands.
    pub(crate) fn check(&self, machine: &Machine) {
        assert_eq!(machine.phase(), self.phase, "phase");
        assert_eq!(machine.counts(), self.counts(), "a job was lost, made twice or counted wrongly");
        assert_eq!(machine.counts().jobs(), self.jobs.len() as u64, "a job was lost or made twice");
        let is_running = self.phase == Phase::Running;
        for node in self.members.keys().copied().chain([STRANGER]) {
            let next = is_running && (self.next_job(node).is_some() || self.has_places_for_jobs_ahead(node));
            assert_eq!(machine.takeable(node), next && !self.works_alone(node), "takeable by {node}");
            let alone = is_running && (next || self.next_suspect(node).is_some());
            assert_eq!(machine.takeable_alone(node), alone, "takeable by {node} alone");
        }
        assert_eq!(machine.next_at(), self.next_wait().filter(|_| is_running), "next wait");
        if self.run.is_some() {
            let hosts: BTreeSet<_> = self.jobs.iter().filter_map(|job| job.locator.host()).collect();
            for host in hosts {
                let holders = self.holders_of(host);
                let pressing = match self.pacing() {
                    Pacing::AnyNode | Pacing::OneNode => holders.len(),
                    Pacing::Shared => self.all_places_of(host),
                };
                assert!(pressing <= self.host_limit(), "too many leases of {host}");
                let is_one_nodes = holders.windows(2).all(|pair| pair[0] == pair[1]);
                assert!(
                    is_one_nodes || self.pacing() != Pacing::OneNode,
                    "{holders:?} have leases of {host}"
                );
            }
        }
        for node in self.members.keys() {
            let held = self.jobs.iter().filter(|job| job.state == State::Held(*node));
            assert!(!self.works_alone(*node) || held.count() == 1, "a suspect has company");
        }
    }

    /// What must hold for every job, and is too slow to ask after every command.
    pub(crate) fn check_jobs(&self, machine: &Machine) {
        for job in &self.jobs {
            let is_over = !matches!(job.state, State::Ready | State::Held(_));
            assert_eq!(machine.is_over(job.key), is_over, "{:?}", job.locator);
            let ended = self.ended.get(&job.key).copied().unwrap_or_default();
            let told = match job.state {
                State::Done => (1, 0),
                State::Failed | State::Quarantined => (0, 1),
                _ => (0, 0),
            };
            assert_eq!(ended, told, "rows or loss of {:?} not told exactly once", job.locator);
        }
        for (node, life) in &self.lives {
            assert_eq!(machine.last_incarnation(*node), Some(Incarnation(*life)));
        }
    }

    /// What must hold when the run is over: links of finished jobs are known, and every job has ended.
    pub(crate) fn check_end(&self, links: impl Fn(&Locator) -> Vec<Link>) {
        assert_eq!(self.counts().open(), 0);
        for job in self.jobs.iter().filter(|job| matches!(job.state, State::Done | State::Moved)) {
            for link in links(&job.locator) {
                let name = job.locator.name.clone();
                let target = Locator { group: link.group, name, url: link.url };
                let is_known = self.knows(&target) || self.tally.links_left_out() > 0;
                assert!(is_known, "the link from {:?} to {target:?} was forgotten", job.locator);
            }
        }
    }
}
