//! `scoopi shell`: tries queries on a page.

use clap::Args;

use super::exit::{Exit, Failure};
use super::options::Options;

/// A page to ask.
#[derive(Debug, Args)]
pub(super) struct ShellArguments {
    /// URL or file of the page
    page: String,
}

pub(super) fn shell(_options: &Options, _shell: &ShellArguments) -> Result<Exit, Failure> {
    Err(Failure::usage("x"))
}
