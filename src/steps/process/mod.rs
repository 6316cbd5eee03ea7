//! Changes data on its way: drops rows, converts values, runs scripts, turns values into links.

pub mod converter;
pub(super) mod filter;
mod left_out;
pub(super) mod links;
pub mod script;
