//! The lines on which the keys of a TOML text stand.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// Returns the 1-based line of each key that has a value; nothing if the text is not TOML.
pub(super) fn lines(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        collect("", table.get_ref(), text, &mut lines);
    }
    lines
}

fn collect(prefix: &str, table: &DeTable<'_>, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        if let DeValue::Table(inner) = value.get_ref() {
            collect(&path, inner, text, lines);
        } else {
            let before = text.get(..key.span().start).unwrap_or_default();
            lines.insert(path, 1 + before.matches('\n').count());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_key_has_its_line() {
        let text = "# é\na.b = 1\n\n[c]\nd = [\n 1 ]\n\"e.f\" = { g = 2,\n h = 3 }\n[c.i]\nj = 4";
        let found: Vec<_> = lines(text).into_iter().map(|(key, line)| format!("{line} {key}")).collect();
        assert_eq!(found, ["2 a.b", "5 c.d", "7 c.e.f.g", "8 c.e.f.h", "10 c.i.j"]);
        assert!(lines("a = ").is_empty());
    }
}
