//! Which commands share a log entry.
//!
//! An entry costs much the same with one result as with a hundred, on every node. Only jobs discovered by a result
//! depend on it; its slot was freed when the result was proposed. So a result waits for others, but not for long, since
//! what is not committed is done again after a crash.

use std::time::Duration;

use super::Status;
use super::machine::Command;

/// How long a result waits for others at most.
pub(crate) const PATIENCE: Duration = Duration::from_millis(10);

/// The part of the jobs that a node holds whose results are enough for an entry: one in so many. The others keep it at
/// work while this entry and the next request for jobs go through the log.
const ENOUGH: u64 = 4;

/// Whether a command loses nothing by waiting for others.
pub(crate) fn may_wait(command: &Command) -> bool {
    matches!(command, Command::Finish { .. })
}

/// Whether so many results of a node that sees this status need not wait for others. Where no job waits, the links among
/// them may be what all nodes are waiting for. Where one does that this node may have, it will be asked for as soon as
/// that is worth it, and the results go with the request.
pub(crate) fn is_enough(results: usize, status: &Status) -> bool {
    let will_ask = status.takeable;
    status.counts.ready == 0 || (!will_ask && (results as u64).saturating_mul(ENOUGH) >= status.held)
}

#[cfg(test)]
mod tests {
    use crate::store::machine::Counts;

    use super::*;

    #[test]
    fn results_wait_while_there_is_something_to_wait_for() {
        let status = |ready, held, takeable| {
            let counts = Counts { ready, ..Counts::default() };
            Status { counts, held, takeable, ..Status::default() }
        };
        assert!(is_enough(1, &status(0, 100, false)), "links may be wanted");
        assert!(!is_enough(24, &status(9, 100, false)));
        assert!(is_enough(25, &status(9, 100, false)));
        assert!(!is_enough(99, &status(9, 100, true)), "the request comes");
    }
}
