//! Pages as trees, and questions asked of them.
//!
//! Knows HTML, a CSS dialect, XPath 1.0 and the regular expressions that definitions use. Does not know
//! jobs, steps, definitions or where a page came from: text comes in, nodes and texts go out. Everything
//! here is bounded by [`Limits`], because every page is hostile until read.
//!
//! ```text
//! bytes ─ decode ─▶ text ─ Tree::parse_html ─▶ Tree ◀─ css::Query / xpath::Query (compiled once)
//! ```

pub mod css;
mod decode;
mod limits;
mod markup;
mod regex;
mod template;
mod text;
pub mod tree;
pub mod xpath;

pub use decode::{decode, encoding};
pub use limits::{Limits, Meter, QueryError};
pub use markup::outer_html;
pub use regex::{JavaRegex, JavaRegexError};
pub use template::{Bindings, Part, Template, TemplateError};
pub use text::{normal_text, own_text};
pub use tree::Tree;
