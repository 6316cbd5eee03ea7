//! What the tests of whole programs share.
//!
//! Each test binary takes in the parts that it uses.
#![allow(dead_code, reason = "every test binary compiles all of this and uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod response;
pub(crate) mod server;
