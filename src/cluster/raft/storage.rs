//! What Raft's log lies on, and where the loops run that wait for a disk: the writer of the log, and what applies.
//!
//! A disk makes them wait, so each has a thread of its own. A simulation has its own time, which must stand still while
//! something happens elsewhere: there both are tasks of the node's runtime, and the log lies in memory.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::mpsc;

use crate::store::log::{self, Durability, DurableLog, LogError, LogKind};

#[cfg(test)]
use super::simulated_disk::SimulatedDisk;

/// What Raft's log lies on: a disk, or memory in a simulation.
#[derive(Debug, Clone)]
pub enum Storage {
    /// A database in the folder of the run.
    Disk {
        /// Which one.
        kind: LogKind,
        /// What its writes survive.
        durability: Durability,
    },
    /// Memory that a simulated crash leaves as it is.
    #[cfg(test)]
    Simulated(SimulatedDisk),
}

impl Storage {
    /// Whether what it acknowledged may be gone after a power loss.
    pub(crate) fn is_forgetful(&self) -> bool {
        matches!(self, Self::Disk { durability: Durability::Process, .. })
    }

    /// Opens the log in the folder `dir`, making an empty one if there is none.
    pub(super) fn open_log(&self, dir: &Path) -> Result<Box<dyn DurableLog>, LogError> {
        match self {
            Self::Disk { kind, durability } => log::open(*kind, dir, *durability),
            #[cfg(test)]
            Self::Simulated(disk) => Ok(disk.open(dir)),
        }
    }

    /// Starts a loop that takes what is sent to it, `room` requests of which may wait.
    pub(super) fn start<T, F>(
        &self,
        name: &str,
        room: usize,
        run: impl FnOnce(mpsc::Receiver<T>) -> F + Send + 'static,
    ) -> io::Result<mpsc::Sender<T>>
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (requests, queue) = mpsc::channel(room);
        match self {
            Self::Disk { .. } => {
                thread::Builder::new().name(name.to_owned()).spawn(move || block_on(run(queue)))?;
            }
            #[cfg(test)]
            Self::Simulated(disk) => {
                tokio::spawn(run(disk.slow(queue)));
            }
        }
        Ok(requests)
    }
}

/// Runs to its end what waits for channels only: such a thread is none of a runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        // Woken in between, it returns at once.
        thread::park();
    }
}
