//! Item scripts: the `script` of an item, a dim or a fact, evaluated on one page for one task.

use std::sync::Arc;

use compact_str::CompactString;

use super::engine::Engine;
use super::error::excerpt;
use super::host::{Host, OwnedFacts};
use super::sandbox::EngineThread;
use super::{CompiledScript, Configs, PageFacts, Sandbox, ScriptError};

/// The scripts of one task on one page.
///
/// The engine is made by the first script that needs one, and freed with this value: what scripts define as globals is
/// there only for later scripts of the same task and page. After an error the engine is gone, and with it the globals.
///
/// Evaluating blocks the calling thread, for at most the time limit and a second each for making an engine and for the
/// script; on a multi-thread runtime call it within `block_in_place`. Results are not kept: a caller that wants a
/// script evaluated once per page keeps its result.
#[derive(Debug)]
pub struct PageScripts<'a> {
    sandbox: &'a Sandbox,
    configs: &'a Arc<dyn Configs>,
    facts: PageFacts<'a>,
    thread: Option<EngineThread>,
}

impl<'a> PageScripts<'a> {
    /// Costs nothing: no engine is made yet.
    #[must_use]
    pub fn new(sandbox: &'a Sandbox, configs: &'a Arc<dyn Configs>, facts: PageFacts<'a>) -> Self {
        Self { sandbox, configs, facts, thread: None }
    }

    /// Evaluates script text: [`PageScripts::run`] for text that is used once.
    ///
    /// # Errors
    /// As of [`PageScripts::run`].
    pub fn evaluate(&mut self, script: &str) -> Result<Option<CompactString>, ScriptError> {
        self.run(&CompiledScript::compile(script))
    }

    /// Evaluates a script as an expression, in sloppy mode, and gives its result as text.
    ///
    /// `null` and `undefined` mean that there is no value. A `Date`, and what the date getters return, becomes text in
    /// the pattern of `scoopi.dateTimePattern`; anything else becomes what `String(x)` returns. Unpaired surrogates
    /// become U+FFFD. Promises are not waited for.
    ///
    /// # Errors
    /// When the script has a syntax error, throws, or runs into a limit; when a getter without default asks
    /// for a setting that does not exist; when there is no thread for it.
    pub fn run(&mut self, script: &CompiledScript) -> Result<Option<CompactString>, ScriptError> {
        if let Some(answer) = script.answer(&self.facts, &**self.configs) {
            return match answer {
                Ok(text) => Ok(Some(CompactString::from(text))),
                Err(reason) => {
                    Err(ScriptError::Thrown { script: excerpt(script.text()), place: None, reason })
                }
            };
        }
        let name = excerpt(script.text());
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => self.start(&name)?,
        };
        let text = script.shared_text();
        let script_name = name.clone();
        let (result, thread) = thread.run(&name, move |engine| engine.evaluate(&text, &script_name))?;
        self.thread = Some(thread);
        Ok(result.map(CompactString::from))
    }

    fn start(&self, name: &str) -> Result<EngineThread, ScriptError> {
        let host = Host { configs: Arc::clone(self.configs), page: Some(OwnedFacts::from(self.facts)) };
        let script = name.to_owned();
        self.sandbox.start(name, move |limits| Engine::new(limits, host, &script))
    }
}
