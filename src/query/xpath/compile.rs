//! From the text of a query to a program.
//!
//! Knows that a text is read first (`parse`) and made cheap afterwards (`optimise`), and what either of them failing
//! means. Does not know how a program is answered.

use crate::query::QueryError;
use crate::query::xpath::case::Case;
use crate::query::xpath::optimise;
use crate::query::xpath::parse::Failure;
use crate::query::xpath::parse::Parser;
use crate::query::xpath::program::Program;
use crate::query::xpath::source::Source;

/// Compiles a text. `None`: the text has a placeholder whose value decides how the rest is read.
///
/// # Errors
/// A syntax error.
pub(super) fn compile(source: &Source, case: Case) -> Result<Option<Program>, QueryError> {
    let mut program = match Parser::parse(source, case) {
        Ok(program) => program,
        Err(Failure::Undecided) => return Ok(None),
        Err(Failure::Syntax { at, message }) => return Err(source.error(at, message)),
    };
    optimise::optimise(&mut program.root);
    program.weight = optimise::weight(&program.root);
    Ok(Some(program))
}
