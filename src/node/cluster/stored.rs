//! The run as it stands in the cluster's store, and what a node makes of it.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::api::{RunError, RunRequest};
use crate::cluster::{ClusterCommit, OnComposed};
use crate::compose::{Composed, Parts, Stored, output_place};
use crate::conf::Settings;
use crate::defs::Problems;
use crate::model::codec;
use crate::sinks::{Delivery, Output, OutputReport};
use crate::store::machine::Run;
use crate::store::{Earlier, JobStore, NodeStore, Projection, StoreError};

/// Key of the run in the store.
pub(super) const RUN: &str = "run";

/// Makes output of what was composed, by this node or another one; what else was made of it goes to `made`.
pub(super) fn on_composed(
    request: &RunRequest,
    deliveries: Option<mpsc::Sender<Delivery>>,
    written: Arc<OutputReport>,
    made: oneshot::Sender<Result<Parts, RunError>>,
) -> OnComposed {
    let (own, root) = (request.settings.clone(), request.root.clone());
    Box::new(move |value| {
        let parts = read_parts(value, &own, &root);
        let opened = parts.as_ref().ok().and_then(|parts| {
            Some((parts.plan.sinks().clone(), output_place(&parts.settings, &parts.run_date_time).ok()?))
        });
        // The receiver is gone if the node is going down.
        let _gone = made.send(parts);
        let (sinks, place) = opened?;
        Some(Box::new(move |earlier: Option<Earlier<'_>>| {
            let (place, deliveries, written) = (place.clone(), deliveries.clone(), Arc::clone(&written));
            let opened = Output::open(sinks.all(), place, deliveries, earlier, written)?;
            Ok(Box::new(opened) as Box<dyn Projection>)
        }))
    })
}

/// What a run is made of, as it stands in the store, with what concerns this machine as it is here.
fn read_parts(
    value: &dyn Fn(&str) -> Option<Vec<u8>>,
    own: &Settings,
    root: &Path,
) -> Result<Parts, RunError> {
    let run = read_run(value)?;
    let Stored { definitions, settings, scripts } = Composed::read(value)?;
    let settings = settings.on_the_machine_of(own);
    Parts::of_stored(&definitions, settings, &scripts, run.date_time, Problems::default(), root)
}

pub(super) fn read_run(value: &dyn Fn(&str) -> Option<Vec<u8>>) -> Result<Run, RunError> {
    let run = value(RUN).unwrap_or_default();
    codec::decode(&run).map_err(|error| RunError::Internal(format!("the run in the store: {error}")))
}

pub(super) fn stopped(store: &NodeStore<ClusterCommit>) -> RunError {
    let reason = store.status().borrow().failure.clone();
    StoreError::Stopped(reason.unwrap_or_else(|| "the node is going down".into())).into()
}
