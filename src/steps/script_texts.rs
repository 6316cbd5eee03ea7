//! The texts of script files that definitions name.
//!
//! The node that composes a run reads them from the disk. They are kept, so that they travel with the definitions: to
//! the other nodes of a cluster, and to the run that is resumed after the files were changed.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use parking_lot::Mutex;

use crate::durable;
use crate::fetch::Target;

/// Largest script file, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// The texts of the script files, by name.
#[derive(Debug)]
pub struct ScriptTexts {
    by_name: Mutex<BTreeMap<String, String>>,
    may_read: bool,
}

impl ScriptTexts {
    /// Texts from the disk.
    #[must_use]
    pub fn from_disk() -> Self {
        Self { by_name: Mutex::default(), may_read: true }
    }

    /// Texts that came with the definitions; no others.
    #[must_use]
    pub fn given(by_name: BTreeMap<String, String>) -> Self {
        Self { by_name: Mutex::new(by_name), may_read: false }
    }

    /// All texts that were asked for, or given.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, String> {
        self.by_name.lock().clone()
    }

    /// The text of a file, whose path begins at `root` if it is relative.
    ///
    /// # Errors
    /// It cannot be read, is too large, or did not come with the definitions; in words, without the name.
    pub(super) fn text(&self, root: &Path, name: &str) -> Result<String, String> {
        let mut by_name = self.by_name.lock();
        match by_name.get(name) {
            Some(text) => Ok(text.clone()),
            None if self.may_read => {
                let text = read(root, name)?;
                by_name.insert(name.to_owned(), text.clone());
                Ok(text)
            }
            None => Err("it did not come with the definitions of the run".to_owned()),
        }
    }
}

fn read(root: &Path, name: &str) -> Result<String, String> {
    let path = match Target::parse(name).map_err(|error| error.to_string())? {
        Target::Resource(path) => root.join(path),
        Target::File(path) => path,
        Target::Http(_) => {
            return Err("scripts are not loaded from the network: keep it in a file".to_owned());
        }
    };
    let file = durable::read(&path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE { Err("it is larger than 4 MiB".to_owned()) } else { Ok(text) }
}
