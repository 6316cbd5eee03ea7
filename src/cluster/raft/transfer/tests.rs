//! Transfers that break, lie or are too much: they end with a reason, and leave nothing behind.

use tokio::io::duplex;

use super::*;

/// Lets `parts` come as a snapshot of files with these lengths.
async fn check(name: &str, lengths: &[u64], parts: Vec<Part>, expected: Result<(), &str>) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("receiving");
    std::fs::create_dir(&place).unwrap();
    let (mut near, mut far) = duplex(1 << 16);
    let writer = tokio::spawn(async move {
        for part in parts {
            frame::write(&mut near, &part).await.ok();
        }
    });
    let arrived = arrive(SnapshotFiles::receiving(place), lengths, &mut far);
    let arrived = timeout(Duration::from_secs(20), arrived).await.unwrap();
    match expected {
        Ok(()) => {
            let files = arrived.unwrap();
            assert_eq!(files.parts.len() + 1, lengths.len(), "{name}");
            for ((path, length), expected) in files.parts.iter().zip(&lengths[1..]) {
                assert_eq!((std::fs::metadata(path).unwrap().len(), length), (*expected, expected), "{name}");
            }
        }
        Err(expected) => {
            let error = arrived.unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
    drop(far);
    writer.await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
}

fn piece(bytes: &[u8]) -> Part {
    Part::Piece(ByteBuf::from(bytes))
}

fn hash(bytes: &[u8]) -> Part {
    Part::Hash(*blake3::hash(bytes).as_bytes())
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_refused_and_leaves_nothing_behind() {
    let whole = || vec![piece(b"ab"), piece(b"c"), hash(b"abc"), hash(b""), piece(b"x"), hash(b"x")];
    check("whole", &[3, 0, 1], whole(), Ok(())).await;
    check("no files", &[], whole(), Err("has no files")).await;
    check("too many", &vec![0; FILES + 1], whole(), Err("the limit is 4096")).await;
    check("longer", &[2, 0, 1], whole(), Err("longer than it said")).await;
    check("shorter", &[4, 0, 1], whole(), Err("1 bytes of a file are missing")).await;
    check("damaged", &[3], vec![piece(b"abd"), hash(b"abc")], Err("damaged on its way")).await;
    check("empty pieces", &[3], vec![piece(b""), piece(b"")], Err("longer than it said")).await;
    check("cut off", &[3, 1], vec![piece(b"abc"), hash(b"abc")], Err("eof")).await;
}

#[tokio::test]
async fn files_go_over_in_pieces_and_only_what_counts_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    let bytes: Vec<u8> = (0..PIECE * 3).map(|n| (n % 251) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let counted = bytes.len() - PIECE - 7;
    let (mut near, mut far) = duplex(1 << 16);
    let sender = tokio::spawn(async move {
        let same = |error: io::Error| error;
        send_file(&path, counted as u64, &mut near, same, same).await.unwrap();
        send_file(Path::new("/none/of/it/counts"), 0, &mut near, same, same).await.unwrap();
    });
    let place = folder.path().join("receiving");
    std::fs::create_dir(&place).unwrap();
    let files = arrive(SnapshotFiles::receiving(place), &[counted as u64, 0], &mut far).await.unwrap();
    assert!(std::fs::read(&files.state).unwrap() == bytes[..counted]);
    sender.await.unwrap();
}
