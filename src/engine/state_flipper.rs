//! Decides whether a node continues, votes, or shuts down.
//!
//! A decision is a function of what the monitor saw; there is nothing to lock.

/// What the monitor saw, all at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// No job is in progress on this node.
    pub idle: bool,
    /// The store holds no job that is not over, and no new one can appear.
    pub all_over: bool,
    /// The run is over for every node: all agreed.
    pub shut: bool,
    /// This node was asked to stop.
    pub cancelled: bool,
}

/// What a node does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Continue.
    Ready,
    /// All work is done: vote for the end, and wait for the others.
    Done,
    /// Stop.
    Shutdown,
}

/// Returns the state that follows from `c`.
#[must_use]
pub fn flip(c: Conditions) -> State {
    match c {
        Conditions { idle: false, .. } => State::Ready,
        Conditions { cancelled: true, .. } | Conditions { shut: true, .. } => State::Shutdown,
        Conditions { all_over: true, .. } => State::Done,
        _ => State::Ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_state() {
        for bits in 0..16u8 {
            let c = Conditions {
                idle: bits & 1 > 0,
                all_over: bits & 2 > 0,
                shut: bits & 4 > 0,
                cancelled: bits & 8 > 0,
            };
            let expected = if !c.idle {
                State::Ready
            } else if c.cancelled || c.shut {
                State::Shutdown
            } else if c.all_over {
                State::Done
            } else {
                State::Ready
            };
            assert_eq!(flip(c), expected, "{c:?}");
        }
    }

    #[test]
    fn a_busy_node_never_stops() {
        let busy = Conditions { idle: false, all_over: true, shut: true, cancelled: true };
        assert_eq!(flip(busy), State::Ready);
    }
}
