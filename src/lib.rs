//! scoopi: a folder of YAML definitions goes in, rows of data come out.
//!
//! The program `scoopi` is a thin shell around this library. To run definitions from a program of your own,
//! make a [`RunRequest`](api::RunRequest), start a [`Run`](node::Run), receive rows through its
//! channel and wait for its end; `examples/embedded.rs` does so in a page of code.
//!
//! `docs/ARCHITECTURE.md` says how the modules fit together; `tests/layering.rs` holds which one may know which.

#[cfg(not(unix))]
compile_error!("scoopi needs a Unix: signals, file modes and plain-file checks have no other form here");

pub mod api;
pub mod cli;
pub mod cluster;
pub mod compose;
pub mod conf;
pub mod date;
pub mod defs;
pub mod durable;
pub mod engine;
pub mod fetch;
pub mod model;
pub mod node;
pub mod observe;
pub mod persist;
pub mod plugin;
pub mod query;
pub mod script;
pub mod steps;
pub mod store;

/// What unit tests share with those of the whole program.
#[cfg(test)]
#[path = "../tests/support/needs.rs"]
mod needs;
