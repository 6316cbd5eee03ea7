//! Output that continues what another node wrote.

use std::fs;
use std::path::Path;

use crate::model::{Locator, SinkRows};
use crate::store::part_name;

use super::*;
use crate::sinks::{file, list};

const HEADER: &[u8] = b"name|value\n";

fn sinks() -> Vec<SinkSpec> {
    let file = |name: &str, header: Option<&[u8]>| SinkSpec {
        target: file::target(name),
        header: header.map(<[u8]>::to_vec),
    };
    let list = SinkSpec { target: list::target("list"), header: None };
    vec![file("a/one.txt", Some(HEADER)), list, file("two.txt", None)]
}

fn place(dir: &Path) -> OutputPlace {
    OutputPlace { base: dir.to_owned(), stamp: "run".to_owned(), failed: dir.join("failed.ndjson") }
}

fn open(dir: &Path, earlier: Option<Earlier<'_>>) -> Result<Output, ProjectionError> {
    Output::open(&sinks(), place(dir), None, earlier, Arc::default())
}

fn rows(sink: u32, text: &str) -> Rows {
    Rows { parts: vec![SinkRows { sink, count: 1, bytes: text.into() }] }
}

fn lost(name: &str) -> Lost {
    let locator = Locator { group: "g".into(), name: name.into(), url: format!("http://h/{name}") };
    Lost { locator, quarantined: false, step: "load".into(), tries: 1, reason: "gone".to_owned() }
}

/// What each file of an output holds.
fn content(dir: &Path) -> [String; 3] {
    ["a/run/one.txt", "run/two.txt", "failed.ndjson"]
        .map(|name| fs::read_to_string(dir.join(name)).unwrap_or_default())
}

/// An output with rows and, if asked for, a lost job, that was synced; and more since.
fn written(dir: &Path, with_lost: bool) -> (Output, Vec<u8>) {
    let mut output = open(dir, None).unwrap();
    for part in [rows(0, "x|1\n"), rows(1, "not in a file\n"), rows(2, "second\n")] {
        output.rows(&part).unwrap();
    }
    if with_lost {
        output.lost(&lost("l")).unwrap();
    }
    let progress = output.sync().unwrap();
    output.rows(&rows(0, "later|2\n")).unwrap();
    output.lost(&lost("m")).unwrap();
    output.flush().unwrap();
    (output, progress)
}

/// Parts as they are received.
fn received(from: &Output, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (number, (path, length)) in from.parts().into_iter().enumerate().filter(|(_, part)| part.1 > 0) {
        let bytes = fs::read(path).unwrap();
        fs::write(folder.join(part_name(number)), &bytes[..usize::try_from(length).unwrap()]).unwrap();
    }
}

#[test]
fn parts_are_the_files_in_the_order_of_the_sinks_then_the_failed_jobs_as_they_were_synced() {
    for (with_lost, failed) in [(true, true), (false, false)] {
        let dir = tempfile::tempdir().unwrap();
        let (output, progress) = written(dir.path(), with_lost);
        let parts = output.parts();
        let names: Vec<_> = parts.iter().map(|(path, _)| path.strip_prefix(dir.path()).unwrap()).collect();
        assert_eq!(names, ["a/run/one.txt", "run/two.txt", "failed.ndjson"].map(Path::new));
        let lengths: Vec<_> = parts.iter().map(|(_, length)| *length).collect();
        assert_eq!(lengths[..2], [HEADER.len() as u64 + 4, 7]);
        assert_eq!(lengths[2] > 0, failed);
        drop(output);
        // Known before anything is synced again.
        let earlier = Earlier { progress: &progress, parts: None };
        assert_eq!(open(dir.path(), Some(earlier)).unwrap().parts(), parts);
    }
}

#[test]
fn output_of_another_node_replaces_what_was_there() {
    for with_lost in [false, true] {
        for old in [None, Some("x"), Some("something longer than what comes instead of it, by far\n")] {
            let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (mut sender, progress) = written(from.path(), with_lost);
            let parts = to.path().join("parts");
            received(&sender, &parts);
            if let Some(old) = old {
                let mut output = open(to.path(), None).unwrap();
                output.rows(&rows(0, old)).unwrap();
                output.rows(&rows(2, old)).unwrap();
                output.lost(&lost(old)).unwrap();
                output.flush().unwrap();
            }
            let earlier = Some(Earlier { progress: &progress, parts: Some(&parts) });
            drop(open(to.path(), earlier).unwrap());
            assert_eq!(fs::read_dir(&parts).unwrap().count(), 0, "they are in their place");
            // And again, as after a crash.
            let mut receiver = open(to.path(), earlier).unwrap();
            receiver.rows(&rows(0, "later|2\n")).unwrap();
            receiver.lost(&lost("m")).unwrap();
            for output in [&mut sender, &mut receiver] {
                output.rows(&rows(2, "end\n")).unwrap();
                output.sync().unwrap();
            }
            assert_eq!(content(to.path()), content(from.path()), "{with_lost} {old:?}");
        }
    }
}

#[test]
fn a_part_that_is_neither_received_nor_in_its_place_is_an_error() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (sender, progress) = written(from.path(), true);
    let parts = to.path().join("parts");
    received(&sender, &parts);
    fs::remove_file(parts.join(part_name(1))).unwrap();
    let error = open(to.path(), Some(Earlier { progress: &progress, parts: Some(&parts) })).err().unwrap();
    assert!(error.to_string().contains("two.txt"), "{error}");
}
