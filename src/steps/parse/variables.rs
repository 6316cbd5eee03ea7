//! What placeholders in queries and scripts stand for: `%{index}`, `%{item.match}`, `%{dim.year.index}`.

use compact_str::{CompactString, ToCompactString};
use smallvec::SmallVec;

use crate::defs::{Place, Problem, Problems};
use crate::model::{Axis, AxisKind, Cell, CellText, nearest};
use crate::query::{Bindings, Template};

/// Longest text that costs nothing worth counting.
const SHORT: usize = size_of::<CompactString>();

/// Values of the placeholders of one template, by position: a key for caches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Bound(SmallVec<[Value; 2]>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    Number(u32),
    Text(CellText),
}

impl Bound {
    /// Whether there is no placeholder.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The placeholders of one template, and the row that is becoming: cells of axes not evaluated yet have no value.
///
/// Queries read from it what they need. Only answers that are kept need a [`Bound`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    variables: &'a [Variable],
    axes: &'a [Axis],
    cells: &'a [Cell],
}

/// What a placeholder stands for. Indexes stay numbers, which is all that most selectors want of them.
enum Read<'a> {
    Number(u32),
    Text(&'a str),
}

impl Reading<'_> {
    /// The values themselves.
    pub(super) fn bind(&self) -> Bound {
        // Most blocks have no placeholders.
        if self.variables.is_empty() {
            return Bound::default();
        }
        Bound(self.variables.iter().map(|variable| variable.bind(self.axes, self.cells)).collect())
    }

    /// Bytes of long texts: the cost of looking them up, copying and searching them.
    pub(super) fn long_bytes(&self) -> usize {
        let texts = self.variables.iter().filter(|variable| !variable.is_number());
        let bytes = |variable: &Variable| match variable.read(self.axes, self.cells) {
            Read::Text(text) if text.len() > SHORT => text.len(),
            Read::Text(_) | Read::Number(_) => 0,
        };
        texts.map(bytes).sum()
    }

    fn read(&self, var: usize) -> Option<Read<'_>> {
        self.variables.get(var).map(|variable| variable.read(self.axes, self.cells))
    }
}

impl Bindings for Reading<'_> {
    fn value(&self, var: usize) -> CompactString {
        match self.read(var) {
            None => CompactString::default(),
            Some(Read::Number(number)) => number.to_compact_string(),
            Some(Read::Text(text)) => text.into(),
        }
    }

    fn number(&self, var: usize) -> Option<u32> {
        match self.read(var) {
            Some(Read::Number(number)) => Some(number),
            Some(Read::Text(_)) | None => None,
        }
    }
}

/// What one placeholder reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    Index,
    Match,
    Value,
    Order,
    ItemName,
    AxisName,
}

const PROPERTIES: [(&str, Property); 6] = [
    ("index", Property::Index),
    ("match", Property::Match),
    ("value", Property::Value),
    ("order", Property::Order),
    ("itemName", Property::ItemName),
    ("axisName", Property::AxisName),
];

#[derive(Debug, Clone)]
struct Variable {
    axis: usize,
    property: Property,
    /// What stays in the text where the property has no value.
    written: CompactString,
}

/// The placeholders of one template, resolved against the axes of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(Vec<Variable>);

impl Variables {
    /// Resolves the placeholders of `template`, which stands at `place` and is used for the axis at
    /// `own`.
    pub(super) fn resolve(
        template: &Template,
        axes: &[Axis],
        own: usize,
        place: &Place,
        problems: &mut Problems,
    ) -> Self {
        let resolve = |name: &String| {
            Variable::resolve(name, axes, own)
                .map_err(|(message, help)| problems.push(Problem::error(place, message, help)))
                .ok()
        };
        Self(template.names().iter().filter_map(resolve).collect())
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they are nothing but the index of this axis.
    pub(super) fn are_index_of(&self, own: usize) -> bool {
        self.0.iter().all(|variable| variable.axis == own && variable.property == Property::Index)
    }

    /// The last axis whose index has a part in the values; `known` says the same of the values of axes.
    pub(super) fn last_axis(&self, known: &[usize]) -> usize {
        let last = |variable: &Variable| match variable.property {
            Property::Index => variable.axis,
            Property::Value => known.get(variable.axis).copied().unwrap_or(usize::MAX),
            Property::Match | Property::Order | Property::ItemName | Property::AxisName => 0,
        };
        self.0.iter().map(last).max().unwrap_or(0)
    }

    /// The placeholders for the row that `cells` is becoming.
    pub(super) fn of<'a>(&'a self, axes: &'a [Axis], cells: &'a [Cell]) -> Reading<'a> {
        Reading { variables: &self.0, axes, cells }
    }
}

impl Variable {
    fn resolve(name: &str, axes: &[Axis], own: usize) -> Result<Self, (String, String)> {
        if name.trim().is_empty() {
            let help = "write `%{index}`, `%{item.index}` or `%{dim.<name>.index}`".to_owned();
            return Err((format!("placeholder `%{{{name}}}` is empty"), help));
        }
        let parts: Vec<&str> = name.split('.').collect();
        let (axis, property) = match parts.as_slice() {
            [property] => (own, *property),
            [kind, property] => (axis_of(name, axes, kind, None)?, *property),
            [kind, item, property] => (axis_of(name, axes, kind, Some(item))?, *property),
            _ => {
                let help = "write `%{index}`, `%{item.index}` or `%{dim.<name>.index}`".to_owned();
                return Err((format!("placeholder `%{{{name}}}` has too many parts"), help));
            }
        };
        let property = PROPERTIES.iter().find(|(known, _)| *known == property).ok_or_else(|| {
            let known: Vec<&str> = PROPERTIES.iter().map(|(known, _)| *known).collect();
            let near = nearest(property, known.iter().copied());
            let help = near.map_or_else(
                || format!("known are: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            (format!("placeholder `%{{{name}}}`: unknown property `{property}`"), help)
        })?;
        if property.1 == Property::Value && axis >= own {
            let help = "values are known in the order item, dims, fact; use one of an axis before this one"
                .to_owned();
            return Err((
                format!("placeholder `%{{{name}}}`: the value of `{}` is not known yet", axes[axis].name),
                help,
            ));
        }
        Ok(Self { axis, property: property.1, written: format!("%{{{name}}}").into() })
    }

    fn is_number(&self) -> bool {
        matches!(self.property, Property::Index | Property::Order)
    }

    fn read<'a>(&'a self, axes: &'a [Axis], cells: &'a [Cell]) -> Read<'a> {
        let (axis, cell) = (|| &axes[self.axis], || &cells[self.axis]);
        let text = match self.property {
            Property::Index => return Read::Number(cell().index),
            Property::Order => return Read::Number(axis().order),
            Property::Match => axis().match_text.as_deref(),
            Property::Value => cell().value.as_deref(),
            Property::ItemName => Some(axis().name.as_str()),
            Property::AxisName => Some(axis().kind.as_str()),
        };
        Read::Text(text.unwrap_or(&self.written))
    }

    fn bind(&self, axes: &[Axis], cells: &[Cell]) -> Value {
        // The text of a cell is shared, others are short.
        if let (Property::Value, Some(text)) = (self.property, &cells[self.axis].value) {
            return Value::Text(text.clone());
        }
        match self.read(axes, cells) {
            Read::Number(number) => Value::Number(number),
            Read::Text(text) => Value::Text(text.into()),
        }
    }
}

fn axis_of(name: &str, axes: &[Axis], kind: &str, item: Option<&str>) -> Result<usize, (String, String)> {
    let kinds = [AxisKind::Item, AxisKind::Dim, AxisKind::Fact];
    let Some(wanted) = kinds.into_iter().find(|known| known.as_str() == kind) else {
        let help = "a placeholder begins with `item`, `dim` or `fact`, or is just a property such as `index`"
            .to_owned();
        return Err((format!("placeholder `%{{{name}}}`: unknown axis `{kind}`"), help));
    };
    let of_kind = |axis: &&Axis| axis.kind == wanted;
    let found = axes.iter().position(|axis| of_kind(&axis) && item.is_none_or(|item| axis.name == item));
    found.ok_or_else(|| {
        let known: Vec<&str> = axes.iter().filter(of_kind).map(|axis| axis.name.as_str()).collect();
        let what =
            item.map_or_else(|| format!("there is no {kind}"), |item| format!("there is no {kind} `{item}`"));
        let help = match known.is_empty() {
            true => "this dataDef has none".to_owned(),
            false => format!("known are: {}", known.join(", ")),
        };
        (format!("placeholder `%{{{name}}}`: {what}"), help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(kind: AxisKind, name: &str, match_text: Option<&str>) -> Axis {
        Axis { kind, name: name.into(), match_text: match_text.map(Into::into), order: 7 }
    }

    fn axes() -> Vec<Axis> {
        vec![
            axis(AxisKind::Item, "sales", Some("S \\(x\\)")),
            axis(AxisKind::Dim, "year", None),
            axis(AxisKind::Dim, "unit", None),
            axis(AxisKind::Fact, "fact", None),
        ]
    }

    fn cells() -> Vec<Cell> {
        let cell = |value: Option<&str>, index| Cell { value: value.map(Into::into), index };
        vec![cell(Some("Sales"), 3), cell(Some("2019"), 4), cell(None, 5), cell(None, 1)]
    }

    fn check(text: &str, own: usize, expected: Result<&str, &str>) {
        let (template, mut problems) = (Template::parse(text).unwrap(), Problems::default());
        let variables = Variables::resolve(&template, &axes(), own, &Place::nowhere("x"), &mut problems);
        match expected {
            Ok(filled) => {
                assert!(!problems.has_errors(), "{problems}");
                assert_eq!(template.fill(&variables.of(&axes(), &cells())), filled, "{text}");
            }
            Err(message) => assert!(problems.to_string().contains(message), "{text}: {problems}"),
        }
    }

    #[test]
    fn each_form_reads_its_axis() {
        check("%{index}", 3, Ok("1"));
        check("%{item.index}-%{dim.index}-%{dim.unit.index}", 3, Ok("3-4-5"));
        check("%{item.match}|%{item.value}|%{item.order}", 3, Ok("S \\(x\\)|Sales|7"));
        check("%{item.itemName} %{dim.unit.axisName}", 3, Ok("sales dim"));
    }

    #[test]
    fn values_change_with_the_axes_that_they_are_made_of() {
        let last_axis = |text: &str, known: &[usize]| {
            let (template, mut problems) = (Template::parse(text).unwrap(), Problems::default());
            Variables::resolve(&template, &axes(), 3, &Place::nowhere("x"), &mut problems).last_axis(known)
        };
        assert_eq!(last_axis("%{item.index} %{dim.year.index}", &[0, 1, 2]), 1);
        assert_eq!(last_axis("%{dim.unit.index} %{item.index}", &[0, 1, 2]), 2);
        assert_eq!(last_axis("%{item.value}", &[2, 1, 2]), 2, "the value of an item that is made of a dim");
        assert_eq!(last_axis("%{dim.unit.match} %{dim.unit.order}", &[0, 1, 2]), 0, "these never change");
    }

    #[test]
    fn what_has_no_value_stays_as_written() {
        check("a %{dim.unit.value} %{dim.year.match}", 3, Ok("a %{dim.unit.value} %{dim.year.match}"));
    }

    #[test]
    fn only_long_texts_are_paid_for() {
        let (template, mut problems) =
            (Template::parse("%{item.value} %{item.index} %{dim.year.value}").unwrap(), Problems::default());
        let variables = Variables::resolve(&template, &axes(), 3, &Place::nowhere("x"), &mut problems);
        let paid = |length: usize| {
            let mut cells = cells();
            cells[0].value = Some("x".repeat(length).into());
            variables.of(&axes(), &cells).long_bytes()
        };
        assert_eq!([paid(0), paid(SHORT), paid(SHORT + 1), paid(5000)], [0, 0, SHORT + 1, 5000]);
    }

    #[test]
    fn a_key_shares_the_long_text_of_a_cell() {
        let (template, mut problems) = (Template::parse("%{item.value}").unwrap(), Problems::default());
        let variables = Variables::resolve(&template, &axes(), 3, &Place::nowhere("x"), &mut problems);
        let mut cells = cells();
        cells[0].value = Some("x".repeat(1000).into());
        let bound = variables.of(&axes(), &cells).bind();
        let Some(Value::Text(text)) = bound.0.first() else { panic!("{bound:?}") };
        assert_eq!(cells[0].value.as_ref().map(|value| value.as_ptr()), Some(text.as_ptr()));
    }

    #[test]
    fn what_cannot_be_resolved_is_a_problem() {
        check("%{dim.month.index}", 3, Err("there is no dim `month`"));
        check("%{foo.index}", 3, Err("unknown axis `foo`"));
        check("%{item.indx}", 3, Err("did you mean `index`"));
        check("%{a.b.c.d}", 3, Err("too many parts"));
        check("%{value}", 1, Err("not known yet"));
    }
}
