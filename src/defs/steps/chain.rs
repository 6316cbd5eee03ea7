//! A chain: steps that name the one before and the one after them.
//!
//! This is how the old form is written, and what derived steps change; the short form is turned into it.
//! The step after another one is the one that its `next` names; `previous` only says where a new step goes.

use std::sync::Arc;

use crate::defs::wording::{did_you_mean, listed, shown};
use crate::defs::{Place, Problem, Problems, Spanned, StepDef};

/// Most steps of a chain.
const MAX_STEPS: usize = 64;

/// A step, and its neighbours by name.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) name: Arc<str>,
    /// Where it is written; nowhere for a built-in step.
    pub(super) place: Place,
    pub(super) previous: Spanned<Arc<str>>,
    pub(super) next: Spanned<Arc<str>>,
    /// Shared: derived chains differ in few steps.
    pub(super) step: Arc<StepDef>,
}

/// Steps in the order of writing, names unique.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    links: Vec<Link>,
}

impl Chain {
    /// A chain of steps as they are written.
    pub(super) fn new(links: Vec<Link>) -> Self {
        Self { links }
    }

    /// A chain that goes through `steps` in order, behind a seeder.
    pub(super) fn line(steps: Vec<StepDef>, seeder: StepDef) -> Self {
        let names: Vec<Arc<str>> = steps.iter().map(|step| step.name.as_str().into()).collect();
        let name_at = |position: usize| names.get(position).cloned().unwrap_or_else(|| "end".into());
        let mut links = vec![link(seeder, "start".into(), name_at(0))];
        for (position, step) in steps.into_iter().enumerate() {
            let previous = links.last().map_or_else(|| "start".into(), |before| Arc::clone(&before.name));
            links.push(link(step, previous, name_at(position + 1)));
        }
        Self { links }
    }

    /// This chain with `overrides` put in: a step of the same name is replaced, a new one goes in between the
    /// steps that it names. `place` is where the overrides are written.
    pub(super) fn derive(&self, overrides: &[Link], place: &Place, problems: &mut Problems) -> Option<Self> {
        let mut chain = self.clone();
        let mut added = vec![];
        for link in overrides {
            if let Some(known) = chain.get_mut(&link.name) {
                *known = link.clone();
            } else {
                added.push(link);
                chain.links.push(link.clone());
            }
        }
        if chain.links.len() > MAX_STEPS {
            problems.push(Problem::error(place, format!("more than {MAX_STEPS} steps in a chain"), ""));
            return None;
        }
        let mut fits = true;
        for link in added {
            fits &= chain.knows_previous(link, problems);
            if let Some(before) = chain.get_mut(&link.previous.value) {
                before.next.value = Arc::clone(&link.name);
            }
            if let Some(after) =
                chain.get_mut(&link.next.value).filter(|after| &*after.previous.value != "start")
            {
                after.previous.value = Arc::clone(&link.name);
            }
        }
        fits.then_some(chain)
    }

    /// The steps in the order of running, without the seeder. `place` is where they are used.
    pub(super) fn walk(&self, place: &Place, problems: &mut Problems) -> Vec<StepDef> {
        match self.order(place) {
            Ok(order) => {
                self.warn_of_disagreement(&order, problems);
                order
                    .into_iter()
                    .filter(|link| !is_seeder(link))
                    .map(|link| StepDef::clone(&link.step))
                    .collect()
            }
            Err(problem) => {
                problems.push(*problem);
                vec![]
            }
        }
    }

    /// Checks steps that are written out in full.
    pub(super) fn check(&self, place: &Place, problems: &mut Problems) {
        if self.links.len() > MAX_STEPS {
            problems.push(Problem::error(place, format!("more than {MAX_STEPS} steps in a chain"), ""));
        }
        for link in &self.links {
            self.knows_previous(link, problems);
        }
    }

    fn order(&self, place: &Place) -> Result<Vec<&Link>, Box<Problem>> {
        let fail =
            |place: &Place, message: String, help: &str| Err(Box::new(Problem::error(place, message, help)));
        let starts: Vec<&Link> = self.links.iter().filter(|link| &*link.previous.value == "start").collect();
        let &[start] = starts.as_slice() else {
            let names = listed(starts.iter().map(|link| &*link.name));
            let message = match starts.len() {
                0 => "no step has `previous: start`".to_owned(),
                _ => format!("several steps have `previous: start`: {names}"),
            };
            return fail(place, message, "write `previous: start` in the first step, and only there");
        };
        let mut order = vec![start];
        let mut current = start;
        while !(current.next.value.eq_ignore_ascii_case("end") || ends_in_seeder(current, start)) {
            let Some(next) = self.links.iter().find(|link| link.name == current.next.value) else {
                let guess = did_you_mean(&current.next.value, self.names().chain(["end", "seeder"]));
                let message = format!("the next step {} does not exist{guess}", shown(&current.next.value));
                let known = self.names().filter(|name| *name != "seeder");
                let help = format!("write `end`, `seeder` for links, or one of {}", listed(known));
                return fail(&current.next.place, message, &help);
            };
            if order.iter().any(|link| link.name == next.name) {
                let round = order.iter().map(|link| &*link.name).skip_while(|name| *name != &*next.name);
                let names: Vec<&str> = round.chain([&*next.name]).collect();
                let message = format!("the steps go round in a circle: {}", shown(&names.join(" -> ")));
                return fail(&current.next.place, message, "the last step has `next: end`");
            }
            order.push(next);
            current = next;
        }
        Ok(order)
    }

    /// Definitions of old were read through `previous`; say so where that gives another order.
    fn warn_of_disagreement(&self, order: &[&Link], problems: &mut Problems) {
        for pair in order.windows(2) {
            let [before, after] = pair else { continue };
            if after.previous.value != before.name && !before.place.file.is_empty() {
                let message = format!(
                    "the next step is {}, but that one has `previous: {}`: `next` counts",
                    shown(&after.name),
                    after.previous.value
                );
                let help = format!("write `previous: {}` in {}", before.name, shown(&after.name));
                problems.push(Problem::warning(&before.next.place, message, help));
            }
        }
    }

    fn knows_previous(&self, link: &Link, problems: &mut Problems) -> bool {
        let known =
            &*link.previous.value == "start" || self.names().any(|name| name == &*link.previous.value);
        if !known {
            let guess = did_you_mean(&link.previous.value, self.names().chain(["start"]));
            let message = format!("the previous step {} does not exist{guess}", shown(&link.previous.value));
            let help = format!("write one of {}", listed(self.names().filter(|name| *name != &*link.name)));
            problems.push(Problem::error(&link.previous.place, message, help));
        }
        known
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(|link| &*link.name)
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| &*link.name == name)
    }
}

fn link(step: StepDef, previous: Arc<str>, next: Arc<str>) -> Link {
    let name = step.name.as_str().into();
    let place = step.kind.place.clone();
    let (previous, next) = (Spanned::new(previous, place.clone()), Spanned::new(next, place.clone()));
    Link { name, place, previous, next, step: Arc::new(step) }
}

/// `next: seeder` is symbolic: such a step makes new jobs instead of handing over.
fn ends_in_seeder(link: &Link, start: &Link) -> bool {
    link.name != start.name
        && (&*link.next.value == "seeder" || (link.next.value == start.name && is_seeder(start)))
}

fn is_seeder(link: &Link) -> bool {
    &*link.name == "seeder" || link.step.kind.value.ends_with("Seeder")
}
