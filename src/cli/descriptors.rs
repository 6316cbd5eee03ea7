//! How many files and connections this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

/// What systems without a hard limit allow all the same.
const WITHOUT_LIMIT: u64 = 10_240;

/// Raises the soft limit to the hard one: the soft one is small for the sake of programs that cannot count further.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.unwrap_or(WITHOUT_LIMIT).max(limit.current.unwrap_or(0));
    if limit.current.is_none_or(|current| current >= raised) {
        return;
    }
    let wanted = Rlimit { current: Some(raised), maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, wanted) {
        // It works with few, too: fewer connections are kept then.
        debug!(%error, raised, "the limit of open files stays as it is");
    }
}
