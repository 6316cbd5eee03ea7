//! JavaScript for definitions, bounded in memory and time.
//!
//! Two kinds of scripts: an item script gives the value of an axis ([`PageScripts`]), a data script changes
//! the rows of a task ([`DataScript`]). A script sees what it is handed and nothing else: no file, no
//! network, no module, no process. A script that is wrong or hostile costs its task, and the error names
//! the script and either the place in it or the limit; see `docs/decisions/0004-scripts-in-a-sandbox-thread.md` for what the
//! limits hold and what they do not.
//!
//! Knows JavaScript and the data model; does not know definitions, steps or settings: limits,
//! configuration and script texts are handed in.

mod bridge;
mod compiled;
mod data;
mod engine;
mod error;
mod host;
mod limits;
mod page;
mod sandbox;
mod snapshot;

pub use compiled::CompiledScript;
pub use data::{DataScript, SourceText};
pub use error::{Place, ScriptError};
pub use host::{Configs, PageFacts};
pub use limits::{Limit, ScriptLimits};
pub use page::PageScripts;
pub use sandbox::Sandbox;

#[cfg(test)]
mod tests;
