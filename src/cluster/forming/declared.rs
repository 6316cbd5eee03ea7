//! What the user declares about the cluster: the list of peers, the size, the quorum.
//!
//! Here is the arithmetic that keeps two clusters apart: a quorum is more than half of the list. One's own address may
//! stand in `--join` under another name (every host is given the same line); that is only found out by asking, and
//! then the list is shorter by one.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::cluster::address::Address;

use super::message::Numbers;

/// More addresses than a cluster has nodes.
const LIMIT: usize = 1024;

/// What the user declares about the cluster: the list of peers, the size, the quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    own: Address,
    list: BTreeSet<Address>,
    size: Option<usize>,
    quorum: Option<usize>,
}

/// Numbers that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeclaredError {
    /// Half of the nodes or fewer.
    #[error(
        "a quorum of {quorum} is not more than half of {size} nodes ({list}): two clusters could form; say --quorum \
         {} or more, or, where one of these addresses is this node itself, cluster.size",
        size / 2 + 1
    )]
    QuorumTooSmall {
        /// What was asked for.
        quorum: usize,
        /// Nodes of the list.
        size: usize,
        /// Their addresses.
        list: String,
    },
    /// More than there are nodes.
    #[error(
        "a quorum of {quorum} cannot be reached by {size} nodes ({list}): say --quorum {size} or less, or name more \
         nodes with --join"
    )]
    QuorumTooLarge {
        /// What was asked for.
        quorum: usize,
        /// Nodes of the list.
        size: usize,
        /// Their addresses.
        list: String,
    },
    /// A size below the number of addresses that were named.
    #[error(
        "cluster.size is {size}, but --join names {named} addresses ({list}): say cluster.size = {named} or more"
    )]
    SizeTooSmall {
        /// What was asked for.
        size: usize,
        /// Addresses that were named.
        named: usize,
        /// They.
        list: String,
    },
    /// A list that no cluster has.
    #[error("--join names {0} addresses, a cluster has at most {LIMIT}")]
    TooMany(usize),
}

impl Declared {
    /// A node at `own`, with the addresses of `--join`. `size` is for nodes that are found rather than named.
    ///
    /// # Errors
    /// See [`DeclaredError`].
    pub(crate) fn new(
        own: &Address,
        join: &[Address],
        size: Option<usize>,
        quorum: Option<usize>,
    ) -> Result<Self, DeclaredError> {
        let mut list: BTreeSet<Address> = join.iter().cloned().collect();
        let named = list.len();
        list.insert(own.clone());
        if named.max(size.unwrap_or(0)) > LIMIT {
            return Err(DeclaredError::TooMany(named.max(size.unwrap_or(0))));
        }
        let declared = Self { own: own.clone(), list, size, quorum };
        // One of those that were named may be oneself, so that `named` is the least that may be meant.
        if let Some(size) = size.filter(|size| *size < named.max(1)) {
            return Err(DeclaredError::SizeTooSmall { size, named, list: declared.text() });
        }
        declared.check(0)?;
        Ok(declared)
    }

    /// One's own address.
    pub(crate) fn own(&self) -> &Address {
        &self.own
    }

    /// All addresses, one's own among them.
    pub(crate) fn list(&self) -> &BTreeSet<Address> {
        &self.list
    }

    /// The numbers, after `aliases` further addresses of the list turned out to be oneself.
    ///
    /// # Errors
    /// The quorum does not fit the size.
    pub(super) fn check(&self, aliases: usize) -> Result<(usize, usize), DeclaredError> {
        let size = self.size.unwrap_or_else(|| self.list.len().saturating_sub(aliases).max(1));
        let quorum = self.quorum.unwrap_or(size / 2 + 1);
        if quorum <= size / 2 {
            return Err(DeclaredError::QuorumTooSmall { quorum, size, list: self.text() });
        }
        if quorum > size {
            return Err(DeclaredError::QuorumTooLarge { quorum, size, list: self.text() });
        }
        Ok((size, quorum))
    }

    /// The numbers for others to see. They are those of the list as it was given, the stricter ones.
    pub(super) fn numbers(&self) -> Numbers {
        let size = self.size.unwrap_or(self.list.len());
        let wire = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Numbers { size: wire(size), quorum: wire(self.quorum.unwrap_or(size / 2 + 1)) }
    }

    fn text(&self) -> String {
        self.list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}
