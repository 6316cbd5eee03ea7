//! `scoopi --mode cluster` as somebody uses it: several processes of the real program, each in a folder of its own.
//!
//! What the nodes are told and what becomes of their output, exit codes and words; how they agree is tested in
//! `src/cluster`, and what they survive in `tests/hammer.rs`. Each module is one subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

mod support;

#[path = "cluster/cancel.rs"]
mod cancel;
#[path = "cluster/composing.rs"]
mod composing;
#[path = "cluster/data.rs"]
mod data;
#[path = "cluster/end.rs"]
mod end;
#[path = "cluster/keepers.rs"]
mod keepers;
#[path = "cluster/key.rs"]
mod key;
#[path = "cluster/left.rs"]
mod left;
#[path = "cluster/mdns.rs"]
mod mdns;
#[path = "cluster/numbers.rs"]
mod numbers;
#[path = "cluster/politeness.rs"]
mod politeness;
#[path = "cluster/quickstart.rs"]
mod quickstart;
#[path = "cluster/quorum.rs"]
mod quorum;
#[path = "cluster/scenarios.rs"]
mod scenarios;
#[path = "cluster/status.rs"]
mod status;
