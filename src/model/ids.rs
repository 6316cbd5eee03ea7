//! Names of runs, nodes and jobs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One run of a set of definitions. Chosen by the node that starts the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub [u8; 16]);

/// A node of the cluster; a solo node is `NodeId(1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// Which life of a node: one more after each restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

/// How often a job was leased, and so the fencing token of its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch(pub u32);

/// What a job is: the hash of run, task group, locator name and canonical URL.
///
/// Making the same job twice gives the same key, so every enqueue can be repeated and link cycles end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobKey(pub [u8; 16]);

impl JobKey {
    /// The key of a job of `run`. `url` must be canonical already.
    #[must_use]
    pub fn new(run: RunId, group: &str, name: &str, url: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&run.0);
        for part in [group, name] {
            // The length in front keeps `ab` + `c` apart from `a` + `bc`.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(url.as_bytes());
        Self(first_half(&hasher.finalize()))
    }
}

impl fmt::Debug for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0[..8])
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

pub(super) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn first_half(hash: &blake3::Hash) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_job_counts() {
        let run = RunId([1; 16]);
        let keys = [
            JobKey::new(run, "g", "n", "u"),
            JobKey::new(RunId([2; 16]), "g", "n", "u"),
            JobKey::new(run, "gn", "", "u"),
            JobKey::new(run, "g", "nu", ""),
            JobKey::new(run, "", "gn", "u"),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[i + 1..].iter().all(|b| a != b), "{i}");
        }
        assert_eq!(keys[0], JobKey::new(run, "g", "n", "u"));
    }
}
