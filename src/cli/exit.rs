//! Exit codes, and the last words of a program that could not do what it was asked.

use std::process::{ExitCode, Termination};

use crate::api::RunError;
use crate::conf::ConfError;

use super::speech::{self, Unwritten, written};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is done.
    Complete,
    /// The run could not continue.
    Fatal,
    /// Arguments, settings or definitions are wrong.
    Usage,
    /// All is over, and some jobs failed or were quarantined.
    WithErrors,
    /// The other nodes left this node behind.
    LeftBehind,
    /// It was cancelled.
    Cancelled,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Fatal => 1,
            Self::Usage => 2,
            Self::WithErrors => 3,
            Self::LeftBehind => 4,
            Self::Cancelled => 130,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

/// Why the program ends early.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// What the user gave is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// A failure of a run that could not continue.
    pub(super) fn fatal(message: impl Into<String>) -> Self {
        Self { exit: Exit::Fatal, message: message.into() }
    }

    /// Writes the message to stderr, once.
    pub(super) fn tell(self) -> Exit {
        speech::fail(&self.message);
        self.exit
    }

    /// Writes the message as a line of the log.
    pub(super) fn log(self) -> Exit {
        tracing::error!("{}", self.message);
        self.exit
    }
}

impl From<ConfError> for Failure {
    fn from(error: ConfError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<Unwritten> for Failure {
    fn from(error: Unwritten) -> Self {
        Self::fatal(error.to_string())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match &error {
            RunError::Definitions(problems) => {
                let (errors, _) = problems.counts();
                let noun = if errors == 1 { "error" } else { "errors" };
                Self::usage(format!("{errors} {noun} in the definitions, nothing was fetched\n{problems}"))
            }
            other if other.is_usage() => Self::usage(other.to_string()),
            other => Self::fatal(other.to_string()),
        }
    }
}

/// Help and version are not errors; wrong arguments are.
pub(super) fn of_clap(error: &clap::Error) -> Exit {
    let printed = written(error.print());
    match printed {
        // There is no other place for a message that does not get to stderr.
        _ if error.use_stderr() => Exit::Usage,
        Err(unwritten) => Failure::from(unwritten).tell(),
        Ok(()) => Exit::Complete,
    }
}
