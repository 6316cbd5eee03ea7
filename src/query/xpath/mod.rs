//! XPath 1.0, compiled once and asked of many pages.
//!
//! Knows the whole expression language and the tree. Does not know definitions, beyond [`Selector`], which
//! says what of a result is the value. Own engine, because the pages are flat trees whose string values are
//! slices, because values are bound without ever being read as code, and because every query is metered:
//! a page cannot make one hang.
//!
//! ```text
//! Template ─ source ─▶ token ─ parse ─▶ Expr ─ optimise ─▶ Program ─ eval (Tree, Bindings, Meter) ─▶ Value
//! ```
//!
//! Differences from the recommendation: names of elements and attributes mean their lower-case forms (HTML
//! pages hold no others), there are no name spaces (`a:b` is a plain name, the namespace axis is empty) and
//! no processing instructions (HTML reads them as comments), `id()` looks at attributes called `id`,
//! numbers in a query may have an exponent, and `lower-case()`, `upper-case()` and `ends-with()` exist.

mod case;
mod compile;
mod eval;
mod expr;
mod function;
mod node;
mod number;
mod optimise;
mod parse;
mod program;
mod query;
mod selector;
mod source;
mod token;
mod value;
mod value_type;

#[cfg(test)]
mod tests;

pub use node::XNode;
pub use query::Query;
pub use selector::Selector;
pub use value::Context;
pub use value::Value;
