//! scoopi: a folder of YAML definitions goes in, rows of data come out.
//!
//! Definitions say which pages to load, what to extract from them and where rows go. The program `scoopi` runs them from
//! the command line; this crate runs them inside of a program of your own:
//!
//! 1. Make a [`RunRequest`] of [`Settings`] and [`Definitions`].
//! 2. [`Run::deliveries`] gives a channel for the rows of `list` appenders.
//! 3. [`Run::start`] checks everything, opens the log of the run and begins; [`RunHandle`] watches and cancels it.
//! 4. [`RunHandle::ended`] waits for the [`Report`].
//!
//! A run needs a tokio runtime with time and I/O. What is committed survives a crash: the same request with
//! [`Existing::Resume`] continues the run.
//!
//! ```
//! use scoopi::{Definitions, Outcome, Run, RunRequest, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("towns.html"), "<ul><li>Orrin</li><li>Tarvie</li></ul>")?;
//!
//! let definitions = Definitions::text("towns.yml", r#"
//! locatorGroups: { towns: { locators: [ { name: coast, url: "/towns.html" } ] } }
//! taskGroups: { towns: { list: { dataDef: town, steps: listed } } }
//! steps: { listed: [ parser: css, appender: { list: { list: towns, encoder: jsonLines } } ] }
//! dataDefs:
//!   town:
//!     query: { block: ul, selector: "li:nth-child(%{item.index})" }
//!     items: [ { name: town, indexRange: 1-2, value: Town } ]
//! "#);
//! let mut settings = Settings::default();
//! settings.store.dir = folder.path().join("data").to_string_lossy().into_owned();
//! settings.appender.file.base_dir = folder.path().join("output").to_string_lossy().into_owned();
//!
//! let mut run = Run::new(RunRequest::new(settings).definitions(definitions).root(folder.path()));
//! let mut deliveries = run.deliveries(16);
//! let mut handle = run.start().await?;
//! let mut rows = vec![];
//! while let Some(delivery) = deliveries.recv().await {
//!     rows.extend(delivery.lines().map(|row| String::from_utf8_lossy(row).into_owned()));
//! }
//! let report = handle.ended().await?;
//! assert_eq!((report.outcome, rows.len()), (Outcome::Complete, 2));
//! assert!(rows[0].ends_with(r#""fact":"Orrin"}"#), "{rows:?}");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! `docs/guide/library.md` in the repository has more; `docs/ARCHITECTURE.md` says how the rooms of the crate fit together.

#[cfg(not(unix))]
compile_error!("scoopi needs a Unix: signals, file modes and plain-file checks have no other form here");

mod api;
mod cli;
mod cluster;
mod compose;
mod conf;
mod date;
mod defs;
mod durable;
mod engine;
mod fetch;
#[doc(hidden)]
pub mod internals;
mod model;
mod node;
mod observe;
mod persist;
mod plugin;
mod query;
mod script;
mod sinks;
mod steps;
mod store;

pub use api::{Definitions, Existing, Mode, Outcome, Progress, Report, RunError, RunHandle, RunRequest};
pub use cluster::ClusterError;
pub use conf::{ConfError, Layers, Origins, Settings};
pub use defs::{Place, Problem, Problems, Severity, SourceFile};
pub use engine::{FiguresView, SeedError, Shutdown};
pub use node::Run;
pub use sinks::{Delivery, SinkReport};
pub use store::machine::{Counts, Phase};
pub use store::solo::SoloError;
pub use store::{ProjectionError, StoreError};

/// What unit tests share with those of the whole program.
#[cfg(test)]
#[path = "../tests/support/needs.rs"]
mod needs;
