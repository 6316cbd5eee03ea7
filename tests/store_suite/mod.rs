//! Questions for any store, and for the one that runs alone.

mod kill;
mod output;
mod questions;
mod recovery;
mod solo;
mod stories;

pub(crate) use kill::{child_works, survives_kills};
pub(crate) use questions::ask_all;
pub(crate) use recovery::ask_recovery;
pub(crate) use solo::{Solo, ask_solo};
