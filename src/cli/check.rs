//! `scoopi check`: validates everything, fetches nothing.

use clap::Args;

use crate::api::RunRequest;
use crate::compose;

use super::exit::{Exit, Failure};
use super::options::{Configured, QuietOption, SettingsOptions};
use super::speech::{print, tell, warn};

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    settings: SettingsOptions,
    #[command(flatten)]
    quiet: QuietOption,
}

pub(super) fn check(arguments: &CheckArguments) -> Result<Exit, Failure> {
    let Configured { settings, ignored, origins } = arguments.settings.read()?;
    for key in ignored {
        warn(&format!("setting {key} no longer has an effect"));
    }
    let (definitions, warnings) = compose::check(&RunRequest { origins, ..RunRequest::new(settings) })?;
    if arguments.quiet.quiet {
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
    ))?;
    Ok(Exit::Complete)
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
