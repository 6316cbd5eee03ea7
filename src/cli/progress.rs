//! The progress line: drawn on a terminal, absent in a pipe.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bootstrap::Progress;
use crate::store::machine::Phase;

use super::options::Loudness;

/// Between two redraws.
pub(super) const PERIOD: Duration = Duration::from_millis(200);

/// See the module docs.
pub(super) struct ProgressLine {
    bar: Option<ProgressBar>,
    begun: Instant,
    /// Pages and time at the last redraws, for the rate.
    last: (u64, Instant, f64),
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
        Self { bar, begun: now, last: (0, now, 0.0) }
    }

    /// Draws it.
    pub(super) fn draw(&mut self, progress: &Progress) {
        let rate = self.rate(progress.figures.pages);
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

    /// Pages per second, smoothed over some seconds.
    fn rate(&mut self, pages: u64) -> f64 {
        let (last_pages, last_time, last_rate) = self.last;
        let seconds = last_time.elapsed().as_secs_f64();
        if seconds < 0.5 {
            return last_rate;
        }
        let now = (pages - last_pages) as f64 / seconds;
        let rate = if last_rate == 0.0 { now } else { last_rate.mul_add(0.7, now * 0.3) };
        self.last = (pages, Instant::now(), rate);
        rate
    }
}

/// `h:mm:ss`.
pub(super) fn clock(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
