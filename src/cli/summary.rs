//! The last lines of a run.

use std::fmt::Write;

use crate::api::{Outcome, Report};
use crate::model::shown;

use super::check::counted;
use super::exit::Exit;

/// The exit code that fits.
pub(super) fn exit(report: &Report) -> Exit {
    match report.outcome {
        Outcome::Complete => Exit::Complete,
        Outcome::WithErrors => Exit::WithErrors,
        Outcome::Cancelled => Exit::Cancelled,
        Outcome::LeftBehind => Exit::LeftBehind,
    }
}

/// Status, rows, pages, failed jobs with reasons, errors, time, and where the output is.
pub(super) fn text(report: &Report) -> String {
    let counts = &report.counts;
    let status = match report.outcome {
        Outcome::Complete => "complete".to_owned(),
        Outcome::WithErrors => "finished with errors".to_owned(),
        Outcome::Cancelled if report.others_go_on => {
            format!("this node has left, {} jobs left; the other nodes continue with them", counts.open())
        }
        Outcome::LeftBehind => format!(
            "left behind by the other nodes, {} jobs left as far as this node knows; if they have ended the run, each of \
             them has all rows",
            counts.open()
        ),
        Outcome::Cancelled => {
            format!("cancelled, {} jobs left; `--resume` continues with them", counts.open())
        }
    };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "{name:<12} {}", shown(value));
    };
    line("status", &status);
    line("rows", &counts.rows.to_string());
    let known = match counts.moved_to_known {
        0 => String::new(),
        known => format!(" ({known} of them to a page that was there already)"),
    };
    let moved =
        if counts.moved > 0 { format!(", {} redirected{known}", counts.moved) } else { String::new() };
    line("pages", &format!("{} done{moved}, {} loaded by this process", counts.done, report.figures.pages));
    if report.figures.skipped > 0 {
        let what = "not parsed by this process: they are not text (PDF, images, archives)";
        line("skipped", &format!("{}, {what}", counted(as_usize(report.figures.skipped), "page")));
    }
    line("failed", &format!("{} failed, {} quarantined", counts.failed, counts.quarantined));
    for reason in &report.first_failed {
        line("", reason);
    }
    if let Some(file) = report.failed.as_ref().filter(|_| report.kept_by.is_none()) {
        line("", &format!("all failed jobs with reasons: {}", file.display()));
    }
    let left_out = [
        (counts.dropped_links, "maxJobs"),
        (counts.too_deep_links, "maxDepth"),
        (counts.too_many_url_bytes, "maxUrlBytes"),
        (report.figures.long_links, "maxLink"),
    ];
    for (count, limit) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        line("links", &format!("{count} not followed (limit `scoopi.job.{limit}`)"));
    }
    if report.figures.links_beyond > 0 {
        let why = "not followed: they lead to other hosts (setting `scoopi.scope.hosts`)";
        line("links", &format!("{} {why}", report.figures.links_beyond));
    }
    line("errors", &format!("{}, {}", report.figures.errors, retried(counts.retries)));
    line("time", &format!("{:.3} s", report.taken.as_secs_f64()));
    if let Some(node) = &report.kept_by {
        line("output", &format!("kept by node {node} alone (`--output-on`)"));
        return text;
    }
    for sink in &report.sinks {
        line("output", &format!("{} in {}", counted(as_usize(sink.rows), "row"), sink.place));
    }
    text
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn retried(retries: u64) -> String {
    format!("{retries} tried again")
}
