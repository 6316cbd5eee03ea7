//! A run together with other nodes.
//!
//! The same steps as alone, with three differences: this node has to become a member first, definitions come from the
//! node that holds the composing barricade, and all nodes take the end together.

mod composing;
mod leaving;
mod opening;
mod stored;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::api::{Outcome, Report, RunError, RunRequest};
use crate::cluster::{
    ClusterCommit, ClusterError, ClusterNode, Leave, LeftBehind, Libp2p, Network, NodeFigures,
};
use crate::defs::Problems;
use crate::engine::{CancelLatch, Figures, Shutdown};
use crate::observe::Rate;
use crate::sinks::Delivery;
use crate::store::machine::Phase;
use crate::store::{JobStore, Status};

use super::backend::Backend;
use super::work::{Scope, Work};
use leaving::{leave, pass_on};
pub(super) use opening::Opening;
use opening::{Opened, join};

/// A run that is ready to go.
pub(super) struct Cluster<N: Network>(Opened<N>);

impl Backend for Cluster<Libp2p> {
    /// Becomes a member, and makes a plan of what the cluster's store holds or of what is asked for.
    async fn open(request: RunRequest, deliveries: Option<mpsc::Sender<Delivery>>) -> Result<Self, RunError> {
        let mut is_new = false;
        loop {
            let (mut opening, on_composed) = Opening::new(request.clone(), deliveries.clone())?;
            match join(&mut opening, on_composed).await {
                Err(RunError::Cluster(error)) if !is_new && matches!(*error, ClusterError::Forgetful) => {
                    warn!("{error}; it takes part as a new node");
                    opening.forget().await?;
                    is_new = true;
                }
                node => return Ok(Self(opening.go_on(node?).await?)),
            }
        }
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.0.work.store.status()
    }

    fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.0.work.figures)
    }

    fn warnings(&self) -> Problems {
        self.0.warnings.clone()
    }

    fn is_resumed(&self) -> bool {
        self.0.resumed
    }

    async fn run(self, cancelled: CancelLatch) -> Result<Report, RunError> {
        self.work_to_the_end(cancelled).await
    }
}

/// The reason why a node stops working.
enum Stopped {
    /// The node has finished its work, or the user stopped it.
    Worked(Result<(), RunError>),
    /// The others are gone.
    LeftBehind(LeftBehind),
    /// The user stopped it while it had no quorum.
    Paused,
}

impl<N: Network> Cluster<N> {
    /// What was opened, ready to work.
    #[cfg(test)]
    pub(super) fn of(opened: Opened<N>) -> Self {
        Self(opened)
    }

    /// Works until all is done, or until this node or the run is `cancelled`.
    pub(super) async fn work_to_the_end(mut self, cancelled: CancelLatch) -> Result<Report, RunError> {
        let stopped = if self.0.node.has_missed_the_run() {
            Stopped::Worked(Ok(()))
        } else {
            info!("work begins");
            self.0.node.warn_of_name();
            self.work_on(cancelled.clone()).await
        };
        let status = self.0.work.store.status().borrow().clone();
        if status.phase >= Phase::Shutdown {
            info!("run is over");
        }
        let leave = match &stopped {
            Stopped::Worked(_) => leave(&self.0.work.store, &self.0.node, cancelled.clone()).await?,
            Stopped::LeftBehind(why) => {
                warn!(
                    "left behind: {why}; either they have ended the run without this node and each of them has the whole \
                     result, or they have crashed and `--resume` on this node and more than half of them continues the run"
                );
                Leave::default()
            }
            Stopped::Paused => {
                warn!(
                    "no quorum: this node leaves without handing its jobs back; the others take them over, or `--resume` does"
                );
                Leave::default()
            }
        };
        let status = self.0.work.store.status().borrow().clone();
        let is_over = status.phase >= Phase::Shutdown;
        if is_over {
            let mut cancelled = cancelled;
            tokio::select! {
                () = self.0.node.linger(&leave) => {}
                () = cancelled.cancelled() => {}
            }
        }
        self.0.node.close().await?;
        let is_left_behind = matches!(stopped, Stopped::LeftBehind(_)) && !is_over;
        if let Stopped::Worked(worked) = stopped {
            worked?;
        }
        if is_over {
            self.0.data.remove_run()?;
        }
        let kept_by = leave.kept_by.filter(|_| is_over);
        if kept_by.is_some() {
            self.0.work.plan.sinks().remove_files(&self.0.place)?;
        }
        let others_go_on = matches!(status.phase, Phase::Seeding | Phase::Running) && !is_left_behind;
        let report = self.0.work.report(&status);
        let outcome = if is_left_behind { Outcome::LeftBehind } else { report.outcome };
        Ok(Report { outcome, others_go_on, kept_by, ..report })
    }

    async fn work_on(&mut self, mut cancelled: CancelLatch) -> Stopped {
        let (inner, latch) = Shutdown::new();
        self.0.workers.spawn("cancel", pass_on(cancelled.clone(), self.0.work.store.status(), inner));
        let beside = async {
            tokio::join!(report_figures(&self.0.work, &self.0.node), self.0.work.store.stay());
        };
        let paused = async {
            cancelled.cancelled().await;
            self.0.node.paused().await;
        };
        tokio::select! {
            worked = self.0.work.run(latch, Scope::Node) => Stopped::Worked(worked),
            () = beside => Stopped::Worked(Ok(())),
            why = self.0.node.left_behind() => Stopped::LeftBehind(why),
            () = paused => Stopped::Paused,
        }
    }
}

/// Reports what this node does to the others, for as long as the node works.
async fn report_figures<N: Network>(work: &Work<ClusterCommit>, node: &ClusterNode<N>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    let mut rate = Rate::new(Instant::now());
    loop {
        ticks.tick().await;
        let view = work.figures.view();
        let rate = rate.update(view.pages, Instant::now());
        let figures = NodeFigures { position: 0, pages: view.pages, errors: view.errors, rate };
        node.report(work.store.incarnation(), figures);
    }
}
