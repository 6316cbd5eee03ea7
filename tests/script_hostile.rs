//! Scripts that want more than they may have. Each must end its own evaluation, with an error or with a
//! result, and nothing else: not the process, which is why these tests have one of their own.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/no_configs.rs"]
mod no_configs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use scoopi::internals::script::{Configs, Limit, PageFacts, PageScripts, Sandbox, ScriptError, ScriptLimits};

use no_configs::NoConfigs;

const TIME: Duration = Duration::from_millis(200);
/// Time limit, the second that the engine has to notice it, and what a busy machine adds.
const LONGEST: Duration = Duration::from_secs(10);

fn sandbox() -> Sandbox {
    Sandbox::new(ScriptLimits { time: TIME, ..ScriptLimits::default() })
}

fn evaluate(sandbox: &Sandbox, script: &str) -> Result<Option<String>, ScriptError> {
    let body = Bytes::from_static(b"page");
    let facts =
        PageFacts { name: "n", group: "g", url: "u", from_date: 0, locator_id: "1", id: "2", body: &body };
    let configs: Arc<dyn Configs> = Arc::new(NoConfigs);
    let result = PageScripts::new(sandbox, &configs, facts).evaluate(script);
    result.map(|value| value.map(String::from))
}

/// Evaluates a script that must come to an end in time, and gives its error.
fn check(script: &str) -> Option<ScriptError> {
    check_in(&sandbox(), script)
}

fn check_in(sandbox: &Sandbox, script: &str) -> Option<ScriptError> {
    let start = Instant::now();
    let error = evaluate(sandbox, script).err();
    assert!(start.elapsed() < LONGEST, "{script} took {:?}", start.elapsed());
    let name: String = script.split_whitespace().next().unwrap_or_default().chars().take(20).collect();
    assert!(error.as_ref().is_none_or(|error| error.to_string().contains(&name)), "{script}: {error:?}");
    error
}

fn limit_of(script: &str) -> Option<Limit> {
    limit_in(&sandbox(), script)
}

fn limit_in(sandbox: &Sandbox, script: &str) -> Option<Limit> {
    match check_in(sandbox, script) {
        Some(ScriptError::Limit { limit, .. }) => Some(limit),
        other => panic!("{script}: {other:?}"),
    }
}

#[test]
fn endless_scripts_are_interrupted() {
    for script in [
        "for (;;);",
        "while (true) { try { for (;;); } catch (e) {} finally { for (;;); } }",
        "for (;;) try { (function g() { g() })() } catch (e) {}",
        "/(a+)+b/.test('a'.repeat(40))",
        "new RegExp('(?:.*.*)*x', 's').test('a'.repeat(1e5))",
        "new Array(4e9).indexOf(1)",
        "new Array(4294967295).includes(1)",
        "[3, 2, 1].sort(function () { for (;;); })",
        "new Float64Array(1e6).fill(1).sort(function () { return 0 }); for (;;);",
        "({toString: function () { for (;;); }})",
        "({get a() { for (;;); }}).a",
        "throw {get message() { for (;;); }}",
        "throw {message: {toString: function () { for (;;); }}}",
        "(function* () { for (;;) yield 1 })().next(); for (var x of (function* () { for (;;) yield 1 })());",
        "var a = []; for (var i = 0; i < 60; i++) a = [a, a]; String(a)",
        "eval('for (;;);')",
        "new Function('for (;;);')()",
        "JSON.stringify({toJSON: function () { for (;;); }})",
        "Object.prototype.toString = function () { for (;;); }; ({})",
        "Date.prototype.getTime = Date.prototype.toString = function () { for (;;); }; '' + new Date() + ({}); for (;;);",
        "for (;;) console.log('x')",
        "for (;;) configs.getConfig('a', 'b')",
    ] {
        assert_eq!(limit_of(script), Some(Limit::Time(TIME)), "{script}");
    }
}

#[test]
fn memory_is_bounded() {
    let memory = ScriptLimits::default().memory;
    for script in [
        "'x'.repeat(1 << 28)",
        "'x'.repeat(1 << 25).split('')",
        "var k = []; for (;;) k.push(new ArrayBuffer(1e6))",
        "new Uint8Array(1e9)",
        "var s = 'x'; for (var i = 0; i < 29; i++) s += s; s.charAt(5)",
        "new Array(1e8).fill(1)",
        "var s = 'x'.repeat(6e7); s + 'y'",
    ] {
        assert_eq!(limit_of(script), Some(Limit::Memory(memory)), "{script}");
    }
}

#[test]
fn stack_is_bounded() {
    let stack = ScriptLimits::default().stack;
    // Time enough to get there, on a busy machine too.
    let patient = Sandbox::new(ScriptLimits { time: Duration::from_secs(6), ..ScriptLimits::default() });
    for script in [
        "function f() { f() } f()",
        "function f() { return f.apply(null, arguments) } f(1)",
        "function f() { return [1].map(f) } f()",
        "function f() { return 'x'.replace(/x/, f) } f()",
        "function f() { return [2, 1].sort(f) } f()",
        "function f() { return eval('f()') } f()",
        "function f() { return new Function('return f()')() } globalThis.f = f; f()",
        "({get a() { return this.a }}).a",
        "({toString: function () { return '' + this }}) + ''",
        "({toJSON: function () { return JSON.stringify(this) }}).toJSON()",
        "JSON.parse('['.repeat(1e6))",
        "var a = []; for (var i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)",
        "var a = []; for (var i = 0; i < 1e5; i++) a = [a]; String(a)",
        "var a = []; for (var i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)",
        "eval('['.repeat(1e6))",
        "eval('('.repeat(1e5))",
        "eval('!'.repeat(1e6) + '1')",
        "eval('a=>'.repeat(1e5) + '1')",
        "eval('if(1)'.repeat(1e6) + '1')",
        "eval('class A{static{'.repeat(1e5))",
        "eval('(function(){'.repeat(3000) + '})'.repeat(3000))",
        "new RegExp('(?:a'.repeat(1e4) + ')*'.repeat(1e4))",
        "new RegExp('['.repeat(1e6), 'v')",
    ] {
        assert_eq!(limit_in(&patient, script), Some(Limit::Stack(stack)), "{script}");
    }
}

#[test]
fn deep_structures_do_not_end_the_process() {
    // Time enough to build them, on a busy machine too.
    let sandbox = Sandbox::new(ScriptLimits { time: Duration::from_secs(6), ..ScriptLimits::default() });
    for depth in [3_000, 10_000, 30_000, 100_000] {
        for (make, script) in [
            ("var f = function () {}", "f = f.bind(null)|({}) instanceof f; f(); new f()"),
            ("var f = {}", "f = Object.create(f)|f.x; f.x = 1; 'x' in f; for (var k in f);"),
            ("var f = [1].values()", "f = f.map ? f.map(function (x) { return x }) : f|f.next()"),
            ("var f = (function* () {})()", "f = (function* (g) { yield* g })(f)|f.next(); f.return()"),
            ("var f = null", "f = {f: f}|f = null"),
            ("var f = null", "f = {f: f}; f.self = f|f = null"),
            ("var f = null", "f = (function (x) { return function () { return x } })(f)|f = null"),
            ("var f = new Error('x')", "f = new Error('x', {cause: f})|throw f"),
            ("var f = 'x'", "f = 'a' + f + 'b'|f.length + f.charAt(3)"),
            ("var f = Promise.resolve()", "f = f.then()|f"),
            ("var f = new Map()", "f = new Map([[f, f]])|f.size"),
            ("var f = new Set()", "f = new Set([f]).union(f)|f.size"),
        ] {
            let (step, last) = script.split_once('|').expect("a step and an end");
            check_in(&sandbox, &format!("{make}; for (var i = 0; i < {depth}; i++) {{ {step} }}; {last}"));
        }
    }
}

#[test]
fn odd_scripts_do_no_harm() {
    for script in [
        "import('fs')",
        "import('fs').then(function () {})",
        "var p = Promise.resolve(); p.then(function () { for (;;); }); 1",
        "(async function () { await 1; for (;;); })()",
        "queueMicrotask(function () { for (;;); })",
        "Object.freeze(globalThis)",
        "delete globalThis.Object; delete globalThis.String; delete globalThis.Array; 5",
        "Object = String = Array = Date = Reflect = Function = undefined; ({})",
        "Function.prototype.call = Function.prototype.apply = function () { throw 1 }; new Date(5)",
        "Object.defineProperty(Array.prototype, '0', {set: function () {}}); throw new Error('x')",
        "Object.defineProperty(Object.prototype, 'message', {get: function () { throw 1 }}); null.x",
        "Error.prepareStackTrace = function () { throw 1 }; null.x",
        "Error.stackTraceLimit = 1e9; (function f(n) { return n ? f(n - 1) : null.x })(1000)",
        "Error.stackTraceLimit = -1; null.x",
        "document.getDocumentObject().buffer.transfer(); document.getDocumentObject()",
        "new Array(4294967295)",
        "var a = []; a.length = 4294967295; a",
        "throw 'x'.repeat(1e7)",
        "throw new Error('x'.repeat(1e7))",
        "var e = new Error(); e.stack = {}; throw e",
        "BigInt('9'.repeat(1e6))",
        "Symbol('x')",
        "debugger; with ({}) { 1 }",
        "'\\uD800'.repeat(1000)",
        "0x1p3",
        "\u{0}",
        "\u{FEFF}1",
        "#!x\n1",
        "/*",
        "}",
        "`",
        "'use strict'; with ({}) {}",
    ] {
        check(script);
    }
}

/// Memory that runs out at any moment, also in the middle of what the engine does for itself.
#[test]
fn running_out_of_memory_at_any_point_is_an_error() {
    let script = "var out = []; class B { #p = 1; get y() { return this.#p } } \
        for (var i = 0; i < 400; i++) { var o = {}; o['k' + i] = new B(); o.self = o; out.push(o); } \
        var m = new Map(); for (var v of out) m.set(v, [v]); \
        out.push(JSON.stringify([1, {a: 'x'}]), 'a,b'.split(','), 'aXb'.replace(/x/i, function (x) { return x + x })); \
        try { null.x } catch (e) { out.push(e.stack) } \
        (async function () { await 1 })(); out.push(2n ** 200n + '', new Date() + '', eval('(function () { return 1 })()')); \
        var keep = 'x'.repeat(FILL); out.length";
    let sandbox = Sandbox::new(ScriptLimits {
        memory: 1 << 20,
        time: Duration::from_secs(20),
        ..ScriptLimits::default()
    });
    let (mut good, mut bad) = (0, 0);
    for fill in (0..900_000).step_by(4_999) {
        let script = format!("var fill = 'x'.repeat({fill}); {}", script.replace("FILL", "1000"));
        match evaluate(&sandbox, &script) {
            Ok(_) => good += 1,
            Err(ScriptError::Limit { limit: Limit::Memory(_), .. } | ScriptError::Thrown { .. }) => bad += 1,
            Err(other) => panic!("{fill}: {other}"),
        }
    }
    assert!(good > 10 && bad > 10, "{good} good, {bad} bad");
}

#[test]
fn a_call_that_cannot_be_interrupted_is_given_up_and_the_number_of_such_is_bounded() {
    let sandbox = Sandbox::new(ScriptLimits { time: Duration::from_millis(20), ..ScriptLimits::default() });
    // A search that never looks at the clock. It ends by itself after a time that grows with the square of
    // its length, so that the count can fall again; the length is what this machine takes some seconds for.
    let hang = [30_000, 60_000, 120_000, 240_000]
        .map(|half| format!("var s = 'a'.repeat({half} * 2); s.indexOf('a'.repeat({half}) + 'b')"))
        .into_iter()
        .find(|script| is_given_up(&sandbox, script))
        .expect("a search that takes longer than a second");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| evaluate(&sandbox, &hang).expect_err("a script that hangs"));
        }
    });
    assert!(sandbox.stuck() >= 4, "{}", sandbox.stuck());
    let error = evaluate(&sandbox, "1 + 1").expect_err("too many scripts that hang");
    assert!(matches!(error, ScriptError::Exhausted { .. }), "{error}");
    // What takes no engine goes on, and so does everything else when the searches have ended.
    assert_eq!(evaluate(&sandbox, "document.getName()").ok().flatten().as_deref(), Some("n"));
    let start = Instant::now();
    // The searches that still run take the processors, so that a short script may be too late, too.
    while evaluate(&sandbox, "1 + 1").ok().flatten().as_deref() != Some("2") {
        assert!(start.elapsed() < Duration::from_secs(300), "{} still hang", sandbox.stuck());
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn is_given_up(sandbox: &Sandbox, script: &str) -> bool {
    let start = Instant::now();
    // A short search may end in time.
    let Err(error) = evaluate(sandbox, script) else { return false };
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    assert!(error.to_string().contains("scoopi.script.time"), "{error}");
    matches!(error, ScriptError::Limit { limit: Limit::Stuck(_), .. })
}
