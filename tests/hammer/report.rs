//! What came of runs: a line of the table for each, and figures of all of them.

use std::fmt;
use std::time::Duration;

use super::options::Network;
use super::plan::Fault;
use super::plan::Plan;
use super::verdict::Difference;

/// What came of one run.
pub(super) struct Report {
    pub(super) plan: Plan,
    /// Names of those that were hit.
    pub(super) hit: Vec<String>,
    /// Whether the fault met anybody: a node may end a moment before.
    pub(super) is_met: bool,
    /// From the start to the end of the last survivor.
    pub(super) time: Duration,
    pub(super) difference: Difference,
    /// Nothing if the run was right.
    pub(super) wrong: Vec<String>,
    pub(super) figures: Figures,
}

/// How long things took, where they happened.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// From the start of the nodes until they work.
    pub(super) ready: Option<Duration>,
    /// From the death of a leader to the next commit.
    pub(super) commit: Option<Duration>,
    /// From the death of a node until the others have its jobs.
    pub(super) takeover: Option<Duration>,
    /// From the death of a node until the last page that it had asked for is asked for again.
    pub(super) asked_again: Option<Duration>,
    /// From the last answer to the end of the last survivor.
    pub(super) end: Option<Duration>,
    /// Most requests at a time.
    pub(super) at_once: usize,
}

impl Report {
    /// The line above the table.
    pub(super) fn header() -> String {
        line([
            "run",
            "seed",
            "nodes",
            "net",
            "fault",
            "target",
            "moment",
            "time",
            "lost/dup/unexp",
            "verdict",
        ])
    }

    /// The line of this run.
    pub(super) fn line(&self, number: u64, network: Network) -> String {
        let plan = &self.plan;
        let target = match plan.fault {
            Fault::Loss | Fault::Delay => "all links".to_owned(),
            _ => format!("{} {}", plan.target.name(), self.hit.join("+")),
        };
        let fault = if plan.lasts.is_zero() {
            plan.fault.name().to_owned()
        } else {
            format!("{} {:.1} s", plan.fault.name(), plan.lasts.as_secs_f64())
        };
        let verdict = match (self.wrong.is_empty(), self.is_met) {
            (false, _) => "FAILED",
            (true, true) => "ok",
            (true, false) => "ok, missed",
        };
        line([
            &number.to_string(),
            &plan.seed.to_string(),
            &plan.nodes.to_string(),
            network.name(),
            &fault,
            &target,
            &plan.moment.to_string(),
            &format!("{:.2} s", self.time.as_secs_f64()),
            &self.difference.to_string(),
            verdict,
        ])
    }
}

fn line(cells: [&str; 10]) -> String {
    let widths = [5, 7, 6, 9, 19, 16, 20, 9, 15, 10];
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    cells.collect::<String>().trim_end().to_owned()
}

/// What came of all runs.
#[derive(Default)]
pub(super) struct Totals {
    runs: u64,
    met: u64,
    pub(super) failed: usize,
    difference: Difference,
    /// For each figure its name, the aim, and what was measured.
    measured: [Vec<Duration>; 5],
    at_once: usize,
}

const NAMES: [&str; 5] = [
    "start to work begins",
    "leader killed to next commit",
    "node killed to its jobs free",
    "node killed to its pages asked again",
    "last answer to end of all",
];

impl Totals {
    /// Adds a run.
    pub(super) fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.met += u64::from(report.is_met);
        self.failed += usize::from(!report.wrong.is_empty());
        self.difference.lost += report.difference.lost;
        self.difference.duplicated += report.difference.duplicated;
        self.difference.unexpected += report.difference.unexpected;
        let figures = &report.figures;
        let of_run = [figures.ready, figures.commit, figures.takeover, figures.asked_again, figures.end];
        for (measured, figure) in self.measured.iter_mut().zip(of_run) {
            measured.extend(figure);
        }
        self.at_once = self.at_once.max(figures.at_once);
    }

    /// Adds a run that the hammer itself could not play.
    pub(super) fn add_broken(&mut self) {
        self.runs += 1;
        self.failed += 1;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} runs, {} met by their fault, {} failed; lost/duplicated/unexpected rows {}",
            self.runs, self.met, self.failed, self.difference
        )?;
        writeln!(
            f,
            "{:<38}{:>6}{:>10}{:>10}{:>10}{:>10}",
            "seconds", "runs", "least", "median", "99 %", "most"
        )?;
        for (name, measured) in NAMES.iter().zip(&self.measured) {
            let mut sorted = measured.clone();
            sorted.sort_unstable();
            write!(f, "{name:<38}{:>6}", sorted.len())?;
            for part in [0.0, 0.5, 0.99, 1.0] {
                match percentile(&sorted, part) {
                    Some(time) => write!(f, "{:>10.3}", time.as_secs_f64())?,
                    None => write!(f, "{:>10}", "-")?,
                }
            }
            writeln!(f)?;
        }
        write!(f, "most requests at a time: {}", self.at_once)
    }
}

/// The least of these times that so large a part of them does not exceed.
fn percentile(sorted: &[Duration], part: f64) -> Option<Duration> {
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        for (part, milliseconds) in [(0.0, 1), (0.5, 100), (0.99, 198), (1.0, 200)] {
            assert_eq!(percentile(&times, part), Some(Duration::from_millis(milliseconds)), "{part}");
        }
        assert_eq!(percentile(&times[..1], 0.99), Some(Duration::from_millis(1)));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn totals_count_what_failed_and_what_was_missed() {
        let options = super::super::options::Options::usual(Network::Loopback, 1);
        let report = |wrong: &[&str], is_met| Report {
            plan: Plan::new(3, &options),
            hit: vec!["n2".to_owned()],
            is_met,
            time: Duration::from_millis(1500),
            difference: Difference { lost: wrong.len(), ..Difference::default() },
            wrong: wrong.iter().map(|text| (*text).to_owned()).collect(),
            figures: Figures { ready: Some(Duration::from_secs(1)), ..Figures::default() },
        };
        let mut totals = Totals::default();
        for (wrong, is_met, says) in
            [(&[][..], true, "ok"), (&[], false, "ok, missed"), (&["x"], true, "FAILED")]
        {
            let report = report(wrong, is_met);
            let line = report.line(1, Network::Loopback);
            assert!(line.ends_with(says) && line.contains("1.50 s"), "{line}");
            totals.add(&report);
        }
        let text = totals.to_string();
        assert!(
            text.starts_with("3 runs, 2 met by their fault, 1 failed; lost/duplicated/unexpected rows 1/0/0"),
            "{text}"
        );
    }
}
