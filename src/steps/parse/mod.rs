//! Takes data out of a page, as a dataDef says.
//!
//! Knows dataDefs, pages and both query languages. Does not know what happens to the data.
//!
//! ```text
//! DataDef ─ program (once) ─┐
//! Page ─ tree ──────────────┴─ extract: odometer × axes, cache ─▶ Data
//! ```

mod cache;
mod engine;
mod extract;
mod odometer;
mod program;
mod step;
mod variables;

pub(super) use step::ENTRY;
