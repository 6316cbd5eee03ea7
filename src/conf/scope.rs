//! For whom a setting is the same, and for how long.

/// Where the value of a setting comes from when a run is resumed, and when a node of a cluster works by settings that
/// another node published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Decides what the run gives: fixed when the run begins, the same on all nodes.
    Run,
    /// Decides how fast it goes: the same on all nodes, today's value when a run is resumed.
    Pace,
    /// Concerns one machine: each node's own, today's value when a run is resumed.
    Machine,
    /// Where the output of one machine lies: each node's own, fixed when the run begins.
    Place,
}

impl Scope {
    /// Whether a resumed run takes the value of today.
    pub(super) fn changes_on_resume(self) -> bool {
        matches!(self, Self::Pace | Self::Machine)
    }

    /// Whether each node of a cluster has its own value.
    pub(super) fn is_of_each_node(self) -> bool {
        matches!(self, Self::Machine | Self::Place)
    }
}
