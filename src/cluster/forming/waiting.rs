//! How far forming is, for people.

use std::fmt;
use std::time::Duration;

use crate::cluster::address::Address;

/// Who is there, who is not, and how long one still waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Nodes that answer, with oneself.
    pub(crate) here: usize,
    /// How many of them hold an unfinished run and only wait for it.
    pub(crate) held: usize,
    /// All nodes.
    pub(crate) size: usize,
    /// How many would do.
    pub(crate) quorum: usize,
    /// Time until one gives up.
    pub(crate) left: Duration,
    /// Addresses where no node answers.
    pub(crate) missing: Vec<Address>,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { here, held, size, quorum, .. } = *self;
        write!(f, "{here} of {size} nodes, ")?;
        if held > 0 {
            write!(f, "{held} of them with an unfinished run, ")?;
        }
        // Below the quorum one waits for what it lacks; with it, a moment for the rest.
        let forming = here.saturating_sub(held);
        match if forming < quorum { quorum - forming } else { size.saturating_sub(here) } {
            0 => write!(f, "agreeing on the cluster, ")?,
            lacking => write!(f, "waiting for {lacking}, ")?,
        }
        write!(f, "{} s left", self.left.as_millis().div_ceil(1000))
    }
}
