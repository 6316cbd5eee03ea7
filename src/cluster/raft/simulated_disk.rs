//! A log in memory, for simulated nodes: what was written outlives the node that wrote it.
//!
//! It is as slow as a disk, in simulated time, so that a node can crash between a request and its answer.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::store::log::{DurableLog, Entries, LogError};

/// The disk of one node. Clones are the same disk.
#[derive(Clone)]
pub struct SimulatedDisk {
    content: Arc<Mutex<Content>>,
    /// How long each next request waits.
    delay: Arc<dyn Fn() -> Duration + Send + Sync>,
}

#[derive(Debug, Default)]
struct Content {
    entries: BTreeMap<u64, Vec<u8>>,
    purged: Option<u64>,
    meta: BTreeMap<String, Vec<u8>>,
}

impl SimulatedDisk {
    pub(crate) fn new(delay: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { content: Arc::default(), delay: Arc::new(delay) }
    }

    /// The log. It is that of the folder, and gone with it.
    pub(super) fn open(&self, dir: &Path) -> Box<dyn DurableLog> {
        if !dir.exists() {
            *self.content.lock() = Content::default();
            std::fs::create_dir_all(dir).unwrap();
        }
        Box::new(SimulatedLog(Arc::clone(&self.content)))
    }

    /// The same requests, in the same order, each a little later.
    pub(super) fn slow<T: Send + 'static>(&self, mut queue: mpsc::Receiver<T>) -> mpsc::Receiver<T> {
        let (slowed, slow) = mpsc::channel(1);
        let delay = Arc::clone(&self.delay);
        tokio::spawn(async move {
            while let Some(request) = queue.recv().await {
                sleep(delay()).await;
                if slowed.send(request).await.is_err() {
                    return;
                }
            }
        });
        slow
    }
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.content.lock().fmt(f)
    }
}

struct SimulatedLog(Arc<Mutex<Content>>);

impl DurableLog for SimulatedLog {
    fn append(&mut self, first_index: u64, entries: &[&[u8]]) -> Result<(), LogError> {
        let mut content = self.0.lock();
        let last = content.entries.last_key_value().map(|(last, _)| *last).or(content.purged);
        if let Some(expected) = last.map(|last| last + 1).filter(|expected| *expected != first_index) {
            return Err(LogError::NotConsecutive { expected, got: first_index });
        }
        let numbered = (first_index..).zip(entries.iter().map(|entry| entry.to_vec()));
        content.entries.extend(numbered);
        Ok(())
    }

    fn read(&self, from: u64) -> Result<Entries<'_>, LogError> {
        let content = self.0.lock();
        if let Some(purged) = content.purged.filter(|purged| from <= *purged) {
            return Err(LogError::Purged { wanted: from, purged });
        }
        let entries: Vec<_> =
            content.entries.range(from..).map(|(index, entry)| Ok((*index, entry.clone()))).collect();
        Ok(Box::new(entries.into_iter()))
    }

    fn bounds(&self) -> Option<(u64, u64)> {
        let content = self.0.lock();
        Some((*content.entries.first_key_value()?.0, *content.entries.last_key_value()?.0))
    }

    fn purged(&self) -> Option<u64> {
        self.0.lock().purged
    }

    fn purge(&mut self, up_to_inclusive: u64) -> Result<(), LogError> {
        let mut content = self.0.lock();
        content.purged = content.purged.max(Some(up_to_inclusive));
        content.entries = content.entries.split_off(&(up_to_inclusive + 1));
        Ok(())
    }

    fn truncate(&mut self, from_inclusive: u64) -> Result<(), LogError> {
        self.0.lock().entries.split_off(&from_inclusive);
        Ok(())
    }

    fn put_meta(&mut self, name: &str, value: &[u8]) -> Result<(), LogError> {
        self.0.lock().meta.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, LogError> {
        Ok(self.0.lock().meta.get(name).cloned())
    }

    fn size_on_disk(&self) -> Result<u64, LogError> {
        Ok(self.0.lock().entries.values().map(|entry| entry.len() as u64).sum())
    }
}
