//! The fingerprint of a dataDef: of its meaning, not of where or how it was written.
//!
//! The short and the old form of the same definition have the same fingerprint, and so has a definition that
//! was moved to another file or line.

use crate::model::Fingerprint;

use super::{DataDef, FilterKind, ItemDef, Spanned};

/// What a dataDef has before it is read.
pub(super) const NONE: Fingerprint = Fingerprint([0; 16]);

/// The fingerprint of `def`.
pub(super) fn of(def: &DataDef) -> Fingerprint {
    let mut parts = Parts(vec![]);
    parts.text("name", &def.name.value);
    parts.optional("block", def.block.as_ref());
    parts.optional("selector", def.selector.as_ref());
    for (kind, items) in [("item", &def.items), ("dim", &def.dims), ("fact", &def.facts)] {
        items.iter().for_each(|item| parts.item(kind, item));
    }
    Fingerprint::of(parts.0.iter().map(String::as_bytes))
}

/// Labels and values in turn; every value has its label, so that an absent one cannot be mistaken.
struct Parts(Vec<String>);

impl Parts {
    fn text(&mut self, label: &str, value: &str) {
        self.0.push(label.to_owned());
        self.0.push(value.to_owned());
    }

    fn optional(&mut self, label: &str, value: Option<&Spanned<String>>) {
        if let Some(value) = value {
            self.text(label, &value.value);
        }
    }

    fn all(&mut self, label: &str, values: &[Spanned<String>]) {
        values.iter().for_each(|value| self.text(label, &value.value));
    }

    fn item(&mut self, kind: &str, item: &ItemDef) {
        self.text(kind, &item.name.value);
        self.optional("value", item.value.as_ref());
        self.optional("match", item.match_text.as_ref());
        self.optional("selector", item.selector.as_ref());
        self.optional("script", item.script.as_ref());
        self.text("from", &item.range.from.to_string());
        self.text("to", &item.range.to.map_or_else(String::new, |to| to.to_string()));
        self.all("breakAfter", &item.break_after);
        self.text("order", &item.order.to_string());
        for filter in &item.filters {
            let label = match filter.kind {
                FilterKind::Value => "filter value",
                FilterKind::Match => "filter match",
            };
            self.text(label, &filter.pattern.value);
        }
        self.all("prefix", &item.prefix);
        self.optional("linkGroup", item.link_group.as_ref());
        self.all("linkBreakOn", &item.link_break_on);
    }
}
