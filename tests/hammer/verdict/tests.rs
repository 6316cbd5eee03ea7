//! Whatever is planted in a file of rows is seen.

use std::fs;

use super::*;

fn expected() -> Vec<String> {
    ["a|1", "b|2", "c|3", "d|4"].map(str::to_owned).to_vec()
}

const WHOLE: &str = "c|3\na|1\nd|4\nb|2\n";

/// Judges three nodes with these fates and files.
fn check(nodes: [(Fate, bool, &str); 3]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let names = ["n1", "n2", "n3"];
    let left = names.into_iter().zip(nodes).map(|(name, (fate, is_complete, text))| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        Left { name, fate, is_complete, rows: fs::read(file).unwrap() }
    });
    let (difference, wrong) = judge(&expected(), &left.collect::<Vec<_>>());
    (difference.to_string(), wrong.join("; "))
}

#[test]
fn three_whole_files_are_right() {
    let node = (Fate::Whole, true, WHOLE);
    assert_eq!(check([node; 3]), ("0/0/0".to_owned(), String::new()));
}

#[test]
fn a_planted_row_is_seen_on_each_node() {
    let whole = (Fate::Whole, true, WHOLE);
    for (planted, numbers) in [
        ("c|3\na|1\nd|4\n", "1/0/0"),
        ("", "4/0/0"),
        ("c|3\na|1\nd|4\nb|2\na|1\na|1\n", "0/2/0"),
        ("c|3\na|1\nd|4\nb|2\ne|5\n", "0/0/1"),
        ("c|3\na|1\nd|4\nb|", "1/0/1"),
        ("c|3\na|1\nd|4\nb|2\n\n", "0/0/1"),
        ("c|3\r\na|1\nd|4\nb|2\n", "1/0/1"),
    ] {
        for place in 0..3 {
            let mut nodes = [whole; 3];
            nodes[place].2 = planted;
            let (found, wrong) = check(nodes);
            assert_eq!(found, numbers, "{planted:?} on node {place}: {wrong}");
            assert!(wrong.contains(&format!("n{}: lost", place + 1)), "{planted:?}: {wrong}");
        }
    }
}

#[test]
fn survivors_with_other_orders_are_wrong() {
    let (numbers, wrong) = check([
        (Fate::Whole, true, WHOLE),
        (Fate::Whole, true, "a|1\nb|2\nc|3\nd|4\n"),
        (Fate::Gone, false, ""),
    ]);
    assert_eq!((numbers.as_str(), wrong.as_str()), ("0/0/0", "n1 and n2 wrote other bytes"));
}

#[test]
fn who_is_gone_or_late_left_a_beginning() {
    let whole = (Fate::Whole, true, WHOLE);
    for (fate, is_complete, text, says) in [
        (Fate::Gone, false, "", ""),
        (Fate::Gone, false, "c|3\na|", ""),
        (Fate::Late, false, "c|3\n", ""),
        (Fate::Late, true, WHOLE, ""),
        (Fate::Gone, false, "a|1\n", "what n3 wrote is not how n1 began"),
        (Fate::Gone, false, "c|3\na|1\nd|4\nb|2\nx", "what n3 wrote is not how n1 began"),
        (Fate::Late, true, "c|3\n", "n3: lost/duplicated/unexpected rows 3/0/0; n1 and n3 wrote other bytes"),
    ] {
        let (_, wrong) = check([whole, whole, (fate, is_complete, text)]);
        assert_eq!(wrong, says, "{fate:?} {text:?}");
    }
}

#[test]
fn somebody_must_have_it_all() {
    let (_, wrong) = check([(Fate::Late, false, ""), (Fate::Gone, false, ""), (Fate::Late, false, WHOLE)]);
    assert_eq!(wrong, "no node has the complete result");
}
