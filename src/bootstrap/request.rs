//! What a run is asked to do.

use std::path::PathBuf;

use crate::conf::Settings;
use crate::defs::SourceFile;

/// Alone or with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// On this machine.
    #[default]
    Solo,
    /// On several hosts.
    Cluster,
}

/// What to do with an unfinished run that lies in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse to begin.
    #[default]
    Refuse,
    /// Go on with it.
    Resume,
    /// Discard it.
    Discard,
}

/// Where definitions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definitions {
    /// All files of a folder.
    Folder(PathBuf),
    /// Texts at hand.
    Texts(Vec<SourceFile>),
}

/// A run to be made.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// All settings.
    pub settings: Settings,
    /// What to do.
    pub definitions: Definitions,
    /// Where resource paths begin.
    pub root: PathBuf,
    /// What to do with an unfinished run.
    pub existing: Existing,
}

impl RunRequest {
    /// A run of what settings say, in the working directory.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let root = PathBuf::from(".");
        let definitions = Definitions::Folder(resource_folder(&root, &settings.defs.dir));
        Self { settings, definitions, root, existing: Existing::default() }
    }
}

/// A folder named in settings: below the resource root if it is there, else as it stands.
fn resource_folder(root: &std::path::Path, dir: &str) -> PathBuf {
    let below = root.join(dir.trim_start_matches('/'));
    if below.is_dir() || !dir.starts_with('/') { below } else { PathBuf::from(dir) }
}
