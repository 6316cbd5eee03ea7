//! What settings say of this node as a member of a cluster.
//!
//! Checks what does not fit together. Opens nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::api::{Existing, RunError, RunRequest};
use crate::cluster::{Address, ClusterKey, Keepers, NodeOptions, Peer, Storage, Timing};
use crate::conf::Settings;

use super::wiring::log_settings;

/// The message for a node that finds others by multicast but does not know their number.
pub(crate) const MDNS_ALONE: &str = "scoopi.cluster.mdns finds nodes, but the number of nodes is not set, so each \
                                     node could begin alone: write `--set cluster.size=N` on every node";

/// The message for a node whose listen address others cannot dial.
pub(crate) fn cannot_dial(listen: &Address) -> String {
    format!(
        "scoopi.cluster.listen is {listen}, which others cannot dial: name the address that they use with \
         `--set cluster.advertise=HOST:PORT`"
    )
}

/// Returns the options of the member that is `me` for others.
pub(crate) fn node_options(
    request: &RunRequest,
    folder: PathBuf,
    me: Peer,
    join: Vec<Address>,
) -> Result<NodeOptions, RunError> {
    let own = &request.settings.cluster;
    let (kind, durability) = log_settings(&request.settings)?;
    let millis = Duration::from_millis;
    Ok(NodeOptions {
        folder,
        me,
        join,
        size: (own.size > 0).then_some(own.size as usize),
        quorum: (own.quorum.size > 0).then_some(own.quorum.size as usize),
        patience: millis(own.quorum.timeout),
        storage: Storage::Disk { kind, durability },
        timing: Timing {
            session: millis(own.session.max(100)),
            // A node that is heard less often would be taken for dead.
            keep_alive: millis(own.keep_alive.min(own.session / 3).max(10)),
            election: millis(own.election.max(50)),
            voter: millis(own.voter_timeout),
            linger: millis(own.linger),
        },
        snapshot_after: request.settings.store.snapshot_after.max(1),
        keepers: match own.output_on.as_str() {
            "all" => Keepers::All,
            "leader" => Keepers::Leader,
            name => Keepers::Named(name.into()),
        },
        resumes: request.existing == Existing::Resume,
    })
}

/// The cluster's key. It may be absent only if no node can be reached from other machines.
pub(crate) fn key<'a>(
    settings: &Settings,
    addresses: impl Iterator<Item = &'a Address>,
) -> Result<Option<ClusterKey>, RunError> {
    if let Some(file) = &settings.cluster.key_file {
        return ClusterKey::read(Path::new(file))
            .map(Some)
            .map_err(|error| RunError::Settings(error.to_string()));
    }
    let mut reachable = addresses.filter(|address| !address.is_loopback());
    match reachable.next() {
        None => Ok(None),
        Some(address) => Err(RunError::Settings(format!(
            "{address} can be reached from other machines, so the cluster needs a key: make one with `scoopi keygen \
             FILE`, copy it to every host and name it with `--key-file FILE`"
        ))),
    }
}
