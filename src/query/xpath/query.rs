//! A compiled XPath expression and how its placeholders get their values.
//!
//! Compiled once. A placeholder inside a literal is a piece of text, so no quote in a value can break the
//! query; one that stands where a number may stand is a number. Where a value decides how the rest is read
//! (a part of a name, a path), the filled text is compiled when it is first seen and kept for a while.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::query::Bindings;
use crate::query::Meter;
use crate::query::QueryError;
use crate::query::Template;
use crate::query::Tree;
use crate::query::xpath::Context;
use crate::query::xpath::Value;
use crate::query::xpath::XNode;
use crate::query::xpath::case::Case;
use crate::query::xpath::compile::compile;
use crate::query::xpath::eval::Evaluator;
use crate::query::xpath::program::Bound;
use crate::query::xpath::program::Program;
use crate::query::xpath::source::Source;

/// Filled texts that are kept compiled, for each query.
const KEPT: usize = 64;

/// A compiled XPath 1.0 expression.
#[derive(Debug)]
pub struct Query {
    template: Template,
    case: Case,
    /// `None`: the placeholders' values decide how the text is read.
    program: Option<Program>,
    filled: Mutex<Vec<(String, Arc<Program>)>>,
}

impl Query {
    /// Compiles an expression for HTML pages: names of elements and attributes mean their lower-case forms.
    ///
    /// At most 16 KiB of text and 64 levels of nesting.
    ///
    /// # Errors
    /// [`QueryError::Syntax`], with the place in the query as written. Where the value of a placeholder
    /// decides how the text is read, errors show when the query is asked.
    pub fn compile(template: &Template) -> Result<Self, QueryError> {
        Self::with_case(template, Case::Lower)
    }

    /// Compiles an expression for a tree whose names are case sensitive.
    ///
    /// # Errors
    /// As [`Query::compile`].
    pub fn compile_xml(template: &Template) -> Result<Self, QueryError> {
        Self::with_case(template, Case::Exact)
    }

    fn with_case(template: &Template, case: Case) -> Result<Self, QueryError> {
        let program = compile(&Source::new(template)?, case)?;
        Ok(Self { template: template.clone(), case, program, filled: Mutex::new(vec![]) })
    }

    /// The query as written.
    #[must_use]
    pub fn source(&self) -> String {
        self.template.source()
    }

    /// The value of the expression.
    ///
    /// # Errors
    /// [`QueryError::TooExpensive`]; [`QueryError::Evaluation`] for a text beyond all bounds;
    /// [`QueryError::Syntax`] where a value broke the query.
    pub fn evaluate(
        &self,
        tree: &Tree,
        context: Context,
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
    ) -> Result<Value, QueryError> {
        if let Some(program) = &self.program
            && let Some(bound) = Bound::new(program, vars)
        {
            return Evaluator::new(tree, program, &bound, meter).value(context);
        }
        let program = self.fill(vars)?;
        Evaluator::new(tree, &program, &Bound::default(), meter).value(context)
    }

    /// The nodes that the expression gives, in document order.
    ///
    /// # Errors
    /// [`QueryError::Evaluation`] when the value is not a node-set, and as [`Query::evaluate`].
    pub fn nodes(
        &self,
        tree: &Tree,
        context: Context,
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
    ) -> Result<Vec<XNode>, QueryError> {
        let found = match self.evaluate(tree, context, vars, meter)? {
            Value::Nodes(nodes) => return Ok(nodes),
            Value::Text(_) => "a text",
            Value::Number(_) => "a number",
            Value::Boolean(_) => "a truth value",
        };
        Err(QueryError::Evaluation {
            query: self.source(),
            message: format!("the query must select nodes, it gives {found}"),
        })
    }

    /// The program of the text with its values put in.
    fn fill(&self, vars: &(impl Bindings + ?Sized)) -> Result<Arc<Program>, QueryError> {
        let text = self.template.fill(vars);
        if let Some((_, program)) = self.filled.lock().iter().find(|(known, _)| *known == text) {
            return Ok(Arc::clone(program));
        }
        let source = Source::new(&Template::literal(&text))?;
        let Some(program) = compile(&source, self.case)? else {
            // Only a placeholder leaves a text undecided, and a filled text has none.
            return Err(source.error(0, "the query cannot be read".to_owned()));
        };
        let program = Arc::new(program);
        let mut filled = self.filled.lock();
        if filled.len() == KEPT {
            filled.remove(0);
        }
        filled.push((text, Arc::clone(&program)));
        Ok(program)
    }
}
