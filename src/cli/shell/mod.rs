//! `scoopi shell`: tries queries on a page.
//!
//! Loads one page as a run would, reads queries line by line and says what a definition would get from them.
//! `session` knows what an answer is, `query` the two languages, `show` how nodes look; here lines are read and
//! answers written. Works on a terminal and in a pipe: answers go to stdout, all else to stderr.

mod page;
mod query;
mod session;
mod show;
mod terminal;

use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use clap::Args;

use crate::cli::exit::{Exit, Failure};
use crate::cli::options::{ConfigurationOptions, Configured, QuietOption};
use crate::cli::speech::{tell, warn, written};
use crate::compose;
use crate::model::shown_lines;

use page::LoadedPage;
use session::{Reply, Session};
use terminal::read_line;

/// A page to ask.
#[derive(Debug, Args)]
pub(super) struct ShellArguments {
    /// URL of the page, path below the working directory such as /defs/page.html, or any file
    #[arg(value_name = "URL|FILE")]
    page: String,
    #[command(flatten)]
    configuration: ConfigurationOptions,
    #[command(flatten)]
    quiet: QuietOption,
}

pub(super) fn shell(arguments: &ShellArguments) -> Result<Exit, Failure> {
    let Configured { settings, ignored, .. } = arguments.configuration.read()?;
    for key in ignored {
        warn(&format!("setting {key} no longer has an effect"));
    }
    let page = LoadedPage::load(&arguments.page, &settings)?;
    let is_terminal = io::stdin().is_terminal();
    if !arguments.quiet.quiet {
        tell(&page.description());
    }
    if is_terminal {
        tell("a line is a query in CSS or XPath; `:help` says more, an empty line ends");
    }
    let mut conversation =
        Conversation { session: Session::new(page, compose::limits(&settings)), prompts: is_terminal };
    conversation.run(&mut io::stdin().lock(), &mut io::stdout().lock())?;
    Ok(Exit::Complete)
}

/// A session, and how it is shown.
struct Conversation {
    session: Session,
    /// Whether a person waits for a prompt.
    prompts: bool,
}

impl Conversation {
    /// Answers line by line until the end of input, or until the reader of the answers is gone.
    fn run(&mut self, input: &mut impl BufRead, output: &mut impl Write) -> Result<(), Failure> {
        loop {
            if self.prompts {
                prompt(&shown_lines(&self.session.prompt()));
            }
            let line = read_line(input)
                .map_err(|error| Failure::usage(format!("unable to read a query from stdin: {error}")))?;
            let Some(line) = line else { break };
            let answer = match self.session.reply(&line) {
                Reply::Say(text) => text,
                Reply::Save(path) => self.save(&path),
                Reply::End => return Ok(()),
            };
            if let Err(error) = self.write(&answer, output) {
                return Ok(written(Err(error))?);
            }
        }
        if self.prompts {
            // What comes next on the terminal begins on a line of its own.
            prompt("\n");
        }
        Ok(())
    }

    fn write(&self, answer: &str, output: &mut impl Write) -> io::Result<()> {
        let answer = shown_lines(answer);
        let end = if answer.ends_with('\n') { "" } else { "\n" };
        write!(output, "{answer}{end}")?;
        output.flush()
    }

    /// Writes the page as it was sent, into a new file.
    fn save(&self, path: &Path) -> String {
        let bytes = self.session.page().bytes();
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        match file.and_then(|mut file| file.write_all(bytes)) {
            Ok(()) => format!("saved {} bytes to {}", bytes.len(), path.display()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                format!("error: {} is there already; name another file", path.display())
            }
            Err(error) => format!("error: unable to write {}: {error}", path.display()),
        }
    }
}

/// Writes to stderr, so that a prompt is seen also where answers go into a file.
fn prompt(text: &str) {
    // If the terminal is gone, so is its input.
    let _gone = io::stderr().write_all(text.as_bytes());
}
