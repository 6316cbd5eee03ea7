//! How a node leaves: with the others at the end of the run, or alone when too many of them are gone.
//!
//! Knows what the node waits for, and how long. Does not know what the others are asked: see `farewell.rs`.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::ClusterNode;
use crate::cluster::error::ClusterError;
use crate::cluster::farewell::{Whereabouts, abandoned, farewell, linger, whereabouts};
use crate::cluster::network::Network;
use crate::cluster::peer::Peer;
use crate::cluster::quorum::Quorum;
use crate::model::NodeId;
use crate::store::machine::Phase;

/// Sessions for which a node without a quorum must find the others gone before it gives them up.
const GIVE_UP: u32 = 2;

/// How a node takes its leave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leave {
    /// The name of the one node that keeps the rows, if that is another one than this.
    pub(crate) kept_by: Option<String>,
    absent: Vec<NodeId>,
}

/// What a node that was left behind has found out: the voters that are gone, and why.
#[derive(Debug, Clone)]
pub(crate) struct LeftBehind {
    gone: Vec<(Peer, Whereabouts)>,
    voters: usize,
}

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the {} voters are gone (", self.gone.len(), self.voters)?;
        for (number, (peer, whereabouts)) in self.gone.iter().enumerate() {
            let why = match whereabouts {
                Whereabouts::Ended => "no node listens there",
                Whereabouts::AnotherLife => "another node answers there",
            };
            write!(f, "{}{peer}: {why}", if number == 0 { "" } else { "; " })?;
        }
        write!(f, ")")
    }
}

impl<N: Network> ClusterNode<N> {
    /// Waits until the run has ended and the cluster has no quorum: a node that has not joined by then cannot.
    pub(crate) async fn missed(&self) {
        let member = &self.office.member;
        let (mut status, mut quorum) = (member.applied.status(), self.quorum.clone());
        // An error means that Raft has ended, which the caller learns from what it awaits at the same time.
        let Ok(_) = status.wait_for(|status| status.phase >= Phase::Shutdown).await else {
            return std::future::pending().await;
        };
        let is_there = async |quorum: &mut watch::Receiver<Quorum>| {
            timeout(member.election() * 5, quorum.wait_for(|quorum| *quorum == Quorum::There)).await.is_ok()
        };
        while is_there(&mut quorum).await {
            if quorum.wait_for(|quorum| *quorum != Quorum::There).await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Waits until this node, which takes part no more, may go.
    pub(crate) async fn farewell(&self) -> Leave {
        let member = &self.office.member;
        let parting = farewell(member, &self.office.farewell).await;
        let keeper = parting.keeper.filter(|keeper| *keeper != member.id);
        Leave { kept_by: keeper.map(|keeper| member.name(keeper)), absent: parting.absent }
    }

    /// Stays for members that were not there at the end of the run.
    pub(crate) async fn linger(&self, leave: &Leave) {
        let (member, limit) = (&self.office.member, self.office.member.timing.linger);
        if leave.absent.is_empty() || limit.is_zero() {
            return;
        }
        let names: Vec<String> = leave.absent.iter().map(|node| member.name(*node)).collect();
        warn!(
            "the run is over and this node has all of it; it stays for {} s at most to give the rest to {}, which {} not \
             there (cluster.linger); Ctrl-C ends it now",
            limit.as_secs(),
            names.join(", "),
            if names.len() == 1 { "was" } else { "were" }
        );
        linger(member, leave.absent.clone(), limit, limit).await;
    }

    /// For a node that was started after the end, with all of it on its disk: stays while others come that may not have
    /// it.
    pub(crate) async fn linger_after_all(&self) {
        let member = &self.office.member;
        let others = member.other_voters().into_iter().map(|(node, _)| node).collect();
        let limit = member.timing.linger;
        linger(member, others, limit.min(member.timing.session / 2), limit).await;
    }

    /// Waits until the cluster can no longer decide anything.
    pub(crate) async fn paused(&self) {
        let mut quorum = self.quorum.clone();
        // An error means that Raft has ended, which another branch of the caller's `select` reports.
        if quorum.wait_for(|quorum| *quorum == Quorum::Lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the cluster can no longer decide anything and every other node has gone, or has not decided anything
    /// for long.
    pub(crate) async fn abandoned(&self) {
        let member = &self.office.member;
        let mut quorum = self.quorum.clone();
        loop {
            self.paused().await;
            tokio::select! {
                () = abandoned(member) => return,
                () = sleep(member.timing.session * GIVE_UP) => return,
                Ok(_) = quorum.wait_for(|quorum| *quorum == Quorum::There) => {}
            }
        }
    }

    /// Waits until so many voters have been gone for long enough that the rest is not a majority and cannot decide
    /// anything.
    pub(crate) async fn left_behind(&self) -> LeftBehind {
        let member = &self.office.member;
        let mut since = None;
        loop {
            if *self.quorum.borrow() != Quorum::Lost {
                since = None;
            }
            self.paused().await;
            let mut found = LeftBehind { gone: vec![], voters: usize::from(member.votes()) };
            for (node, peer) in member.other_voters() {
                found.voters += 1;
                found.gone.extend(whereabouts(member, node).await.map(|whereabouts| (peer, whereabouts)));
            }
            let is_hopeless = *self.quorum.borrow() == Quorum::Lost
                && (found.voters - found.gone.len()) * 2 <= found.voters;
            let begun = *since.get_or_insert_with(Instant::now);
            if !is_hopeless {
                since = None;
            } else if begun.elapsed() >= member.timing.session * GIVE_UP {
                return found;
            }
            sleep(member.timing.session / 8).await;
        }
    }

    /// Waits until there was no quorum for `patience`.
    pub(crate) async fn without_quorum(&self, patience: Duration) -> ClusterError {
        let mut quorum = self.quorum.clone();
        loop {
            self.paused().await;
            let is_back = async { quorum.wait_for(|quorum| *quorum == Quorum::There).await.is_ok() };
            match timeout(patience, is_back).await {
                Ok(true) => {}
                Ok(false) => std::future::pending::<()>().await,
                Err(_) => return self.no_quorum(patience).await,
            }
        }
    }
}
