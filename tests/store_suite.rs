//! What every store must do, told once and asked of each; and what the store of a lone node promises besides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "store_suite/mod.rs"]
mod parts;

use parts::{Solo, ask_all, ask_recovery, ask_solo, child_works, survives_kills};
use scoopi::internals::store::log::LogKind;

async fn solo_is_a_store(kind: LogKind) {
    ask_all(async || {
        let solo = Solo::new(kind);
        let commit = solo.open().await;
        // The folder goes when the operating system lets go of its files: nothing else needs it.
        (commit, solo.output)
    })
    .await;
}

#[tokio::test]
async fn solo_on_sled_is_a_store() {
    solo_is_a_store(LogKind::Sled).await;
}

#[tokio::test]
async fn solo_on_redb_is_a_store() {
    solo_is_a_store(LogKind::Redb).await;
}

#[tokio::test]
async fn solo_on_sled_keeps_its_folder_and_order() {
    ask_solo(LogKind::Sled).await;
}

#[tokio::test]
async fn solo_on_redb_keeps_its_folder_and_order() {
    ask_solo(LogKind::Redb).await;
}

#[tokio::test]
async fn solo_on_sled_recovers() {
    ask_recovery(LogKind::Sled).await;
}

#[tokio::test]
async fn solo_on_redb_recovers() {
    ask_recovery(LogKind::Redb).await;
}

/// Not a question: the process that the next two start and kill.
#[tokio::test]
async fn child_worker() {
    child_works().await;
}

#[tokio::test]
async fn solo_on_sled_survives_being_killed() {
    survives_kills(LogKind::Sled).await;
}

#[tokio::test]
async fn solo_on_redb_survives_being_killed() {
    survives_kills(LogKind::Redb).await;
}
