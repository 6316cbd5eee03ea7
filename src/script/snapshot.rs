//! Rows on their way into an engine and back.
//!
//! Knows how rows become flat arrays, one position per cell, and how what a script has done to them is
//! checked and applied. Only what changed comes back: a script that sets one axis of 10,000 rows gives
//! 10,000 texts, not 50,000. Nothing that comes back is trusted: positions and row numbers are looked up, no
//! row stands twice, and all texts together are no longer than the memory limit, since one text of
//! JavaScript can stand in a million cells at the cost of one.

use std::sync::Arc;

use rquickjs::{Array, Ctx, Error, Function, IntoJs, Object, TypedArray, Value};

use crate::model::{Axis, CellText, Data, Row, Shape, Source, without_user_info};

/// Data as a script is given it.
pub(super) struct Snapshot {
    rows: Arc<Vec<Row>>,
    shape: Arc<Shape>,
    source: Arc<Source>,
}

/// What a script has done to the rows of a [`Snapshot`].
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The numbers of the rows that are left, in their new order; `None` where all are as they were.
    order: Option<Vec<usize>>,
    cells: Vec<(usize, usize, Option<CellText>)>,
}

/// What became of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The script gave the data back.
    Changed(Changes),
    /// It did not; the text continues "the function …".
    Wrong(String),
    /// The texts that it set are longer than the limit, all together.
    TooLong,
}

impl Snapshot {
    /// Takes the rows out of `data`, which is empty until they are put back.
    pub(super) fn take(data: &mut Data) -> (Arc<Vec<Row>>, Self) {
        let rows = Arc::new(std::mem::take(&mut data.rows));
        let snapshot = Self {
            rows: Arc::clone(&rows),
            shape: Arc::clone(&data.shape),
            source: Arc::clone(&data.source),
        };
        (rows, snapshot)
    }

    /// Hands the rows to `entry` through the function `run` of the prelude.
    pub(super) fn call<'js>(
        &self,
        ctx: &Ctx<'js>,
        run: &Function<'js>,
        entry: Function<'js>,
        longest: usize,
    ) -> rquickjs::Result<Outcome> {
        let starts = self.starts();
        let templates =
            array(ctx, &self.shape.templates, |axes| array(ctx, axes, |axis| facts_of(ctx, axis)))?;
        let row_templates =
            TypedArray::new_copy(ctx.clone(), self.rows.iter().map(|row| row.template).collect::<Vec<_>>())?;
        let (values, indexes) = self.cells(ctx)?;
        let first =
            TypedArray::new_copy(ctx.clone(), starts.iter().map(|start| *start as f64).collect::<Vec<_>>())?;
        let facts = self.facts(ctx)?;
        let answer: Array<'js> =
            run.call((entry, facts, templates, row_templates, first, values, indexes))?;
        self.read(&answer, &starts, longest)
    }

    /// Position of the first cell of every row, and the number of all cells.
    fn starts(&self) -> Vec<usize> {
        let mut next = 0;
        let mut starts = Vec::with_capacity(self.rows.len() + 1);
        starts.push(next);
        starts.extend(self.rows.iter().map(|row| {
            next += row.cells.len();
            next
        }));
        starts
    }

    fn cells<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<(Array<'js>, TypedArray<'js, u32>)> {
        let cells = || self.rows.iter().flat_map(|row| &row.cells);
        let values = Array::new(ctx.clone())?;
        for (at, cell) in cells().enumerate() {
            values.set(at, text_or_null(ctx, cell.value.as_deref())?)?;
        }
        let indexes = TypedArray::new_copy(ctx.clone(), cells().map(|cell| cell.index).collect::<Vec<_>>())?;
        Ok((values, indexes))
    }

    fn facts<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
        let source = &self.source;
        let object = Object::new(ctx.clone())?;
        object.set("name", format!("{}:{}:{}", source.locator, source.task, self.shape.name))?;
        object.set("dataDef", self.shape.name.as_str())?;
        let tags = Object::new_proto(ctx.clone(), None)?;
        tags.set("locator", source.locator.as_str())?;
        tags.set("group", source.group.as_str())?;
        tags.set("task", source.task.as_str())?;
        tags.set("dataDef", self.shape.name.as_str())?;
        tags.set("url", &*without_user_info(&source.url))?;
        tags.set("page", source.page.to_string())?;
        object.set("tags", tags)?;
        Ok(object)
    }

    fn read(&self, answer: &Array<'_>, starts: &[usize], longest: usize) -> rquickjs::Result<Outcome> {
        if let Some(problem) = answer.get::<Option<String>>(0)? {
            return Ok(Outcome::Wrong(problem));
        }
        let order = match answer.get::<Option<Array<'_>>>(2)? {
            Some(numbers) => Some(self.read_order(&numbers, answer.get(1)?)?),
            None => None,
        };
        let mut cells = Vec::new();
        let mut length = 0_usize;
        let changed = answer.get::<Array<'_>>(4)?;
        for at in (0..answer.get::<usize>(3)?).step_by(2) {
            let (row, cell) = place_of(starts, changed.get(at)?).ok_or_else(astray)?;
            let value = changed.get::<Option<String>>(at + 1)?;
            length = length.saturating_add(value.as_ref().map_or(0, String::len));
            if length > longest {
                return Ok(Outcome::TooLong);
            }
            cells.push((row, cell, value.map(CellText::from)));
        }
        Ok(Outcome::Changed(Changes { order, cells }))
    }

    fn read_order(&self, numbers: &Array<'_>, count: usize) -> rquickjs::Result<Vec<usize>> {
        let mut seen = vec![false; self.rows.len()];
        let mut order = Vec::with_capacity(count.min(seen.len()));
        for at in 0..count {
            let number: usize = numbers.get(at)?;
            match seen.get_mut(number) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(astray()),
            }
            order.push(number);
        }
        Ok(order)
    }
}

impl Changes {
    /// Makes the rows that the script left.
    pub(super) fn apply(self, mut rows: Vec<Row>) -> Vec<Row> {
        for (row, cell, value) in self.cells {
            if let Some(cell) = rows.get_mut(row).and_then(|row| row.cells.get_mut(cell)) {
                cell.value = value;
            }
        }
        let Some(order) = self.order else { return rows };
        let mut rows: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
        order.into_iter().filter_map(|number| rows.get_mut(number).and_then(Option::take)).collect()
    }
}

/// The row and the number of the cell in it that stand at `position`.
fn place_of(starts: &[usize], position: usize) -> Option<(usize, usize)> {
    let row = starts.partition_point(|start| *start <= position).checked_sub(1)?;
    let start = starts.get(row)?;
    (position < *starts.get(row + 1)?).then(|| (row, position - start))
}

/// A position that the prelude cannot have given, unless a script has bent the arrays that it writes.
fn astray() -> Error {
    Error::new_from_js_message("rows", "rows", "the script has changed built-in arrays")
}

fn facts_of<'js>(ctx: &Ctx<'js>, axis: &Axis) -> rquickjs::Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("kind", axis.kind.as_str())?;
    object.set("name", axis.name.as_str())?;
    object.set("match", text_or_null(ctx, axis.match_text.as_deref())?)?;
    object.set("order", axis.order)?;
    Ok(object)
}

fn array<'js, T, V: IntoJs<'js>>(
    ctx: &Ctx<'js>,
    items: &[T],
    make: impl Fn(&T) -> rquickjs::Result<V>,
) -> rquickjs::Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (at, item) in items.iter().enumerate() {
        array.set(at, make(item)?)?;
    }
    Ok(array)
}

fn text_or_null<'js>(ctx: &Ctx<'js>, text: Option<&str>) -> rquickjs::Result<Value<'js>> {
    match text {
        Some(text) => text.into_js(ctx),
        None => Ok(Value::new_null(ctx.clone())),
    }
}
