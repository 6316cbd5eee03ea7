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
mod frame;
mod identity;
mod key;
mod libp2p;
mod network;
mod peer;
mod private_file;
mod raft;

pub use address::{Address, AddressError};
pub use identity::{Identity, IdentityError};
pub use key::{ClusterKey, KeyError};
pub use libp2p::NetworkError;
pub use peer::{ClusterId, Founding, Peer};
