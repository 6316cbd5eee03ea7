//! How a lease ends: with rows, at another URL, by a failure, untouched, or by a crash.
//!
//! Each is one decision, and asked again gets the same answer. Does not know who waits for what is free then.

use crate::model::{Epoch, Failure, FailureClass, HostHint, JobKey, Link, NodeId};
use crate::store::machine::command::{Lost, Refusal, Reply};

use super::{Entry, Jobs, Origin, Slot};

impl Jobs {
    /// Ends a job with its rows, and makes jobs of its links.
    pub(in crate::store::machine) fn finish(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        rows: u64,
        links: &[Link],
    ) -> Result<Reply, Refusal> {
        if matches!(self.slots.get(&key), Some(Slot::Over { epoch: at, with_rows: true }) if *at == epoch) {
            // Its reply was lost and it was asked again.
            return Ok(Reply::Repeated);
        }
        let entry = self.close(key, epoch, true)?;
        self.queue.grow(entry.host);
        self.counts.done += 1;
        self.counts.rows += rows;
        for link in links {
            self.follow(&entry, link);
        }
        Ok(Reply::Accepted)
    }

    /// Ends a job whose page is at another URL, which becomes a job in its place: it has the same turn, so that what it
    /// brings (a cookie that its site wants) is there when the pages behind it are asked for.
    pub(in crate::store::machine) fn move_to(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        to: &str,
    ) -> Result<Reply, Refusal> {
        if matches!(self.slots.get(&key), Some(Slot::Over { epoch: at, with_rows: true }) if *at == epoch) {
            return Ok(Reply::Repeated);
        }
        let Entry { url, seq, group, name, page, depth, via, host, .. } = self.close(key, epoch, true)?;
        self.queue.grow(host);
        self.counts.done += 1;
        self.counts.moved += 1;
        let key = JobKey::new(self.run, self.names.text(group), self.names.text(name), to);
        let via: Box<[Box<str>]> = via.into_iter().chain([url]).collect();
        let bytes = to.len() + via.iter().map(|url| url.len()).sum::<usize>();
        if self.slots.contains_key(&key) {
            self.counts.moved_to_known += 1;
        } else if self.url_bytes.saturating_add(bytes as u64) > self.rules.max_url_bytes {
            self.counts.too_many_url_bytes += 1;
        } else {
            self.add(key, to, Origin { group, name, place_of: Some((page, seq)), depth, via });
        }
        Ok(Reply::Accepted)
    }

    /// Ends a try. Returns whether there will be another; if not, also what was lost, the first time.
    pub(in crate::store::machine) fn fail(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        failure: &Failure,
        (now, wait): (u64, u64),
        host: HostHint,
    ) -> Result<(bool, Option<Lost>), Refusal> {
        if let Some(again) = self.failed_at(key, epoch) {
            // Its reply was lost and it was asked again.
            return Ok((again, None));
        }
        self.leased_at(key, epoch)?;
        self.hear(key, now, host);
        let (max_tries, not_before) = (self.rules.max_tries, self.now.saturating_add(wait));
        let entry = self.leased_at(key, epoch)?;
        entry.failures += 1;
        let is_recoverable = failure.class == FailureClass::Recoverable;
        if is_recoverable && entry.failures < max_tries {
            (entry.not_before, entry.is_failed) = (not_before, true);
            self.counts.retries += 1;
            self.free(key);
            return Ok((true, None));
        }
        let entry = self.close(key, epoch, false)?;
        if is_recoverable {
            self.counts.quarantined += 1;
        } else {
            self.counts.failed += 1;
        }
        let lost = Lost {
            locator: self.locator(&entry),
            quarantined: is_recoverable,
            step: failure.step.clone(),
            reason: failure.reason.clone(),
            tries: entry.failures,
        };
        Ok((false, Some(lost)))
    }

    /// Returns a job to the queue untouched.
    pub(in crate::store::machine) fn release(
        &mut self,
        key: JobKey,
        epoch: Epoch,
        now: u64,
        host: HostHint,
    ) -> Result<Reply, Refusal> {
        self.leased_at(key, epoch)?;
        self.hear(key, now, host);
        self.free(key);
        Ok(Reply::Accepted)
    }

    /// Returns all jobs that `node` holds to the queue, untouched.
    pub(in crate::store::machine) fn release_all(&mut self, node: NodeId) {
        for key in self.held_by(node) {
            self.free(key);
        }
    }

    /// Frees what a crashed node held. Jobs that crashed too often are lost.
    pub(in crate::store::machine) fn crash(&mut self, node: NodeId) -> Vec<Lost> {
        let mut lost = vec![];
        for key in self.held_by(node) {
            let Some(entry) = self.entry_mut(key) else { continue };
            entry.crashes += 1;
            let (crashes, epoch) = (entry.crashes, entry.epoch);
            if crashes <= self.rules.max_crashes {
                self.free(key);
            } else if let Ok(entry) = self.close(key, epoch, false) {
                self.counts.quarantined += 1;
                lost.push(Lost {
                    locator: self.locator(&entry),
                    quarantined: true,
                    step: "".into(),
                    reason: format!("{crashes} crashes of a node that worked on it"),
                    tries: entry.failures + crashes,
                });
            }
        }
        lost
    }
}
