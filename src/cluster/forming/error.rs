//! Why no cluster comes about.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::cluster::address::Address;
use crate::cluster::peer::ClusterId;

use super::declared::DeclaredError;

/// Why no cluster comes about.
#[derive(Debug, Error)]
pub enum FormingError {
    /// The declared numbers are not valid.
    #[error(transparent)]
    Declared(#[from] DeclaredError),
    /// The file of the vote cannot be read or written.
    #[error("{doing}: {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file of the vote is not what was written.
    #[error(
        "{} is damaged: {why}; it holds this node's vote on who founds the cluster and cannot be guessed: \
         restore it, or discard the run with --fresh once no other node is forming with this one",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Too few nodes in time, or no agreement among them.
    #[error("{0}")]
    NoQuorum(Box<NoQuorum>),
    /// More nodes than were declared.
    #[error(
        "{here} nodes are here, but the declared size is {size}: two clusters could form; say cluster.size = {here} \
         (or list all {here} with --join) on every node"
    )]
    TooMany {
        /// Nodes that are forming.
        here: usize,
        /// Declared size.
        size: usize,
    },
    /// The peers run another cluster than the one whose data is here.
    #[error(
        "the data folder holds the run of cluster {own}, but {at} runs cluster {other}; --fresh discards the run \
         that is here and joins the other, another --data folder keeps it"
    )]
    OtherCluster {
        /// The one whose data is here.
        own: ClusterId,
        /// The one that runs.
        other: ClusterId,
        /// Where.
        at: Address,
    },
    /// Peers run different clusters.
    #[error("{a_at} runs cluster {a} and {b_at} runs cluster {b}; --join must name nodes of one cluster")]
    TwoClusters {
        /// One.
        a: ClusterId,
        /// Where it runs.
        a_at: Address,
        /// The other.
        b: ClusterId,
        /// Where that one runs.
        b_at: Address,
    },
    /// The operating system gives no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(getrandom::Error),
}

/// What was there when time was over. Its text names every address that did not help, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoQuorum {
    /// Nodes that are forming, including this one.
    pub here: usize,
    /// Declared size.
    pub size: usize,
    /// How many were needed.
    pub quorum: usize,
    /// How long was waited.
    pub after: Duration,
    /// The nodes that are missing, and why.
    pub missing: Vec<(Address, String)>,
    /// Differences between what nodes declare.
    pub warnings: Vec<String>,
}

impl fmt::Display for NoQuorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { here, size, quorum, .. } = self;
        write!(f, "{here} of {size} nodes after {} s", self.after.as_secs())?;
        if here < quorum {
            write!(f, ", {quorum} would do")?;
        } else {
            write!(f, ", enough for the quorum of {quorum}, but their answers were lost again and again")?;
        }
        for (address, why) in &self.missing {
            write!(f, "; {address}: {why}")?;
        }
        for warning in &self.warnings {
            write!(f, "; {warning}")?;
        }
        let least = size / 2 + 1;
        write!(f, "; start the missing nodes, correct --join, or wait longer with cluster.quorum.timeout")?;
        if *quorum > least {
            write!(f, "; --quorum could be as low as {least}")?;
        }
        Ok(())
    }
}
