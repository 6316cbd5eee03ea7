//! The attack kit: what pages, peers, files and users may send, and what must come of it.
//!
//! One module for each area, and a file for each kind of attack where there are many; a case is an input and what must
//! happen, and each one that fails is named.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

#[path = "hostile/cases.rs"]
mod cases;
#[path = "hostile/fetch/mod.rs"]
mod fetch;
#[path = "hostile/hosts.rs"]
mod hosts;
#[path = "hostile/peers.rs"]
mod peers;
#[path = "hostile/query/mod.rs"]
mod query;
mod support;
#[path = "hostile/surface/mod.rs"]
mod surface;
#[path = "hostile/tls.rs"]
mod tls;
