//! The real machine in a small world that does every harm it can, in every order.
//!
//! ```text
//! Setup ─ sizes, pages, faults ─▶ World ─ Action ─▶ World      stateright visits every world there is
//!                                   │ Node    what a node knows, asks, hears
//!                                   │ Ledger  what was seen from outside, and so what must hold
//!                                   ▼
//!                               Decisions ─▶ Machine::apply    each decision is made once and remembered
//! ```
//!
//! A new command of the machine needs a line where a node asks for it (`Node::wishes`) and where it hears the
//! answer (`Node::hear`), or an [`Action`](world::Action) if it comes from elsewhere; and one in
//! `Ledger::observe` if it promises something that was not promised before. Repetition, delay, loss of the answer
//! and crash of the asker come for free. A new fault is a field of [`Faults`](setup::Faults) and an action.

mod decisions;
mod explore;
mod ledger;
mod node;
mod setup;
mod world;

pub(crate) use explore::{Explored, explore};
pub(crate) use setup::{Begins, Faults, Nature, Page, Setup, Site};
