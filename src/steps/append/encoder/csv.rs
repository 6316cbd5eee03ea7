//! `csv`: one line per row, values separated by a delimiter, quoted as RFC 4180 says if that is asked for.

use std::io::Write;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::{DataDef, PluginDef};
use crate::model::Data;
use crate::plugin::About;
use crate::steps::Build;

use super::{Encoder, Entry, axis_names};

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
    /// Whether values that hold the delimiter, a quote or a line break are put in quotes (RFC 4180). Without
    /// it such values are written as they are.
    #[serde(default)]
    quote: Flag,
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

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>(
        "csv",
        &["org.codetab.scoopi.plugin.encoder.CsvEncoder"],
        "one line per row, values separated by a delimiter",
    ),
    make: |build: &mut Build<'_>, plugin: &PluginDef| {
        let settings: Settings = build.plugin_settings("encoder", plugin)?;
        if settings.delimiter.is_empty() {
            build.problem(
                &plugin.kind.place,
                "encoder `csv`: the delimiter is empty",
                "write one, such as \"|\"",
            );
            return None;
        }
        Some(Box::new(Csv(settings)))
    },
};

/// See the module docs.
struct Csv(Settings);

impl Encoder for Csv {
    fn encode(&self, data: &Data, out: &mut Vec<u8>) -> u32 {
        for row in &data.rows {
            let mut line = Line { out: &mut *out, csv: self, is_first: true };
            line.value(&data.source.locator);
            line.value(&data.source.group);
            if self.0.include_tags.0 {
                line.number(data.source.page);
                line.number(1);
                line.number(1);
            }
            for cell in &row.cells {
                line.value(cell.value.as_deref().unwrap_or("null"));
            }
            out.push(b'\n');
        }
        // Cannot truncate: `scoopi.parse.maxRows` is a u32.
        data.rows.len() as u32
    }

    fn header(&self, data_def: &DataDef) -> Option<Vec<u8>> {
        if !self.0.header.0 {
            return None;
        }
        let mut out = vec![];
        let mut line = Line { out: &mut out, csv: self, is_first: true };
        line.value("locator");
        line.value("group");
        if self.0.include_tags.0 {
            ["page", "index", "item number"].into_iter().for_each(|tag| line.value(tag));
        }
        axis_names(data_def).into_iter().for_each(|name| line.value(name));
        out.push(b'\n');
        Some(out)
    }
}

struct Line<'a> {
    out: &'a mut Vec<u8>,
    csv: &'a Csv,
    is_first: bool,
}

impl Line<'_> {
    fn value(&mut self, text: &str) {
        self.delimiter();
        let settings = &self.csv.0;
        if settings.quote.0 && (text.contains(['"', '\n', '\r']) || text.contains(&settings.delimiter)) {
            self.out.push(b'"');
            self.out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(text.as_bytes());
        }
    }

    fn number(&mut self, number: u32) {
        self.delimiter();
        // Writing to a Vec cannot fail.
        let _infallible = write!(self.out, "{number}");
    }

    fn delimiter(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.extend_from_slice(self.csv.0.delimiter.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::data;
    use super::*;

    fn check(settings: &str, values: &[Option<&str>], line: &str) {
        let csv = Csv(serde_json::from_str(settings).unwrap());
        let mut out = vec![];
        assert_eq!(csv.encode(&data(values), &mut out), 1);
        assert_eq!(String::from_utf8(out).unwrap(), line, "{settings}");
    }

    #[test]
    fn values_stand_between_delimiters() {
        check("{}", &[Some("i"), Some("d"), Some("f")], "l,g,i,d,f\n");
        check(r#"{"delimiter":"|"}"#, &[Some(""), None, Some("f")], "l|g||null|f\n");
        check(r#"{"delimiter":","}"#, &[Some("a,b"), Some("\"")], "l,g,a,b,\"\n");
    }

    #[test]
    fn tags_follow_locator_and_group() {
        check(r#"{"includeTags":true}"#, &[Some("v1"), Some("v2")], "l,g,3,1,1,v1,v2\n");
        check(r#"{"includeTags":"true"}"#, &[Some("v1")], "l,g,3,1,1,v1\n");
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
}
