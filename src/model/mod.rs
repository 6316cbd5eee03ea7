//! Values that travel between modules, nodes and runs.
//!
//! Knows what a locator, a job, a document, parsed data and rows are, and how values become bytes. No
//! clock, no I/O, no decision: the caller passes everything that varies. Also knows how a text or a URL is shown to
//! people, because every module has messages.

mod cell_text;
pub mod codec;
mod data;
mod document;
mod fingerprint;
mod ids;
mod job;
mod locator;
mod nearest;
mod rows;
mod shown;
mod shown_url;

pub use cell_text::CellText;
pub use data::{Axis, AxisKind, Cell, Data, Row, Shape, Source};
pub use document::Document;
pub use fingerprint::Fingerprint;
pub use ids::{Epoch, Incarnation, JobKey, NodeId, RunId};
pub use job::{Failure, FailureClass, HostHint, HostPlaces, Job, Link};
pub use locator::Locator;
pub use nearest::nearest;
pub use rows::{Rows, SinkRows};
pub use shown::{shown, shown_json, shown_lines, shown_within};
pub use shown_url::{
    ShownUrl, is_web, scheme_of, shown_proxy, shown_url, shown_url_within, without_user_info,
};
