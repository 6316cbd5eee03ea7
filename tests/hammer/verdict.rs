//! Whether what the nodes wrote is what the site has.
//!
//! Knows lines and how a node came out of a run; nothing of processes.

use std::collections::BTreeMap;
use std::fmt;

use crate::support::rows;

/// What is expected of a node's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was there at the end: everything.
    Whole,
    /// It came back when the others were leaving, or had left: everything if it says so.
    Late,
    /// It did not come back: a beginning.
    Gone,
}

/// What a node left.
pub(super) struct Left<'a> {
    pub(super) name: &'a str,
    pub(super) fate: Fate,
    /// Whether it ended with the exit code of a complete run.
    pub(super) is_complete: bool,
    pub(super) rows: Vec<u8>,
}

/// How rows differ from those of the site, in numbers of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) lost: usize,
    pub(super) duplicated: usize,
    pub(super) unexpected: usize,
}

impl Difference {
    /// Compares rows with those that must be there, each once.
    pub(super) fn of(expected: &[String], found: &[u8]) -> Self {
        let text = String::from_utf8_lossy(found);
        let lines = rows::lines(&text);
        let mut times: BTreeMap<&str, usize> = expected.iter().map(|line| (line.as_str(), 0)).collect();
        let mut difference = Self::default();
        for line in &lines {
            match times.get_mut(line.as_str()) {
                Some(times) => *times += 1,
                None => difference.unexpected += 1,
            }
        }
        difference.lost = times.values().filter(|times| **times == 0).count();
        difference.duplicated = times.values().map(|times| times.saturating_sub(1)).sum();
        difference
    }

    fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.unexpected += other.unexpected;
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.lost, self.duplicated, self.unexpected)
    }
}

/// Judges what all nodes left: the differences of all of them together, and what is wrong in words.
pub(super) fn judge(expected: &[String], nodes: &[Left<'_>]) -> (Difference, Vec<String>) {
    let (mut all, mut wrong) = (Difference::default(), vec![]);
    let is_whole = |node: &&Left<'_>| node.fate == Fate::Whole || node.is_complete;
    for node in nodes.iter().filter(is_whole) {
        let difference = Difference::of(expected, &node.rows);
        if difference != Difference::default() {
            wrong.push(format!("{}: lost/duplicated/unexpected rows {difference}", node.name));
        }
        all.add(difference);
    }
    let Some(first) = nodes.iter().find(is_whole) else {
        wrong.push("no node has the complete result".to_owned());
        return (all, wrong);
    };
    for node in nodes {
        if is_whole(&node) && node.rows != first.rows {
            wrong.push(format!("{} and {} wrote other bytes", first.name, node.name));
        } else if !first.rows.starts_with(&node.rows) {
            wrong.push(format!("what {} wrote is not how {} began", node.name, first.name));
        }
    }
    (all, wrong)
}

#[cfg(test)]
mod tests;
