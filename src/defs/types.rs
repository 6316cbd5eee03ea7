//! Definitions as the engine sees them: merged, normalised, every default filled in.
//!
//! They travel as JSON (the composer publishes them, a resumed run reads them back), so every type here
//! reads what it writes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Fingerprint;

use super::{Place, Spanned};

/// All that was asked for. Lists are in the order in which things were written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definitions {
    /// Where to begin.
    pub locator_groups: Vec<LocatorGroup>,
    /// What to do with the pages of a group.
    pub task_groups: Vec<TaskGroup>,
    /// What to take from a page.
    pub data_defs: Vec<DataDef>,
}

/// Named URLs to begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocatorGroup {
    /// Its name, which is also that of its task group.
    pub name: Spanned<String>,
    /// At least one.
    pub locators: Vec<LocatorDef>,
}

/// A named URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocatorDef {
    /// The name that rows carry.
    pub name: Spanned<String>,
    /// The URL as written.
    pub url: Spanned<String>,
}

/// The tasks that every page of a group goes through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskGroup {
    /// Its name.
    pub name: Spanned<String>,
    /// How long a kept page is good for, as written.
    pub live: Option<Spanned<String>>,
    /// In file order: the first one's loader loads the page.
    pub tasks: Vec<TaskDef>,
}

/// One dataDef, and the chain of steps that its data goes through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDef {
    /// Its name.
    pub name: Spanned<String>,
    /// The name of a dataDef.
    pub data_def: Spanned<String>,
    /// Whether parsed data is kept (`persist.data`).
    pub persist_data: bool,
    /// The chain, from the step after the seeder to the last one.
    pub steps: Vec<StepDef>,
}

/// A step of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDef {
    /// Its name in the chain; names the pool (`scoopi.poolsize.<name>`).
    pub name: String,
    /// What it is: a short name such as `parser`, or a class name.
    pub kind: Spanned<String>,
    /// Fields of the step other than its plugins.
    pub settings: Vec<Setting>,
    /// Its plugins.
    pub plugins: Vec<PluginDef>,
}

/// A plugin of a step, or of another plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginDef {
    /// Its name, for messages; the kind when it has none.
    pub name: String,
    /// What it is: a short name such as `csv`, or a class name.
    pub kind: Spanned<String>,
    /// Its fields other than name, class and plugins.
    pub settings: Vec<Setting>,
    /// Plugins within it.
    pub plugins: Vec<PluginDef>,
}

/// A field of a step or plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Where the value stands.
    pub place: Place,
}

/// What to take from a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataDef {
    /// Its name.
    pub name: Spanned<String>,
    /// `query.block`.
    pub block: Option<Spanned<String>>,
    /// `query.selector`, which finds the fact.
    pub selector: Option<Spanned<String>>,
    /// At least one.
    pub items: Vec<ItemDef>,
    /// Dimensions of every row.
    pub dims: Vec<ItemDef>,
    /// Exactly one, named `fact`.
    pub facts: Vec<ItemDef>,
    /// Fingerprint of the effective definition: changes when what is extracted may change.
    pub fingerprint: Fingerprint,
}

/// One item, dim or fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemDef {
    /// Its name, unique in its dataDef.
    pub name: Spanned<String>,
    /// A constant value.
    pub value: Option<Spanned<String>>,
    /// `match`: a constant text for queries, backslashes and all.
    pub match_text: Option<Spanned<String>>,
    /// A query of its own.
    pub selector: Option<Spanned<String>>,
    /// A script that gives the value.
    pub script: Option<Spanned<String>>,
    /// Which indexes it runs through.
    pub range: IndexRange,
    /// Values that end an open range.
    pub break_after: Vec<Spanned<String>>,
    /// Its order, 1-based.
    pub order: u32,
    /// When to drop a row.
    pub filters: Vec<FilterDef>,
    /// Texts put before the value, the first one first.
    pub prefix: Vec<Spanned<String>>,
    /// The task group for the link that the value is.
    pub link_group: Option<Spanned<String>>,
    /// Values that are not links.
    pub link_break_on: Vec<Spanned<String>>,
}

/// Which indexes an axis runs through, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRange {
    /// The first index.
    pub from: u32,
    /// The last index; `None` is open, ended by `breakAfter`.
    pub to: Option<u32>,
}

/// A reason to drop a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilterDef {
    /// What is looked at.
    pub kind: FilterKind,
    /// A text or a Java regular expression for the whole text.
    pub pattern: Spanned<String>,
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilterKind {
    /// The value of the axis.
    Value,
    /// Its `match` text.
    Match,
}
