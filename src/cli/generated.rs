//! `scoopi completions` and `scoopi man`: texts made of the commands and options themselves.

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::exit::{Exit, Failure};
use super::speech::print_own;

/// The name of the program.
const PROGRAM: &str = "scoopi";

#[derive(Debug, Args)]
pub(super) struct ShellArgument {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct PageArgument {
    /// The command to describe [default: the program and all commands]
    command: Option<String>,
}

pub(super) fn completions(arguments: &ShellArgument, mut tree: Command) -> Result<Exit, Failure> {
    let mut script = vec![];
    clap_complete::generate(arguments.shell, &mut tree, PROGRAM, &mut script);
    print_own(&script)?;
    Ok(Exit::Complete)
}

pub(super) fn man(arguments: &PageArgument, tree: Command) -> Result<Exit, Failure> {
    let mut tree = tree.disable_help_subcommand(true);
    tree.build();
    let described = match &arguments.command {
        None => &tree,
        Some(name) => tree.find_subcommand(name).ok_or_else(|| unknown(name, &tree))?,
    };
    let mut page = vec![];
    let written = Man::new(described.clone()).render(&mut page);
    written.map_err(|error| Failure::fatal(format!("unable to make the manual page: {error}")))?;
    print_own(&page)?;
    Ok(Exit::Complete)
}

fn unknown(name: &str, tree: &Command) -> Failure {
    let names: Vec<_> = tree.get_subcommands().map(Command::get_name).collect();
    Failure::usage(format!(
        "`{PROGRAM} man {name}`: there is no such command; write one of {}",
        names.join(", ")
    ))
}
