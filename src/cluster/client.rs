//! Questions from outside: how a cluster stands, and cancelling its run.
//!
//! Whoever asks has the cluster's key but is no member, and does not listen.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::address::Address;
use super::caller::{Caller, Purpose};
use super::network::Network;
use super::view::ClusterView;
use super::wire::{Answer, Question};

/// For an answer: a node may have to ask its leader.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// Nobody answers.
    #[error(
        "no answer from {at}: {source}; is a node running there, and is the key (`--key-file`) that of its cluster?"
    )]
    NoAnswer {
        /// Who was asked.
        at: Address,
        /// What happened.
        source: io::Error,
    },
    /// The node is there and works on nothing.
    #[error("the node at {0} is not a member of a cluster yet: it waits for a quorum")]
    NoRun(Address),
    /// The node cannot do it.
    #[error("the node at {at} could not: {why}")]
    Failed {
        /// Who was asked.
        at: Address,
        /// Why not.
        why: String,
    },
}

/// Asks the node at `at` how its cluster stands.
///
/// # Errors
/// See [`AskError`].
pub(crate) async fn ask_status<N: Network>(network: N, at: &Address) -> Result<ClusterView, AskError> {
    match ask(network, at, &Question::Status).await? {
        Answer::Status(view) => Ok(*view),
        other => Err(unexpected(at, &other)),
    }
}

/// Asks the node at `at` to cancel the run, on all nodes.
///
/// # Errors
/// See [`AskError`].
pub(crate) async fn ask_to_cancel<N: Network>(network: N, at: &Address) -> Result<(), AskError> {
    match ask(network, at, &Question::Cancel).await? {
        Answer::Yes => Ok(()),
        other => Err(unexpected(at, &other)),
    }
}

async fn ask<N: Network>(network: N, at: &Address, question: &Question) -> Result<Answer, AskError> {
    let asked = Caller::new(network).call(at, Purpose::Control, question, PATIENCE).await;
    asked.map(|(_, answer)| answer).map_err(|source| AskError::NoAnswer { at: at.clone(), source })
}

fn unexpected(at: &Address, answer: &Answer) -> AskError {
    let at = at.clone();
    match answer {
        Answer::NoRun => AskError::NoRun(at),
        Answer::Failed(why) => AskError::Failed { at, why: why.clone() },
        _ => AskError::Failed { at, why: "it gave an answer to another question".to_owned() },
    }
}
