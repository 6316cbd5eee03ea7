//! What the user asked for: definition files, read, merged, normalised and validated.
//!
//! Knows YAML, the structure of definitions and where everything was written. Does not know which steps
//! and plugins exist: their names are strings here, resolved when a plan is made of the definitions. Only
//! the steps of the built-in chains are known by name, since the short form puts in what was left out.
//!
//! ```text
//! files ─ source ─▶ texts ─ yaml ─▶ trees ─ merge ─▶ one tree ─ compose ─▶ Definitions ─▶ check_references
//! ```

mod compose;
mod data_def;
mod fields;
mod fingerprint;
mod items;
mod locators;
mod merge;
mod node;
mod problem;
mod range;
mod references;
mod scalar;
mod source;
mod steps;
mod tasks;
mod types;
mod wording;
mod yaml;

#[cfg(test)]
mod tests;

pub use compose::check;
pub use compose::compose;
pub use problem::{Place, Problem, Problems, Severity, Spanned};
pub use references::check_references;
pub use source::SourceFile;
pub use source::read_folder;
pub use types::{
    DataDef, Definitions, FilterDef, FilterKind, IndexRange, ItemDef, LocatorDef, LocatorGroup, PluginDef,
    Setting, StepDef, TaskDef, TaskGroup,
};
