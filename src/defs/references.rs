//! Whether the names in definitions fit together: checked before the first fetch.
//!
//! Knows names only. Placeholders, selectors and plugins are checked when a plan is made.

use std::collections::{HashMap, HashSet};

use crate::model::nearest;

use super::data_def;
use super::locators::no_locator_groups;
use super::steps::{filters_rows, makes_links};
use super::wording::{did_you_mean, listed, shown};
use super::{DataDef, Definitions, ItemDef, Place, Problem, Problems, Spanned, StepDef, TaskDef, TaskGroup};

/// Most axes of the dataDefs of all tasks together; each task has its own.
const MAX_AXES: usize = 500_000;

/// Reports names that name nothing, and definitions that nothing names.
#[must_use]
pub fn check_references(definitions: &Definitions) -> Problems {
    let mut problems = Problems::default();
    let index = Index::of(definitions);
    if definitions.locator_groups.is_empty() {
        problems.push(no_locator_groups());
    }
    let mut reached = HashSet::new();
    for group in &definitions.locator_groups {
        reached.extend(index.check_tasks_of(&group.name, "the locator group", &mut problems));
    }
    for item in definitions.data_defs.iter().flat_map(|def| &def.items) {
        if let Some(group) = &item.link_group {
            reached.extend(index.check_tasks_of(group, "the linkGroup", &mut problems));
        }
    }
    let mut used = HashSet::new();
    let mut axes = 0_usize;
    for task in definitions.task_groups.iter().flat_map(|group| &group.tasks) {
        used.extend(index.check_task(task, &mut problems));
        let before = axes;
        axes = axes.saturating_add(
            index.data_defs.get(task.data_def.value.as_str()).map_or(0, |def| data_def::axes(def)),
        );
        if axes > MAX_AXES && before <= MAX_AXES {
            let message = format!("the dataDefs of all tasks up to this one have more than {MAX_AXES} axes");
            let help =
                "let an index run (`indexRange`) instead of writing every item or dim, or use fewer tasks";
            problems.push(Problem::error(&task.data_def.place, message, help));
        }
    }
    warn_of_unused(definitions, &reached, &used, &mut problems);
    problems
}

/// Definitions by name.
struct Index<'a> {
    task_groups: HashMap<&'a str, &'a TaskGroup>,
    data_defs: HashMap<&'a str, &'a DataDef>,
}

impl<'a> Index<'a> {
    fn of(definitions: &'a Definitions) -> Self {
        let task_groups = definitions.task_groups.iter().map(|group| (group.name.value.as_str(), group));
        let data_defs = definitions.data_defs.iter().map(|def| (def.name.value.as_str(), def));
        Self { task_groups: task_groups.collect(), data_defs: data_defs.collect() }
    }

    /// Checks that there is something to do with the pages of `group`. Returns the task group that is meant.
    fn check_tasks_of(
        &self,
        group: &Spanned<String>,
        what: &str,
        problems: &mut Problems,
    ) -> Option<&'a str> {
        let name = shown(&group.value);
        let Some((key, tasks)) = self.task_groups.get_key_value(group.value.as_str()) else {
            let names = sorted(self.task_groups.keys());
            let guess = did_you_mean(&group.value, names.iter().copied());
            let meant = nearest(&group.value, names.iter().copied());
            let message = format!("{what} {name} has no task group{guess}");
            let mut help = "add a task group of this name".to_owned();
            if !names.is_empty() {
                help.push_str(&format!(", or use one of {}", listed(names)));
            }
            problems.push(Problem::error(&group.place, message, help));
            return meant;
        };
        if tasks.tasks.is_empty() {
            let message = format!("{what} {name} has a task group without tasks");
            let help = format!("add a task below taskGroups.{}", group.value);
            problems.push(Problem::error(&group.place, message, help));
        }
        Some(key)
    }

    /// Checks a task with its dataDef. Returns the dataDef that is meant.
    fn check_task(&self, task: &TaskDef, problems: &mut Problems) -> Option<&'a str> {
        let wanted = &task.data_def;
        let Some((key, def)) = self.data_defs.get_key_value(wanted.value.as_str()) else {
            let names = sorted(self.data_defs.keys());
            let guess = did_you_mean(&wanted.value, names.iter().copied());
            let meant = nearest(&wanted.value, names.iter().copied());
            let message = format!("the dataDef {} is not defined{guess}", shown(&wanted.value));
            problems.push(Problem::error(&wanted.place, message, format!("defined are {}", listed(names))));
            return meant;
        };
        // Steps that are wrong are reported already.
        if let Some(last) = task.steps.last() {
            check_links(task, def, last, problems);
            check_filters(task, def, problems);
        }
        Some(key)
    }
}

fn check_links(task: &TaskDef, def: &DataDef, last: &StepDef, problems: &mut Problems) {
    let name = shown(&def.name.value);
    match (makes_links(last), def.items.iter().find_map(|item| item.link_group.as_ref())) {
        (true, None) => {
            let message = format!("the task makes links, but no item of {name} has a `linkGroup`");
            let help = "add linkGroup: the name of a task group, to the items whose values are links";
            problems.push(Problem::error(&task.data_def.place, message, help));
        }
        (false, Some(group)) => {
            let Place { file, line, .. } = &group.place;
            let message = format!(
                "the dataDef {name} has a `linkGroup` (line {line} of {file}), but the task makes no links"
            );
            let help = "end the steps of the task with links: steps: [ parser: css, links ]";
            problems.push(Problem::warning(&task.data_def.place, message, help));
        }
        _ => {}
    }
}

fn check_filters(task: &TaskDef, def: &DataDef, problems: &mut Problems) {
    let filtered = def.items.iter().chain(&def.dims).chain(&def.facts).find(|item| has_filter(item));
    if let (Some(item), false) = (filtered, task.steps.iter().any(filters_rows)) {
        let (item, def) = (shown(&item.name.value), shown(&def.name.value));
        let message =
            format!("the filters of {item} in the dataDef {def} have no effect: the task has no filter step");
        problems.push(Problem::warning(
            &task.data_def.place,
            message,
            "add `filter` to the steps of the task",
        ));
    }
}

fn has_filter(item: &ItemDef) -> bool {
    !item.filters.is_empty()
}

fn sorted<'a, 'b>(names: impl Iterator<Item = &'b &'a str>) -> Vec<&'a str>
where
    'a: 'b,
{
    let mut names: Vec<&str> = names.copied().collect();
    names.sort_unstable();
    names
}

fn warn_of_unused(
    definitions: &Definitions,
    reached: &HashSet<&str>,
    used: &HashSet<&str>,
    problems: &mut Problems,
) {
    for group in definitions.task_groups.iter().filter(|group| !reached.contains(group.name.value.as_str())) {
        let message = format!("the task group {} has no pages", shown(&group.name.value));
        let help = "add a locator group of this name, or name it as the linkGroup of an item";
        problems.push(Problem::warning(&group.name.place, message, help));
    }
    for def in definitions.data_defs.iter().filter(|def| !used.contains(def.name.value.as_str())) {
        let message = format!("the dataDef {} is not used by any task", shown(&def.name.value));
        let help = "name it as the dataDef of a task, or remove it";
        problems.push(Problem::warning(&def.name.place, message, help));
    }
}
