//! The command line: one file per command, exit codes, progress.
//!
//! Knows arguments, terminals and how things are said. Everything else is asked of the library.

mod arguments;
mod check;
mod cluster;
mod color;
mod config;
mod descriptors;
mod exit;
mod generated;
mod logging;
mod options;
mod plugins;
mod progress;
mod run;
mod shell;
mod speech;
mod summary;

use arguments::{Arguments, Command};
use color::Color;
pub use exit::Exit;

/// Runs the command line.
#[must_use]
pub fn main() -> Exit {
    speech::tell_panics();
    let words: Vec<_> = std::env::args_os().collect();
    let color = Color::of(&words);
    color.decide();
    let arguments = match Arguments::read(words, color) {
        Ok(arguments) => arguments,
        Err(error) => return exit::of_clap(&error),
    };
    let done = match arguments.command() {
        Command::Run(options) => run::run(&options),
        Command::Check(check) => check::check(&check),
        Command::Shell(shell) => shell::shell(&shell),
        Command::Config(config) => config::config(&config),
        Command::Plugins => plugins::plugins(),
        Command::Keygen(key) => cluster::keygen(&key),
        Command::Status(status) => cluster::status(&status),
        Command::Cancel(at) => cluster::cancel(&at),
        Command::Completions(shell) => generated::completions(&shell, Arguments::command_tree()),
        Command::Man(page) => generated::man(&page, Arguments::command_tree()),
    };
    done.unwrap_or_else(|failure| failure.tell())
}
