//! Questions from outside: how a cluster stands, and cancelling its run.
//!
//! The client has the cluster's key, but it is not a member and does not listen.

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
    /// The node does not answer.
    #[error("no answer from {at}: {why}; {help}")]
    NoAnswer {
        /// Who was asked.
        at: Address,
        /// What happened.
        why: String,
        /// What to do about it.
        help: &'static str,
    },
    /// The node is there and works on nothing.
    #[error("the node at {0} is not a member of a cluster yet: it waits for a quorum")]
    NoRun(Address),
    /// There is no quorum.
    #[error(
        "the run is not cancelled yet (quorum {quorum}): the node at {at} cancels it as soon as it can, for as long as it \
         runs; Ctrl-C ends one node"
    )]
    Later {
        /// Who was asked.
        at: Address,
        /// How it stands.
        quorum: String,
    },
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
    asked.map(|(_, answer)| answer).map_err(|error| no_answer(at, &error))
}

fn no_answer(at: &Address, error: &io::Error) -> AskError {
    let is_seen = error.get_ref().is_some();
    let help = match error.kind() {
        io::ErrorKind::ConnectionRefused => "is a node running there?",
        io::ErrorKind::PermissionDenied => "is the key (`--key-file`) that of its cluster?",
        io::ErrorKind::TimedOut if !is_seen => "the node is there, but it is too busy or has stopped",
        io::ErrorKind::TimedOut | io::ErrorKind::NotFound => "is this the right address?",
        io::ErrorKind::ConnectionAborted => "try again, and look at the log of the node",
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidData => "ask with the same version of scoopi",
        _ => "is a node running there?",
    };
    let text = match error.kind() {
        io::ErrorKind::TimedOut if !is_seen => format!("nothing in {} s", PATIENCE.as_secs()),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if !is_seen => {
            "the connection was closed before the answer".to_owned()
        }
        _ => error.to_string(),
    };
    let why = text.strip_prefix(&format!("{at}: ")).unwrap_or(&text).to_owned();
    AskError::NoAnswer { at: at.clone(), why, help }
}

fn unexpected(at: &Address, answer: &Answer) -> AskError {
    let at = at.clone();
    match answer {
        Answer::NoRun => AskError::NoRun(at),
        Answer::Later(quorum) => AskError::Later { at, quorum: quorum.clone() },
        Answer::Failed(why) => AskError::Failed { at, why: why.clone() },
        _ => AskError::Failed { at, why: "it answered another question".to_owned() },
    }
}
