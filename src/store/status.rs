//! What can be seen of the machine from outside.

use std::sync::Arc;

use crate::model::{Incarnation, NodeId};

use super::machine::{Counts, Machine, Phase};

/// A view of the machine after a commit, as one node sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Number of the last log entry that was applied.
    pub position: u64,
    /// Where the run is.
    pub phase: Phase,
    /// How many jobs there are.
    pub counts: Counts,
    /// How many jobs this node holds.
    pub held: u64,
    /// Whether there is a job for this node, in addition to those that it has.
    pub takeable: bool,
    /// Whether there would be one if it had none in progress: also one that a node crashed on.
    pub takeable_alone: bool,
    /// The log's own time in milliseconds, as the last command named it.
    pub now: u64,
    /// When the first wait ends, by the log's own time: then there may be a job again.
    pub next_at: Option<u64>,
    /// The URL of the job that the run waits for until then, if the run only waits.
    pub waits_for: Option<Arc<str>>,
    /// The last life of this node that was a member, and whether it still is.
    pub life: Option<(Incarnation, bool)>,
    /// Whether this node's vote that all is done counts. It is lost with the life in which it was cast.
    pub voted: bool,
    /// Another number than before: those who wait before a barricade should ask again.
    pub barricades: u64,
    /// Why the run cannot continue.
    pub failure: Option<Arc<str>>,
}

impl Status {
    /// The view that `node` has of `machine` after the entry at `position`.
    pub(crate) fn of(machine: &Machine, position: u64, node: NodeId) -> Self {
        Self {
            position,
            phase: machine.phase(),
            counts: machine.counts(),
            held: machine.held_by(node),
            takeable: machine.takeable(node),
            takeable_alone: machine.takeable_alone(node),
            now: machine.now(),
            next_at: machine.next_at(),
            waits_for: machine.waits_for().map(Into::into),
            life: machine.last_incarnation(node).map(|life| {
                (life, machine.members().any(|(member, current, _)| (member, current) == (node, life)))
            }),
            voted: machine.members().any(|(member, _, done)| member == node && done),
            barricades: machine.barricade_changes(),
            failure: machine.failure().map(Into::into),
        }
    }

    /// The same view, with the run stopped for `reason`.
    pub(crate) fn stopped(&self, reason: &Arc<str>) -> Self {
        Self { failure: Some(Arc::clone(reason)), ..self.clone() }
    }
}
