//! What nodes log, in simulated time, for the search for the cause of a failure.

use std::fmt;

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::clock;

struct SimulatedTime;

impl FormatTime for SimulatedTime {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{:>7} ms", clock::now())
    }
}

/// Shows what `SCOOPI_SIMULATION_LOG` asks for, on this thread.
pub(super) fn show() -> Option<DefaultGuard> {
    let filter = EnvFilter::try_new(std::env::var("SCOOPI_SIMULATION_LOG").ok()?).unwrap();
    let shown = tracing_subscriber::fmt().with_env_filter(filter).with_timer(SimulatedTime).with_ansi(false);
    Some(tracing::subscriber::set_default(shown.finish()))
}
