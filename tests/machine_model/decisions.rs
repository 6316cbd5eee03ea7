//! The machine's decisions, each made once by the real machine and remembered.
//!
//! Two machines are the same if their records are. That is the promise of a snapshot, and it is checked on the
//! way: whatever is decided is decided by a machine restored from those records, too.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;
use scoopi::internals::model::codec::{self, CodecError};
use scoopi::internals::store::machine::{Command, Lost, Machine, Reply};

/// A command on its way.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) command: Arc<Command>,
    digest: u64,
}

impl Sent {
    pub(super) fn new(command: Command) -> Self {
        let digest = digest(&codec::encode(&command).unwrap());
        Self { command: Arc::new(command), digest }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.command.fmt(f)
    }
}

impl PartialEq for Sent {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Sent {}

impl Hash for Sent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl PartialOrd for Sent {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sent {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.digest.cmp(&other.digest)
    }
}

/// A machine, known by its records.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) machine: Machine,
    pub(super) digest: u64,
}

impl Decided {
    pub(super) fn new(machine: Machine) -> Self {
        let digest = digest(&saved(&machine));
        Self { machine, digest }
    }
}

/// What a command came to.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) after: Arc<Decided>,
    pub(super) reply: Reply,
    pub(super) lost: Vec<Lost>,
    /// Whether a restored machine decides in the same way.
    pub(super) is_the_same_restored: bool,
}

/// See the module docs.
#[derive(Debug)]
pub(super) struct Decisions {
    /// A machine without a run.
    empty: Machine,
    machines: Mutex<ByDigest<u64, Arc<Decided>>>,
    made: Mutex<ByDigest<(u64, u64), Arc<Decision>>>,
}

impl Decisions {
    pub(super) fn new(empty: Machine) -> Self {
        Self { empty, machines: Mutex::default(), made: Mutex::default() }
    }

    pub(super) fn decide(&self, before: &Decided, sent: &Sent) -> Arc<Decision> {
        let question = (before.digest, sent.digest);
        if let Some(decision) = self.made.lock().get(&question) {
            return Arc::clone(decision);
        }
        let decision = Arc::new(self.ask(before, sent));
        self.made.lock().insert(question, Arc::clone(&decision));
        decision
    }

    /// How many decisions were made, and how many machines came of them.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.made.lock().len(), self.machines.lock().len())
    }

    fn ask(&self, before: &Decided, sent: &Sent) -> Decision {
        let (mut machine, mut lost) = (before.machine.clone(), vec![]);
        let reply = machine.apply(&sent.command, &mut lost);
        let (mut twin, mut twin_lost) = (self.restored(&before.machine), vec![]);
        let twin_reply = twin.apply(&sent.command, &mut twin_lost);
        let is_the_same_restored = (&reply, &lost, machine.phase(), machine.counts())
            == (&twin_reply, &twin_lost, twin.phase(), twin.counts());
        let after = Decided::new(machine);
        let after = Arc::clone(self.machines.lock().entry(after.digest).or_insert_with(|| Arc::new(after)));
        Decision { after, reply, lost, is_the_same_restored }
    }

    fn restored(&self, machine: &Machine) -> Machine {
        let mut restored = self.empty.clone();
        saved(machine).iter().for_each(|record| restored.restore(record).unwrap());
        restored
    }
}

fn saved(machine: &Machine) -> Vec<Vec<u8>> {
    let mut records = vec![];
    let saved: Result<(), CodecError> = machine.save(|record| {
        records.push(record.to_vec());
        Ok(())
    });
    saved.unwrap();
    records
}

/// What tells a value from every other one: eight bytes of a good hash, so that among millions of values two
/// are taken for one another once in a million runs.
pub(super) fn digest(value: &impl Hash) -> u64 {
    let mut bytes = Bytes(vec![]);
    value.hash(&mut bytes);
    bytes.finish()
}

/// Everything that is hashed, in a row.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        u64::from_le_bytes(*blake3::hash(&self.0).as_bytes().first_chunk().unwrap())
    }
}

/// A map of digests, which are hashes already.
type ByDigest<K, V> = HashMap<K, V, BuildHasherDefault<OfDigests>>;

#[derive(Default)]
pub(super) struct OfDigests(u64);

impl Hasher for OfDigests {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only digests are keys");
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = self.0.rotate_left(1) ^ digest;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
