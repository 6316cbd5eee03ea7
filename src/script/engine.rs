//! One JavaScript engine, on the thread that made it.
//!
//! Knows how scripts are evaluated, how the limits of memory, stack and time are set, and how failures are told apart.
//! Does not know about threads nor what to do with a script that does not come back: that is `sandbox`. It never leaves
//! its thread, because the engine measures the stack from where it was made.

use std::cell::Cell;
use std::mem;
use std::rc::Rc;
use std::time::Instant;

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Array, Context, Ctx, Error, Function, Object, Persistent, Runtime, Value};

use super::bridge;
use super::error::Place;
use super::host::Host;
use super::{Limit, ScriptError, ScriptLimits};

const PRELUDE: &str = include_str!("prelude.js");
/// What data scripts need besides. Apart, because compiling costs far more than the engine itself, and item
/// scripts pay it on every page.
const ROWS: &str = include_str!("rows.js");
/// File name of both in stack traces.
const OWN_FILE: &str = "scoopi";

/// What scripts can use. Not here, so that there is less to go wrong: Proxy, WeakRef, performance,
/// DOMException. Modules exist as syntax only: there is no loader.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// A function that is kept between two uses of the engine.
type Kept = Persistent<Function<'static>>;

/// When a script must stop, and whether it was made to.
#[derive(Default)]
struct Clock {
    deadline: Cell<Option<Instant>>,
    fired: Cell<bool>,
}

impl Clock {
    fn is_over(&self) -> bool {
        let over = self.deadline.get().is_some_and(|deadline| Instant::now() >= deadline);
        if over {
            self.fired.set(true);
        }
        over
    }
}

/// One JavaScript engine with its globals.
pub(super) struct Engine {
    /// Empty only while being dropped.
    parts: Option<Parts>,
    clock: Rc<Clock>,
    limits: ScriptLimits,
    logged: Rc<Cell<u32>>,
}

/// In the order in which they must be dropped: no value may outlive its runtime.
struct Parts {
    text: Kept,
    describe: Kept,
    /// The function of `rows.js`, in engines of data scripts.
    run: Option<Kept>,
    entry: Option<Kept>,
    context: Context,
    _runtime: Runtime,
}

impl Drop for Engine {
    /// After a panic the engine may still count references to values that are gone, and freeing it would
    /// end the process. It is leaked instead.
    fn drop(&mut self) {
        if std::thread::panicking() {
            mem::forget(self.parts.take());
        }
    }
}

impl Engine {
    /// Makes an engine whose stack is measured from here. `script` names it in errors.
    pub(super) fn new(limits: ScriptLimits, host: Host, script: &str) -> Result<Self, ScriptError> {
        let clock = Rc::new(Clock::default());
        let logged = Rc::new(Cell::new(0));
        let parts =
            Parts::new(limits, host, &clock, &logged, script).map_err(|error| ScriptError::Thrown {
                script: script.to_owned(),
                place: None,
                reason: format!("the script engine does not start: {error}"),
            })?;
        Ok(Self { parts: Some(parts), clock, limits, logged })
    }

    /// Evaluates `script` and gives its result as text; `None` for null and undefined.
    pub(super) fn evaluate(&mut self, script: &str, name: &str) -> Result<Option<String>, ScriptError> {
        self.arm();
        self.guarded(name, |ctx, parts| {
            let value = eval::<Value<'_>>(ctx, script, "script")?;
            parts.text.clone().restore(ctx)?.call((value,))
        })
    }

    /// Evaluates a file of scripts for its effects on the globals, within the time since [`Engine::arm`].
    pub(super) fn load(&mut self, text: &str, file: &str) -> Result<(), ScriptError> {
        self.guarded(file, |ctx, _| eval::<Value<'_>>(ctx, text, file).map(drop))
    }

    /// Looks up the function that [`Engine::run`] calls; false where there is none. It, too, runs within the
    /// time since [`Engine::arm`].
    ///
    /// By name in script text, because what `const` and `let` define is not a property of the global object.
    pub(super) fn enter(&mut self, entry_point: &str, file: &str) -> Result<bool, ScriptError> {
        let lookup = format!("typeof {entry_point} === 'function' ? {entry_point} : null");
        let entry = self.guarded(file, |ctx, _| {
            let function = eval::<Option<Function<'_>>>(ctx, &lookup, "entryPoint")?;
            Ok(function.map(|function| Persistent::save(ctx, function)))
        })?;
        let found = entry.is_some();
        if let Some(parts) = &mut self.parts {
            parts.entry = entry;
        }
        Ok(found)
    }

    /// Lets `call` call the entry point through the function `run` of the prelude. `None` without an entry
    /// point.
    pub(super) fn run<T>(
        &mut self,
        file: &str,
        call: impl for<'js> FnOnce(&Ctx<'js>, Function<'js>, Function<'js>) -> rquickjs::Result<T>,
    ) -> Result<Option<T>, ScriptError> {
        self.arm();
        self.guarded(file, |ctx, parts| {
            let (Some(run), Some(entry)) = (parts.run.clone(), parts.entry.clone()) else { return Ok(None) };
            call(ctx, run.restore(ctx)?, entry.restore(ctx)?).map(Some)
        })
    }

    /// Starts the time limit of scripts again, from now on.
    pub(super) fn arm(&self) {
        self.clock.fired.set(false);
        self.clock.deadline.set(Instant::now().checked_add(self.limits.time));
        self.logged.set(0);
    }

    /// Runs `work` against the clock, and explains its failure.
    fn guarded<T>(
        &mut self,
        script: &str,
        work: impl for<'js> FnOnce(&Ctx<'js>, &Parts) -> rquickjs::Result<T>,
    ) -> Result<T, ScriptError> {
        let Some(parts) = &self.parts else { return Err(ScriptError::Lost { script: script.to_owned() }) };
        parts.context.with(|ctx| {
            work(&ctx, parts).map_err(|error| {
                let failure = Failure::of(&ctx, &error, &parts.describe, &self.clock);
                failure.into_error(script, &self.limits)
            })
        })
    }
}

impl Parts {
    fn new(
        limits: ScriptLimits,
        host: Host,
        clock: &Rc<Clock>,
        logged: &Rc<Cell<u32>>,
        script: &str,
    ) -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        runtime.set_max_stack_size(limits.stack);
        let context = Context::custom::<Intrinsics>(&runtime)?;
        let (text, describe, run) = context.with(|ctx| own_functions(&ctx, host, logged, script))?;
        // Only now: an engine that runs out of memory while it is being made cannot say so.
        runtime.set_memory_limit(limits.memory);
        let clock = Rc::clone(clock);
        runtime.set_interrupt_handler(Some(Box::new(move || clock.is_over())));
        Ok(Self { text, describe, run, entry: None, context, _runtime: runtime })
    }
}

/// Evaluates the prelude, and for data scripts also `rows.js`; gives `text`, `describe` and `run`.
fn own_functions(
    ctx: &Ctx<'_>,
    host: Host,
    logged: &Rc<Cell<u32>>,
    script: &str,
) -> rquickjs::Result<(Kept, Kept, Option<Kept>)> {
    let is_for_data = host.page.is_none();
    let host = bridge::host_object(ctx, host, Rc::clone(logged), script)?;
    let prelude: Function<'_> = eval(ctx, PRELUDE, OWN_FILE)?;
    let own: Object<'_> = prelude.call((host.clone(),))?;
    let text: Function<'_> = own.get("text")?;
    let describe: Function<'_> = own.get("describe")?;
    let run = if is_for_data {
        let rows: Function<'_> = eval(ctx, ROWS, OWN_FILE)?;
        Some(Persistent::save(ctx, rows.call::<_, Function<'_>>((own, host))?))
    } else {
        None
    };
    Ok((Persistent::save(ctx, text), Persistent::save(ctx, describe), run))
}

/// Evaluates script text as written, that is in sloppy mode unless it says otherwise.
fn eval<'js, V: rquickjs::FromJs<'js>>(ctx: &Ctx<'js>, text: &str, file: &str) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file.to_owned());
    ctx.eval_with_options(text, options)
}

/// What went wrong, before it is known by which script.
enum Failure {
    Memory,
    Stack,
    Time,
    Syntax(Place, String),
    Thrown(Option<Place>, String),
}

impl Failure {
    fn of<'js>(ctx: &Ctx<'js>, error: &Error, describe: &Kept, clock: &Clock) -> Self {
        // An engine without memory fails with an exception that is null, or with none at all.
        let has_thrown = ctx.has_exception();
        let thrown = ctx.catch();
        if clock.fired.get() {
            return Self::Time;
        }
        match error {
            Error::Exception if !has_thrown || thrown.is_null() => Self::Memory,
            Error::Exception => Self::of_thrown(ctx, thrown, describe, clock),
            Error::Allocation | Error::Unknown => Self::Memory,
            other => Self::Thrown(None, other.to_string()),
        }
    }

    fn of_thrown<'js>(ctx: &Ctx<'js>, thrown: Value<'js>, describe: &Kept, clock: &Clock) -> Self {
        let Ok([name, message, stack]) = described(ctx, thrown, describe) else {
            // Cleared, so that it is not taken for the exception of what is evaluated next.
            drop(ctx.catch());
            return if clock.fired.get() { Self::Time } else { Self::Memory };
        };
        match message.as_str() {
            "out of memory" | "out of memory in regexp execution" | "Invalid error message" => Self::Memory,
            "Maximum call stack size exceeded" | "stack overflow" => Self::Stack,
            _ => Self::of_message(&name, &message, Place::innermost(&stack, OWN_FILE)),
        }
    }

    fn of_message(name: &str, message: &str, place: Option<Place>) -> Self {
        match place {
            Some(place) if name == "SyntaxError" => Self::Syntax(place, message.to_owned()),
            place if name.is_empty() => Self::Thrown(place, format!("it threw {message:?}")),
            place => Self::Thrown(place, format!("{name}: {message}")),
        }
    }

    fn into_error(self, script: &str, limits: &ScriptLimits) -> ScriptError {
        let script = script.to_owned();
        let limit = match self {
            Self::Syntax(place, reason) => return ScriptError::Syntax { script, place, reason },
            Self::Thrown(place, reason) => return ScriptError::Thrown { script, place, reason },
            Self::Memory => Limit::Memory(limits.memory),
            Self::Stack => Limit::Stack(limits.stack),
            Self::Time => Limit::Time(limits.time),
        };
        ScriptError::Limit { script, limit }
    }
}

fn described<'js>(ctx: &Ctx<'js>, thrown: Value<'js>, describe: &Kept) -> rquickjs::Result<[String; 3]> {
    let parts = describe.clone().restore(ctx)?.call::<_, Array<'_>>((thrown,))?;
    Ok([parts.get(0)?, parts.get(1)?, parts.get(2)?])
}
