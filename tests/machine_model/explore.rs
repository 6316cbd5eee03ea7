//! Visits every world, and says which promise is broken, if one is, and by which steps.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use stateright::{Checker, HasDiscoveries, Model, Path, Property};

use super::decisions::{Decisions, OfDigests};
use super::ledger::Harm;
use super::setup::Setup;
use super::world::{Action, World};

/// What an exploration saw.
#[derive(Debug)]
pub(crate) struct Explored {
    /// How many worlds there are.
    pub(crate) worlds: usize,
    /// How many decisions the machine made, and how many states of it came of them.
    pub(crate) decisions: (usize, usize),
    /// The promise that was broken, and how.
    pub(crate) broken: Option<(&'static str, String)>,
    /// What should happen somewhere, and does nowhere.
    pub(crate) never: Vec<&'static str>,
}

/// Visits every world that `setup` leads to.
pub(crate) fn explore(setup: Setup) -> Explored {
    let walks = Arc::new(Walks::default());
    let (explored, decisions) = walk(setup, Arc::clone(&walks), None);
    if explored.broken.is_some() {
        return explored;
    }
    let hopeful = walks.hopeful();
    if hopeful.len() == explored.worlds {
        return explored;
    }
    // Once more, to see how one gets where no way leads on.
    drop(decisions);
    walk(setup, walks, Some(hopeful)).0
}

type Digests = HashSet<u64, BuildHasherDefault<OfDigests>>;

/// Steps that need no harm and no luck, and worlds where nothing is left to do.
#[derive(Debug, Default)]
struct Walks {
    steps: Mutex<Vec<(u64, u64)>>,
    ends: Mutex<Vec<u64>>,
}

impl Walks {
    /// The worlds from which such steps lead to an end.
    fn hopeful(&self) -> Digests {
        // By where they lead to: we go back from the ends.
        let mut steps: Vec<_> = self.steps.lock().iter().map(|(from, to)| (*to, *from)).collect();
        steps.sort_unstable();
        let mut hopeful: Digests = Digests::default();
        let mut open = self.ends.lock().clone();
        while let Some(world) = open.pop() {
            if hopeful.insert(world) {
                let first = steps.partition_point(|(to, _)| *to < world);
                open.extend(steps[first..].iter().take_while(|(to, _)| *to == world).map(|(_, from)| *from));
            }
        }
        hopeful
    }
}

struct Exploration {
    setup: Setup,
    decisions: Arc<Decisions>,
    walks: Arc<Walks>,
    hopeful: Option<Digests>,
    is_broken: AtomicBool,
}

impl Model for Exploration {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.setup, &self.decisions)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(&self.setup, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let next = world.next(&self.setup, &self.decisions, &action)?;
        if world.must_happen(&action) {
            self.walks.steps.lock().push((world.digest, next.digest));
        }
        if next.is_over() {
            self.walks.ends.lock().push(next.digest);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        // One for all promises: each of them costs the checker a look into a map for every world.
        let mut properties = vec![Property::always(PROMISED, |model: &Self, world| {
            // The first world that is found has the fewest steps; the checker would take the last one.
            let holds = model.is_broken.load(Ordering::Relaxed)
                || PROMISES.iter().all(|(_, holds)| holds(model, world));
            model.is_broken.fetch_or(!holds, Ordering::Relaxed);
            holds
        })];
        properties.extend(HOPES.iter().map(|(hope, comes_true)| Property::sometimes(hope, *comes_true)));
        properties
    }
}

type Condition = fn(&Exploration, &World) -> bool;

const PROMISED: &str = "promised";

/// What holds in every world.
const PROMISES: &[(&str, Condition)] = &[
    ("the rows of a page are accepted exactly once", |_, world| {
        world.ledger.ends_each_page_once(world.machine())
    }),
    ("every link of an accepted result is a job", |_, world| world.ledger.knows_every_page(world.machine())),
    ("a page is one job, however often it is found", |_, world| {
        world.ledger.makes_one_job_of_a_page(world.machine())
    }),
    ("only the newest lease ends a job", |_, world| world.ledger.harm != Some(Harm::OldLease)),
    ("nothing is handed out after its end", |_, world| world.ledger.harm != Some(Harm::HandedOutAfterItsEnd)),
    ("the end comes when every job is over and every member has voted", |_, world| {
        world.ledger.harm != Some(Harm::EndedEarly) && world.ends_in_order()
    }),
    ("a host is one node's while that one has leases of it", |_, world| {
        world.ledger.harm != Some(Harm::AnothersHost)
    }),
    ("all nodes together ask a host no harder than one may", |_, world| world.spares_the_host()),
    ("a host that asked to be left alone is left alone", |_, world| {
        world.ledger.harm != Some(Harm::AskedTooEarly)
    }),
    ("nothing is accepted after the end", |_, world| world.ledger.harm != Some(Harm::ChangedAfterTheEnd)),
    ("a restored machine decides the same", |_, world| world.ledger.harm != Some(Harm::OtherWhenRestored)),
    ("an accepted result is never lost", |_, world| world.ledger.keeps_every_end(world.machine())),
    ("a healthy page is never put aside", |model, world| {
        world.ledger.spares_healthy_pages(&model.setup.site)
    }),
    ("from everywhere any node that lives can bring the run to its end", |model, world| {
        model.hopeful.as_ref().is_none_or(|hopeful| hopeful.contains(&world.digest))
    }),
];

/// What is true in some world.
const HOPES: &[(&str, Condition)] = &[
    ("a run ends with all rows", |model, world| world.is_complete(&model.setup.site)),
    ("a run ends after all harm was done", |_, world| world.is_over() && world.has_suffered()),
];

fn walk(setup: Setup, walks: Arc<Walks>, hopeful: Option<Digests>) -> (Explored, Arc<Decisions>) {
    let decisions = Arc::new(Decisions::new((setup.machine)()));
    let model = Exploration {
        setup,
        decisions: Arc::clone(&decisions),
        walks,
        hopeful,
        is_broken: AtomicBool::new(false),
    };
    // One thread, breadth first: the steps to a broken promise are as few as can be, and the same each time.
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (worlds, made) = (checker.unique_state_count(), decisions.count());
    let found = checker.discoveries();
    let never = HOPES.iter().map(|(hope, _)| *hope).filter(|hope| !found.contains_key(hope)).collect();
    let broken = found.get(PROMISED).map(|path| broken(checker.model(), path));
    (Explored { worlds, decisions: made, broken, never }, decisions)
}

/// Which promise is broken at the end of `path`, and the steps of it.
fn broken(model: &Exploration, path: &Path<World, Action>) -> (&'static str, String) {
    let (promise, _) = PROMISES.iter().find(|(_, holds)| !holds(model, path.last_state())).unwrap();
    let steps = path.clone().into_actions().iter().map(|action| format!("{action:?}")).collect::<Vec<_>>();
    (promise, steps.join("\n"))
}
