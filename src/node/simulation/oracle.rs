//! What must hold at every moment of a simulation, and at its end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::store::Status;
use crate::store::machine::{Counts, Phase};

use super::clock;
use super::site::Site;

/// For answers that were under way when a majority was lost.
const UNDER_WAY: u64 = 300;

/// For such answers where packets get lost: three in a row may have been sent again.
pub(super) const UNDER_WAY_WITH_LOSS: u64 = 1_600;

/// What was seen so far, to compare with what is seen now.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    /// What the machine was like after each entry of the log that some node has shown.
    decided: BTreeMap<u64, (Phase, Counts)>,
    clusters: BTreeSet<Vec<u8>>,
    /// Since when no majority is connected, and how much was decided a moment later.
    no_majority: Option<(u64, Option<u64>)>,
    /// How far any node has seen the run.
    pub(super) furthest: Phase,
    /// Jobs that are over.
    pub(super) over: u64,
    /// The output of the first node that came to the end.
    whole: Option<(usize, BTreeMap<String, String>)>,
}

impl Oracle {
    /// A node is a member of that cluster.
    pub(super) fn cluster(&mut self, cluster: Vec<u8>) -> Result<(), String> {
        self.clusters.insert(cluster);
        if self.clusters.len() > 1 { Err("there are two clusters".to_owned()) } else { Ok(()) }
    }

    /// A node shows how far it is.
    pub(super) fn status(&mut self, host: usize, status: &Status) -> Result<(), String> {
        if let Some(reason) = &status.failure {
            return Err(format!("node {host} has stopped: {reason}"));
        }
        let counts = status.counts;
        self.over = self.over.max(counts.done + counts.failed + counts.quarantined);
        // Draining comes behind running, and may be left again.
        if status.phase != Phase::Draining {
            self.furthest = self.furthest.max(status.phase);
        }
        Ok(())
    }

    /// A node shows what has come of whole entries.
    pub(super) fn applied(&mut self, host: usize, status: &Status) -> Result<(), String> {
        let seen = (status.phase, status.counts);
        let decided = self.decided.entry(status.position).or_insert(seen);
        if *decided != seen {
            return Err(format!(
                "node {host} has {seen:?} at entry {}, another had {decided:?}",
                status.position
            ));
        }
        Ok(())
    }

    /// Whether there may be a majority now; without one, nothing may be decided. Packets that were lost come late.
    pub(super) fn majority(&mut self, is_there: bool, is_lossy: bool) -> Result<(), String> {
        if is_there {
            self.no_majority = None;
            return Ok(());
        }
        let now = clock::now();
        let last = self.decided.last_key_value().map_or(0, |(last, _)| *last);
        let (since, before) = self.no_majority.get_or_insert((now, None));
        if now < *since + if is_lossy { UNDER_WAY_WITH_LOSS } else { UNDER_WAY } {
            return Ok(());
        }
        let before = *before.get_or_insert(last);
        if last > before {
            return Err(format!("entry {last} was decided without a majority, which had {before} before"));
        }
        Ok(())
    }

    /// A node came to the end of the run with this output.
    pub(super) fn ended(
        &mut self,
        host: usize,
        site: &Site,
        output: BTreeMap<String, String>,
    ) -> Result<(), String> {
        if let Some((first, whole)) = &self.whole {
            if *whole != output {
                return Err(format!(
                    "nodes {first} and {host} wrote other bytes{}",
                    difference(whole, &output)
                ));
            }
            return Ok(());
        }
        let rows = output.get("rows.jsonl").map_or("", String::as_str);
        let facts: Vec<String> = rows.lines().map(|line| text(line, "fact")).collect();
        compare("rows", facts, site.facts()).map_err(|why| format!("node {host}: {why}"))?;
        let failed = output.get("failed.ndjson").map_or("", String::as_str);
        let lost: Vec<_> = failed.lines().map(|line| (text(line, "url"), text(line, "state"))).collect();
        let expected = site.lost().into_iter().map(|(url, state)| (url, state.to_owned())).collect();
        compare("lost pages", lost, expected).map_err(|why| format!("node {host}: {why}"))?;
        self.whole = Some((host, output));
        Ok(())
    }

    /// What a node wrote that did not come to the end is how the others began.
    pub(super) fn left(&self, host: usize, output: &BTreeMap<String, String>) -> Result<(), String> {
        let (first, whole) = self.whole.as_ref().ok_or("no node came to the end")?;
        let is_beginning =
            |(name, text): (&String, &String)| whole.get(name).is_some_and(|all| all.starts_with(text));
        if output.iter().all(is_beginning) {
            return Ok(());
        }
        Err(format!("what node {host} wrote is not how node {first} began{}", difference(whole, output)))
    }

    /// Whether a node came to the end.
    pub(super) fn has_end(&self) -> bool {
        self.whole.is_some()
    }
}

fn text(line: &str, key: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    value.get(key).and_then(Value::as_str).map_or_else(|| line.to_owned(), str::to_owned)
}

fn compare<T: Ord + std::fmt::Debug>(what: &str, found: Vec<T>, expected: BTreeSet<T>) -> Result<(), String> {
    let count = found.len();
    let found: BTreeSet<T> = found.into_iter().collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    let unexpected: Vec<_> = found.difference(&expected).collect();
    let double = count - found.len();
    if lost.is_empty() && unexpected.is_empty() && double == 0 {
        return Ok(());
    }
    Err(format!("{what}: lost {lost:.60?}, unexpected {unexpected:.60?}, {double} twice"))
}

fn difference(whole: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> String {
    let names: BTreeSet<&String> = whole.keys().chain(other.keys()).collect();
    let lines = |files: &BTreeMap<String, String>, name: &str| -> Vec<String> {
        files
            .get(name)
            .map_or("", String::as_str)
            .lines()
            .map(|line| line.chars().take(120).collect())
            .collect()
    };
    names
        .into_iter()
        .filter(|name| whole.get(*name) != other.get(*name))
        .map(|name| {
            let (a, b) = (lines(whole, name), lines(other, name));
            let at = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
            format!(
                "; {name}: {} and {} lines, line {at} is {:?} and {:?}",
                a.len(),
                b.len(),
                a.get(at),
                b.get(at)
            )
        })
        .collect()
}
