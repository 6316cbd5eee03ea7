//! The command line: one file per command, exit codes, progress.
//!
//! Knows arguments, terminals and how things are said. Everything else is asked of the library.

mod check;
mod cluster;
mod descriptors;
mod exit;
mod logging;
mod options;
mod plugins;
mod progress;
mod run;
mod shell;
mod speech;
mod summary;

use clap::{Parser, Subcommand};

pub use exit::Exit;
use options::Options;

/// A definition-driven crawler: a folder of YAML definitions in, rows of data out.
#[derive(Debug, Parser)]
#[command(name = "scoopi", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Validate definitions and settings, fetch nothing
    Check,
    /// Try queries on a page: see nodes and values
    Shell(shell::ShellArguments),
    /// List every step and plugin with its settings, defaults and aliases
    Plugins,
    /// Make the key that all nodes of a cluster share
    Keygen(cluster::KeyArguments),
    /// Ask a node how its cluster stands
    Status(cluster::StatusArguments),
    /// Cancel the run of a cluster, on all nodes
    Cancel(cluster::AtArguments),
}

/// Does what the command line says.
#[must_use]
pub fn main() -> Exit {
    speech::tell_panics();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::of_clap(&error),
    };
    let options = arguments.options;
    let done = match arguments.command {
        None => run::run(&options),
        Some(Command::Check) => check::check(&options),
        Some(Command::Shell(shell)) => shell::shell(&options, &shell),
        Some(Command::Plugins) => plugins::plugins(),
        Some(Command::Keygen(key)) => cluster::keygen(&key),
        Some(Command::Status(status)) => cluster::status(&options, &status),
        Some(Command::Cancel(at)) => cluster::cancel(&options, &at),
    };
    done.unwrap_or_else(|failure| failure.tell())
}
