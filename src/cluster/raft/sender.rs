//! Whether a message of Raft comes from the node in whose name it speaks.
//!
//! Knows votes and the node that the network has proven; does not know what else a message says.

use std::io;

use openraft::Vote;

use crate::model::NodeId;

/// Whether a vote is that of the node which sent it.
///
/// # Errors
/// It is not.
pub(super) fn prove(from: NodeId, vote: &Vote<u64>) -> io::Result<()> {
    let claimed = NodeId(vote.leader_id().node_id);
    if claimed == from {
        return Ok(());
    }
    let why = format!("node {from} sends a message in the name of node {claimed}");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}
