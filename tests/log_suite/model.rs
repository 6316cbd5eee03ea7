//! Any sequence of calls leaves what a list would hold.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use scoopi::internals::store::log::Durability;
use scoopi::internals::store::log::DurableLog;
use scoopi::internals::store::log::LogKind;

use crate::Case;
use crate::all;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<usize>),
    AppendWrongly(u64),
    Purge(Index),
    PurgeBeyond(u64),
    Truncate(Index),
    PutMeta(u8, Vec<u8>),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => 0..200_usize, 2 => 7_000..15_000_usize, 1 => 200_000..300_000_usize];
    let step = prop_oneof![
        6 => prop::collection::vec(size, 0..12).prop_map(Step::Append),
        1 => any::<u64>().prop_map(Step::AppendWrongly),
        1 => any::<Index>().prop_map(Step::Purge),
        1 => (1..5_u64).prop_map(Step::PurgeBeyond),
        1 => any::<Index>().prop_map(Step::Truncate),
        1 => (0..3_u8, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(name, v)| Step::PutMeta(name, v)),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..24)
}

/// The log as a list.
#[derive(Debug, Default)]
struct Model {
    first: u64,
    entries: Vec<Vec<u8>>,
    purged: Option<u64>,
    meta: BTreeMap<u8, Vec<u8>>,
    made: u64,
}

impl Model {
    fn next(&self) -> u64 {
        if self.entries.is_empty() {
            self.purged.map_or(self.first, |purged| purged + 1)
        } else {
            self.first + self.entries.len() as u64
        }
    }

    fn bounds(&self) -> Option<(u64, u64)> {
        (!self.entries.is_empty()).then(|| (self.first, self.next() - 1))
    }

    fn new_entry(&mut self, len: usize) -> Vec<u8> {
        self.made += 1;
        self.made.to_le_bytes().into_iter().cycle().take(len).collect()
    }

    fn purge(&mut self, up_to: u64) {
        if self.purged.is_none_or(|purged| up_to > purged) {
            let gone = (up_to + 1).saturating_sub(self.first).min(self.entries.len() as u64);
            self.entries.drain(..gone as usize);
            self.first = up_to + 1;
            self.purged = Some(up_to);
        }
    }
}

fn run(case: &Case, steps: Vec<Step>) {
    let mut model = Model { first: 1, ..Model::default() };
    let mut log = case.open();
    for step in steps {
        match step {
            Step::Append(sizes) => {
                let next = model.next();
                let entries: Vec<_> = sizes.into_iter().map(|size| model.new_entry(size)).collect();
                log.append(next, &entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
                if model.entries.is_empty() {
                    model.first = next;
                }
                model.entries.extend(entries);
            }
            Step::AppendWrongly(index) if index != model.next() && model.bounds().is_some() => {
                assert!(log.append(index, &[b"wrong"]).is_err());
            }
            Step::AppendWrongly(_) => {}
            Step::Purge(at) => {
                if let Some((first, last)) = model.bounds() {
                    let up_to = first + at.index((last - first + 1) as usize) as u64;
                    log.purge(up_to).unwrap();
                    model.purge(up_to);
                }
            }
            Step::PurgeBeyond(by) => {
                let up_to = model.next() + by;
                log.purge(up_to).unwrap();
                model.purge(up_to);
            }
            Step::Truncate(at) => {
                let keep = at.index(model.entries.len() + 1);
                log.truncate(model.first + keep as u64).unwrap();
                model.entries.truncate(keep);
            }
            Step::PutMeta(name, value) => {
                log.put_meta(&name.to_string(), &value).unwrap();
                model.meta.insert(name, value);
            }
            Step::Reopen => {
                drop(log);
                log = case.open();
            }
        }
        assert_eq!((log.bounds(), log.purged()), (model.bounds(), model.purged));
    }
    compare(&*log, &model);
    drop(log);
    compare(&*case.open(), &model);
}

fn compare(log: &dyn DurableLog, model: &Model) {
    let read = all(log, model.first).unwrap();
    let expected: Vec<_> = (model.first..).zip(model.entries.iter().cloned()).collect();
    assert!(read == expected, "the entries differ");
    for (name, value) in &model.meta {
        assert_eq!(log.meta(&name.to_string()).unwrap().as_ref(), Some(value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_leaves_what_a_list_would_hold(steps in steps()) {
        for kind in LogKind::ALL {
            let dir = tempfile::tempdir().unwrap();
            run(&Case { kind, durability: Durability::Process, dir }, steps.clone());
        }
    }
}
