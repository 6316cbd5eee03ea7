//! What can be asked of a cluster from outside: its key, its state, the end of its run.

use std::path::Path;

use crate::api::RunError;
use crate::cluster::{
    Address, AskError, ClusterKey, ClusterView, Identity, Libp2p, Limits, NetworkOptions, ask_status,
    ask_to_cancel, start_network,
};

/// Makes a key for a cluster and writes it to a file that must not be there yet.
///
/// # Errors
/// The file is there, or cannot be written.
pub fn make_key(file: &Path) -> Result<(), RunError> {
    ClusterKey::generate().write_new(file).map_err(|error| RunError::Settings(error.to_string()))
}

/// A way to a cluster for a client that is not a member.
pub struct Outsider {
    network: Libp2p,
    at: Address,
}

impl Outsider {
    /// Of the cluster that has a node at `at`.
    ///
    /// # Errors
    /// The address or the key file is none, or there is no network.
    pub async fn new(at: &str, key_file: Option<&Path>) -> Result<Self, RunError> {
        let at: Address = at.parse().map_err(|error| RunError::Settings(format!("--at: {error}")))?;
        let key = key_file.map(ClusterKey::read).transpose();
        let key = key.map_err(|error| RunError::Settings(error.to_string()))?;
        let (identity, limits) = (Identity::passing(), Limits::default());
        // A network must listen, but other nodes do not need this address.
        let listen = "127.0.0.1:0".parse().map_err(|error| RunError::Internal(format!("{error}")))?;
        let options = NetworkOptions { listen, identity, key, mdns: false, limits };
        let started = start_network(options).await;
        let network = started.map_err(|error| RunError::Cluster(Box::new(error.into())))?.network;
        Ok(Self { network, at })
    }

    /// How the cluster stands.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn status(&self) -> Result<ClusterView, AskError> {
        ask_status(self.network.clone(), &self.at).await
    }

    /// Cancels the run on all nodes; leased jobs come to their end, and the run can be resumed.
    ///
    /// # Errors
    /// The node does not answer, or there is no quorum.
    pub async fn cancel(&self) -> Result<(), AskError> {
        ask_to_cancel(self.network.clone(), &self.at).await
    }
}
