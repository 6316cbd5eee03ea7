//! From definition files to [`Definitions`]: the one place that knows the order of the work.

use super::steps::Chains;
use super::{Definitions, Problems, SourceFile, data_def, locators, merge, references, tasks};

/// Reads, merges, validates and normalises `sources`; tasks without steps get those named `defaults`.
///
/// Returns definitions only when there is no error; warnings may be there in any case. Whether the names in the
/// definitions fit together is not looked at: see [`check_references`](super::check_references).
#[must_use]
pub fn compose(sources: Vec<SourceFile>, defaults: &str) -> (Option<Definitions>, Problems) {
    let draft = Draft::of(sources, defaults);
    let fine = !draft.problems.has_errors();
    (fine.then_some(draft.definitions), draft.problems)
}

/// Does what [`compose`] and [`check_references`](super::check_references) do, and so finds wrong names even
/// where there are other errors.
#[must_use]
pub fn check(sources: Vec<SourceFile>, defaults: &str) -> (Option<Definitions>, Problems) {
    let Draft { definitions, mut problems, complete } = Draft::of(sources, defaults);
    if complete {
        problems.merge(references::check_references(&definitions));
    }
    let fine = !problems.has_errors();
    (fine.then_some(definitions), problems)
}

/// Definitions without what is wrong in them.
struct Draft {
    definitions: Definitions,
    problems: Problems,
    /// Whether every file could be read: if not, the names that seem to be missing may be there.
    complete: bool,
}

impl Draft {
    fn of(sources: Vec<SourceFile>, defaults: &str) -> Self {
        let mut problems = Problems::default();
        let merged = merge::merge(sources, &mut problems);
        let mut chains = Chains::new(&merged.steps, &mut problems);
        let locator_groups = merged
            .locator_groups
            .entries()
            .iter()
            .map(|entry| locators::read(entry, &mut problems))
            .collect();
        let task_groups = merged
            .task_groups
            .entries()
            .iter()
            .map(|entry| tasks::read(entry, &mut chains, defaults, &mut problems))
            .collect();
        let data_defs =
            merged.data_defs.entries().iter().map(|entry| data_def::read(entry, &mut problems)).collect();
        chains.warn_of_unused(&mut problems);
        let definitions = Definitions { locator_groups, task_groups, data_defs };
        Self { definitions, problems, complete: merged.complete }
    }
}
