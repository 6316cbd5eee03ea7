//! A dataDef, compiled once: what every axis of every row reads, and from where.
//!
//! Queries with the same text are compiled once and known by number, so that results can be shared between
//! axes and rows of one page.

use std::collections::HashSet;
use std::sync::Arc;

use compact_str::CompactString;

use crate::defs::{DataDef, IndexRange, ItemDef, Place, Problem, Problems, Spanned};
use crate::model::{Axis, AxisKind, CellText, Shape};
use crate::query::{QueryError, Template};
use crate::script::{CompiledScript, DataScript, ScriptError, SourceText};
use crate::steps::Facts;

use super::engine::Engine;
use super::variables::Variables;

/// Where the value of an axis comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// It is this text, whatever the page says.
    Constant(CellText),
    /// A script, a query, or the one and then the other; neither means no value.
    Page { script: Option<ScriptUse>, query: Option<QueryUse> },
}

impl Origin {
    /// See [`AxisProgram::last_axis`].
    fn last_axis(&self, known: &[usize]) -> usize {
        let Self::Page { script, query } = self else { return 0 };
        let script = script.as_ref().map(|script| &script.variables);
        let query = query.as_ref().map(|query| [&query.block_variables, &query.selector_variables]);
        let all = script.into_iter().chain(query.into_iter().flatten());
        all.map(|variables| variables.last_axis(known)).max().unwrap_or(0)
    }
}

/// A script and its placeholders.
#[derive(Debug)]
pub(super) struct ScriptUse {
    pub(super) template: Template,
    pub(super) variables: Variables,
    /// Ready to run, if there are no placeholders.
    pub(super) compiled: Option<CompiledScript>,
}

/// A block and a selector in it, by number.
#[derive(Debug)]
pub(super) struct QueryUse {
    pub(super) block: usize,
    pub(super) block_variables: Variables,
    pub(super) selector: usize,
    pub(super) selector_variables: Variables,
    /// Under which number answers are kept by the index of the axis, if they depend on nothing else.
    pub(super) by_index: Option<usize>,
}

/// What one axis does.
#[derive(Debug)]
pub(super) struct AxisProgram {
    pub(super) origin: Origin,
    pub(super) break_after: Vec<CompactString>,
    /// All prefixes, in the order in which they stand in the value.
    pub(super) prefix: CompactString,
    /// The last axis whose index has a part in the value: itself, or one to its right.
    pub(super) last_axis: usize,
}

/// The axes of one kind of row.
#[derive(Debug)]
pub(super) struct RowProgram {
    pub(super) axes: Vec<AxisProgram>,
    pub(super) ranges: Vec<IndexRange>,
}

/// What a task takes from a page, compiled.
pub(super) struct Program<E: Engine> {
    pub(super) shape: Arc<Shape>,
    pub(super) rows: Vec<RowProgram>,
    pub(super) blocks: Vec<E::Block>,
    pub(super) selectors: Vec<E::Selector>,
    /// Queries whose answers are kept by index.
    pub(super) by_index: usize,
}

impl<E: Engine> Program<E> {
    /// Compiles a dataDef. What cannot be compiled is added to `problems`.
    pub(super) fn compile(data_def: &DataDef, facts: &Facts, problems: &mut Problems) -> Self {
        let shape = Arc::new(shape(data_def));
        let mut compiler = Compiler::<E> {
            data_def,
            facts,
            blocks: Interned::default(),
            selectors: Interned::default(),
            by_index: vec![],
            scripts: HashSet::new(),
            problems,
        };
        let templates =
            data_def.items.iter().flat_map(|item| data_def.facts.iter().map(move |fact| (item, fact)));
        let rows = templates
            .zip(&shape.templates)
            .map(|((item, fact), axes)| compiler.row(item, fact, axes))
            .collect();
        let Compiler { blocks, selectors, by_index, .. } = compiler;
        let (blocks, selectors, by_index) = (blocks.compiled, selectors.compiled, by_index.len());
        Self { shape, rows, blocks, selectors, by_index }
    }
}

impl<E: Engine> Program<E> {
    /// Whether a script of it needs a script engine.
    pub(super) fn needs_engine(&self) -> bool {
        let origins = self.rows.iter().flat_map(|row| &row.axes).map(|axis| &axis.origin);
        origins.into_iter().any(|origin| match origin {
            Origin::Page { script: Some(script), .. } => {
                script.compiled.as_ref().is_none_or(CompiledScript::needs_engine)
            }
            _ => false,
        })
    }
}

/// The axes of the rows of a dataDef: one list per item and fact.
fn shape(data_def: &DataDef) -> Shape {
    let axis = |kind, def: &ItemDef| Axis {
        kind,
        name: def.name.value.as_str().into(),
        match_text: def.match_text.as_ref().map(|text| text.value.as_str().into()),
        order: def.order,
    };
    let dims: Vec<Axis> = data_def.dims.iter().map(|dim| axis(AxisKind::Dim, dim)).collect();
    let row = |item: &ItemDef, fact: &ItemDef| {
        let mut axes = vec![axis(AxisKind::Item, item)];
        axes.extend(dims.iter().cloned());
        axes.push(axis(AxisKind::Fact, fact));
        axes
    };
    let templates =
        data_def.items.iter().flat_map(|item| data_def.facts.iter().map(move |fact| row(item, fact)));
    Shape { name: data_def.name.value.as_str().into(), templates: templates.collect() }
}

/// Things compiled from texts, each text once.
struct Interned<T> {
    texts: Vec<String>,
    compiled: Vec<T>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { texts: vec![], compiled: vec![] }
    }
}

impl<T> Interned<T> {
    fn number(
        &mut self,
        text: &str,
        compile: impl FnOnce() -> Result<T, QueryError>,
    ) -> Result<usize, QueryError> {
        if let Some(number) = self.texts.iter().position(|known| known == text) {
            return Ok(number);
        }
        self.compiled.push(compile()?);
        self.texts.push(text.to_owned());
        Ok(self.texts.len() - 1)
    }
}

struct Compiler<'a, E: Engine> {
    data_def: &'a DataDef,
    facts: &'a Facts,
    blocks: Interned<E::Block>,
    selectors: Interned<E::Selector>,
    /// Blocks and selectors in them whose answers depend on the index of the axis alone.
    by_index: Vec<(usize, usize)>,
    /// Scripts that were checked.
    scripts: HashSet<String>,
    problems: &'a mut Problems,
}

impl<E: Engine> Compiler<'_, E> {
    fn row(&mut self, item: &ItemDef, fact: &ItemDef, axes: &[Axis]) -> RowProgram {
        let data_def = self.data_def;
        let defs: Vec<&ItemDef> =
            std::iter::once(item).chain(&data_def.dims).chain(std::iter::once(fact)).collect();
        let ranges = defs.iter().map(|def| def.range).collect();
        let mut programs = vec![];
        let mut last_axes = vec![];
        for (own, def) in defs.iter().enumerate() {
            let program = self.axis(def, axes, own, &last_axes);
            last_axes.push(program.last_axis);
            programs.push(program);
        }
        RowProgram { axes: programs, ranges }
    }

    /// `last_axes` are those of the axes before this one.
    fn axis(&mut self, def: &ItemDef, axes: &[Axis], own: usize, last_axes: &[usize]) -> AxisProgram {
        let origin = self.origin(def, axes, own);
        AxisProgram {
            last_axis: origin.last_axis(last_axes).max(own),
            origin,
            break_after: def.break_after.iter().map(|text| text.value.as_str().into()).collect(),
            prefix: def.prefix.iter().rev().map(|text| text.value.as_str()).collect(),
        }
    }

    fn origin(&mut self, def: &ItemDef, axes: &[Axis], own: usize) -> Origin {
        if let Some(value) = &def.value {
            return Origin::Constant(value.value.as_str().into());
        }
        if let Some(text) = &def.match_text {
            return Origin::Constant(text.value.replace('\\', "").into());
        }
        let script = def.script.as_ref().and_then(|script| self.script(script, axes, own));
        let selector = match axes[own].kind {
            AxisKind::Fact => self.data_def.selector.as_ref(),
            AxisKind::Item | AxisKind::Dim => def.selector.as_ref(),
        };
        let query = self.data_def.block.as_ref().zip(selector);
        Origin::Page {
            script,
            query: query.and_then(|(block, selector)| self.query(block, selector, axes, own)),
        }
    }

    fn script(&mut self, script: &Spanned<String>, axes: &[Axis], own: usize) -> Option<ScriptUse> {
        let template = self.template(script)?;
        let variables = Variables::resolve(&template, axes, own, &script.place, self.problems);
        let compiled = template.is_literal().then(|| CompiledScript::compile(&template.fill(&())));
        if let Some(compiled) = compiled.as_ref().filter(|compiled| compiled.needs_engine()) {
            self.check_script(compiled.text(), &script.place);
        }
        Some(ScriptUse { template, variables, compiled })
    }

    /// Looks for mistakes in the syntax of a script. As the body of a function it is compiled and not run.
    fn check_script(&mut self, text: &str, place: &Place) {
        if !self.scripts.insert(text.to_owned()) {
            return;
        }
        let body =
            SourceText { name: "script".to_owned(), text: format!("function execute() {{\n{text}\n}}") };
        let configs = Arc::clone(&self.facts.configs);
        let loaded = DataScript::load(&self.facts.sandbox, configs, body, vec![], "execute");
        let Err(ScriptError::Syntax { place: found, reason, .. }) = loaded else { return };
        let line = found.line.saturating_sub(1) as usize;
        let what = match text.lines().count() < line {
            true => "its end comes too early, something is not closed".to_owned(),
            false => format!("{reason}, at line {line} column {} of the script", found.column),
        };
        self.report(place, format!("this is not JavaScript: {what}"));
    }

    fn query(
        &mut self,
        block: &Spanned<String>,
        selector: &Spanned<String>,
        axes: &[Axis],
        own: usize,
    ) -> Option<QueryUse> {
        let (block_template, selector_template) = (self.template(block), self.template(selector));
        let (block_template, selector_template) = (block_template?, selector_template?);
        let block_number = self.blocks.number(&block.value, || E::compile_block(&block_template));
        let is_new = self.selectors.texts.iter().all(|known| *known != selector.value);
        if let Some(doubt) = E::doubt(&selector.value).filter(|_| is_new) {
            self.problems.push(Problem::warning(&selector.place, doubt, ""));
        }
        let selector_number =
            self.selectors.number(&selector.value, || E::compile_selector(&selector_template));
        let block_variables = Variables::resolve(&block_template, axes, own, &block.place, self.problems);
        let selector_variables =
            Variables::resolve(&selector_template, axes, own, &selector.place, self.problems);
        let block_number = block_number.map_err(|error| self.report(&block.place, error.to_string())).ok();
        let selector_number =
            selector_number.map_err(|error| self.report(&selector.place, error.to_string())).ok();
        let (block, selector) = (block_number?, selector_number?);
        let is_by_index = block_variables.is_empty() && selector_variables.are_index_of(own);
        let by_index = is_by_index.then(|| self.number_by_index((block, selector)));
        Some(QueryUse { block, block_variables, selector, selector_variables, by_index })
    }

    fn number_by_index(&mut self, query: (usize, usize)) -> usize {
        let known = self.by_index.iter().position(|known| *known == query);
        known.unwrap_or_else(|| {
            self.by_index.push(query);
            self.by_index.len() - 1
        })
    }

    fn template(&mut self, text: &Spanned<String>) -> Option<Template> {
        Template::parse(&text.value).map_err(|error| self.report(&text.place, error.to_string())).ok()
    }

    fn report(&mut self, place: &Place, message: String) {
        self.problems.push(Problem::error(place, message, ""));
    }
}
