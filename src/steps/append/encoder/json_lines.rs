//! `jsonLines`: one JSON object per row: `{"locator":…,"group":…,"task":…,"<axis>":value}`.
//!
//! A row is always one line, also to tools that end a line at NEL, LS or PS: the encoder writes these as escapes.

use std::io::Write;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::{DataDef, PluginDef};
use crate::model::{AxisKind, Data, Row};
use crate::plugin::About;
use crate::steps::Build;

use super::line_break::{breaks_line_beyond_ascii, may_break_beyond_ascii};
use super::{Encoder, Entry, Full};

/// The encoder `jsonLines` has no settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>("jsonLines", &["json"], "one JSON object per row, UTF-8"),
    make: |build: &mut Build<'_>, plugin: &PluginDef| {
        let Settings {} = build.plugin_settings("encoder", plugin)?;
        check_names(build);
        Some(Box::new(JsonLines))
    },
};

/// Members that every object has.
const MEMBERS: [&str; 3] = ["locator", "group", "task"];

/// An item or dim must not be called like one of the members that every object has.
fn check_names(build: &mut Build<'_>) {
    let Some(data_def) = build.data_def else { return };
    for item in data_def.items.iter().chain(&data_def.dims) {
        if MEMBERS.contains(&item.name.value.as_str()) {
            let message =
                format!("encoder `jsonLines`: every object has a member `{}` already", item.name.value);
            build.problem(&item.name.place, message, "give the item or dim another name");
        }
    }
}

/// The encoder `jsonLines`.
struct JsonLines;

impl Encoder for JsonLines {
    fn encode(&self, data: &Data, limit: usize, out: &mut Vec<u8>) -> Result<u32, Full> {
        for row in &data.rows {
            out.push(b'{');
            let source = &data.source;
            for (key, text) in MEMBERS.into_iter().zip([&source.locator, &source.group, &source.task]) {
                member(out, key, Some(text));
            }
            axes(data, row, out);
            out.extend_from_slice(b"}\n");
            if out.len() > limit {
                return Err(Full);
            }
        }
        // Cannot truncate: `scoopi.parse.maxRows` is a u32.
        Ok(data.rows.len() as u32)
    }

    fn header(&self, _data_def: &DataDef) -> Option<Vec<u8>> {
        None
    }
}

/// The axes by their names; the fact is called `fact`.
fn axes(data: &Data, row: &Row, out: &mut Vec<u8>) {
    for (axis, cell) in data.axes(row).iter().zip(&row.cells) {
        let key = match axis.kind {
            AxisKind::Fact => "fact",
            AxisKind::Item | AxisKind::Dim => axis.name.as_str(),
        };
        member(out, key, cell.value.as_deref());
    }
}

fn member(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    text(out, key);
    out.push(b':');
    match value {
        Some(value) => text(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    let from = out.len();
    // Writing to a Vec cannot fail, and a text is always JSON.
    let _infallible = serde_json::to_writer(out.by_ref(), text);
    if may_break_beyond_ascii(text) && text.contains(breaks_line_beyond_ascii) {
        let written = out.split_off(from);
        escape_line_breaks(out, &String::from_utf8_lossy(&written));
    }
}

fn escape_line_breaks(out: &mut Vec<u8>, written: &str) {
    for c in written.chars() {
        if breaks_line_beyond_ascii(c) {
            let _infallible = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::data;
    use super::*;

    #[test]
    fn a_row_is_an_object() {
        let mut out = vec![];
        assert_eq!(JsonLines.encode(&data(&[Some("a\"\n"), None, Some("é")]), usize::MAX, &mut out), Ok(1));
        let line = r#"{"locator":"l","group":"g","task":"t","item":"a\"\n","dim 1":null,"fact":"é"}"#;
        assert_eq!(String::from_utf8(out).unwrap(), format!("{line}\n"));
    }

    #[test]
    fn a_row_is_one_line_to_every_tool() {
        let breaks = "a\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}b";
        let mut out = vec![];
        assert_eq!(JsonLines.encode(&data(&[Some(breaks), Some("€ Â")]), usize::MAX, &mut out), Ok(1));
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line.split(super::super::line_break::breaks_line).count(), 2, "{line:?}");
        let row: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((row["item"].as_str(), row["fact"].as_str()), (Some(breaks), Some("€ Â")));
    }
}
