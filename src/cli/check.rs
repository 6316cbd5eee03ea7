//! `scoopi check`: validates everything, fetches nothing.

use crate::bootstrap;

use super::exit::{Exit, Failure};
use super::options::{Configured, Loudness, Options};
use super::speech::{print, tell};

pub(super) fn check(options: &Options) -> Result<Exit, Failure> {
    let Configured { settings, ignored, origins } = options.settings()?;
    for key in ignored {
        tell(&format!("warning: setting {key} has no effect any more"));
    }
    let (definitions, warnings) = bootstrap::check(&options.request(settings, origins))?;
    if options.loudness() == Loudness::Quiet {
        return Ok(Exit::Complete);
    }
    for warning in warnings.sorted() {
        tell(&warning.to_string());
    }
    let locators: usize = definitions.locator_groups.iter().map(|group| group.locators.len()).sum();
    let tasks: usize = definitions.task_groups.iter().map(|group| group.tasks.len()).sum();
    let (_, warnings) = warnings.counts();
    print(&format!(
        "definitions are good: {}, {}, {}, {}\n",
        counted(locators, "locator"),
        counted(tasks, "task"),
        counted(definitions.data_defs.len(), "dataDef"),
        counted(warnings, "warning"),
    ));
    Ok(Exit::Complete)
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
