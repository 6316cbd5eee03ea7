//! A machine under a hostile schedule: a world of clients, and an oracle that knows what they were promised.
//!
//! One seed decides everything: sizes, rules, pages, faults, schedule.

mod client;
mod hosts;
mod oracle;
mod pages;
mod random;
pub(crate) mod told;
mod votes;
mod world;

pub(crate) use oracle::Oracle;
pub(crate) use random::seeds;
pub(crate) use world::World;
