//! An entry of the catalogue of sinks.

use std::sync::Arc;

use crate::plugin::{self, PluginBuild};

use super::sink::Target;

/// A kind of sink. Its function reports what is wrong with the settings of a definition, and returns `None` then.
pub type Entry = plugin::Entry<fn(&mut PluginBuild<'_>) -> Option<Arc<dyn Target>>>;
