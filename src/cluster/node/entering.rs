//! How a node becomes a member: it begins what was founded, or asks to be let in, and waits for a quorum.
//!
//! Knows the members that it may ask, and why each of them was of no use. Does not know how a cluster is founded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use super::{ClusterNode, NodeOptions};
use crate::cluster::address::Address;
use crate::cluster::error::ClusterError;
use crate::cluster::forming::Forming;
use crate::cluster::member::Member;
use crate::cluster::network::{Network, SelfDial};
use crate::cluster::peer::Peer;
use crate::cluster::quorum::Quorum;

/// For who is at this node's address of before to answer.
const FOUND: Duration = Duration::from_secs(3);

/// The pause between two questions to become a member.
const AGAIN: Duration = Duration::from_millis(200);

/// The pause between two lines about members that are waited for.
const TELL: Duration = Duration::from_secs(5);

impl<N: Network> ClusterNode<N> {
    /// Begins with what was founded, or asks to be let in.
    pub(super) async fn become_member(
        &mut self,
        forming: &Forming,
        options: &NodeOptions,
        at: Vec<Address>,
    ) -> Result<(), ClusterError> {
        let member = &self.office.member;
        if let Some(founding) = forming.chosen().filter(|founding| founding.cluster == member.cluster)
            && founding.members.contains_key(&member.id)
        {
            let members: BTreeMap<u64, Peer> =
                founding.members.into_iter().map(|(node, peer)| (node.0, peer)).collect();
            // Refused where it was done before: by this node in an earlier life, or by another one through the log.
            if let Err(error) = member.raft.initialize(members).await {
                debug!(%error, "begun already");
            }
        }
        let cluster = member.cluster;
        let asked: BTreeSet<Address> = at.into_iter().chain(options.join.iter().cloned()).collect();
        let has_moved = self.has_moved().await;
        let mut why = BTreeMap::new();
        let joined = timeout(options.patience, ask_to_join(member, asked, has_moved, &mut why)).await;
        joined.map_err(|_| {
            let why = why.into_iter().map(|(address, why): (Address, String)| format!("{address}: {why}"));
            let why: Vec<_> = why.collect();
            let why = if why.is_empty() { "no node was asked yet".to_owned() } else { why.join("; ") };
            ClusterError::NotLetIn { cluster, after: options.patience, why }
        })
    }

    /// Whether this node was a member elsewhere, and is not to be found there now.
    async fn has_moved(&self) -> bool {
        let member = &self.office.member;
        let before = member.address_of(member.id).filter(|before| *before != member.me.address);
        let Some(before) = before else { return false };
        let is_still_there = match timeout(FOUND, member.caller.network().open(&before)).await {
            Ok(Ok(conversation)) => conversation.peer == member.id,
            Ok(Err(error)) => SelfDial::is(&error),
            Err(_) => false,
        };
        if !is_still_there {
            warn!(
                now = %member.me.address, %before,
                "the other members know this node at another address: it tells them the new one"
            );
        }
        !is_still_there
    }

    /// Waits until anything can be decided.
    pub(super) async fn await_quorum(&self, patience: Duration) -> Result<(), ClusterError> {
        let begun = Instant::now();
        let mut quorum = self.quorum.clone();
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            let found = quorum.wait_for(|quorum| *quorum == Quorum::There);
            if timeout(left.min(TELL), found).await.is_ok() {
                info!("a quorum is there");
                return Ok(());
            }
            if begun.elapsed() >= patience {
                return Err(self.no_quorum(patience).await);
            }
            let (here, size) = self.count_voters().await;
            let left = patience.saturating_sub(begun.elapsed()).as_millis().div_ceil(1000);
            warn!("{here} of {size} members answer, more than half are needed, {left} s left");
        }
    }

    /// The error of a node that waited for a quorum for `after`.
    pub(super) async fn no_quorum(&self, after: Duration) -> ClusterError {
        let (here, size) = self.count_voters().await;
        ClusterError::NoQuorum { cluster: self.office.member.cluster, here, size, after }
    }

    /// How many voters answer, this node among them if it votes, and how many there are.
    async fn count_voters(&self) -> (usize, usize) {
        let member = &self.office.member;
        let own = usize::from(member.votes());
        let (mut here, mut size) = (own, own);
        for (node, peer) in member.other_voters() {
            let asked = timeout(Duration::from_secs(2), member.caller.network().open(&peer.address)).await;
            here += usize::from(matches!(asked, Ok(Ok(conversation)) if conversation.peer == node));
            size += 1;
        }
        (here, size)
    }
}

/// Asks the nodes that may know until this node is a member, and the others look for it at its address. Notes why no
/// node helps.
async fn ask_to_join<N: Network>(
    member: &Member<N>,
    mut asked: BTreeSet<Address>,
    has_moved: bool,
    why: &mut BTreeMap<Address, String>,
) {
    let is_found = || match member.address_of(member.id) {
        Some(address) => !has_moved || address == member.me.address,
        None => false,
    };
    while !is_found() {
        if member.leads().is_some() {
            // It was elected by members that it found although they did not find it.
            member.let_in(member.id, member.me.clone(), has_moved);
        }
        for address in asked.clone() {
            match member.ask_to_join(&address, has_moved).await {
                Ok(None) => {
                    let waits = "it is the leader, and a majority has not let this node in yet";
                    why.insert(address, waits.to_owned());
                }
                Ok(Some(leader)) => {
                    why.insert(address, format!("it says that {leader} is the leader"));
                    asked.insert(leader);
                }
                Err(reason) => {
                    why.insert(address, reason);
                }
            }
        }
        sleep(AGAIN).await;
    }
}
