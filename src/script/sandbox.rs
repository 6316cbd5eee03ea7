//! Threads on which engines run, and what happens when one does not come back.
//!
//! An engine polls its clock in script code and in most built-in functions, but not in all of them:
//! `"a".repeat(2e7).indexOf("a".repeat(1e7) + "b")` cannot be interrupted. So every engine has a thread of its own, and
//! the caller waits for a result only for a limited time. A thread that does not answer is abandoned: it ends by itself
//! when the built-in function returns, if ever, and until then it holds no more than the memory limit. The number of
//! such threads is bounded: past it no script runs any longer.
//!
//! Knows threads, time and engines; does not know what is done with an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::engine::Engine;
use super::{Limit, ScriptError, ScriptLimits};

/// How long an engine may take to notice that its time is over.
const GRACE: Duration = Duration::from_secs(1);

/// Threads that may hang at the same time.
const MOST_STUCK: usize = 4;

/// Stack of a thread beyond what scripts may use: for the frames of the node below and of built-in functions
/// above the last check. Only pages that are touched cost memory.
const STACK_RESERVE: usize = 8 << 20;

type Work = Box<dyn FnOnce(&mut Engine) + Send>;

/// Where script engines are made. One per node: its clones share the count of the threads that hang.
#[derive(Debug, Clone, Default)]
pub struct Sandbox {
    limits: ScriptLimits,
    stuck: Arc<AtomicUsize>,
}

impl Sandbox {
    /// Engines made here have these limits, each brought between its bounds.
    #[must_use]
    pub fn new(limits: ScriptLimits) -> Self {
        Self { limits: limits.bounded(), stuck: Arc::default() }
    }

    /// The limits of every engine.
    #[must_use]
    pub fn limits(&self) -> &ScriptLimits {
        &self.limits
    }

    /// The number of threads that were given up and still hang.
    #[must_use]
    pub fn stuck(&self) -> usize {
        self.stuck.load(Ordering::Acquire)
    }

    /// Starts a thread and makes an engine on it. `script` names it in errors.
    pub(super) fn start(
        &self,
        script: &str,
        make: impl FnOnce(ScriptLimits) -> Result<Engine, ScriptError> + Send + 'static,
    ) -> Result<EngineThread, ScriptError> {
        self.refuse_if_exhausted(script)?;
        let (works, queue) = bounded::<Work>(1);
        let (ready, made) = bounded(1);
        let abandoned = Arc::new(AtomicBool::new(false));
        let leave = Leave { abandoned: Arc::clone(&abandoned), stuck: Arc::clone(&self.stuck) };
        let limits = self.limits;
        let run = move || {
            let _leave = leave;
            serve(&queue, &ready, || make(limits));
        };
        thread::Builder::new()
            .name("scoopi-script".to_owned())
            .stack_size(limits.stack + STACK_RESERVE)
            .spawn(run)
            .map_err(|source| ScriptError::Thread { script: script.to_owned(), source })?;
        let thread = EngineThread { works, abandoned, sandbox: self.clone() };
        thread.wait(&made, script).map(|((), thread)| thread)
    }

    fn refuse_if_exhausted(&self, script: &str) -> Result<(), ScriptError> {
        let stuck = self.stuck();
        if stuck < MOST_STUCK {
            return Ok(());
        }
        Err(ScriptError::Exhausted { script: script.to_owned(), stuck })
    }
}

/// The thread of one engine. Dropping it ends the thread and frees the engine there.
#[derive(Debug)]
pub(super) struct EngineThread {
    works: Sender<Work>,
    abandoned: Arc<AtomicBool>,
    sandbox: Sandbox,
}

impl EngineThread {
    /// Does `work` on the engine, and waits for it. The engine comes back only with a result: after an error the state
    /// of its globals is unknown.
    pub(super) fn run<T: Send + 'static>(
        self,
        script: &str,
        work: impl FnOnce(&mut Engine) -> Result<T, ScriptError> + Send + 'static,
    ) -> Result<(T, Self), ScriptError> {
        self.sandbox.refuse_if_exhausted(script)?;
        let (reply, answer) = bounded(1);
        let work: Work = Box::new(move |engine| {
            let result = work(engine);
            // If this thread was abandoned, the caller no longer waits.
            drop(reply.send(result));
        });
        if self.works.send(work).is_err() {
            return Err(ScriptError::Lost { script: script.to_owned() });
        }
        self.wait(&answer, script)
    }

    fn wait<T>(
        self,
        answer: &Receiver<Result<T, ScriptError>>,
        script: &str,
    ) -> Result<(T, Self), ScriptError> {
        let time = self.sandbox.limits.time;
        match answer.recv_timeout(time + GRACE) {
            Ok(result) => result.map(|value| (value, self)),
            Err(RecvTimeoutError::Disconnected) => Err(ScriptError::Lost { script: script.to_owned() }),
            Err(RecvTimeoutError::Timeout) => {
                self.abandon();
                Err(ScriptError::Limit { script: script.to_owned(), limit: Limit::Stuck(time) })
            }
        }
    }

    /// Counts the thread as stuck, until it leaves. It cannot leave before `self` is dropped here.
    fn abandon(self) {
        self.sandbox.stuck.fetch_add(1, Ordering::AcqRel);
        self.abandoned.store(true, Ordering::Release);
    }
}

/// Runs on the thread: makes the engine, and does what comes until every sender is dropped.
fn serve(
    queue: &Receiver<Work>,
    ready: &Sender<Result<(), ScriptError>>,
    make: impl FnOnce() -> Result<Engine, ScriptError>,
) {
    let mut engine = match make() {
        Ok(engine) => engine,
        Err(error) => {
            drop(ready.send(Err(error)));
            return;
        }
    };
    drop(ready.send(Ok(())));
    while let Ok(work) = queue.recv() {
        work(&mut engine);
    }
}

/// Held by a thread as long as it lives.
struct Leave {
    abandoned: Arc<AtomicBool>,
    stuck: Arc<AtomicUsize>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if self.abandoned.load(Ordering::Acquire) {
            self.stuck.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
