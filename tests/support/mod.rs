//! What the tests of whole programs share.
//!
//! Each test binary takes in the parts that it uses.
#![allow(dead_code, reason = "every test binary compiles all of this and uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its own functions"
)]

pub(crate) mod cluster;
pub(crate) mod conformance;
pub(crate) mod held;
pub(crate) mod needs;
pub(crate) mod no_configs;
pub(crate) mod peer;
pub(crate) mod random;
pub(crate) mod response;
pub(crate) mod rows;
pub(crate) mod scoopi;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod steps;
