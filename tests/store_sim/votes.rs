//! Who said that there is nothing to do, since there last was something to do.

use std::collections::BTreeSet;

use scoopi::internals::model::NodeId;
use scoopi::internals::store::machine::Phase;

/// Votes for the end of the run.
#[derive(Debug, Clone, Default)]
pub(super) struct Votes(BTreeSet<NodeId>);

impl Votes {
    pub(super) fn cast(&mut self, node: NodeId) {
        self.0.insert(node);
    }

    pub(super) fn withdraw(&mut self, node: NodeId) {
        self.0.remove(&node);
    }

    /// The phase after a command, by the rule for the end of a run.
    pub(super) fn phase_after(&mut self, phase: Phase, open: u64, members: &BTreeSet<NodeId>) -> Phase {
        let mut phase = phase;
        if phase == Phase::Running && open > 0 {
            self.0.clear();
        }
        if phase == Phase::Running && open == 0 && !members.is_empty() && members.is_subset(&self.0) {
            phase = Phase::Shutdown;
        }
        if phase == Phase::Shutdown && members.is_empty() {
            phase = Phase::Terminated;
        }
        phase
    }
}
