//! The CSS dialect of definitions: jsoup's selectors, on our tree.
//!
//! ```text
//! Template ─ source ─▶ parse ─▶ Program (plans of steps of tests)
//! Program ─ bind ─▶ scan ─▶ nodes ─ Selector ─▶ text
//! ```
//!
//! A query is compiled once. Placeholders stay in it as slots that are filled for each evaluation, a number
//! or a short text each; only where a placeholder stands for a piece of the selector itself, the filled text
//! is compiled when it is first seen. Knows trees and texts; not what the values of placeholders mean.
//!
//! * `source`, `parse`, `pseudo`, `attribute`, `nth`: from text to program
//! * `program`, `recipe`: what a program is, and how a test is made from a text
//! * `chain`, `stem`, `scan`, `upward`, `matcher`, `index`, `position`, `needle`, `fold`: running it
//! * `query`, `selector`, `recent`: the types that others use, and their caches

mod attribute;
mod chain;
mod fold;
mod index;
mod matcher;
mod needle;
mod nth;
mod parse;
mod position;
mod program;
mod pseudo;
mod query;
mod recent;
mod recipe;
mod scan;
mod selector;
mod source;
mod stem;
mod upward;

#[cfg(test)]
mod tests;

pub use query::Query;
pub use selector::Scratch;
pub use selector::Selector;
