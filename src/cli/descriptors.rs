//! How many files and connections this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// The limit that systems without a hard limit still allow.
const WITHOUT_LIMIT: u64 = 10_240;

/// Raises the soft limit to the hard one: the soft limit is low for programs that cannot use high descriptors.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.unwrap_or(WITHOUT_LIMIT).max(limit.current.unwrap_or(0));
    if limit.current.is_none_or(|current| current >= raised) {
        return;
    }
    let wanted = Rlimit { current: Some(raised), maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        // The program also works with few descriptors; then it keeps fewer connections.
        debug!(%error, raised, "the limit of open files stays as it is");
    }
}
