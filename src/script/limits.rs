//! What a script may take of the node.
//!
//! Knows the three limits and the settings that hold them; does not know how they are enforced (see
//! `engine` for memory, stack and interruption, `sandbox` for what cannot be interrupted).

use std::time::Duration;

use thiserror::Error;

/// Limits of one script engine. Every engine has its own allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptLimits {
    /// Bytes of heap of one engine: setting `scoopi.script.memory`, default 64 MiB, from 1 MiB to 4 GiB.
    pub memory: usize,
    /// Bytes of call stack of one engine: setting `scoopi.script.stack`, default 512 KiB, from 128 KiB to
    /// 16 MiB.
    pub stack: usize,
    /// Wall-clock time of one evaluation or call, or of loading the scripts of a plugin: setting
    /// `scoopi.script.time`, default 5 s, from 10 ms to 1 h.
    pub time: Duration,
}

impl ScriptLimits {
    /// Brings every limit between the bounds that its field names.
    ///
    /// Below them the engine cannot even start; above them the engine reads a stack limit as "none".
    #[must_use]
    pub fn bounded(self) -> Self {
        Self {
            memory: self.memory.clamp(1 << 20, 4 << 30),
            stack: self.stack.clamp(128 << 10, 16 << 20),
            time: self.time.clamp(Duration::from_millis(10), Duration::from_secs(3600)),
        }
    }
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self { memory: 64 << 20, stack: 512 << 10, time: Duration::from_secs(5) }
    }
}

/// The limit that a script ran into; the text names the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Limit {
    /// The heap is full.
    #[error("it needs more than {} KiB of memory (setting scoopi.script.memory)", .0 / 1024)]
    Memory(usize),
    /// Calls or nesting are too deep.
    #[error("its calls or nesting need more than {} KiB of stack (setting scoopi.script.stack)", .0 / 1024)]
    Stack(usize),
    /// It was interrupted.
    #[error("it ran longer than {} ms (setting scoopi.script.time)", .0.as_millis())]
    Time(Duration),
    /// It was interrupted, but did not end: it hangs in a built-in function that cannot be interrupted.
    #[error(
        "it ran longer than {} ms (setting scoopi.script.time) and hangs in a built-in function, so that it \
         was given up; look for a built-in function that is called on a huge array or text", .0.as_millis()
    )]
    Stuck(Duration),
}
