//! Requests that only a leader's Raft answers.

use openraft::{Raft, RaftMetrics};

use crate::cluster::peer::Peer;

use super::types::TypeConfig;

/// Returns the result of a request to this member's Raft, as the leader. `None` if it no longer leads before there is
/// an answer: openraft does not answer what a deposed leader was asked, where a snapshot of the next leader takes the
/// place of its log.
pub(crate) async fn while_leading<T>(raft: &Raft<TypeConfig>, request: impl Future<Output = T>) -> Option<T> {
    let mut metrics = raft.metrics();
    let term = metrics.borrow().current_term;
    let is_deposed =
        |now: &RaftMetrics<u64, Peer>| now.current_term != term || now.current_leader != Some(now.id);
    tokio::select! {
        biased;
        given = request => Some(given),
        _deposed_or_ended = metrics.wait_for(is_deposed) => None,
    }
}
