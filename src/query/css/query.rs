//! A compiled selector, asked of pages.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::query::limits::Meter;
use crate::query::limits::QueryError;
use crate::query::regex::JavaRegex;
use crate::query::template::Bindings;
use crate::query::template::Template;
use crate::query::tree::NodeId;
use crate::query::tree::Tree;

use super::distinct::Distinct;
use super::distinct::sort_from;
use super::index::Indexes;
use super::matcher::Matcher;
use super::parse;
use super::plan::Test;
use super::program::Program;
use super::program::Slot;
use super::recent::Recent;
use super::source::Cursor;
use super::source::Source;
use super::source::Stop;
use super::source::Text;

/// Longest query in bytes, before and after values are put in.
const MAX_QUERY: usize = 16 * 1024;

/// A selector in jsoup's dialect, compiled once; see the module docs for what it may contain.
#[derive(Debug)]
pub struct Query {
    /// The query as written, for messages.
    text: String,
    /// A query whose placeholders wait for values.
    whole: Text,
    /// `None` if a placeholder stands for a piece of the selector: then only filled texts can be compiled.
    program: Option<Program>,
    /// Regular expressions whose text has placeholders, by their text.
    regexes: Recent<JavaRegex>,
    /// What was compiled from filled texts.
    filled: Recent<Query>,
}

/// The tests that the slots of a program are for one evaluation.
type Bound = SmallVec<[Test; 2]>;

impl Query {
    /// Compiles a selector of at most 16 KiB.
    ///
    /// A placeholder can stand in a name, a position, a value, a text or a regular expression. Where it
    /// stands for more than that, the text with its value is compiled when it is first met, and a mistake in
    /// it found only then.
    ///
    /// # Errors
    /// [`QueryError::Syntax`] with the place of the mistake.
    pub fn compile(template: &Template) -> Result<Self, QueryError> {
        let source = Source::new(template);
        Self::from_cursor(source.cursor(), &template.source())
    }

    /// Compiles what a cursor reads, which is (a part of) the query `text`.
    pub(super) fn from_cursor(mut cursor: Cursor<'_>, text: &str) -> Result<Self, QueryError> {
        if text.len() > MAX_QUERY {
            let message = format!("a query of {} bytes is too long (at most {MAX_QUERY})", text.len());
            return Err(QueryError::Syntax { query: text.chars().take(60).collect(), at: 1, message });
        }
        let regexes = Recent::default();
        let program = match parse::parse(cursor.within(cursor.at(), cursor.end()), &regexes) {
            Ok(program) => Some(program),
            Err(Stop::Structure) => None,
            Err(mistake) => return Err(mistake.into_error(text)),
        };
        let whole = cursor.rest();
        Ok(Self { text: text.to_owned(), whole, program, regexes, filled: Recent::default() })
    }

    /// Appends the elements that the query selects to `out`.
    ///
    /// Each root and all elements below it are candidates, nothing above a root is seen, and a combinator at
    /// the beginning relates to the root (`+` and `~` then lead to its siblings). Elements come root by root,
    /// each root's in document order, none twice. The root of the whole page is node 0.
    ///
    /// # Errors
    /// A value of a placeholder that makes no sense, a regular expression that gives up, or
    /// [`QueryError::TooExpensive`].
    pub fn select(
        &self,
        tree: &Tree,
        roots: &[NodeId],
        vars: &(impl Bindings + ?Sized),
        meter: &Meter,
        out: &mut Vec<NodeId>,
    ) -> Result<(), QueryError> {
        self.find((tree, meter), roots, vars, None, out)
    }

    /// As [`Query::select`]; looks into `indexes`, which belong to this tree, and adds to them.
    pub(super) fn find(
        &self,
        page: (&Tree, &Meter),
        roots: &[NodeId],
        vars: &(impl Bindings + ?Sized),
        indexes: Option<&mut Indexes>,
        out: &mut Vec<NodeId>,
    ) -> Result<(), QueryError> {
        if let Some(program) = &self.program
            && let Some(bound) = self.bind(&program.slots, vars)?
        {
            return self.run(program, &bound, page, roots, indexes, out);
        }
        self.fill(vars)?.find(page, roots, &(), indexes, out)
    }

    /// The query with its values put in, all of it text.
    fn fill(&self, vars: &(impl Bindings + ?Sized)) -> Result<Arc<Self>, QueryError> {
        let text = self.whole.fill(vars);
        self.filled.get_or_make(&text, || Self::compile(&Template::literal(&text)))
    }

    /// The tests of this evaluation; `None` if a value is more than what can be put into a slot.
    fn bind(&self, slots: &[Slot], vars: &(impl Bindings + ?Sized)) -> Result<Option<Bound>, QueryError> {
        let mut bound = Bound::new();
        for slot in slots {
            // Most slots are the positions of rows and cells.
            let number = slot.text.only_var().and_then(|var| vars.number(var));
            if let Some(test) = number.and_then(|number| slot.recipe.of_number(number)) {
                bound.push(test);
                continue;
            }
            let text = slot.text.fill(vars);
            let is_part = slot.text.vars().all(|var| slot.recipe.takes(&vars.value(var)));
            if !is_part || (text.is_empty() && slot.recipe.is_name()) {
                return Ok(None);
            }
            let test =
                slot.recipe.make(&text, &self.regexes).map_err(|unfit| self.evaluation(unfit.message))?;
            bound.push(test);
        }
        Ok(Some(bound))
    }

    fn run(
        &self,
        program: &Program,
        bound: &[Test],
        (tree, meter): (&Tree, &Meter),
        roots: &[NodeId],
        indexes: Option<&mut Indexes>,
        out: &mut Vec<NodeId>,
    ) -> Result<(), QueryError> {
        let indexes = indexes.filter(|_| roots.len() <= Indexes::MAX_ROOTS);
        let mut matcher = Matcher::new(tree, meter, bound, indexes);
        let mut distinct = Distinct::new(tree, out.len());
        for &root in roots.iter().filter(|root| **root < tree.len()) {
            let from = out.len();
            matcher.start(root);
            let mut reach = tree.end(root);
            for plan in &program.list.plans {
                let selected = match &program.stem {
                    _ if plan.is_chain() => matcher.chain(plan, out),
                    Some(stem) => matcher.by_stem(stem, plan, out),
                    None => matcher.scan(plan, true, Some(out)).map(drop),
                };
                selected.map_err(|error| self.named(error))?;
                if plan.leaves_root {
                    reach = tree.parent(root).map_or(reach, |parent| tree.end(parent));
                }
            }
            if program.list.plans.len() > 1 {
                sort_from(out, from);
            }
            distinct.keep(out, from, root, reach);
        }
        Ok(())
    }

    /// Errors of tests do not know the query that they are part of.
    fn named(&self, error: QueryError) -> QueryError {
        match error {
            QueryError::Evaluation { message, .. } => self.evaluation(message),
            other => other,
        }
    }

    fn evaluation(&self, message: String) -> QueryError {
        QueryError::Evaluation { query: self.text.clone(), message }
    }
}
