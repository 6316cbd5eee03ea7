//! What a run is asked to do.

use std::path::PathBuf;

use serde::Serialize;

use crate::conf::{Origins, Settings};
use crate::defs::SourceFile;

/// Alone or with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// On this machine.
    #[default]
    Solo,
    /// On several hosts.
    Cluster,
}

/// What to do with an unfinished run that lies in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Existing {
    /// Refuse to begin.
    #[default]
    Refuse,
    /// Continue it.
    Resume,
    /// Discard it.
    Discard,
}

/// Where definitions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Definitions {
    /// All files of a folder.
    Folder(PathBuf),
    /// Texts at hand.
    Texts(Vec<SourceFile>),
}

impl Definitions {
    /// One text of YAML. `name` is what messages call it.
    #[must_use]
    pub fn text(name: impl Into<String>, yaml: impl Into<String>) -> Self {
        Self::Texts(vec![SourceFile::new(name, yaml)])
    }

    /// A value that has the keys of a definition file: a `serde_json::Value`, or a type of your own.
    ///
    /// # Errors
    /// It cannot be written as JSON, which YAML includes.
    pub fn value(name: impl Into<String>, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|json| Self::text(name, json))
    }
}

/// A run to be made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RunRequest {
    /// Alone or with others; counts more than the setting `cluster.enable`.
    pub mode: Mode,
    /// All settings.
    pub settings: Settings,
    /// What to do.
    pub definitions: Definitions,
    /// Where resource paths begin.
    pub root: PathBuf,
    /// What to do with an unfinished run.
    pub existing: Existing,
    /// Where settings were written, for messages about them.
    pub origins: Origins,
}

impl RunRequest {
    /// A run of what settings say, in the working directory; with others if the setting `cluster.enable` is there.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let root = PathBuf::from(".");
        let definitions = Definitions::Folder(resource_folder(&root, &settings.defs.dir));
        let mode = if settings.cluster.enable { Mode::Cluster } else { Mode::Solo };
        let (existing, origins) = (Existing::default(), Origins::default());
        Self { mode, settings, definitions, root, existing, origins }
    }

    /// Sets the definitions.
    #[must_use]
    pub fn definitions(self, definitions: Definitions) -> Self {
        Self { definitions, ..self }
    }

    /// Sets the folder at which resource paths begin.
    #[must_use]
    pub fn root(self, root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), ..self }
    }

    /// Sets what to do about an unfinished run in the data folder.
    #[must_use]
    pub fn existing(self, existing: Existing) -> Self {
        Self { existing, ..self }
    }

    /// Sets whether the run is alone or with others.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Writes the mode into the settings, too: definitions and scripts may read them there.
    pub(crate) fn with_mode_in_settings(mut self) -> Self {
        self.settings.cluster.enable = self.mode == Mode::Cluster;
        self
    }
}

/// A folder named in settings: below the resource root if it is there, else as it stands.
fn resource_folder(root: &std::path::Path, dir: &str) -> PathBuf {
    let below = root.join(dir.trim_start_matches('/'));
    if below.is_dir() || !dir.starts_with('/') { below } else { PathBuf::from(dir) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_reads_as_the_text_that_it_stands_for() {
        let value = serde_json::json!({ "steps": { "a\"\u{1}é": ["x"] } });
        let Ok(Definitions::Texts(texts)) = Definitions::value("v", &value) else { unreachable!() };
        assert_eq!((texts.len(), &*texts[0].name), (1, "v"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&texts[0].text).unwrap(), value);
    }
}
