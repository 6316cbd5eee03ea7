//! The message about a file of output that cannot be written.

use std::io;
use std::path::Path;

use crate::store::ProjectionError;

/// The error of a file, with the way out.
pub(super) fn failure(path: &Path, error: &io::Error) -> ProjectionError {
    ProjectionError(format!(
        "unable to write output file {}: {error}; fix this and continue with `--resume`, or start over elsewhere with \
         `--fresh --output DIR`",
        path.display()
    ))
}
