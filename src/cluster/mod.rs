//! Nodes that find each other and agree on one log.
//!
//! Knows peers, addresses, keys, Raft and how they talk; libp2p and openraft appear here and nowhere else. Does not
//! know what a job's work is: above [`Commit`](crate::store::Commit) everything is as it is on one machine.
//!
//! ```text
//!  forming ─▶ founding members ─▶ raft (log store, state machine, network) ─▶ ClusterCommit
//!     └───────────── caller / server ─────────────┘            frames over streams
//!                         └── Network ── libp2p: tcp, cluster key, noise, yamux
//! ```

mod address;
mod caller;
mod cancelling;
mod client;
mod cluster_file;
mod commit;
mod contact;
mod desk;
mod elections;
mod error;
mod farewell;
mod figures;
mod forming;
mod frame;
mod hints;
mod identity;
mod key;
mod libp2p;
mod member;
mod network;
mod node;
mod office;
mod overview;
mod peer;
mod places;
mod private_file;
mod quorum;
mod quorum_watch;
mod raft;
mod seldom;
mod sessions;
mod upkeep;
mod view;
mod visitors;
mod voters;
mod wire;

pub use address::{Address, AddressError};
pub use client::AskError;
pub(crate) use client::{ask_status, ask_to_cancel};
pub use commit::ClusterCommit;
pub use error::ClusterError;
pub use farewell::Keepers;
pub use figures::NodeFigures;
pub(crate) use forming::{Declared, Waiting};
pub(crate) use hints::{gather, tell};
pub use identity::{Identity, IdentityError};
pub use key::{ClusterKey, KeyError};
pub use libp2p::NetworkError;
pub(crate) use libp2p::{Libp2p, Limits, Options as NetworkOptions, start as start_network};
pub use member::Timing;
pub(crate) use network::Network;
#[cfg(test)]
pub(crate) use network::{Conversation, SelfDial};
pub(crate) use node::{ClusterNode, Leave, LeftBehind, start};
pub use node::{NodeOptions, OnComposed};
pub use peer::{ClusterId, Founding, Peer};
pub use quorum::Quorum;
#[cfg(test)]
pub use raft::SimulatedDisk;
pub use raft::Storage;
pub use view::{ClusterView, MemberState, MemberView, QuorumView, Role};
