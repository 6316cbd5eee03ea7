//! All steps definitions by name, and the steps of a task from whatever it says.
//!
//! A named definition is worked out once, so what is wrong with it is said once, however many tasks use it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::defs::fields::{At, key_path};
use crate::defs::merge::Section;
use crate::defs::node::Kind;
use crate::defs::wording::{did_you_mean, listed, shown};
use crate::defs::{Place, Problem, Problems, Spanned, StepDef};

use super::chain::Chain;
use super::written::Written;
use super::{builtin, short, written};

/// Most definitions that may be derived one from the other.
const MAX_DERIVED: usize = 32;

/// Most bytes of all steps of all tasks together, written as JSON: 64 MiB.
const MAX_BYTES: usize = 64 << 20;

/// The steps definitions.
pub(in crate::defs) struct Chains<'a> {
    section: &'a Section,
    /// `None` is a definition that is wrong, which was reported.
    chains: HashMap<String, Option<Rc<Chain>>>,
    /// Steps in order, for the names that tasks use.
    walked: HashMap<String, Rc<Vec<StepDef>>>,
    used: HashSet<String>,
    bytes: usize,
}

impl<'a> Chains<'a> {
    /// The definitions of `section`, and the built-in ones.
    pub(in crate::defs) fn new(section: &'a Section, problems: &mut Problems) -> Self {
        let chains = builtin::NAMES
            .iter()
            .map(|(name, parser)| ((*name).to_owned(), Some(Rc::new(builtin::chain(name, parser)))))
            .collect();
        let mut all = Self { section, chains, walked: HashMap::new(), used: HashSet::new(), bytes: 0 };
        for entry in section.entries() {
            let name: &str = &entry.key;
            if builtin::NAMES.iter().any(|(builtin, _)| *builtin == name) {
                let place = entry.mark.place(&key_path("steps", name));
                let message =
                    format!("the built-in steps {} cannot be redefined: this is ignored", shown(name));
                problems.push(Problem::warning(
                    &place,
                    message,
                    "give them another name, and use that in the tasks",
                ));
            }
            all.work_out(name, &mut vec![], problems);
        }
        all
    }

    /// Returns the steps of a task without steps of its own: the configured default.
    pub(in crate::defs) fn default_steps(&mut self, name: &str, problems: &mut Problems) -> Vec<StepDef> {
        let place = Place::nowhere("scoopi.defs.defaultSteps");
        self.steps_named(&Spanned::new(name.to_owned(), place), problems)
    }

    /// The steps with a name.
    pub(in crate::defs) fn steps_named(
        &mut self,
        name: &Spanned<String>,
        problems: &mut Problems,
    ) -> Vec<StepDef> {
        if !self.walked.contains_key(&name.value) {
            let Some(chain) = self.named(name, &mut vec![], problems) else { return vec![] };
            let written = self.section.get(&name.value);
            let place = written.map(|entry| entry.mark.place(&key_path("steps", &name.value)));
            let steps = chain.walk(&place.unwrap_or_else(|| name.place.clone()), problems);
            self.walked.insert(name.value.clone(), Rc::new(steps));
        }
        let steps = self.walked.get(&name.value).map(Rc::clone).unwrap_or_default();
        self.within_bounds(&steps, &name.place, problems)
    }

    /// The steps that the value of `steps` in a task means.
    pub(in crate::defs) fn steps_of(&mut self, at: &At<'_>, problems: &mut Problems) -> Vec<StepDef> {
        match &at.node.kind {
            Kind::Text(_) => match at.text(problems) {
                Some(name) => self.steps_named(&name, problems),
                None => vec![],
            },
            Kind::List(_) | Kind::Map(_) => {
                let Some(chain) = self.read(at, &mut vec![], problems) else { return vec![] };
                let steps = chain.walk(&at.place(), problems);
                self.within_bounds(&steps, &at.place(), problems)
            }
            _ => {
                let help = "write the name of steps, a list of steps, or leave the key out";
                problems.push(at.unexpected("steps", help));
                vec![]
            }
        }
    }

    /// Steps definitions that nothing needs.
    pub(in crate::defs) fn warn_of_unused(&self, problems: &mut Problems) {
        for entry in self.section.entries() {
            let name: &str = &entry.key;
            let builtin = builtin::NAMES.iter().any(|(builtin, _)| *builtin == name);
            if !self.used.contains(name) && !builtin {
                let place = entry.mark.place(&key_path("steps", name));
                let message = format!("the steps {} are not used by any task", shown(name));
                problems.push(Problem::warning(
                    &place,
                    message,
                    "write `steps: name` in a task, or remove them",
                ));
            }
        }
    }

    /// The chain that `name` names, for a task or for a definition that starts from it.
    fn named(
        &mut self,
        name: &Spanned<String>,
        within: &mut Vec<String>,
        problems: &mut Problems,
    ) -> Option<Rc<Chain>> {
        self.used.insert(name.value.clone());
        if !self.chains.contains_key(&name.value) && self.section.get(&name.value).is_none() {
            let written = self.section.entries().iter().map(|entry| &*entry.key);
            let mut names: Vec<&str> = builtin::NAMES.iter().map(|(name, _)| *name).chain(written).collect();
            names.sort_unstable();
            names.dedup();
            let guess = did_you_mean(&name.value, names.iter().copied());
            let message = format!("steps not defined for steps name: {}{guess}", name.value);
            problems.push(Problem::error(&name.place, message, format!("defined are {}", listed(names))));
            return None;
        }
        if let Some(position) = within.iter().position(|outer| *outer == name.value) {
            let round: Vec<&str> =
                within.iter().skip(position).map(String::as_str).chain([&*name.value]).collect();
            let message = format!("steps are defined by themselves: {}", shown(&round.join(" -> ")));
            problems.push(Problem::error(
                &name.place,
                message,
                "start from steps that are written in full, or built in",
            ));
            return None;
        }
        self.work_out(&name.value, within, problems)
    }

    fn work_out(
        &mut self,
        name: &str,
        within: &mut Vec<String>,
        problems: &mut Problems,
    ) -> Option<Rc<Chain>> {
        if let Some(known) = self.chains.get(name) {
            return known.clone();
        }
        let entry = self.section.get(name)?;
        within.push(name.to_owned());
        let at = At::new(&entry.value, key_path("steps", name));
        let chain = if within.len() > MAX_DERIVED {
            let message = format!("more than {MAX_DERIVED} steps definitions start one from the other");
            problems.push(at.error(message, "write the steps in full"));
            None
        } else {
            self.read(&at, within, problems)
        };
        within.pop();
        self.chains.insert(name.to_owned(), chain.clone());
        chain
    }

    fn read(&mut self, at: &At<'_>, within: &mut Vec<String>, problems: &mut Problems) -> Option<Rc<Chain>> {
        if matches!(at.node.kind, Kind::List(_)) {
            return short::read(at, problems).map(Rc::new);
        }
        match written::read(at, problems)? {
            Written::Full(links) => {
                let chain = Chain::new(links);
                chain.check(&at.place(), problems);
                Some(Rc::new(chain))
            }
            Written::Derived { base, overrides } => {
                let base = self.named(&base, within, problems)?;
                base.derive(&overrides, &at.place(), problems).map(Rc::new)
            }
        }
    }

    /// `steps`, unless all steps together would be too large.
    fn within_bounds(&mut self, steps: &[StepDef], place: &Place, problems: &mut Problems) -> Vec<StepDef> {
        let within = self.bytes <= MAX_BYTES;
        self.bytes =
            self.bytes.saturating_add(serde_json::to_vec(steps).map_or(usize::MAX, |json| json.len()));
        if self.bytes <= MAX_BYTES {
            return steps.to_vec();
        }
        if within {
            let message = "the steps of all tasks together have more than 64 MiB";
            problems.push(Problem::error(place, message, "use shorter settings, or fewer tasks"));
        }
        vec![]
    }
}
