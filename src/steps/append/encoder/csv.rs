//! `csv`: one line per row, values separated by a delimiter and quoted as RFC 4180 says.
//!
//! A page cannot add rows: without quotes, as in old definitions, the encoder replaces line breaks by blanks. [`field`]
//! writes single values.

mod field;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use schemars::JsonSchema;
use serde::Deserialize;
use tracing::warn;

use crate::defs::{DataDef, PluginDef};
use crate::model::{Cell, Data, Source, nearest, without_user_info};
use crate::plugin::About;
use crate::steps::Build;

use super::line_break::breaks_line;
use super::{Encoder, Entry, Full, axis_names};
use field::{Fields, Formula};

/// Settings of the encoder `csv`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    /// Text put between values.
    #[serde(default = "comma")]
    delimiter: String,
    /// Whether page number, index and item number follow locator and group.
    #[serde(default)]
    include_tags: Flag,
    /// Whether the file begins with a line of column names.
    #[serde(default)]
    header: Flag,
    /// Whether values that contain the delimiter, a quote or a line break are put in quotes (RFC 4180). Without it
    /// values are written as they are, with a blank for each line break. The old class names switch it off.
    #[serde(default = "yes")]
    quote: Flag,
    /// `escape` puts an apostrophe before a text that a spreadsheet would run as a formula: it begins with `=`, `+`,
    /// `-`, `@`, a tab or a line break, and is not a number. `keep` writes the text as it is.
    #[serde(default)]
    formula: Formula,
    /// The columns, in this order: names of dims, and `item`, `fact`, `locator`, `group`, `url`, `page` (its number). A dim
    /// that only other dataDefs have is an empty column. Without it: locator, group, item, dims, fact.
    #[serde(default)]
    columns: Option<Vec<String>>,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Locator,
    Group,
    Url,
    Page,
    /// Numbers of the engine that scoopi follows, which are always 1 here.
    One,
    Item,
    /// The value of the dim with this number, from 0.
    Dim(usize),
    Fact,
    /// The values of item, dims and fact.
    Axes,
    Empty,
}

impl Column {
    /// Whether it is the same in all rows of a page.
    fn is_of_page(self) -> bool {
        matches!(self, Self::Locator | Self::Group | Self::Url | Self::Page | Self::One | Self::Empty)
    }
}

/// A yes or no that old definitions also write as text.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(try_from = "serde_json::Value")]
#[schemars(with = "bool")]
struct Flag(bool);

impl TryFrom<serde_json::Value> for Flag {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match &value {
            serde_json::Value::Bool(flag) => Ok(Self(*flag)),
            serde_json::Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Self(true)),
            serde_json::Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Self(false)),
            other => Err(format!("expected true or false, found {other}")),
        }
    }
}

impl serde::Serialize for Flag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.0)
    }
}

fn comma() -> String {
    ",".to_owned()
}

fn yes() -> Flag {
    Flag(true)
}

/// The name of the encoder in old definitions.
const OLD_NAME: &str = "org.codetab.scoopi.plugin.encoder.CsvEncoder";

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>("csv", &[OLD_NAME], "one line per row, values separated by a delimiter"),
    make: |build: &mut Build<'_>, plugin: &PluginDef| {
        let mut settings: Settings = build.plugin_settings("encoder", plugin)?;
        // Old definitions expect every byte of a value, without quotes.
        if plugin.kind.value == OLD_NAME && !plugin.settings.iter().any(|setting| setting.key == "quote") {
            settings.quote = Flag(false);
        }
        check_delimiter(build, plugin, &settings.delimiter)?;
        let columns = columns(build, plugin, &settings)?;
        Some(Box::new(Csv::new(settings, columns)))
    },
};

/// Refuses a delimiter that a reader could not tell from the end of a line, or from a quote.
fn check_delimiter(build: &mut Build<'_>, plugin: &PluginDef, delimiter: &str) -> Option<()> {
    if delimiter.is_empty() {
        let help = "write one, such as \"|\"";
        build.problem(&plugin.kind.place, "encoder `csv`: the delimiter is empty", help);
        return None;
    }
    let Some(wrong) = delimiter.chars().find(|c| *c == '"' || breaks_line(*c)) else { return Some(()) };
    let what = if wrong == '"' {
        "a quote".to_owned()
    } else {
        format!("a line break (`{}`)", wrong.escape_debug())
    };
    let message = format!("encoder `csv`: the delimiter contains {what}, which would end a value or a line");
    build.setting_problem(plugin, "delimiter", message, "write another one, such as \"|\"");
    None
}

/// The columns that the settings ask for; `None` if that is not possible.
fn columns(build: &mut Build<'_>, plugin: &PluginDef, settings: &Settings) -> Option<Vec<Column>> {
    let Some(names) = &settings.columns else { return Some(usual(settings.include_tags)) };
    let mut wrong = |message: String, help: String| build.setting_problem(plugin, "columns", message, help);
    if names.is_empty() {
        wrong(
            "encoder `csv`: there are no columns".to_owned(),
            "name some, or leave `columns` out".to_owned(),
        );
        return None;
    }
    if settings.include_tags.0 {
        let message = "encoder `csv`: `includeTags` has no place among `columns`";
        wrong(
            message.to_owned(),
            "leave `includeTags` out; the number of the page is the column `page`".to_owned(),
        );
        return None;
    }
    let data_def = build.data_def?;
    let found: Vec<_> = names.iter().map(|name| column(name, data_def, build.data_defs)).collect();
    for (name, _) in names.iter().zip(&found).filter(|(_, column)| column.is_none()) {
        let message = format!("encoder `csv`: there is no column `{name}`, and no dim of that name");
        build.setting_problem(plugin, "columns", message, known(name, build.data_defs));
    }
    found.into_iter().collect()
}

/// All there is, in the order of the engine that scoopi follows.
fn usual(include_tags: Flag) -> Vec<Column> {
    let tags: &[Column] = if include_tags.0 { &[Column::Page, Column::One, Column::One] } else { &[] };
    [&[Column::Locator, Column::Group], tags, &[Column::Axes]].concat()
}

/// Columns that need no definition.
const OWN: [(&str, Column); 6] = [
    ("locator", Column::Locator),
    ("group", Column::Group),
    ("url", Column::Url),
    ("page", Column::Page),
    ("item", Column::Item),
    ("fact", Column::Fact),
];

/// What a name means in rows of a dataDef; nothing if it has no meaning in any. A name that people gave comes before ours,
/// but only where they gave it: in rows of other dataDefs `item` is the item all the same.
fn column(name: &str, data_def: &DataDef, all: &[DataDef]) -> Option<Column> {
    let dim = data_def.dims.iter().position(|dim| dim.name.value == name).map(Column::Dim);
    let own = || OWN.iter().find(|(own, _)| *own == name).map(|(_, column)| *column);
    dim.or_else(own).or_else(|| dims(all).any(|dim| dim == name).then_some(Column::Empty))
}

fn dims(data_defs: &[DataDef]) -> impl Iterator<Item = &str> {
    data_defs.iter().flat_map(|data_def| &data_def.dims).map(|dim| dim.name.value.as_str())
}

/// Returns a hint with the names that could have been meant.
fn known(name: &str, data_defs: &[DataDef]) -> String {
    let own = OWN.map(|(name, _)| name);
    match nearest(name, dims(data_defs).chain(own)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("name a dim, or one of {}", own.join(", ")),
    }
}

/// The encoder `csv`.
struct Csv {
    settings: Settings,
    columns: Vec<Column>,
    fields: Fields,
    /// Whether the warning about replaced line breaks was logged.
    told: AtomicBool,
}

impl Csv {
    fn new(settings: Settings, columns: Vec<Column>) -> Self {
        let fields = Fields::new(&settings.delimiter, settings.quote.0, settings.formula);
        Self { settings, columns, fields, told: AtomicBool::new(false) }
    }

    /// Warns once that line breaks were replaced, and names the first page, so that the user can look at it.
    fn tell(&self, data: &Data) {
        if !self.told.swap(true, Ordering::Relaxed) {
            warn!(
                locator = %data.source.locator, group = %data.source.group, task = %data.source.task,
                page = data.source.page,
                "a value has a line break, and encoder `csv` has `quote: false`: it writes line breaks as blanks; \
                 this warning comes once for each task"
            );
        }
    }
}

impl Encoder for Csv {
    fn encode(&self, data: &Data, limit: usize, out: &mut Vec<u8>) -> Result<u32, Full> {
        // What is the same in all rows of a page is written once and copied.
        let of_page = self.columns.iter().take_while(|column| column.is_of_page()).count();
        let (of_page, of_row) = self.columns.split_at(of_page);
        let mut head = vec![];
        let mut line = Line::new(&mut head, &self.fields);
        of_page.iter().for_each(|column| line.column(*column, &data.source, &[]));
        let mut flattened = line.flattened;
        for row in &data.rows {
            let mut line = Line::new(out, &self.fields);
            line.begin(&head, of_page.is_empty());
            of_row.iter().for_each(|column| line.column(*column, &data.source, &row.cells));
            flattened |= line.end();
            if out.len() > limit {
                return Err(Full);
            }
        }
        if flattened {
            self.tell(data);
        }
        // Cannot truncate: `scoopi.parse.maxRows` is a u32.
        Ok(data.rows.len() as u32)
    }

    fn header(&self, data_def: &DataDef) -> Option<Vec<u8>> {
        let Settings { header, include_tags, columns, .. } = &self.settings;
        if !header.0 {
            return None;
        }
        let mut out = vec![];
        let mut line = Line::new(&mut out, &self.fields);
        if let Some(columns) = columns {
            columns.iter().for_each(|name| line.value(name));
        } else {
            line.value("locator");
            line.value("group");
            if include_tags.0 {
                ["page", "index", "item number"].into_iter().for_each(|tag| line.value(tag));
            }
            axis_names(data_def).into_iter().for_each(|name| line.value(name));
        }
        line.end();
        Some(out)
    }
}

struct Line<'a> {
    out: &'a mut Vec<u8>,
    fields: &'a Fields,
    from: usize,
    is_first: bool,
    flattened: bool,
}

impl<'a> Line<'a> {
    fn new(out: &'a mut Vec<u8>, fields: &'a Fields) -> Self {
        Self { from: out.len(), out, fields, is_first: true, flattened: false }
    }

    /// Begins with columns that were written before; `is_empty` if there are none.
    fn begin(&mut self, head: &[u8], is_empty: bool) {
        self.out.extend_from_slice(head);
        self.is_first = is_empty;
    }

    fn column(&mut self, column: Column, source: &Source, cells: &[Cell]) {
        match column {
            Column::Locator => self.value(&source.locator),
            Column::Group => self.value(&source.group),
            Column::Url => self.value(&without_user_info(&source.url)),
            Column::Page => self.number(source.page),
            Column::One => self.number(1),
            Column::Item => self.value(cells.first().map_or("", text)),
            Column::Dim(number) => self.value(cells.get(1 + number).map_or("", text)),
            Column::Fact => self.value(cells.last().map_or("", text)),
            Column::Axes => cells.iter().for_each(|cell| self.value(text(cell))),
            Column::Empty => self.value(""),
        }
    }

    fn value(&mut self, text: &str) {
        self.delimiter();
        self.flattened |= self.fields.push(self.out, text);
    }

    fn number(&mut self, number: u32) {
        self.delimiter();
        // Writing to a Vec cannot fail.
        let _infallible = write!(self.out, "{number}");
    }

    fn delimiter(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.fields.push_delimiter(self.out);
        }
    }

    /// Ends the line. Returns whether a line break in it was replaced.
    fn end(self) -> bool {
        // Many readers skip an empty line.
        if self.out.len() == self.from && self.fields.quote() {
            self.out.extend_from_slice(b"\"\"");
        }
        self.out.push(b'\n');
        self.flattened
    }
}

fn text(cell: &Cell) -> &str {
    cell.value.as_deref().unwrap_or("null")
}

#[cfg(test)]
mod tests {
    use super::super::tests::data;
    use super::*;

    fn check(settings: &str, values: &[Option<&str>], line: &str) {
        let settings: Settings = serde_json::from_str(settings).unwrap();
        let columns = usual(settings.include_tags);
        let csv = Csv::new(settings, columns);
        let mut out = vec![];
        assert_eq!(csv.encode(&data(values), usize::MAX, &mut out), Ok(1));
        assert_eq!(String::from_utf8(out).unwrap(), line, "{:?}", csv.settings);
    }

    #[test]
    fn values_stand_between_delimiters() {
        check("{}", &[Some("i"), Some("d"), Some("f")], "l,g,i,d,f\n");
        check(r#"{"delimiter":"|"}"#, &[Some(""), None, Some("f")], "l|g||null|f\n");
        check(r#"{"quote":false}"#, &[Some("a,b"), Some("\"\r\n")], "l,g,a,b,\" \n");
    }

    #[test]
    fn tags_follow_locator_and_group() {
        check(r#"{"includeTags":true}"#, &[Some("v1"), Some("v2")], "l,g,3,1,1,v1,v2\n");
        check(r#"{"includeTags":"true"}"#, &[Some("v1")], "l,g,3,1,1,v1\n");
    }

    #[test]
    fn columns_stand_as_they_are_named() {
        let settings = serde_json::from_str(r#"{"columns":["x"],"delimiter":"|"}"#).unwrap();
        let columns = vec![
            Column::Fact,
            Column::Url,
            Column::Empty,
            Column::Dim(0),
            Column::Page,
            Column::Group,
            Column::Item,
        ];
        let mut out = vec![];
        assert_eq!(
            Csv::new(settings, columns).encode(&data(&[Some("i"), None, Some("f")]), 99, &mut out),
            Ok(1)
        );
        assert_eq!(String::from_utf8(out).unwrap(), "f|u||null|3|g|i\n");
    }

    #[test]
    fn quotes_are_those_of_rfc_4180() {
        let quote = r#"{"quote":true,"delimiter":";"}"#;
        check(
            quote,
            &[Some("a;b"), Some("c\"d"), Some("e\nf"), Some("g,h")],
            "l;g;\"a;b\";\"c\"\"d\";\"e\nf\";g,h\n",
        );
    }

    #[test]
    fn a_row_of_one_empty_value_is_a_line_all_the_same() {
        let lines = |settings: &str| {
            let settings = serde_json::from_str(settings).unwrap();
            let mut out = vec![];
            let csv = Csv::new(settings, vec![Column::Fact]);
            assert_eq!(csv.encode(&data(&[Some("i"), Some("")]), usize::MAX, &mut out), Ok(1));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(lines("{}"), "\"\"\n");
        assert_eq!(lines(r#"{"quote":false}"#), "\n");
    }

    #[test]
    fn encoding_stops_at_the_limit() {
        let csv = Csv::new(serde_json::from_str("{}").unwrap(), vec![Column::Fact]);
        let mut data = data(&[Some("i"), Some("1234567")]);
        data.rows = vec![data.rows[0].clone(); 1000];
        let mut out = vec![];
        assert_eq!(csv.encode(&data, 100, &mut out), Err(Full));
        assert_eq!(out.len(), 104);
    }
}
