//! Looking for the run that a node's data belongs to, without taking part in forming.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::cluster::address::Address;
use crate::cluster::peer::ClusterId;

use super::error::FormingError;
use super::lookout::{Ask, Lookout};
use super::voter::Forming;

/// How long the search must not find a running member before the result is that there is none.
const LOOK: Duration = Duration::from_secs(5);

/// A cluster that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    /// Which.
    pub(crate) cluster: ClusterId,
    /// Where its members were met.
    pub(crate) at: Vec<Address>,
}

/// Looks for members of `cluster`, whose data this node has. Returns `None` if no node runs it: every address has
/// answered or failed, and for five seconds none of them was a member.
///
/// # Errors
/// The peers run another cluster.
pub(crate) async fn find_running<A: Ask>(
    forming: &Forming,
    cluster: ClusterId,
    found: &watch::Receiver<BTreeSet<Address>>,
    ask: &A,
) -> Result<Option<Running>, FormingError> {
    find(forming, cluster, Some(cluster), found, ask).await
}

/// Looks for members of `cluster` as [`find_running`] does, but ignores members without a quorum.
///
/// # Errors
/// The peers run another cluster.
pub(crate) async fn find_deciding<A: Ask>(
    forming: &Forming,
    cluster: ClusterId,
    found: &watch::Receiver<BTreeSet<Address>>,
    ask: &A,
) -> Result<Option<Running>, FormingError> {
    find(forming, cluster, None, found, ask).await
}

async fn find<A: Ask>(
    forming: &Forming,
    cluster: ClusterId,
    paused: Option<ClusterId>,
    found: &watch::Receiver<BTreeSet<Address>>,
    ask: &A,
) -> Result<Option<Running>, FormingError> {
    let enough = Instant::now() + LOOK;
    let lookout = Lookout { forming, ask, found };
    lookout
        .look(|sight, asked| match sight.running(paused)? {
            Some((other, at)) if other != cluster => {
                let at = at.into_iter().next().unwrap_or_default();
                Err(FormingError::OtherCluster { own: cluster, other, at })
            }
            Some((cluster, at)) => Ok(Some(Some(Running { cluster, at }))),
            None => Ok((Instant::now() >= enough && sight.covers(asked)).then_some(None)),
        })
        .await
}
