//! Nodes that find each other and agree, once and for all, on who founds the cluster.
//!
//! Knows a list of addresses, who answers there, and one decision: a [`Founding`](super::peer::Founding). It is made by
//! single-decree Paxos, whose voters are the nodes at the declared addresses and whose quorum is more than half of
//! them; so two clusters cannot come out of one list, whatever is lost, late, cut off or started twice. Does not know
//! Raft, which each member of the result starts with exactly that result, nor how questions travel ([`Ask`]).
//!
//! ```text
//!  lookout ── Hello, again and again ──▶ sight: who is there ──▶ driver: when, and who proposes
//!                                                                   │ Prepare, Accept, Chosen
//!  every node:  Forming ── acceptor + file `forming` ◀──────────────┘ proposal
//! ```
//!
//! What Paxos asks for and no program can check: a node keeps its file. A disk that is lost (or `--fresh`) while the
//! cluster that it founded is out of reach, together with a majority of the list, is a voter that forgot its vote.

mod acceptor;
mod ballot;
mod declared;
mod driver;
mod error;
mod file;
mod lookout;
mod message;
mod proposal;
mod running;
mod sight;
mod voter;
mod waiting;

pub(crate) use declared::{Declared, DeclaredError};
pub(crate) use driver::{Formed, Options, form};
pub(crate) use error::FormingError;
pub(crate) use lookout::Ask;
pub(crate) use message::{Answer, Request, Standing};
pub(crate) use running::{find_deciding, find_running};
pub(crate) use voter::Forming;
pub(crate) use waiting::Waiting;

#[cfg(test)]
mod tests;
