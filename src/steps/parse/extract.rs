//! One page through one dataDef: the rows, in odometer order.

use std::rc::Rc;

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::model::{Axis, AxisKind, Cell, CellText, Row};
use crate::query::{Bindings, Meter, Part, QueryError, Template, Tree};
use crate::script::PageScripts;
use crate::steps::{Replacements, StepError};

use super::cache::Cache;
use super::engine::Engine;
use super::odometer::Odometer;
use super::program::{AxisProgram, Origin, Program, QueryUse, RowProgram, ScriptUse};
use super::variables::Reading;

/// Most rows that room is made for before they are there.
const MOST_AHEAD: usize = 1024;
/// Bytes of a value in a query that can be processed for the price of one visit.
const LOOKED_UP: usize = 4;

/// Limits of the rows of one task on one page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most rows.
    pub(super) rows: usize,
    /// Most bytes of one value.
    pub(super) cell_bytes: usize,
    /// Most bytes of all values that are not stored in their cells.
    pub(super) row_bytes: usize,
}

/// An axis whose last index is not the last one on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CutShort {
    pub(super) axis: String,
    pub(super) last: u32,
}

/// A page being read.
pub(super) struct Extraction<'a, E: Engine> {
    pub(super) program: &'a Program<E>,
    pub(super) tree: &'a Tree,
    pub(super) meter: &'a Meter<'a>,
    pub(super) scripts: PageScripts<'a>,
    pub(super) replacements: &'a Replacements,
    pub(super) bounds: Bounds,
    /// Whether each match of an item makes a row.
    pub(super) each_match: bool,
    /// The values of the item in the current row, if there are several.
    pub(super) matched: Vec<CellText>,
    /// Whether the page had a value for any axis.
    pub(super) found: bool,
    pub(super) cache: Cache<E::Node>,
    pub(super) scratch: E::Scratch<'a>,
}

impl<E: Engine> Extraction<'_, E> {
    /// All rows.
    ///
    /// # Errors
    /// A query or script failed, a break value never came, or a limit of rows or bytes is exceeded.
    pub(super) fn rows(&mut self) -> Result<Vec<Row>, StepError> {
        let mut rows = vec![];
        let mut room = self.bounds.row_bytes;
        let program = self.program;
        for (number, (row, axes)) in (0..).zip(program.rows.iter().zip(&program.shape.templates)) {
            self.rows_of(number, row, axes, &mut rows, &mut room)?;
        }
        Ok(rows)
    }

    fn rows_of(
        &mut self,
        template: u32,
        program: &RowProgram,
        axes: &[Axis],
        rows: &mut Vec<Row>,
        room: &mut usize,
    ) -> Result<(), StepError> {
        let mut odometer = Odometer::new(&program.ranges);
        self.matched.clear();
        rows.reserve(odometer.combinations().min(MOST_AHEAD));
        // The first axis whose index is not that of the row before.
        let mut changed = 0;
        loop {
            // The limit is checked before the work for the row.
            if rows.len() >= self.bounds.rows {
                return Err(self.too_many());
            }
            // Rows are made where they stay: they are large.
            rows.push(Row { template, cells: SmallVec::new() });
            let Some((row, before)) = rows.split_last_mut() else { return Ok(()) };
            let kept = |own: usize, axis: &AxisProgram| match before.last() {
                Some(row) if axis.last_axis < changed => row.cells[own].clone(),
                _ => Cell { value: None, index: odometer.index(own) },
            };
            row.cells.extend(program.axes.iter().enumerate().map(|(own, axis)| kept(own, axis)));
            for (own, axis) in program.axes.iter().enumerate().filter(|(_, axis)| axis.last_axis >= changed) {
                self.fill(axis, axes, own, &mut row.cells, &mut odometer)?;
            }
            if self.matched.len() > 1 {
                self.multiply(axes, rows, room)?;
            } else {
                self.pay_for(row, axes, room)?;
            }
            match odometer.step() {
                Some(axis) => changed = axis,
                None => return Ok(()),
            }
        }
    }

    /// Makes a row for each match of the item out of the last row.
    fn multiply(&self, axes: &[Axis], rows: &mut Vec<Row>, room: &mut usize) -> Result<(), StepError> {
        let Some(whole) = rows.pop() else { return Ok(()) };
        for value in &self.matched {
            if rows.len() >= self.bounds.rows {
                return Err(self.too_many());
            }
            let mut row = whole.clone();
            row.cells[0].value = Some(value.clone());
            self.pay_for(&row, axes, room)?;
            rows.push(row);
        }
        Ok(())
    }

    /// Takes the bytes of a row from the room that is left.
    fn pay_for(&self, row: &Row, axes: &[Axis], room: &mut usize) -> Result<(), StepError> {
        let bytes =
            row.cells.iter().filter_map(|cell| cell.value.as_ref()).map(CellText::bytes_outside).sum();
        match room.checked_sub(bytes) {
            Some(left) => {
                *room = left;
                Ok(())
            }
            None => Err(self.too_large(axes, &row.cells)),
        }
    }

    /// Returns the values of the item, one for each match of its selector.
    fn matches(
        &mut self,
        query: &QueryUse,
        prefix: &str,
        axes: &[Axis],
        cells: &[Cell],
    ) -> Result<Vec<CellText>, StepError> {
        let failed = |error| StepError::of_query(&label(&axes[0]), &error);
        let nodes = self.nodes(query.block, &query.block_variables.of(axes, cells)).map_err(failed)?;
        let (mut values, mut room, mut longest) = (vec![], self.bounds.row_bytes, 0);
        let take = |text: &str| {
            longest = longest.max(prefix.len() + text.len());
            room = room.saturating_sub(prefix.len() + text.len());
            // The checks below report an exceeded limit; values beyond it need not be stored.
            if longest <= self.bounds.cell_bytes && room > 0 && values.len() <= self.bounds.rows {
                values.push(if prefix.is_empty() { text.into() } else { joined(prefix, text) });
            }
        };
        let selected = &self.program.selectors[query.selector];
        let bound = query.selector_variables.of(axes, cells);
        E::each(selected, &mut self.scratch, &nodes, &bound, self.meter, take).map_err(failed)?;
        self.check_cell(longest, &axes[0], cells[0].index)?;
        match room {
            0 => Err(self.too_large(axes, cells)),
            _ => Ok(values),
        }
    }

    /// Returns the first axis with a value at the index after its last one: rows are left out there, and only this
    /// warns of it. Checks only closed ranges of several indexes whose value depends on the index alone.
    pub(super) fn cut_short(&mut self) -> Option<CutShort> {
        let program = self.program;
        let mut asked = vec![false; program.by_index];
        for (row, axes) in program.rows.iter().zip(&program.shape.templates) {
            for (own, (axis, range)) in row.axes.iter().zip(&row.ranges).enumerate() {
                let Origin::Page { query: Some(query), .. } = &axis.origin else { continue };
                let Some(number) = query.by_index.filter(|_| !query.selector_variables.is_empty()) else {
                    continue;
                };
                let Some(last) = range.to.filter(|last| *last > range.from && *last < u32::MAX) else {
                    continue;
                };
                if std::mem::replace(asked.get_mut(number)?, true) {
                    continue;
                }
                if self.has_value(query, axes, last + 1) {
                    return Some(CutShort { axis: label(&axes[own]), last });
                }
            }
        }
        None
    }

    fn has_value(&mut self, query: &QueryUse, axes: &[Axis], index: u32) -> bool {
        let cells = vec![Cell { value: None, index }; axes.len()];
        // If the budget is used up, the rows themselves are complete.
        let value = self.find(query, axes, &cells).ok().flatten();
        value.is_some_and(|value| !value.trim().is_empty())
    }

    fn fill(
        &mut self,
        program: &AxisProgram,
        axes: &[Axis],
        own: usize,
        cells: &mut [Cell],
        odometer: &mut Odometer,
    ) -> Result<(), StepError> {
        let value = match &program.origin {
            Origin::Constant(value) => Some(value.clone()),
            Origin::Page { script: None, query: Some(query) }
                if self.each_match && own == 0 && program.break_after.is_empty() =>
            {
                self.matched = self.matches(query, &program.prefix, axes, cells)?;
                self.matched.first().cloned()
            }
            Origin::Page { script, query } => {
                let value = self.asked(script.as_ref(), query.as_ref(), axes, own, cells)?;
                if !program.break_after.is_empty() {
                    break_after(program, &axes[own], own, value.as_ref(), odometer)?;
                }
                match value {
                    Some(value) if !program.prefix.is_empty() => Some(joined(&program.prefix, &value)),
                    value => value,
                }
            }
        };
        self.found |= value.is_some() && matches!(program.origin, Origin::Page { .. });
        let value = match axes[own].kind {
            AxisKind::Fact => Some(self.replacements.fact(value)),
            AxisKind::Item | AxisKind::Dim => value,
        };
        let length = value.as_ref().map_or(0, |value| value.len());
        self.check_cell(length, &axes[own], cells[own].index)?;
        cells[own].value = value;
        Ok(())
    }

    #[inline]
    fn check_cell(&self, length: usize, axis: &Axis, index: u32) -> Result<(), StepError> {
        if length <= self.bounds.cell_bytes { Ok(()) } else { Err(self.too_long(length, axis, index)) }
    }

    #[cold]
    fn too_long(&self, length: usize, axis: &Axis, index: u32) -> StepError {
        let (label, most) = (label(axis), self.bounds.cell_bytes);
        StepError::fatal(format!(
            "{label}, index {index}: the value has {length} bytes, more than {most} (limit `scoopi.parse.maxCellBytes`)"
        ))
    }

    #[cold]
    fn too_many(&self) -> StepError {
        StepError::fatal(format!(
            "dataDef `{}` gives more than {} rows (limit `scoopi.parse.maxRows`)",
            self.program.shape.name, self.bounds.rows
        ))
    }

    /// The rows exceed the limit of text; the longest value of the last row is the most likely cause.
    #[cold]
    fn too_large(&self, axes: &[Axis], cells: &[Cell]) -> StepError {
        let length = |cell: &Cell| cell.value.as_ref().map_or(0, |value| value.len());
        let longest = cells.iter().zip(axes).max_by_key(|(cell, _)| length(cell));
        let longest = longest.map_or_else(String::new, |(cell, axis)| {
            format!(
                "; the longest value of the last one is that of {}, index {}: {} bytes",
                label(axis),
                cell.index,
                length(cell)
            )
        });
        StepError::fatal(format!(
            "the rows of dataDef `{}` have more than {} bytes of text (limit `scoopi.appender.maxRowBytes`){longest}",
            self.program.shape.name, self.bounds.row_bytes
        ))
    }

    /// What the page says: the script first, and the query where the script says nothing.
    fn asked(
        &mut self,
        script: Option<&ScriptUse>,
        query: Option<&QueryUse>,
        axes: &[Axis],
        own: usize,
        cells: &[Cell],
    ) -> Result<Option<CellText>, StepError> {
        if let Some(script) = script {
            let value = self.evaluate(script, axes, cells)?;
            if value.is_some() {
                return Ok(value);
            }
        }
        query.map_or(Ok(None), |query| self.query(query, axes, own, cells))
    }

    fn query(
        &mut self,
        query: &QueryUse,
        axes: &[Axis],
        own: usize,
        cells: &[Cell],
    ) -> Result<Option<CellText>, StepError> {
        let known = query.by_index.and_then(|number| self.cache.by_index(number, cells[own].index));
        if let Some(value) = known {
            return Ok(value);
        }
        let failed = |error| StepError::of_query(&label(&axes[own]), &error);
        let block = query.block_variables.of(axes, cells);
        let selector = query.selector_variables.of(axes, cells);
        // Values are looked up, inserted into queries and searched for.
        let long = block.long_bytes() + selector.long_bytes();
        if long > 0 {
            self.meter.pay((long / LOOKED_UP) as u64).map_err(failed)?;
        }
        if let Some(number) = query.by_index {
            let value = self.find(query, axes, cells).map_err(failed)?;
            self.cache.keep_by_index(number, cells[own].index, &value);
            return Ok(value);
        }
        // A fact is asked once per combination, so keeping it would only cost.
        if axes[own].kind == AxisKind::Fact && !query.selector_variables.is_empty() {
            return self.find(query, axes, cells).map_err(failed);
        }
        let key = ((query.block, block.bind()), (query.selector, selector.bind()));
        if let Some(value) = self.cache.value(&key) {
            return Ok(Some(value.clone()));
        }
        let value = self.find(query, axes, cells).map_err(failed)?;
        self.cache.keep(key, &value);
        Ok(value)
    }

    /// The value that a selector has in a block.
    fn find(
        &mut self,
        query: &QueryUse,
        axes: &[Axis],
        cells: &[Cell],
    ) -> Result<Option<CellText>, QueryError> {
        let nodes = self.nodes(query.block, &query.block_variables.of(axes, cells))?;
        let selected = &self.program.selectors[query.selector];
        let values = query.selector_variables.of(axes, cells);
        let value = E::value(selected, &mut self.scratch, &nodes, &values, self.meter)?;
        Ok(value.map(CellText::from))
    }

    /// The nodes of a block, found once.
    fn nodes(&mut self, block: usize, values: &Reading<'_>) -> Result<Rc<[E::Node]>, QueryError> {
        let (program, tree, meter) = (self.program, self.tree, self.meter);
        self.cache.block(block, &values.bind(), || E::blocks(&program.blocks[block], tree, values, meter))
    }

    fn evaluate(
        &mut self,
        script: &ScriptUse,
        axes: &[Axis],
        cells: &[Cell],
    ) -> Result<Option<CellText>, StepError> {
        let text = script_text(&script.template, &script.variables.of(axes, cells));
        let scripts = &mut self.scripts;
        self.cache.script(text, |text| {
            let result = match &script.compiled {
                Some(compiled) => scripts.run(compiled),
                None => scripts.evaluate(text),
            };
            result.map(|value| value.map(CellText::from)).map_err(|error| StepError::fatal(error.to_string()))
        })
    }
}

/// The script with its values put in. Inside of quotes a value is text, whatever it holds: a page must not
/// become code.
fn script_text(template: &Template, values: &(impl Bindings + ?Sized)) -> String {
    let (mut text, mut quote, mut escaped) = (String::new(), None, false);
    for part in template.parts() {
        match part {
            Part::Text(piece) => {
                for c in piece.chars() {
                    match quote {
                        None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
                        Some(open) if c == open && !escaped => quote = None,
                        _ => {}
                    }
                    escaped = quote.is_some() && c == '\\' && !escaped;
                }
                text.push_str(piece);
            }
            Part::Var(var) => {
                let value = values.value(*var);
                match quote {
                    None => text.push_str(&value),
                    Some(_) => value.chars().for_each(|c| push_quoted(&mut text, c)),
                }
            }
        }
    }
    text
}

fn push_quoted(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\u{2028}' => text.push_str("\\u2028"),
        '\u{2029}' => text.push_str("\\u2029"),
        '"' | '\'' | '`' | '\\' | '$' => text.extend(['\\', c]),
        other => text.push(other),
    }
}

/// Closes the axis' range where its value, before any prefix, is one of its break values.
fn break_after(
    program: &AxisProgram,
    axis: &Axis,
    own: usize,
    value: Option<&CellText>,
    odometer: &mut Odometer,
) -> Result<(), StepError> {
    let Some(value) = value else {
        return Err(StepError::fatal(format!(
            "axis: {} value is null, unable to apply breakAfter (`{}`, index {}: none of its break values came before)",
            axis.kind.as_str(),
            axis.name,
            odometer.index(own)
        )));
    };
    if program.break_after.iter().any(|stop| **stop == **value) {
        odometer.close(own);
    }
    Ok(())
}

fn joined(prefix: &str, value: &str) -> CellText {
    let mut whole = CompactString::with_capacity(prefix.len() + value.len());
    whole.push_str(prefix);
    whole.push_str(value);
    whole.into()
}

fn label(axis: &Axis) -> String {
    format!("{} `{}`", axis.kind.as_str(), axis.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, value: &str, expected: &str) {
        let template = Template::parse(script).unwrap();
        assert_eq!(script_text(&template, &[value.to_owned()][..]), expected, "{script} with {value}");
    }

    #[test]
    fn a_value_inside_of_quotes_is_text() {
        check("f(%{index})", "7", "f(7)");
        check("'%{item.value}'.trim()", "it's", r"'it\'s'.trim()");
        check(r#""a\"%{item.value}""#, "\"); hack(\"\n\\", r#""a\"\"); hack(\"\n\\""#);
        check("x + '' + %{index}", "7", "x + '' + 7");
        check("`${1}%{item.value}`", "${2}", r"`${1}\${2}`");
    }
}
