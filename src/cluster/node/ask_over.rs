//! The questions of forming, asked over the network. Knows nothing of their answers.

use std::io;
use std::time::Duration;

use crate::cluster::address::Address;
use crate::cluster::caller::{Caller, Purpose};
use crate::cluster::forming::{self, Ask};
use crate::cluster::network::Network;
use crate::cluster::wire::{Answer, Question};
use crate::model::NodeId;

/// Asks the questions of forming over the network.
pub(super) struct AskOver<'a, N: Network>(pub(super) &'a Caller<N>);

/// For an answer to a question of forming.
const FORMING: Duration = Duration::from_secs(3);

impl<N: Network> Ask for AskOver<'_, N> {
    async fn ask(&self, to: &Address, request: forming::Request) -> io::Result<(NodeId, forming::Answer)> {
        match self.0.call(to, Purpose::Control, &Question::Form(request), FORMING).await? {
            (from, Answer::Form(answer)) => Ok((from, answer)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
