//! Why a step gave up, and so what becomes of its job.

use std::time::Duration;

use thiserror::Error;

use crate::fetch::FetchError;
use crate::model::{FailureClass, HostHint};
use crate::query::QueryError;

/// Why a step failed, with what becomes of its job.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct StepError {
    /// Whether trying again may help.
    pub class: FailureClass,
    /// The reason, for people.
    pub reason: String,
    /// How long the server asked us to wait.
    pub retry_after: Option<Duration>,
    /// The hint for other pages of the same host.
    pub host: HostHint,
    /// Whether the request did not reach the host, so that this does not count as a failure.
    pub is_not_begun: bool,
    /// Whether the page is skipped: the job is done, without rows and links.
    pub is_skip: bool,
}

impl StepError {
    /// An error that would happen again.
    pub fn fatal(reason: impl Into<String>) -> Self {
        Self {
            class: FailureClass::Final,
            reason: reason.into(),
            retry_after: None,
            host: HostHint::Nothing,
            is_not_begun: false,
            is_skip: false,
        }
    }

    /// A query of `what` failed. If the run stopped it, it may be tried again.
    pub(in crate::steps) fn of_query(what: &str, error: &QueryError) -> Self {
        let class = match error {
            QueryError::Stopped => FailureClass::Recoverable,
            _ => FailureClass::Final,
        };
        Self { class, ..Self::fatal(format!("{what}: {error}")) }
    }
}

impl From<FetchError> for StepError {
    fn from(error: FetchError) -> Self {
        let class = if error.is_recoverable() { FailureClass::Recoverable } else { FailureClass::Final };
        Self {
            class,
            reason: error.to_string(),
            retry_after: error.retry_after(),
            host: error.host_hint(),
            is_not_begun: error.is_not_asked(),
            is_skip: error.is_not_text(),
        }
    }
}
