//! `jsonLines`: one JSON object per row: `{"locator":…,"group":…,"task":…,"<axis>":value}`.

use std::io::Write;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::defs::{DataDef, PluginDef};
use crate::model::{AxisKind, Data, Row};
use crate::plugin::About;
use crate::steps::Build;

use super::{Encoder, Entry};

/// The encoder `jsonLines` has no settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

/// The entry of the catalogue.
pub(super) const ENTRY: Entry = Entry {
    about: About::new::<Settings>("jsonLines", &["json"], "one JSON object per row, UTF-8"),
    make: |build: &mut Build<'_>, plugin: &PluginDef| {
        let Settings {} = build.plugin_settings("encoder", plugin)?;
        Some(Box::new(JsonLines))
    },
};

/// See the module docs.
struct JsonLines;

impl Encoder for JsonLines {
    fn encode(&self, data: &Data, out: &mut Vec<u8>) -> u32 {
        for row in &data.rows {
            out.push(b'{');
            let source = &data.source;
            for (key, text) in
                [("locator", &source.locator), ("group", &source.group), ("task", &source.task)]
            {
                member(out, key, Some(text));
            }
            axes(data, row, out);
            out.extend_from_slice(b"}\n");
        }
        // Cannot truncate: `scoopi.parse.maxRows` is a u32.
        data.rows.len() as u32
    }

    fn header(&self, _data_def: &DataDef) -> Option<Vec<u8>> {
        None
    }
}

/// The axes by their names. The item goes by the kind `item` where its value only says its name again;
/// it is there in both cases, so that a row says what it is about.
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
    // Writing to a Vec cannot fail, and a text is always JSON.
    let _infallible = serde_json::to_writer(out.by_ref(), text);
}
