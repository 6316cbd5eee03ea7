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
//! What stands on one line knows nothing of the lines below it:
//!
//! * `fold`, `needle`, `nth`, `source`, `recent`, `attribute`: texts, numbers and attributes
//! * `plan`: what a selector is; `stem`: a plan in two parts
//! * `recipe`, `program`: how a test is made from a text, and what waits for values
//! * `pseudo`, `parse`: from text to program
//! * `position`, `index`, `distinct`: what is remembered of a page while it is asked
//! * `matcher`, `scan`, `upward`, `chain`, `by_stem`: running a program
//! * `query`, `selector`: the types that others use

mod attribute;
mod by_stem;
mod chain;
mod distinct;
mod fold;
mod index;
mod matcher;
mod needle;
mod nth;
mod parse;
mod plan;
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
