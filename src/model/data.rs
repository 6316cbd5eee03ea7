//! Parsed data: rows of axes, before they are encoded.
//!
//! What a definition says of an axis is the same for every row, so it stands once in the [`Shape`]; a row
//! holds only values and positions.

use std::sync::Arc;

use compact_str::CompactString;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::CellText;

/// The role of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AxisKind {
    /// What the row is about.
    Item,
    /// A dimension of it.
    Dim,
    /// The fact itself.
    Fact,
}

impl AxisKind {
    /// The name used in definitions: `item`, `dim` or `fact`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Dim => "dim",
            Self::Fact => "fact",
        }
    }
}

/// What a definition says of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Its role.
    pub kind: AxisKind,
    /// Its name in the definition.
    pub name: CompactString,
    /// Its `match` text, as written.
    pub match_text: Option<CompactString>,
    /// Its `order`.
    pub order: u32,
}

/// The axes of every row that a dataDef can give.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Name of the dataDef.
    pub name: CompactString,
    /// One list of axes per item and fact: `[item, dims…, fact]`.
    pub templates: Vec<Vec<Axis>>,
}

/// Where data comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Identity of the job, for scripts.
    pub id: CompactString,
    /// Locator name.
    pub locator: CompactString,
    /// Group name.
    pub group: CompactString,
    /// Task name.
    pub task: CompactString,
    /// URL of the locator.
    pub url: String,
    /// URL of the page, after redirects: what links on it are relative to.
    pub page_url: String,
    /// The encoding of the page; the queries of its links are sent in it.
    pub encoding: &'static Encoding,
    /// When the page was fetched, in milliseconds since 1970.
    pub fetched_at: i64,
    /// Number of this page among the pages of its locator name and group, from 1.
    pub page: u32,
}

/// The value of one axis in one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The value; `None` where the page has none.
    pub value: Option<CellText>,
    /// The index that the odometer gave.
    pub index: u32,
}

/// One combination of axes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Index into [`Shape::templates`].
    pub template: u32,
    /// One cell per axis of the template, in its order.
    pub cells: SmallVec<[Cell; 4]>,
}

/// The rows of one task on one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// Where they come from.
    pub source: Arc<Source>,
    /// What the rows are made of.
    pub shape: Arc<Shape>,
    /// The rows, in odometer order.
    pub rows: Vec<Row>,
    /// What the page says that its links are relative to (`<base href>`), as it is written there. Read for links only.
    pub base: Option<Arc<str>>,
}

impl Data {
    /// The axes of `row`; none for a row that is not of this shape.
    #[must_use]
    pub fn axes(&self, row: &Row) -> &[Axis] {
        self.shape.templates.get(row.template as usize).map_or(&[], Vec::as_slice)
    }
}
