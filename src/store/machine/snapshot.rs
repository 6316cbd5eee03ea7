//! The machine as a stream of records, and back.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::model::codec::{self, CodecError};

use super::Machine;
use super::jobs::Jobs;
use super::record::{HeadRecord, Record};

/// Jobs or hosts in one record: some hundred kilobytes.
const MANY: usize = 2048;

/// Why a stream of records does not form a machine.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// A record cannot be read.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The records do not come in the order in which they are written.
    #[error("records in the wrong order")]
    Order,
}

impl Machine {
    /// Hands the whole state to `write`, record by record.
    ///
    /// # Errors
    /// What `write` returns, and a record that cannot be encoded.
    pub fn save<E: From<CodecError>>(&self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let head = HeadRecord {
            run: self.run.clone(),
            phase: self.phase,
            seeded: self.seeded,
            members: self.members.clone(),
            gates: self.gates.clone(),
            jobs: self.jobs.as_ref().map(Jobs::head),
        };
        write(&codec::encode(&Record::Head(Box::new(head)))?)?;
        for (key, value) in &self.store {
            write(&codec::encode(&Record::Entry(key.clone(), value.clone()))?)?;
        }
        save_all(self.jobs.iter().flat_map(Jobs::host_records), Record::Hosts, &mut write)?;
        save_all(self.jobs.iter().flat_map(Jobs::slots), Record::Jobs, &mut write)
    }

    /// Takes one record over; the first one must be the first that [`Machine::save`] wrote.
    ///
    /// # Errors
    /// A damaged record, or one out of order.
    pub fn restore(&mut self, record: &[u8]) -> Result<(), RestoreError> {
        match codec::decode(record)? {
            Record::Head(head) => self.set_head(*head),
            Record::Entry(key, value) => {
                self.store.insert(key, value);
            }
            Record::Hosts(hosts) => {
                let jobs = self.jobs.as_mut().ok_or(RestoreError::Order)?;
                hosts.into_iter().for_each(|host| jobs.set_host(host));
            }
            Record::Jobs(slots) => {
                let jobs = self.jobs.as_mut().ok_or(RestoreError::Order)?;
                slots.into_iter().for_each(|slot| jobs.set_slot(slot));
            }
        }
        Ok(())
    }

    /// Starts over: the earlier state is dropped.
    fn set_head(&mut self, head: HeadRecord) {
        let jobs = head.run.as_ref().zip(head.jobs).map(|(run, record)| {
            let mut jobs = Jobs::new(run.id, &run.rules);
            jobs.set_head(record);
            jobs.set_nodes(head.members.len());
            jobs
        });
        *self = Self {
            run: head.run,
            phase: head.phase,
            seeded: head.seeded,
            store: BTreeMap::new(),
            members: head.members,
            gates: head.gates,
            jobs,
            #[cfg(feature = "mutants")]
            mutant: self.mutant,
        };
    }
}

/// Writes all values, many to a record.
fn save_all<T, E: From<CodecError>>(
    mut values: impl Iterator<Item = T>,
    record: impl Fn(Vec<T>) -> Record,
    write: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let some: Vec<_> = values.by_ref().take(MANY).collect();
        if some.is_empty() {
            return Ok(());
        }
        write(&codec::encode(&record(some))?)?;
    }
}
