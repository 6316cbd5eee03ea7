//! What the composer publishes for every node, and how a node reads it back.
//!
//! Knows the keys and the bytes. Does not know where they are kept.

use std::sync::Arc;

use compact_str::CompactString;

use crate::api::RunError;
use crate::conf::Settings;
use crate::defs::{self, Place, Problem, Problems};
use crate::model::Fingerprint;
use crate::steps::ScriptTexts;

/// What the composer hands to every node, as it stands in the store.
#[derive(Debug, Clone)]
pub(crate) struct Composed {
    /// Effective definitions as JSON.
    pub(crate) definitions: Vec<u8>,
    /// Settings as JSON.
    pub(crate) settings: Vec<u8>,
    /// The scripts that definitions name, as JSON.
    pub(crate) scripts: Vec<u8>,
    /// Fingerprint of all.
    pub(crate) fingerprint: Fingerprint,
}

/// Keys of the values that a run is made of.
const DEFINITIONS: &str = "definitions";
const SETTINGS: &str = "settings";
const SCRIPTS: &str = "scripts";

/// What was composed, as it was read back.
pub(crate) struct Stored {
    pub(crate) definitions: defs::Definitions,
    pub(crate) settings: Settings,
    pub(crate) scripts: Arc<ScriptTexts>,
}

impl Composed {
    /// Writes definitions, settings and scripts down.
    pub(super) fn new(
        definitions: &defs::Definitions,
        settings: &Settings,
        scripts: &ScriptTexts,
    ) -> Result<Self, RunError> {
        let json = |error: serde_json::Error| RunError::Internal(error.to_string());
        let definitions = serde_json::to_vec(definitions).map_err(json)?;
        // Each node, and each resumed run, takes secrets from its own configuration.
        let settings = serde_json::to_vec(&settings.without_secrets()).map_err(json)?;
        let scripts = serde_json::to_vec(&scripts.all()).map_err(json)?;
        let fingerprint = Fingerprint::of([&definitions[..], &settings[..], &scripts[..]]);
        Ok(Self { definitions, settings, scripts, fingerprint })
    }

    /// The values, by the keys that they have in the store.
    pub(crate) fn entries(self) -> Vec<(CompactString, Vec<u8>)> {
        vec![
            (DEFINITIONS.into(), self.definitions),
            (SETTINGS.into(), self.settings),
            (SCRIPTS.into(), self.scripts),
        ]
    }

    /// Reads what a store holds.
    pub(crate) fn read(value: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Stored, RunError> {
        let read = || -> Result<Stored, serde_json::Error> {
            let definitions = serde_json::from_slice(&value(DEFINITIONS).unwrap_or_default())?;
            let settings = serde_json::from_slice(&value(SETTINGS).unwrap_or_default())?;
            let scripts = match value(SCRIPTS) {
                Some(scripts) => ScriptTexts::given(serde_json::from_slice(&scripts)?),
                None => ScriptTexts::from_disk(),
            };
            Ok(Stored { definitions, settings, scripts: Arc::new(scripts) })
        };
        read().map_err(|error| {
            let place = Place::nowhere("the unfinished run");
            let help = "it was written by another version of scoopi: start over with --fresh";
            let mut problems = Problems::default();
            problems.push(Problem::error(&place, format!("its definitions cannot be read: {error}"), help));
            RunError::Definitions(problems)
        })
    }
}
