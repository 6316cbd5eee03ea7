//! Data scripts: functions that are given the rows of a task, and give them back changed.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::{Data, Row};

use super::engine::Engine;
use super::host::Host;
use super::sandbox::EngineThread;
use super::snapshot::{Outcome, Snapshot};
use super::{Configs, Limit, Sandbox, ScriptError, ScriptLimits};

/// Engines that a plugin keeps while it is idle.
const MOST_IDLE: usize = 8;

/// A file of scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The file, as errors should name it.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// The scripts of one plugin definition.
///
/// Its files are evaluated once per engine, the main one first. An engine serves one call at a time and is
/// then kept for the next one, so global state lasts from call to call; but which engine a call meets is not
/// defined, and a failed call ends its engine. A script whose result must not depend on chance therefore
/// keeps nothing in globals that changes from call to call.
#[derive(Debug)]
pub struct DataScript {
    sandbox: Sandbox,
    program: Arc<Program>,
    idle: Mutex<Vec<EngineThread>>,
}

/// What every engine of a plugin is made from.
#[derive(Debug)]
struct Program {
    configs: Arc<dyn Configs>,
    main: SourceText,
    more: Vec<SourceText>,
    entry_point: String,
}

impl DataScript {
    /// Evaluates the files and looks up the function `entry_point`. Blocks for at most the time limit, for
    /// all files together, and a second.
    ///
    /// # Errors
    /// When a file has a syntax error, throws or runs into a limit; when there is no such function.
    pub fn load(
        sandbox: &Sandbox,
        configs: Arc<dyn Configs>,
        main: SourceText,
        more: Vec<SourceText>,
        entry_point: &str,
    ) -> Result<Self, ScriptError> {
        let program = Program { configs, main, more, entry_point: entry_point.to_owned() };
        if !is_identifier(entry_point) {
            return Err(program.no_entry_point());
        }
        let script = Self { sandbox: sandbox.clone(), program: Arc::new(program), idle: Mutex::default() };
        let thread = script.start()?;
        script.idle.lock().push(thread);
        Ok(script)
    }

    /// Calls the function with the data and applies what it did: values that it set, rows that it removed or
    /// put into another order. Blocks for at most the time limit and a second.
    ///
    /// # Errors
    /// When the function throws, runs into a limit, or does not return the data. `data` is then unchanged.
    pub fn call(&self, data: &mut Data) -> Result<(), ScriptError> {
        let idle = self.idle.lock().pop();
        let thread = match idle {
            Some(thread) => thread,
            None => self.start()?,
        };
        let (rows, snapshot) = Snapshot::take(data);
        let program = Arc::clone(&self.program);
        let limits = *self.sandbox.limits();
        let name = &self.program.main.name;
        let result = thread.run(name, move |engine| program.call(engine, &snapshot, &limits));
        // The thread has let go of the rows, unless it was abandoned with them.
        let rows = Arc::try_unwrap(rows).unwrap_or_else(|shared| Vec::<Row>::clone(&shared));
        match result.and_then(|(outcome, thread)| Ok((self.changes(outcome)?, thread))) {
            Ok((changes, thread)) => {
                data.rows = changes.apply(rows);
                self.keep(thread);
                Ok(())
            }
            Err(error) => {
                data.rows = rows;
                Err(error)
            }
        }
    }

    fn start(&self) -> Result<EngineThread, ScriptError> {
        let program = Arc::clone(&self.program);
        self.sandbox.start(&self.program.main.name, move |limits| program.engine(limits))
    }

    fn keep(&self, thread: EngineThread) {
        let mut idle = self.idle.lock();
        if idle.len() < MOST_IDLE {
            idle.push(thread);
        }
    }

    fn changes(&self, outcome: Outcome) -> Result<super::snapshot::Changes, ScriptError> {
        let script = self.program.main.name.clone();
        match outcome {
            Outcome::Changed(changes) => Ok(changes),
            Outcome::TooLong => {
                Err(ScriptError::Limit { script, limit: Limit::Memory(self.sandbox.limits().memory) })
            }
            Outcome::Wrong(reason) => {
                let entry_point = self.program.entry_point.clone();
                Err(ScriptError::Result { script, entry_point, reason })
            }
        }
    }
}

impl Program {
    fn engine(&self, limits: ScriptLimits) -> Result<Engine, ScriptError> {
        let host = Host { configs: Arc::clone(&self.configs), page: None };
        let mut engine = Engine::new(limits, host, &self.main.name)?;
        engine.arm();
        for file in std::iter::once(&self.main).chain(&self.more) {
            engine.load(&file.text, &file.name)?;
        }
        if engine.enter(&self.entry_point, &self.main.name)? {
            Ok(engine)
        } else {
            Err(self.no_entry_point())
        }
    }

    fn call(
        &self,
        engine: &mut Engine,
        snapshot: &Snapshot,
        limits: &ScriptLimits,
    ) -> Result<Outcome, ScriptError> {
        let longest = limits.memory;
        let outcome =
            engine.run(&self.main.name, |ctx, run, entry| snapshot.call(ctx, &run, entry, longest))?;
        outcome.ok_or_else(|| self.no_entry_point())
    }

    fn no_entry_point(&self) -> ScriptError {
        ScriptError::EntryPoint { script: self.main.name.clone(), entry_point: self.entry_point.clone() }
    }
}

/// Whether `name` can be put into script text without being anything but a name.
fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$');
    begins && letters.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}
