//! The progress line: drawn on a terminal, absent in a pipe.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::api::Progress;
use crate::observe::Rate;
use crate::store::machine::Phase;

use super::options::Loudness;

/// Between two redraws.
pub(super) const PERIOD: Duration = Duration::from_millis(200);

/// The progress line of a run.
pub(super) struct ProgressLine {
    bar: Option<ProgressBar>,
    begun: Instant,
    /// Pages per second.
    rate: Rate,
}

impl ProgressLine {
    /// Draws on `bar`, which is hidden so far. `MultiProgress` would panic when the terminal is closed.
    pub(super) fn new(bar: &ProgressBar, loudness: Loudness) -> Self {
        let is_drawn = stderr().is_terminal() && loudness > Loudness::Quiet;
        let bar = is_drawn.then(|| {
            let bar = bar.clone();
            bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, begun: now, rate: Rate::new(now) }
    }

    /// Draws it.
    pub(super) fn draw(&mut self, progress: &Progress) {
        let rate = self.rate.update(progress.figures.pages, Instant::now());
        let Some(bar) = &self.bar else { return };
        let counts = &progress.counts;
        let elapsed = self.begun.elapsed().as_secs();
        let phase = match progress.phase {
            Phase::Running => String::new(),
            other => format!("{other}, "),
        };
        let over = counts.jobs() - counts.open();
        bar.set_message(format!(
            "{phase}pages {over} done, {} open · rows {} · {rate:.1} pages/s · errors {} · {}",
            counts.open(),
            counts.rows,
            progress.figures.errors,
            clock(elapsed),
        ));
        bar.tick();
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `h:mm:ss`.
pub(super) fn clock(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
