//! A node's life, from a request to a run that has ended: alone, or in a cluster.
//!
//! Solo or cluster is chosen here and nowhere else.

mod backend;
mod cluster;
mod data_folder;
mod outside;
mod run;
#[cfg(test)]
mod simulation;
mod solo;
mod telling;
mod work;

pub use outside::{Outsider, make_key};
pub use run::Run;
