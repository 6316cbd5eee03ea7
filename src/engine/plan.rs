//! What a run does, compiled from its definitions: which steps every page of a group goes through.
//!
//! Making a plan reads no clock and does no I/O. It finds everything that can be wrong with URLs, steps,
//! plugins and queries, so that a run meets none of it.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use crate::defs::{DataDef, Definitions, Problem, Problems, StepDef, TaskDef, TaskGroup};
use crate::model::Locator;
use crate::sinks::Sinks;
use crate::steps::{Build, Entry, Facts, Loader, Made, Services, Station, Step, find_step, seed};

/// The compiled steps of a run, by group and task.
#[derive(Default)]
pub struct Plan {
    groups: HashMap<CompactString, PlannedGroup>,
    seeds: Vec<Locator>,
    sinks: Sinks,
}

/// What happens to the pages of a group.
pub struct PlannedGroup {
    /// Gets the page, for all tasks: the loader of the first one.
    pub loader: Arc<dyn Loader>,
    /// Name of the loading step, and so of its pool.
    pub loader_name: CompactString,
    /// What is done with it, in file order.
    pub tasks: Vec<PlannedTask>,
}

/// The steps of a task after the page is loaded.
pub struct PlannedTask {
    /// Its name.
    pub name: CompactString,
    /// Name and step, in order.
    pub steps: Vec<(CompactString, Box<dyn Step>)>,
}

impl Plan {
    /// Compiles definitions. There is no plan if a problem is an error.
    #[must_use]
    pub fn compile(
        definitions: &Definitions,
        services: &Services,
        facts: &Arc<Facts>,
    ) -> (Option<Self>, Problems) {
        let mut compiler =
            Compiler { definitions, services, facts, sinks: Sinks::default(), problems: Problems::default() };
        let groups: HashMap<_, _> = definitions
            .task_groups
            .iter()
            .filter_map(|group| Some((group.name.value.as_str().into(), compiler.group(group)?)))
            .collect();
        let Compiler { sinks, mut problems, .. } = compiler;
        let locators = |group| seed::locators(group, &mut problems);
        let seeds = definitions.locator_groups.iter().flat_map(locators).collect();
        if problems.has_errors() {
            return (None, problems);
        }
        (Some(Self { groups, seeds, sinks }), problems)
    }

    /// What happens to the pages of a group.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&PlannedGroup> {
        self.groups.get(name)
    }

    /// Stops: rejects pages that have not been requested yet, and ends work that takes long.
    pub(super) fn close(&self) {
        for group in self.groups.values() {
            group.loader.close();
            group.tasks.iter().flat_map(|task| &task.steps).for_each(|(_, step)| step.close());
        }
    }

    /// The run is over for this process: lets steps log what only all pages together show.
    pub(crate) fn sum_up(&self) {
        let tasks = self.groups.values().flat_map(|group| &group.tasks);
        tasks.flat_map(|task| &task.steps).for_each(|(_, step)| step.sum_up());
    }

    /// Gets pages from elsewhere.
    #[cfg(test)]
    pub(crate) fn load_from(&mut self, loader: Arc<dyn Loader>) {
        self.groups.values_mut().for_each(|group| group.loader = Arc::clone(&loader));
    }

    /// The names of all steps.
    pub fn step_names(&self) -> impl Iterator<Item = &CompactString> {
        self.groups.values().flat_map(|group| {
            let steps = group.tasks.iter().flat_map(|task| task.steps.iter().map(|(name, _)| name));
            std::iter::once(&group.loader_name).chain(steps)
        })
    }

    /// Where to begin.
    #[must_use]
    pub fn seeds(&self) -> &[Locator] {
        &self.seeds
    }

    /// Where rows go.
    #[must_use]
    pub fn sinks(&self) -> &Sinks {
        &self.sinks
    }
}

struct Compiler<'a> {
    definitions: &'a Definitions,
    services: &'a Services,
    facts: &'a Arc<Facts>,
    sinks: Sinks,
    problems: Problems,
}

impl Compiler<'_> {
    fn group(&mut self, group: &TaskGroup) -> Option<PlannedGroup> {
        let mut planned: Option<(&TaskDef, PlannedGroup)> = None;
        for task in &group.tasks {
            let Some(MadeTask { loader: (loader_name, loader), task: made }) = self.task(group, task) else {
                continue;
            };
            match &mut planned {
                None => planned = Some((task, PlannedGroup { loader, loader_name, tasks: vec![made] })),
                Some((first, planned)) => {
                    if planned.loader_name != loader_name {
                        self.another_loader(task, &loader_name, first, &planned.loader_name);
                    }
                    planned.tasks.push(made);
                }
            }
        }
        planned.map(|(_, planned)| planned)
    }

    fn another_loader(&mut self, task: &TaskDef, own: &str, first: &TaskDef, loader: &str) {
        let (task, first) = (&task.name, &first.name.value);
        let message = format!(
            "task `{}` begins with step `{own}`, and task `{first}` of its group with `{loader}`: a page is loaded once \
             for all tasks of a group",
            task.value
        );
        let help =
            "use the same loader step in all tasks of the group, or put the task in a group of its own";
        self.problems.push(Problem::error(&task.place, message, help));
    }

    fn task(&mut self, group: &TaskGroup, task: &TaskDef) -> Option<MadeTask> {
        let data_defs = &self.definitions.data_defs;
        let data_def = data_defs.iter().find(|data_def| data_def.name.value == task.data_def.value)?;
        let mut loader = None;
        let mut steps = vec![];
        // Where the last step belongs; unknown behind a step of an unknown kind.
        let mut last = Some(None);
        let mut is_whole = true;
        for step in &task.steps {
            let Some(entry) = self.entry(step) else {
                (last, is_whole) = (None, false);
                continue;
            };
            if let Some(before) = last {
                self.check_order(task, step, before, entry.station);
            }
            last = Some(Some(entry.station));
            let Some(made) = self.step(group, task, data_def, step, entry) else {
                is_whole = false;
                continue;
            };
            match made {
                Made::Loader(made) => loader = Some((step.name.as_str().into(), made)),
                Made::Step(made) => steps.push((step.name.as_str().into(), made)),
                Made::Seeder => {}
            }
        }
        if is_whole {
            self.check_end(task, loader.is_some(), last.flatten());
        }
        Some(MadeTask { loader: loader?, task: PlannedTask { name: task.name.value.as_str().into(), steps } })
    }

    fn step(
        &mut self,
        group: &TaskGroup,
        task: &TaskDef,
        data_def: &DataDef,
        step: &StepDef,
        entry: &Entry,
    ) -> Option<Made> {
        let mut build = Build {
            step,
            variants: entry.variants,
            group,
            persist_data: task.persist_data,
            links: task.steps.iter().find(|step| makes_links(step)),
            data_def: Some(data_def),
            data_defs: &self.definitions.data_defs,
            services: self.services,
            facts: self.facts,
            sinks: &mut self.sinks,
            problems: &mut self.problems,
        };
        (entry.make)(&mut build)
    }

    fn entry(&mut self, step: &StepDef) -> Option<&'static Entry> {
        find_step(&step.kind.value)
            .map_err(|unknown| {
                self.problems.push(Problem::error(&step.kind.place, unknown.to_string(), unknown.help));
            })
            .ok()
    }

    /// A chain goes load, parse, process, append; links end it.
    fn check_order(&mut self, task: &TaskDef, step: &StepDef, before: Option<Station>, station: Station) {
        let needs = match station {
            Station::Load => return,
            Station::Parse => [Some(Station::Load)].as_slice(),
            Station::Process | Station::Links => &[Some(Station::Parse), Some(Station::Process)],
            Station::Append => &[Some(Station::Parse), Some(Station::Process), Some(Station::Append)],
        };
        if !needs.contains(&before) {
            let message = format!("step `{}` is in the wrong place of its chain", step.name);
            let help =
                "the order is loader, parser, then filter, converter or script, then appender or links";
            // Built-in steps stand in no file: the task that uses them does.
            let place = if step.kind.place.line == 0 { &task.name.place } else { &step.kind.place };
            self.problems.push(Problem::error(place, message, help));
        }
    }

    fn check_end(&mut self, task: &TaskDef, has_loader: bool, last: Option<Station>) {
        let place = &task.name.place;
        if !has_loader {
            let message = format!("the steps of task `{}` have no loader", task.name.value);
            self.problems.push(Problem::error(place, message, "begin them with `loader`"));
        }
        if !matches!(last, Some(Station::Append | Station::Links)) {
            let message =
                format!("the steps of task `{}` end without `appender` or `links`", task.name.value);
            self.problems.push(Problem::error(
                place,
                message,
                "what they find would go nowhere: add one of the two",
            ));
        }
    }
}

fn makes_links(step: &StepDef) -> bool {
    find_step(&step.kind.value).is_ok_and(|entry| entry.station == Station::Links)
}

struct MadeTask {
    loader: (CompactString, Arc<dyn Loader>),
    task: PlannedTask,
}
