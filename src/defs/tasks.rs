//! Task groups and tasks.

use super::fields::{At, Fields, key_path};
use super::node::{Entry, Kind};
use super::steps::Chains;
use super::wording::{did_you_mean, shown};
use super::{Problem, Problems, Spanned, StepDef, TaskDef, TaskGroup};

/// Reads the task group `entry`; tasks without steps get those named `defaults`.
pub(super) fn read(
    entry: &Entry,
    chains: &mut Chains<'_>,
    defaults: &str,
    problems: &mut Problems,
) -> TaskGroup {
    let at = At::new(&entry.value, key_path("taskGroups", &entry.key));
    let name = Spanned::new(entry.key.to_string(), entry.mark.place(&at.path));
    let mut group = TaskGroup { name, live: None, tasks: vec![] };
    for entry in at.entries("a mapping of tasks", problems).unwrap_or_default() {
        let child = at.child(entry);
        if &*entry.key == "live" {
            group.live = live(&child, problems);
        } else {
            group.tasks.extend(task(at.name(entry), &child, chains, defaults, problems));
        }
    }
    group
}

fn live(at: &At<'_>, problems: &mut Problems) -> Option<Spanned<String>> {
    if matches!(at.node.kind, Kind::Map(_)) {
        let message = "`live` says how long a page is kept: no task can have this name";
        problems.push(at.error(message, "give the task another name"));
        return None;
    }
    at.text(problems)
}

fn task(
    name: Spanned<String>,
    at: &At<'_>,
    chains: &mut Chains<'_>,
    defaults: &str,
    problems: &mut Problems,
) -> Option<TaskDef> {
    let fields = at.fields(&["dataDef", "steps", "parser", "persist"], problems)?;
    let help = "add dataDef: the name of what to take from the page";
    let data_def = fields.require("dataDef", help, problems).and_then(|at| at.text(problems));
    let steps = steps(&fields, chains, defaults, problems);
    let persist_data = fields.get("persist").and_then(|at| persist(&at, problems)).unwrap_or(true);
    Some(TaskDef { name, data_def: data_def?, persist_data, steps })
}

fn steps(
    fields: &Fields<'_>,
    chains: &mut Chains<'_>,
    defaults: &str,
    problems: &mut Problems,
) -> Vec<StepDef> {
    match (fields.get("steps"), fields.get("parser")) {
        (None, None) => chains.default_steps(defaults, problems),
        (Some(steps), None) => chains.steps_of(&steps, problems),
        (None, Some(parser)) => match parser_name(&parser, problems) {
            Some(name) => chains.steps_named(&name, problems),
            None => vec![],
        },
        (Some(_), Some(parser)) => {
            let help = "write the parser as one of the steps: [ parser: css, ... ], and remove this key";
            problems.push(parser.error("`parser` cannot be used together with `steps`", help));
            vec![]
        }
    }
}

fn parser_name(at: &At<'_>, problems: &mut Problems) -> Option<Spanned<String>> {
    let name = at.text(problems)?;
    if ["css", "xpath"].contains(&name.value.as_str()) {
        return Some(name);
    }
    let guess = did_you_mean(&name.value, ["css", "xpath"]);
    let message = format!("unknown parser {}{guess}", shown(&name.value));
    problems.push(Problem::error(&name.place, message, "parsers are `css` and `xpath`"));
    None
}

fn persist(at: &At<'_>, problems: &mut Problems) -> Option<bool> {
    if !matches!(at.node.kind, Kind::Map(_)) {
        problems.push(
            at.unexpected("a mapping with `data`", "write persist: { data: false }, or leave persist out"),
        );
        return None;
    }
    let fields = at.fields(&["data"], problems)?;
    fields.require("data", "write persist: { data: false }, or leave persist out", problems)?.flag(problems)
}
