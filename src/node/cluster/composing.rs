//! Definitions of a cluster's run: the first node that can composes them, and all nodes use them.

use std::time::Duration;

use compact_str::CompactString;
use tracing::{info, warn};

use crate::api::{Definitions, RunError, RunRequest};
use crate::cluster::{ClusterCommit, ClusterNode, Network};
use crate::compose::{Composed, Parts, Stored, differ, new_run, zone};
use crate::defs::Problems;
use crate::model::codec;
use crate::store::machine::{Barricade, Claim, Command, Refusal};
use crate::store::{Barricades, JobStore, NodeStore, Status, Store, StoreError};

use super::stored::{RUN, read_run, stopped};

/// Waits until definitions are composed, by this node or another one, and begins the run.
pub(super) async fn compose<N: Network>(
    request: &RunRequest,
    store: &NodeStore<ClusterCommit>,
    node: &ClusterNode<N>,
    warnings: &mut Problems,
) -> Result<Composer, RunError> {
    let mut composer = Composer::Another;
    if !has_definitions(request) {
        await_composer(request, store).await;
    }
    loop {
        match store.enter(Barricade::Compose).await? {
            Claim::Open => break,
            Claim::Failed(reason) => return Err(RunError::Composing(reason)),
            Claim::Wait(_) => {}
            Claim::Work(epoch) => {
                info!(leader = node.leads(), "this node composes the definitions");
                let (composed, command) = match composed(request, warnings) {
                    Ok(entries) => (Ok(()), Command::Publish { epoch, entries }),
                    Err(error) => {
                        let (barricade, reason) = (Barricade::Compose, error.to_string());
                        (Err(error), Command::PublishFailure { barricade, epoch, reason })
                    }
                };
                match store.propose(command).await {
                    // The others took this node for dead meanwhile; the next claim shows who composes now.
                    Err(StoreError::Refused(Refusal::NotTheHolder)) => {}
                    other => {
                        other?;
                        composed?;
                        composer = Composer::SelfDial;
                    }
                }
            }
        }
    }
    // The cluster has the definitions; this node may apply them a moment later.
    let mut status = store.status();
    let is_there = |status: &Status| store.value(RUN).is_some() || status.failure.is_some();
    if status.wait_for(is_there).await.is_err() {
        return Err(stopped(store));
    }
    // Each node proposes it: the node that composed may be gone.
    store.propose(Command::Begin(read_run(&|key| store.value(key))?)).await?;
    Ok(composer)
}

/// The node that has composed the definitions of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Composer {
    SelfDial,
    Another,
}

/// Warns if the definitions of this node differ from those of the run.
pub(super) fn compare_definitions(request: &RunRequest, store: &NodeStore<ClusterCommit>) {
    let Ok(Stored { definitions, .. }) = Composed::read(|key| store.value(key)) else { return };
    if differ(&definitions, request) {
        let Definitions::Folder(folder) = &request.definitions else { return };
        warn!(
            "the definitions in {} are not used: the run uses those of another node, which differ; give all nodes \
             the same definitions, or give definitions to one node only",
            folder.display()
        );
    }
}

/// Composes the definitions of this node.
fn composed(
    request: &RunRequest,
    warnings: &mut Problems,
) -> Result<Vec<(CompactString, Vec<u8>)>, RunError> {
    let mut request = request.clone();
    // All nodes use the time zone of the node that composes.
    let own_zone = || zone(&request.settings).ok()?.iana_name().map(str::to_owned);
    request.settings.time_zone = request.settings.time_zone.clone().or_else(own_zone);
    let parts = Parts::of_request(&request)?;
    let composed = parts.composed.ok_or_else(|| RunError::Internal("nothing was composed".to_owned()))?;
    let run = new_run(&parts.settings, &parts.run_date_time, composed.fingerprint);
    let run = codec::encode(&run).map_err(|error| RunError::Internal(error.to_string()))?;
    *warnings = parts.warnings;
    let mut entries = composed.entries();
    entries.push((RUN.into(), run));
    Ok(entries)
}

/// Whether this node has definitions to compose.
pub(super) fn has_definitions(request: &RunRequest) -> bool {
    match &request.definitions {
        Definitions::Folder(folder) => folder.is_dir(),
        Definitions::Texts(_) => true,
    }
}

/// Waits for a node that has definitions. If none composes in time, this node tries it and reports why it cannot.
async fn await_composer(request: &RunRequest, store: &NodeStore<ClusterCommit>) {
    info!("this node does not have definitions: it waits for those of another node");
    let patience = Duration::from_millis(request.settings.cluster.quorum.timeout);
    let mut status = store.status();
    let composed = status.wait_for(|status| status.barricades > 0 || status.failure.is_some());
    if tokio::time::timeout(patience, composed).await.is_err() {
        warn!("no node has composed definitions");
    }
}
