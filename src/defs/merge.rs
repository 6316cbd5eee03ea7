//! Several files to one tree.
//!
//! Knows the four top level keys, and that a named child stands in one of them; not what is in it. A child
//! that is defined again replaces the earlier one as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::At;
use super::locators::no_locator_groups;
use super::node::{Entry, Kind, Node};
use super::wording::{did_you_mean, shown};
use super::{Place, Problem, Problems, SourceFile, yaml};

/// The top level keys.
const SECTIONS: [&str; 4] = ["locatorGroups", "taskGroups", "dataDefs", "steps"];

/// What all files say together.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) locator_groups: Section,
    pub(super) task_groups: Section,
    pub(super) data_defs: Section,
    pub(super) steps: Section,
    /// Whether everything has its place: if not, what seems to be missing may be what could not be read.
    pub(super) complete: bool,
}

/// The children of a top level key.
#[derive(Default)]
pub(super) struct Section {
    entries: Vec<Entry>,
    positions: HashMap<Arc<str>, usize>,
    written: bool,
}

/// Reads and merges `sources` in the order of their names.
pub(super) fn merge(mut sources: Vec<SourceFile>, problems: &mut Problems) -> Merged {
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let mut merged = Merged { complete: true, ..Merged::default() };
    let mut taken = yaml::Taken::default();
    for source in &sources {
        let before = problems.counts().0;
        match yaml::read(&source.name, &source.text, &mut taken, problems) {
            Some(root) => merged.add(&root, problems),
            None => merged.complete &= problems.counts().0 == before,
        }
    }
    if merged.complete {
        merged.report_missing(problems);
    }
    merged
}

impl Merged {
    fn add(&mut self, root: &Node, problems: &mut Problems) {
        let root = At::new(root, String::new());
        if matches!(root.node.kind, Kind::Null) {
            return;
        }
        let expected = "a mapping with `locatorGroups`, `taskGroups`, `dataDefs` or `steps`";
        let Some(entries) = root.entries(expected, problems) else {
            self.complete = false;
            return;
        };
        for entry in entries {
            let at = root.child(entry);
            let Some(section) = self.section(&entry.key) else {
                self.complete = false;
                let message =
                    format!("unknown key {}{}", shown(&entry.key), did_you_mean(&entry.key, SECTIONS));
                let help = "known keys are `locatorGroups`, `taskGroups`, `dataDefs`, `steps`";
                problems.push(Problem::error(&root.name(entry).place, message, help));
                continue;
            };
            section.written = true;
            match at.entries("a mapping of names", problems) {
                Some(children) => children.iter().for_each(|child| section.put(&at, child, problems)),
                None => self.complete = false,
            }
        }
    }

    fn section(&mut self, key: &str) -> Option<&mut Section> {
        match key {
            "locatorGroups" => Some(&mut self.locator_groups),
            "taskGroups" => Some(&mut self.task_groups),
            "dataDefs" => Some(&mut self.data_defs),
            "steps" => Some(&mut self.steps),
            _ => None,
        }
    }

    fn report_missing(&self, problems: &mut Problems) {
        if !self.locator_groups.written {
            problems.push(no_locator_groups());
        }
        let others = [
            ("taskGroups", &self.task_groups, "what to do with the pages of a locator group"),
            ("dataDefs", &self.data_defs, "what to take from a page"),
        ];
        for (key, _, meaning) in others.iter().filter(|(_, section, _)| !section.written) {
            let help = format!("add the top level key `{key}`: {meaning}");
            problems.push(Problem::error(&Place::nowhere(key), "not written in any definition file", help));
        }
    }
}

impl Section {
    /// The children with their names, in the order in which the names were first written.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(*self.positions.get(name)?)
    }

    fn put(&mut self, section: &At<'_>, child: &Entry, problems: &mut Problems) {
        let Some(known) = self.positions.get(&child.key).and_then(|position| self.entries.get_mut(*position))
        else {
            self.positions.insert(Arc::clone(&child.key), self.entries.len());
            self.entries.push(child.clone());
            return;
        };
        if !known.value.says_the_same(&child.value) {
            let first = &known.mark;
            let message = format!(
                "{} is also defined at {}:{}:{}, in another way: that one is ignored",
                shown(&child.key),
                first.file,
                first.line,
                first.column
            );
            let help =
                "remove one of them, or give it another name; the last file in the order of paths counts";
            problems.push(Problem::warning(&section.name(child).place, message, help));
        }
        *known = child.clone();
    }
}
