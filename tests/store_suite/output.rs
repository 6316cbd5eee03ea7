//! Outputs that remember what they were shown.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use scoopi::internals::model::Rows;
use scoopi::internals::store::machine::Lost;
use scoopi::internals::store::{Projection, ProjectionError};

/// What goes wrong with an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Rows,
    Flush,
    Sync,
    Panic,
}

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<String>,
    /// What the last start was told to go on from.
    progress: Option<usize>,
    syncs: usize,
    fault: Option<Fault>,
    is_held: bool,
    /// Whether the writer is held up.
    is_waiting: bool,
}

/// Lines of output in memory, seen from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<(Mutex<Kept>, Condvar)>);

/// The writing end.
struct Recorder(Output);

impl Output {
    /// A writing end that goes on where `progress` says.
    pub(crate) fn open(&self, progress: Option<&[u8]>) -> Box<dyn Projection> {
        let length = progress.map(|bytes| usize::from_le_bytes(bytes.try_into().unwrap()));
        let mut kept = self.0.0.lock();
        assert!(length.unwrap_or(0) <= kept.lines.len(), "output is shorter than it was");
        kept.lines.truncate(length.unwrap_or(0));
        kept.progress = length;
        Box::new(Recorder(self.clone()))
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.0.lock().lines.clone()
    }

    pub(crate) fn progress(&self) -> Option<usize> {
        self.0.0.lock().progress
    }

    pub(crate) fn syncs(&self) -> usize {
        self.0.0.lock().syncs
    }

    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        self.0.0.lock().fault = fault;
    }

    /// Holds the writer up at its next flush, until [`Output::go_on`].
    pub(crate) fn hold(&self) {
        self.0.0.lock().is_held = true;
    }

    /// Waits until the writer is held up: what it is given now waits behind it.
    pub(crate) fn wait_until_held(&self) {
        let (kept, changed) = &*self.0;
        let mut kept = kept.lock();
        let waited = changed.wait_while_for(&mut kept, |kept| !kept.is_waiting, Duration::from_secs(30));
        assert!(!waited.timed_out(), "nothing was committed");
    }

    pub(crate) fn go_on(&self) {
        self.0.0.lock().is_held = false;
        self.0.1.notify_all();
    }

    fn check(&self, fault: Fault) -> Result<(), ProjectionError> {
        match self.0.0.lock().fault {
            Some(Fault::Panic) if fault == Fault::Rows => panic!("an output that panics, on purpose"),
            Some(set) if set == fault => Err(ProjectionError(format!("no space left for {fault:?}"))),
            _ => Ok(()),
        }
    }
}

impl Projection for Recorder {
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError> {
        self.0.check(Fault::Rows)?;
        self.0.0.0.lock().lines.push(text(rows));
        Ok(())
    }

    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError> {
        self.0.0.0.lock().lines.push(format!("lost {}: {}", lost.locator.url, lost.reason));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        let (kept, changed) = &*self.0.0;
        let mut kept = kept.lock();
        kept.is_waiting = kept.is_held;
        changed.notify_all();
        changed.wait_while(&mut kept, |kept| kept.is_held);
        kept.is_waiting = false;
        drop(kept);
        self.0.check(Fault::Flush)
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        self.0.check(Fault::Sync)?;
        let mut kept = self.0.0.0.lock();
        kept.syncs += 1;
        Ok(kept.lines.len().to_le_bytes().to_vec())
    }
}

/// Lines of output in a file, for a process that is killed.
pub(crate) struct Lines(File);

impl Lines {
    pub(crate) fn open(path: &Path, progress: Option<&[u8]>) -> Box<dyn Projection> {
        let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        let length = progress.map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
        assert!(length <= file.metadata().unwrap().len(), "output is shorter than it was");
        file.set_len(length).unwrap();
        Box::new(Self(file))
    }

    fn write(&mut self, line: &str) -> Result<(), ProjectionError> {
        self.0.write_all(format!("{line}\n").as_bytes()).map_err(|error| ProjectionError(error.to_string()))
    }
}

impl Projection for Lines {
    fn rows(&mut self, rows: &Rows) -> Result<(), ProjectionError> {
        self.write(&text(rows))
    }

    fn lost(&mut self, lost: &Lost) -> Result<(), ProjectionError> {
        self.write(&format!("lost {}", lost.locator.url))
    }

    fn flush(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<Vec<u8>, ProjectionError> {
        self.0.sync_all().unwrap();
        Ok(self.0.metadata().unwrap().len().to_le_bytes().to_vec())
    }
}

fn text(rows: &Rows) -> String {
    let bytes = rows.parts.iter().flat_map(|part| &part.bytes).copied().take(100).collect::<Vec<_>>();
    String::from_utf8(bytes).unwrap()
}
