//! Barricades: work that exactly one node does while the others wait.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Epoch, Fingerprint, Incarnation, NodeId};

use super::command::{Barricade, Claim};

/// What became of the work behind a barricade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Work {
    /// A node does the work.
    Held(NodeId, Incarnation),
    /// No node does it: the holder left or crashed.
    Free,
    Open,
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Gate {
    epoch: Epoch,
    work: Work,
}

/// What the current holder of the seeding barricade has sent so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seeding {
    pub(super) chunks: u32,
    pub(super) count: u64,
    pub(super) digest: Fingerprint,
}

/// All barricades of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gates {
    gates: BTreeMap<Barricade, Gate>,
    pub(super) seeding: Seeding,
    /// How often one opened, failed or became free, so that those who wait know when to ask again.
    changes: u64,
}

impl Gates {
    /// Asks to do the work.
    pub(super) fn claim(&mut self, barricade: Barricade, node: NodeId, incarnation: Incarnation) -> Claim {
        let gate = self.gates.entry(barricade).or_insert(Gate { epoch: Epoch(0), work: Work::Free });
        match &gate.work {
            Work::Open => return Claim::Open,
            Work::Failed(reason) => return Claim::Failed(reason.clone()),
            Work::Held(holder, life) if (*holder, *life) == (node, incarnation) => {
                return Claim::Work(gate.epoch);
            }
            Work::Held(holder, _) => return Claim::Wait(*holder),
            Work::Free => {}
        }
        gate.epoch.0 += 1;
        gate.work = Work::Held(node, incarnation);
        if barricade == Barricade::Seed {
            self.seeding = Seeding::default();
        }
        Claim::Work(gate.epoch)
    }

    /// Who does the work.
    pub(super) fn holder(&self, barricade: Barricade) -> Option<NodeId> {
        match self.gates.get(&barricade)?.work {
            Work::Held(node, _) => Some(node),
            _ => None,
        }
    }

    /// Whether `epoch` is that of the claim that holds the barricade.
    pub(super) fn is_held_at(&self, barricade: Barricade, epoch: Epoch) -> bool {
        self.gates
            .get(&barricade)
            .is_some_and(|gate| gate.epoch == epoch && matches!(gate.work, Work::Held(..)))
    }

    /// Whether the barricade was opened by the claim of `epoch`.
    pub(super) fn was_opened_at(&self, barricade: Barricade, epoch: Epoch) -> bool {
        self.gates.get(&barricade).is_some_and(|gate| gate.epoch == epoch && gate.work == Work::Open)
    }

    /// Whether the claim of `epoch` said that the work failed.
    pub(super) fn was_failed_at(&self, barricade: Barricade, epoch: Epoch) -> bool {
        self.gates
            .get(&barricade)
            .is_some_and(|gate| gate.epoch == epoch && matches!(gate.work, Work::Failed(_)))
    }

    /// Whether the work is done.
    pub(super) fn is_open(&self, barricade: Barricade) -> bool {
        self.gates.get(&barricade).is_some_and(|gate| gate.work == Work::Open)
    }

    /// A number that is another one whenever those who wait may be answered in another way.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// The work is done.
    pub(super) fn open(&mut self, barricade: Barricade) {
        self.set(barricade, Work::Open);
    }

    /// The work failed.
    pub(super) fn fail(&mut self, barricade: Barricade, reason: String) {
        self.set(barricade, Work::Failed(reason));
    }

    /// A life of a node is over: what it held is free again.
    pub(super) fn free(&mut self, node: NodeId) {
        for gate in self.gates.values_mut() {
            if matches!(gate.work, Work::Held(holder, _) if holder == node) {
                gate.work = Work::Free;
                self.changes += 1;
            }
        }
    }

    /// The reason of the first failure behind a barricade.
    pub(super) fn failure(&self) -> Option<&str> {
        self.gates.values().find_map(|gate| match &gate.work {
            Work::Failed(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    fn set(&mut self, barricade: Barricade, work: Work) {
        if let Some(gate) = self.gates.get_mut(&barricade) {
            gate.work = work;
            self.changes += 1;
        }
    }
}
