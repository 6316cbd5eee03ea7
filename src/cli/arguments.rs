//! The command line: its commands, and the options of each.
//!
//! An option may stand before or behind the name of the command; a command takes the options that act in it, and no
//! others.

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::check::CheckArguments;
use super::cluster::{AtArguments, KeyArguments, StatusArguments};
use super::color::Color;
use super::config::ConfigArguments;
use super::generated::{PageArgument, ShellArgument};
use super::options::RunOptions;
use super::shell::ShellArguments;

/// A definition-driven crawler: a folder of YAML definitions in, rows of data out.
#[derive(Debug, Parser)]
#[command(name = "scoopi", version, about, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    options: RunOptions,
    /// Colours of messages, log lines and help; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto, global = true, help_heading = "Output")]
    color: Color,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the definitions; `scoopi` without a command does the same
    Run(Box<RunOptions>),
    /// Validate definitions and settings, fetch nothing
    Check(Box<CheckArguments>),
    /// Try queries on a page: see nodes and values
    Shell(ShellArguments),
    /// Show the settings that are in effect, and where each comes from
    Config(Box<ConfigArguments>),
    /// List every step and plugin with its settings, defaults and aliases
    Plugins,
    /// Make the key that all nodes of a cluster share
    Keygen(KeyArguments),
    /// Ask a node how its cluster stands
    Status(StatusArguments),
    /// Cancel the run of a cluster, on all nodes
    Cancel(AtArguments),
    /// Write a script to stdout that completes commands and options in a shell
    Completions(ShellArgument),
    /// Write a manual page to stdout, in the format of man
    Man(PageArgument),
}

impl Arguments {
    /// Reads the command line; its first word is the name of the program.
    pub(super) fn read(words: Vec<OsString>, color: Color) -> Result<Self, clap::Error> {
        let tree = Self::command_tree().color(color.of_clap());
        Self::from_arg_matches(&tree.try_get_matches_from(with_options_behind(words))?)
    }

    /// Returns the command: a run if none is named.
    pub(super) fn command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Run(Box::new(self.options)))
    }

    /// Returns the commands and their options as clap knows them.
    pub(super) fn command_tree() -> clap::Command {
        <Self as CommandFactory>::command()
    }
}

/// Moves the options before the name of a command behind it, where clap compares them with those that the command takes.
/// A command line that this does not understand stays as it is: clap says what is wrong with it.
fn with_options_behind(mut words: Vec<OsString>) -> Vec<OsString> {
    let color = clap::Arg::new("color").long("color").value_name("WHEN");
    let before = RunOptions::augment_args(clap::Command::new("scoopi"));
    let before = before.arg(color).allow_external_subcommands(true);
    let Ok(read) = before.try_get_matches_from(&words) else { return words };
    let Some((name, rest)) = read.subcommand() else { return words };
    let is_command = Arguments::command_tree().find_subcommand(name).is_some();
    let behind = rest.get_many::<OsString>("").map_or(0, |words| words.len());
    let place = words.len().saturating_sub(1 + behind);
    if is_command
        && words.get(place).is_some_and(|word| word == name)
        && let Some(moved) = words.get_mut(1..=place)
    {
        moved.rotate_right(1);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let moved: Vec<_> =
            with_options_behind(words).into_iter().map(|word| word.into_string().unwrap()).collect();
        moved.join(" ")
    }

    #[test]
    fn the_tree_is_consistent() {
        Arguments::command_tree().debug_assert();
    }

    #[test]
    fn options_before_a_command_are_moved_behind_its_name() {
        for (line, expected) in [
            ("scoopi", "scoopi"),
            ("scoopi check", "scoopi check"),
            ("scoopi --set a=b -q check --defs d", "scoopi check --set a=b -q --defs d"),
            ("scoopi --defs check", "scoopi --defs check"),
            ("scoopi --defs check check", "scoopi check --defs check"),
            ("scoopi -q shell check", "scoopi shell -q check"),
            ("scoopi --set a=b chek", "scoopi --set a=b chek"),
            ("scoopi -q help check", "scoopi -q help check"),
            ("scoopi --help check", "scoopi --help check"),
            ("scoopi --nonsense check", "scoopi --nonsense check"),
        ] {
            assert_eq!(moved(line), expected);
        }
    }
}
