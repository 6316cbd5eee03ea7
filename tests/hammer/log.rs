//! The log of one process, read while it is written.
//!
//! Knows the words of [`super::assumptions`] and when they were said; keeps nothing else of the file but what no log
//! may say.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::SystemTime;

use super::assumptions::PANICS;
use super::assumptions::Word;

/// What a log said so far.
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    /// A line whose end is not there yet.
    begun: Vec<u8>,
    said: Vec<(Word, SystemTime)>,
    panics: Vec<String>,
    lines: usize,
}

impl Log {
    /// The log in a file, which need not be there yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, begun: vec![], said: vec![], panics: vec![], lines: 0 }
    }

    /// Reads what is new.
    pub(super) fn read(&mut self) {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return };
        let mut bytes = vec![];
        file.read_to_end(&mut bytes).unwrap();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                self.line(String::from_utf8_lossy(&line).trim_end());
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.lines += 1;
        for word in Word::ALL {
            if word.said().iter().any(|said| line.contains(said)) {
                self.said.push((word, time(line)));
            }
        }
        if PANICS.iter().any(|panic| line.contains(panic)) {
            self.panics.push(line.to_owned());
        }
    }

    /// When a word was said last.
    pub(super) fn last(&self, word: Word) -> Option<SystemTime> {
        self.said.iter().filter(|(said, _)| *said == word).map(|(_, at)| *at).max()
    }

    /// When a word was said for the first time.
    pub(super) fn first(&self, word: Word) -> Option<SystemTime> {
        self.said.iter().filter(|(said, _)| *said == word).map(|(_, at)| *at).min()
    }

    /// Lines that should not be there. The last one may have no end.
    pub(super) fn panics(&self) -> Vec<String> {
        let begun = String::from_utf8_lossy(&self.begun).into_owned();
        let last = PANICS.iter().any(|panic| begun.contains(panic)).then_some(begun);
        self.panics.iter().cloned().chain(last).collect()
    }

    /// Whether nothing was said yet.
    pub(super) fn is_empty(&self) -> bool {
        self.lines == 0
    }
}

/// When a line was written: what it says itself, or now.
fn time(line: &str) -> SystemTime {
    let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let stamp = value.as_ref().and_then(|value| value["timestamp"].as_str());
    let time = stamp.and_then(|stamp| stamp.parse::<jiff::Timestamp>().ok());
    time.map_or_else(SystemTime::now, SystemTime::from)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn words_and_panics_are_found_while_the_file_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::new(path.clone());
        log.read();
        assert!(log.is_empty());
        let mut file = File::create(&path).unwrap();
        let mut write = |text: &str| file.write_all(text.as_bytes()).unwrap();
        write(
            r#"{"timestamp":"2026-11-22T02:37:10.164407Z","level":"INFO","fields":{"message":"this node le"#,
        );
        log.read();
        assert_eq!(log.last(Word::Leads), None);
        write("ads\"}}\nthread 'main' panicked at src/x.rs:1:1:\n");
        log.read();
        let at = "2026-11-22T02:37:10.164407Z".parse::<jiff::Timestamp>().unwrap();
        assert_eq!(log.last(Word::Leads), Some(SystemTime::from(at)));
        assert_eq!(log.first(Word::Begins), None);
        write("thread 'x' panicked at the very end, without a line end");
        log.read();
        assert_eq!(log.panics().len(), 2, "{:?}", log.panics());
    }
}
