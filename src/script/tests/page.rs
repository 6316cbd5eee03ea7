//! Item scripts.

use super::*;
use crate::script::{CompiledScript, Limit, ScriptError};

fn value(script: &str) -> Result<Option<String>, String> {
    on_page(&sandbox(), |page| page.evaluate(script))
        .map(|value| value.map(String::from))
        .map_err(|error| error.to_string())
}

fn check(script: &str, expected: &str) {
    assert_eq!(value(script), Ok(Some(expected.to_owned())), "{script}");
}

fn check_error(script: &str, expected: &str) {
    let error = value(script).expect_err(script);
    assert!(error.contains(expected), "{script}\n  gave {error}\n  not  {expected}");
    let name = script.split_whitespace().next().expect("a script");
    assert!(error.contains(name), "{error} does not name the script");
}

#[test]
fn results_become_plain_text() {
    for (script, expected) in [
        ("5", "5"),
        ("1.5", "1.5"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("1e21", "1e+21"),
        ("true", "true"),
        ("'a\\u0000b'", "a\0b"),
        ("''", ""),
        ("'ä' + '\\u{1F600}'", "ä😀"),
        ("[1, [2, 3]]", "1,2,3"),
        ("({})", "[object Object]"),
        ("({toString: function () { return 'own' }})", "own"),
        ("12345678901234567890n", "12345678901234567890"),
        ("var s = ''; for (var i = 0; i < 300; i++) s += 'ab'; s.length", "600"),
        ("'\\uD83D'", "\u{FFFD}"),
        ("'a\\uDE00b\\uD83D\\uDE00'", "a\u{FFFD}b😀"),
    ] {
        check(script, expected);
    }
}

#[test]
fn null_and_undefined_are_no_value() {
    for script in ["null", "undefined", "", "var x = 1", "void 0", "document.nothing"] {
        assert_eq!(value(script), Ok(None), "{script}");
    }
}

#[test]
fn dates_become_text_in_the_configured_pattern() {
    check("document.getFromDate ()", "<1593601199000>");
    check("(document.getFromDate())", "<1593601199000>");
    check("'at ' + document.getFromDate()", "at <1593601199000>");
    check("document.getFromDate().getTime() + 1", "1593601199001");
    check("new Date(7)", "<7>");
    check("new Date(document.getFromDate().getTime() - 1000)", "<1593601198000>");
    check("configs.getRunDateTime() < configs.getHighDate()", "true");
    check("typeof configs.getRunDateText()", "string");
    check("configs.getRunDate() instanceof Date", "true");
    check_error("new Date(NaN)", "the date is invalid");
    check_error("new Date(8e15)", "cannot be written in scoopi.dateTimePattern");
}

#[test]
fn the_page_and_the_configuration_are_exposed() {
    for (script, expected) in [
        ("document.getUrl().length", "20"),
        ("document.getDocumentObject()", "0,255,65"),
        ("document.getDocumentObject().length", "3"),
        ("document.getDocumentObject() === document.getDocumentObject()", "true"),
        ("configs.getConfig('scoopi.' + 'text')", "über"),
        ("configs.getConfig('no' + 'ne', 5) + 1", "6"),
        ("configs.getBoolean('scoopi.yes')", "true"),
        ("configs.getBoolean('none', false)", "false"),
        ("configs.getInt('scoopi.number', 1) + 1", "13"),
        ("configs.getInt('none', 1) + 1", "2"),
        ("configs.isCluster() === false", "true"),
        ("Object.keys(document).length", "7"),
    ] {
        check(script, expected);
    }
    check_error("configs.getConfig('scoopi.tekst' + '')", "did you mean `scoopi.text`");
    check_error("configs.getInt('scoopi.text')", "is not a whole number: über");
    check_error("configs.getBoolean('scoopi.text')", "is not a boolean");
}

#[test]
fn a_single_call_needs_no_engine_and_gives_what_an_engine_gives() {
    for script in [
        "document.getName()",
        "document.getGroup()",
        "document.getUrl()",
        "document.getFromDate()",
        "document.getLocatorId()",
        "document.getId()",
        "configs.getRunDate()",
        "configs.getRunDateText()",
        "configs.getRunDateTime()",
        "configs.getRunDateTimeText()",
        "configs.getHighDate()",
        "configs.isCluster()",
        "configs.getUserAgent()",
        "configs.getConfig('scoopi.text')",
        " configs . getConfig ( \"scoopi.text\" ) ; ",
        "\tconfigs.getConfig('none', 'x ü');;",
        "configs.getConfig('none')",
        "configs.getConfig('scoopi.nonne')",
    ] {
        let compiled = CompiledScript::compile(script);
        assert!(!compiled.needs_engine(), "{script}");
        let call = script.trim().trim_end_matches([' ', ';']);
        let slow = CompiledScript::compile(&format!("({call})"));
        assert!(slow.needs_engine());
        on_page(&sandbox(), |page| match (page.run(&compiled), page.run(&slow)) {
            (Ok(fast), Ok(slow)) => assert_eq!(fast, slow, "{script}"),
            (Err(ScriptError::Thrown { reason: fast, .. }), Err(ScriptError::Thrown { reason, .. })) => {
                assert_eq!(fast, reason);
            }
            (fast, slow) => panic!("{script}: {fast:?} but {slow:?}"),
        });
    }
}

#[test]
fn everything_else_needs_an_engine() {
    for script in [
        "",
        "document",
        "document.getName",
        "document.getName(1)",
        "document.getName('x')",
        "document.getName()+1",
        "document.getName() // x",
        "document.getConfig('x')",
        "configs.getName()",
        "configs.getConfig()",
        "configs.getConfig('a\\u0041')",
        "configs.getConfig('a', 1)",
        "configs.getConfig('a','b','c')",
        "configs.getConfig('a',)",
        "configs.getConfig('a'",
        "configs.getConfig('a\n')",
        "configs.getConfig(`a`)",
        "Document.getName()",
        ";document.getName()",
        "document.getDocumentObject()",
        "document.getName(\u{a0})",
    ] {
        assert!(CompiledScript::compile(script).needs_engine(), "{script}");
    }
}

#[test]
fn exposed_objects_cannot_be_changed() {
    on_page(&sandbox(), |page| {
        for script in [
            "document = null; 1",
            "var document = {getName: function () { return 'other' }}; 1",
            "document.getName = function () { return 'other' }; 1",
            "delete document.getName; delete this.document; 1",
            "this.document = 1",
            "Object.getPrototypeOf(document).getName = 1",
        ] {
            assert_eq!(page.evaluate(script).unwrap().as_deref(), Some("1"), "{script}");
            assert_eq!(page.evaluate("(document.getName())").unwrap().as_deref(), Some("acme"), "{script}");
        }
    });
}

#[test]
fn globals_last_for_the_page_and_no_longer() {
    let sandbox = sandbox();
    on_page(&sandbox, |page| {
        page.evaluate("implicit = 1; var declared = 2; let lexical = 3; function f() { return 4 }").unwrap();
        let sum = page.evaluate("implicit + declared + lexical + f()").unwrap();
        assert_eq!(sum.as_deref(), Some("10"));
    });
    let other = on_page(&sandbox, |page| page.evaluate("typeof implicit + typeof declared").unwrap());
    assert_eq!(other.as_deref(), Some("undefinedundefined"));
}

#[test]
fn scripts_are_sloppy_unless_they_say_otherwise() {
    check("a = 1; with ({b: 2}) { a + b }", "3");
    check("(function () { return this === globalThis })()", "true");
    check("010", "8");
    check_error("'use strict'; undeclared = 1", "undeclared");
}

#[test]
fn an_error_names_script_place_and_reason() {
    check_error("var a = 1;\n  b.c", "script line 2 column 3: ReferenceError: b is not defined");
    check_error("a b", "script line 1 column 3: syntax error: expecting ';'");
    check_error("null.x", "cannot read property 'x' of null");
    check_error("throw 'own words'", "it threw \"own words\"");
    check_error("throw {message: 'not an Error'}", "not an Error");
    check_error("throw undefined", "it threw \"\"");
    check_error("throw new Error('\\uD800 odd')", "Error: \u{FFFD} odd");
    check_error("throw {get message() { throw 1 }}", "[object Object]");
    let short = Sandbox::new(ScriptLimits { time: Duration::from_millis(50), ..ScriptLimits::default() });
    let error = on_page(&short, |page| page.evaluate("throw {get message() { for (;;); }}")).unwrap_err();
    assert!(matches!(error, ScriptError::Limit { limit: Limit::Time(_), .. }), "{error}");
    check_error("Symbol() + ''", "TypeError");
    check_error("({toString: function () { throw new Error('in toString') }})", "in toString");
    check_error("nul\0", "null byte");
}

#[test]
fn a_page_can_go_on_after_an_error() {
    on_page(&sandbox(), |page| {
        page.evaluate("kept = 1").unwrap();
        page.evaluate("throw 1").unwrap_err();
        assert_eq!(page.evaluate("typeof kept").unwrap().as_deref(), Some("undefined"));
    });
}

#[test]
fn nothing_leads_out_of_the_engine() {
    for name in [
        "std",
        "os",
        "require",
        "process",
        "fetch",
        "XMLHttpRequest",
        "setTimeout",
        "Worker",
        "load",
        "Atomics",
        "SharedArrayBuffer",
        "Proxy",
        "WeakRef",
        "Iterator",
        "scoopi",
        "host",
        "performance",
    ] {
        check(&format!("typeof {name}"), "undefined");
    }
    assert_eq!(value("[].values().map"), Ok(None));
    assert_eq!(
        value("'' + Object.getPrototypeOf([].values().__proto__).constructor"),
        Ok(Some("function Object() {\n    [native code]\n}".to_owned()))
    );
}

#[test]
fn writing_to_the_log_is_bounded() {
    check("for (var i = 0; i < 10000; i++) console.log('x'.repeat(1e5), i); print(null); 1", "1");
}

#[test]
fn each_limit_is_named() {
    let limits = ScriptLimits { memory: 2 << 20, stack: 128 << 10, time: Duration::from_millis(50) };
    let sandbox = Sandbox::new(limits);
    for (script, expected) in [
        ("var a = []; for (;;) a.push('x' + a.length)", Limit::Memory(limits.memory)),
        ("'x'.repeat(1 << 26)", Limit::Memory(limits.memory)),
        ("function f() { f() } f()", Limit::Stack(limits.stack)),
        ("for (;;);", Limit::Time(limits.time)),
    ] {
        match on_page(&sandbox, |page| page.evaluate(script)) {
            Err(ScriptError::Limit { limit, .. }) => assert_eq!(limit, expected, "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[test]
fn limits_outside_of_their_bounds_are_brought_back() {
    let zero = Sandbox::new(ScriptLimits { memory: 0, stack: 0, time: Duration::ZERO });
    assert_eq!(on_page(&zero, |page| page.evaluate("1 + 1")).unwrap().as_deref(), Some("2"));
    let all = Sandbox::new(ScriptLimits { memory: usize::MAX, stack: usize::MAX, time: Duration::MAX });
    assert_eq!(on_page(&all, |page| page.evaluate("1 + 1")).unwrap().as_deref(), Some("2"));
    assert!(on_page(&all, |page| page.evaluate("function f() { f() } f()")).is_err());
}

#[test]
fn a_configuration_that_panics_fails_the_script_and_nothing_else() {
    struct Broken;
    impl Configs for Broken {
        fn get(&self, _: &str) -> Option<String> {
            panic!("a panic on purpose")
        }
        fn nearest(&self, _: &str) -> Option<String> {
            None
        }
        fn run_date(&self) -> i64 {
            0
        }
        fn run_date_time(&self) -> i64 {
            0
        }
        fn high_date(&self) -> i64 {
            0
        }
        fn is_cluster(&self) -> bool {
            false
        }
        fn user_agent(&self) -> String {
            String::new()
        }
        fn format_date(&self, _: i64) -> Option<String> {
            None
        }
    }
    let body = Bytes::new();
    let facts = PageFacts { name: "", group: "", url: "", from_date: 0, locator_id: "", id: "", body: &body };
    let sandbox = sandbox();
    let configs: Arc<dyn Configs> = Arc::new(Broken);
    let mut page = PageScripts::new(&sandbox, &configs, facts);
    assert!(matches!(page.evaluate("[configs.getConfig('x')]"), Err(ScriptError::Lost { .. })));
    assert_eq!(page.evaluate("1 + 1").unwrap().as_deref(), Some("2"));
}
