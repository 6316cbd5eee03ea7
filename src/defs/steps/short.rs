//! The short form of steps: a list, in the order of running.
//!
//! What is the same in most definitions may be left out: the loader in front, the filter behind the parser, the
//! appender at the end.

use crate::defs::fields::At;
use crate::defs::node::Kind;
use crate::defs::wording::shown;
use crate::defs::{Problem, Problems, Setting, Spanned, StepDef};

use super::chain::Chain;
use super::{builtin, makes_links, plugins};

/// How to write a step.
const HELP: &str = "write `- name`, or `- name: { key: value }`; every step has its own `-`, settings are indented below the name";

/// Steps that work on what the parser makes.
const BEHIND_PARSER: [&str; 5] = ["filter", "converter", "script", "appender", "links"];

/// Most steps in a list.
const MAX_STEPS: usize = 60;

/// Reads a list of steps; `None` when something is wrong with it.
pub(super) fn read(list: &At<'_>, problems: &mut Problems) -> Option<Chain> {
    let before = problems.counts().0;
    let elements = list.elements("", problems);
    if elements.len() > MAX_STEPS {
        problems.push(list.error(format!("more than {MAX_STEPS} steps in a list"), ""));
        return None;
    }
    let mut steps: Vec<StepDef> = elements.iter().filter_map(|at| step(at, problems)).collect();
    if problems.counts().0 == before {
        check_order(list, &steps, problems);
    }
    if problems.counts().0 > before {
        return None;
    }
    complete(list, &mut steps);
    number_names(&mut steps);
    Some(Chain::line(steps, builtin::seeder(&list.place())))
}

fn step(at: &At<'_>, problems: &mut Problems) -> Option<StepDef> {
    let (kind, inner) = plugins::named(at, "a step", HELP, problems)?;
    let mut step = StepDef { name: kind.value.clone(), kind, settings: vec![], plugins: vec![] };
    let Some(inner) = inner.filter(|inner| !matches!(inner.node.kind, Kind::Null)) else {
        return Some(step);
    };
    match (step.kind.value.as_str(), &inner.node.kind) {
        ("appender", _) => step.plugins = plugins::short_list(&inner, plugins::short_appender, problems),
        ("script", _) => step.plugins = plugins::short_list(&inner, plugins::short_script, problems),
        ("converter", _) | (_, Kind::List(_)) => {
            step.plugins = plugins::short_list(&inner, plugins::short, problems);
        }
        ("parser", Kind::Text(parser)) => step.settings.push(Setting {
            key: "type".to_owned(),
            value: parser.to_string().into(),
            place: inner.place(),
        }),
        (_, Kind::Map(entries)) => step.settings = plugins::settings(&inner, entries, &[]),
        (name, _) => {
            let help = format!("write `- {name}`, or `- {name}: {{ key: value }}`");
            problems.push(inner.unexpected("the settings of the step", help));
            return None;
        }
    }
    Some(step)
}

fn check_order(list: &At<'_>, steps: &[StepDef], problems: &mut Problems) {
    let Some(parser) = steps.iter().position(|step| step.kind.value == "parser") else {
        let help = "add `- parser: css` or `- parser: xpath` as the first step, or behind the loader";
        problems.push(list.error("there is no `parser` among the steps", help));
        return;
    };
    for (position, step) in steps.iter().enumerate() {
        let Spanned { value: kind, place } = &step.kind;
        let (wrong, help) = match kind.as_str() {
            "loader" if position > 0 => {
                ("must be the first step", "move it to the beginning, or leave it out")
            }
            "parser" if position > parser => ("is there twice", "make another task for the other parser"),
            kind if position + 1 < steps.len() && (kind == "appender" || makes_links(step)) => {
                ("must be the last step", "move it to the end")
            }
            kind if position < parser && BEHIND_PARSER.contains(&kind) => {
                ("must stand behind `parser`", "it works on what the parser finds")
            }
            _ => continue,
        };
        problems.push(Problem::error(place, format!("{} {wrong}", shown(kind)), help));
    }
}

/// Puts in what was left out.
fn complete(list: &At<'_>, steps: &mut Vec<StepDef>) {
    let place = list.place();
    let has = |steps: &[StepDef], kind: &str| steps.iter().any(|step| step.kind.value == kind);
    if steps.first().is_some_and(|step| step.kind.value == "parser") {
        steps.insert(0, builtin::loader(&place));
    }
    if steps.iter().any(makes_links) {
        return;
    }
    if !has(steps, "appender") {
        steps.push(builtin::appender(&place));
    }
    if !has(steps, "filter") {
        let parser = steps.iter().position(|step| step.kind.value == "parser").unwrap_or_default();
        steps.insert(parser + 1, builtin::filter(&place));
    }
    // An appender without plugins is the default one.
    if let Some(appender) =
        steps.last_mut().filter(|step| step.plugins.is_empty() && step.settings.is_empty())
    {
        appender.plugins = builtin::appender(&appender.kind.place).plugins;
    }
}

/// Makes the names unique: the second `script` is `script2`.
fn number_names(steps: &mut [StepDef]) {
    for position in 1..steps.len() {
        let (before, rest) = steps.split_at_mut(position);
        let Some(step) = rest.first_mut() else { continue };
        let alike = before.iter().filter(|other| other.kind.value == step.kind.value).count();
        if alike > 0 {
            step.name = format!("{}{}", step.kind.value, alike + 1);
        }
    }
}
