//! One page through its tasks, without a run: what benches measure.
//!
//! Knows how steps are made of definitions and handed a page. Loads nothing and stores nothing.

#[path = "../../tests/support/no_configs.rs"]
mod no_configs;
pub(crate) mod site;
#[path = "../../tests/support/steps.rs"]
mod steps;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scoopi::internals::defs;
use scoopi::internals::engine::Plan;
use scoopi::internals::engine::PlannedGroup;
use scoopi::internals::model::Document;
use scoopi::internals::model::Source;
use scoopi::internals::query::Limits;
use scoopi::internals::query::Tree;
use scoopi::internals::steps::Outcome;
use scoopi::internals::steps::Page;
use scoopi::internals::steps::Payload;

/// Definitions, compiled.
pub(crate) struct Tasks {
    plan: Plan,
}

impl Tasks {
    /// Compiles definitions.
    pub(crate) fn new(yaml: &str) -> Self {
        let source = defs::SourceFile { name: "bench.yml".to_owned(), text: yaml.to_owned() };
        let (definitions, problems) = defs::check(vec![source], "jsoupDefault");
        let definitions = definitions.unwrap_or_else(|| panic!("{problems}"));
        let facts = steps::facts(Duration::from_secs(1), None);
        let (plan, problems) = Plan::compile(&definitions, &steps::services(), &facts);
        Self { plan: plan.unwrap_or_else(|| panic!("{problems}")) }
    }

    /// Takes a page of `group` through all its tasks; how many bytes of rows and how many links came out.
    pub(crate) fn run(&self, group: &str, body: Bytes) -> usize {
        let page = page(body);
        self.group(group).tasks.iter().map(|task| self.chain(group, &task.name, &page, usize::MAX)).sum()
    }

    /// Takes a page of `group` through the parsers of its tasks only; how many rows there are.
    pub(crate) fn parse(&self, group: &str, body: Bytes) -> usize {
        let page = page(body);
        self.group(group).tasks.iter().map(|task| self.chain(group, &task.name, &page, 1)).sum()
    }

    fn chain(&self, group: &str, name: &str, page: &Arc<Page>, steps: usize) -> usize {
        let source = Arc::new(source(group, name));
        let task = self.group(group).tasks.iter().find(|task| task.name == name).unwrap();
        let mut payload = Payload::Page(Arc::clone(page));
        for (_, step) in task.steps.iter().take(steps) {
            match step.run(&source, payload).unwrap() {
                Outcome::Next(next) => payload = next,
                Outcome::Links(links) => return links.len(),
                Outcome::Rows(rows, _) => return rows.parts.iter().map(|part| part.bytes.len()).sum(),
            }
        }
        payload.data().map_or(0, |data| data.rows.len())
    }

    fn group(&self, name: &str) -> &PlannedGroup {
        self.plan.group(name).unwrap()
    }
}

/// The tree of a page; how many nodes it has.
pub(crate) fn tree(text: &str) -> usize {
    Tree::parse_html(text, &Limits::default()).unwrap().len() as usize
}

fn page(body: Bytes) -> Arc<Page> {
    let url = "http://127.0.0.1/page.html".to_owned();
    Arc::new(Page::new(
        Document { url, fetched_at: 0, charset: None, media_type: None, body },
        Limits::default(),
    ))
}

fn source(group: &str, task: &str) -> Source {
    let url = "http://127.0.0.1/page.html";
    Source {
        id: "1".into(),
        locator: "page".into(),
        group: group.into(),
        task: task.into(),
        url: url.to_owned(),
        page_url: url.to_owned(),
        encoding: encoding_rs::UTF_8,
        fetched_at: 0,
        page: 1,
    }
}
