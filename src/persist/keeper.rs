//! The folder of kept pages and data.
//!
//! ```text
//! <root>/<fingerprint of group, name, URL>/document
//!                                         /data-<fingerprint of task and dataDef>
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tracing::{error, warn};

use crate::model::{Document, Fingerprint, Locator, Row, Source};

use super::entry;

/// The folder of kept pages and data.
#[derive(Debug, Clone)]
pub struct Keeper {
    root: PathBuf,
}

/// Where the data of a task on a page is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataName(PathBuf);

#[derive(Serialize, Deserialize)]
struct StoredDocument {
    url: String,
    fetched_at: i64,
    charset: Option<String>,
    media_type: Option<String>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
}

impl Keeper {
    /// Keeps things under `root`, which is made when the first one is kept.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The page kept for a locator.
    pub async fn document(&self, locator: &Locator) -> Option<Document> {
        let path = self.folder(&locator.group, &locator.name, &locator.url).join("document");
        let stored: StoredDocument = off_thread(move || load(&path)).await?;
        Some(Document {
            url: stored.url,
            fetched_at: stored.fetched_at,
            charset: stored.charset,
            media_type: stored.media_type,
            body: Bytes::from(stored.body),
        })
    }

    /// Keeps a page. That it cannot be kept is logged and does not stop anybody.
    pub async fn keep_document(&self, locator: &Locator, document: &Document) {
        let path = self.folder(&locator.group, &locator.name, &locator.url).join("document");
        let stored = StoredDocument {
            url: document.url.clone(),
            fetched_at: document.fetched_at,
            charset: document.charset.clone(),
            media_type: document.media_type.clone(),
            body: document.body.to_vec(),
        };
        off_thread(move || save(&path, &stored)).await;
    }

    /// Removes the page kept for a locator, and all data taken from it.
    pub async fn forget(&self, locator: &Locator) {
        let folder = self.folder(&locator.group, &locator.name, &locator.url);
        off_thread(move || {
            if let Err(error) = fs::remove_dir_all(&folder).or_else(unless_missing) {
                warn!(folder = %folder.display(), %error, "unable to remove a page that is no longer live");
            }
        })
        .await;
    }

    /// The name of the data that a task took from a page by a dataDef.
    #[must_use]
    pub fn data_name(&self, source: &Source, data_def: Fingerprint) -> DataName {
        let task = Fingerprint::of([source.task.as_bytes(), &data_def.0, &source.fetched_at.to_le_bytes()]);
        let folder = self.folder(&source.group, &source.locator, &source.url);
        DataName(folder.join(format!("data-{task}")))
    }

    /// Kept rows.
    #[must_use]
    pub fn data(&self, name: &DataName) -> Option<Vec<Row>> {
        load(&name.0)
    }

    /// Keeps rows. That they cannot be kept is logged and does not stop anybody.
    pub fn keep_data(&self, name: &DataName, rows: &Vec<Row>) {
        save(&name.0, rows);
    }

    fn folder(&self, group: &str, name: &str, url: &str) -> PathBuf {
        let fingerprint = Fingerprint::of([name.as_bytes(), group.as_bytes(), url.as_bytes()]);
        self.root.join(fingerprint.to_string())
    }
}

fn load<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    entry::read(path).unwrap_or_else(|error| {
        error!(file = %path.display(), %error, "kept entry is damaged: it is removed and will be replaced");
        if let Err(error) = fs::remove_file(path).or_else(unless_missing) {
            warn!(file = %path.display(), %error, "unable to remove a damaged entry");
        }
        None
    })
}

fn save<T: Serialize>(path: &Path, value: &T) {
    if let Err(error) = entry::write(path, value) {
        warn!(file = %path.display(), %error, "unable to keep a page or its data");
    }
}

fn unless_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Disk work must not hold up the network work of the thread that asks.
async fn off_thread<T: Send + Default + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;
    use crate::model::Cell;

    fn locator() -> Locator {
        Locator { group: "g".into(), name: "n".into(), url: "http://a.b/".into() }
    }

    fn document() -> Document {
        Document {
            url: "http://a.b/c".into(),
            fetched_at: 7,
            charset: Some("utf-8".into()),
            media_type: Some("text/html".into()),
            body: "<p>é".into(),
        }
    }

    fn source() -> Source {
        Source {
            id: "".into(),
            locator: "n".into(),
            group: "g".into(),
            task: "t".into(),
            url: "http://a.b/".into(),
            page_url: "http://a.b/c".into(),
            encoding: encoding_rs::UTF_8,
            fetched_at: 7,
            page: 1,
        }
    }

    fn rows() -> Vec<Row> {
        vec![Row { template: 0, cells: smallvec![Cell { value: Some("v".into()), index: 1 }] }]
    }

    /// Every file below the folder.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
    }

    #[tokio::test]
    async fn what_was_kept_comes_back_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::new(folder.path().join("pages"));
        assert_eq!(keeper.document(&locator()).await, None);
        keeper.keep_document(&locator(), &document()).await;
        assert_eq!(keeper.document(&locator()).await, Some(document()));

        let name = keeper.data_name(&source(), Fingerprint::of([&b"def"[..]]));
        assert_eq!(keeper.data(&name), None);
        keeper.keep_data(&name, &rows());
        assert_eq!(keeper.data(&name), Some(rows()));
        assert_ne!(name, keeper.data_name(&source(), Fingerprint::of([&b"other def"[..]])));

        keeper.forget(&locator()).await;
        assert_eq!((keeper.document(&locator()).await, keeper.data(&name)), (None, None));
    }

    #[tokio::test]
    async fn a_damaged_entry_counts_as_missing_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::new(folder.path().to_owned());
        keeper.keep_document(&locator(), &document()).await;
        let file = files(folder.path()).remove(0);
        let whole = fs::read(&file).unwrap();
        for damage in 0..=whole.len() {
            let mut bytes = whole.clone();
            match bytes.get_mut(damage) {
                Some(byte) => *byte ^= 0x40,
                None => bytes.push(0),
            }
            fs::write(&file, &bytes).unwrap();
            assert_eq!(keeper.document(&locator()).await, None, "byte {damage}");
            assert!(!file.exists(), "byte {damage}");
            fs::write(&file, &whole[..damage.min(whole.len() - 1)]).unwrap();
            assert_eq!(keeper.document(&locator()).await, None, "cut at {damage}");
        }
        keeper.keep_document(&locator(), &document()).await;
        assert_eq!(keeper.document(&locator()).await, Some(document()));
    }
}
