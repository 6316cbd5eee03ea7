//! Composing a run: from definitions and settings to a plan, and to what the nodes of a cluster share.
//!
//! Knows what each setting means for the room that uses it. Starts nothing, and waits for nothing.

mod changes;
mod check;
mod cluster_options;
mod configs;
mod output_place;
mod parts;
mod pool_names;
mod published;
mod rules;
mod settings_check;
mod wiring;

pub(crate) use changes::{changes, differ};
pub use check::check;
pub(crate) use cluster_options::{MDNS_ALONE, cannot_dial, key, node_options};
pub(crate) use output_place::output_place;
pub(crate) use parts::{Parts, new_run};
pub(crate) use published::{Composed, Stored};
pub(crate) use settings_check::check_settings;
pub use wiring::{fetch_settings, limits};
pub(crate) use wiring::{log_settings, zone};
