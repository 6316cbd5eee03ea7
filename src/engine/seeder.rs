//! Makes jobs of the locators to begin with, behind the seeding barricade.

use thiserror::Error;
use tracing::info;

use crate::model::{Epoch, Fingerprint, Locator};
use crate::store::machine::{Barricade, Claim, Command, Refusal, seed_digest};
use crate::store::{Barricades, Commit, NodeStore, StoreError};

/// Locators in one command.
const CHUNK: usize = 1024;

/// Why there are no jobs to begin with.
#[derive(Debug, Error)]
pub enum SeedError {
    /// The store has stopped, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another node tried and failed.
    #[error("seeding failed: {0}")]
    Failed(String),
}

/// Seeds, or waits until another node has seeded.
///
/// # Errors
/// The store has stopped, or the node that seeds has failed.
pub async fn seed<C: Commit>(store: &NodeStore<C>, locators: &[Locator]) -> Result<(), SeedError> {
    loop {
        let epoch = match store.enter(Barricade::Seed).await? {
            Claim::Work(epoch) => epoch,
            Claim::Failed(reason) => return Err(SeedError::Failed(reason)),
            Claim::Open | Claim::Wait(_) => return Ok(()),
        };
        info!(locators = locators.len(), "this node seeds");
        match seed_as(store, epoch, locators).await {
            // The others took this node for dead: wait for the node that seeds now.
            Err(StoreError::Refused(Refusal::NotTheHolder)) => {}
            seeded => return Ok(seeded?),
        }
    }
}

async fn seed_as<C: Commit>(
    store: &NodeStore<C>,
    epoch: Epoch,
    locators: &[Locator],
) -> Result<(), StoreError> {
    let mut digest = Fingerprint::default();
    for (number, chunk) in (0..).zip(locators.chunks(CHUNK)) {
        digest = seed_digest(digest, chunk);
        store.propose(Command::SeedChunk { epoch, number, locators: chunk.to_vec() }).await?;
    }
    store.propose(Command::SeedDone { epoch, count: locators.len() as u64, digest }).await?;
    Ok(())
}
