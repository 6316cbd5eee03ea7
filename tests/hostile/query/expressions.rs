//! Selectors and XPath expressions: that want all time, that values of pages want to be, that a stopped run waits for.

use scoopi::internals::query::Limits;
use scoopi::internals::steps::Services;

use super::{Case, Must, attribute, came_of, came_while, facts, one_item, run, services};

#[test]
fn queries_that_want_all_time() {
    let css = |selector: &str| one_item("css", "*", "b", selector);
    let xpath = |selector: &str| one_item("xpath", "//body", "//b", selector);
    let flat = "<p><a>x</a></p>".repeat(3000);
    let deep = format!("{}x{}", "<div>".repeat(500), "</div>".repeat(500));
    let mut cases = vec![];
    let mut ask = |name: String, yaml: &str| {
        for (shape, page) in [("flat", &flat), ("deep", &deep)] {
            cases.push(Case::new(format!("{name}, {shape}"), yaml, page.as_str(), Must::Settle));
        }
    };
    for selector in [
        "*",
        "* * * * * *",
        "* > * > * > *",
        "* ~ * ~ * ~ *",
        "* + * + * + *",
        "a ~ a ~ a",
        "*:has(*:has(*:has(*)))",
        "*:not(:has(:not(:has(*))))",
        "p:contains(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxy)",
        "*:contains(x):contains(x):contains(x)",
        ":nth-child(99999n+99999)",
        ":nth-last-child(odd) :nth-last-of-type(even)",
        "*:matches((x*)*y)",
        "*:gt(0):lt(999999)",
        "[a=b], [c=d], *, *, *",
        "*:is(*, *, *):is(*, *)",
    ] {
        ask(format!("css {selector}"), &css(selector));
    }
    for selector in [
        "//*//*//*",
        "//*//*//*//*//*",
        "//*[.//*[.//*]]",
        "count(//*//*//*)",
        "//*/ancestor::*/descendant::*",
        "//a/preceding::*/following::*",
        "//*[count(.//*) > count(..//*)]",
        "//*[. = //*]",
        "//*[contains(., 'y')]",
        "string(//*[last()]/preceding::*[last()])",
        "concat(//body, //body, //body, //body)",
        "translate(//body, 'x', 'yyyy')",
        "normalize-space(//body)",
        "//*[position() = last() - 1]/..//*",
        "//a | //p | //* | //a/.. | //p/..",
        "sum(//*)",
        "//@*/../@*/..",
        "id('a b c d e f')//*",
    ] {
        ask(format!("xpath {selector}"), &xpath(selector));
    }
    let long = "a ".repeat(9000);
    let nested = format!("{}a{}", ":not(".repeat(200), ")".repeat(200));
    let parens = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    cases.extend([
        Case::new("css too long", css(&long), "", Must::Refuse("too long")),
        Case::new("css too deep", css(&nested), "", Must::Refuse("nested")),
        Case::new(
            "xpath too long",
            xpath(&format!("//{}", "a/".repeat(9000))),
            "",
            Must::Refuse("at most 16384"),
        ),
        Case::new("xpath too deep", xpath(&parens), "", Must::Refuse("nest")),
        Case::new(
            "regex too long",
            css(&format!("p:matches({})", "a".repeat(16_380))),
            "",
            Must::Refuse("too long"),
        ),
        Case::new(
            "regex too large",
            css("p:matches((?:\\\\p{L}{1000}){1000})"),
            "",
            Must::Refuse("too large"),
        ),
        Case::new(
            "regex too large, step by step",
            css("p:matches((?:(?=a)b{1000}){1000})"),
            "",
            Must::Refuse("too large"),
        ),
        Case::new(
            "regex too deep",
            css(&format!("p:matches({}a{})", "(?=".repeat(60), ")".repeat(60))),
            "",
            Must::Refuse("nested more than"),
        ),
    ]);
    run(&cases);
}

#[test]
fn values_do_not_become_code() {
    let mut cases = vec![];
    for value in [
        "'",
        "\"",
        "' or '1'='1",
        "\"]",
        ")",
        "(",
        "*",
        "a, *",
        "](",
        "\\",
        "%{item.value}",
        "%",
        "'\"",
        "//*",
        "a:has(*)",
        "{",
        "\u{0}",
    ] {
        let text = value.replace('\0', "");
        let page =
            format!("<h1>{}</h1><b>secret</b><p>{}</p>", attribute(&text).replace('<', "&lt;"), "other");
        // A value within a literal is a text: no element has it but the heading itself.
        cases.push(Case::new(
            format!("xpath {value:?}"),
            one_item("xpath", "//body", "//*[self::b][.='%{item.value}']", "//h1"),
            page.as_str(),
            Must::Count(1),
        ));
        cases.push(Case::new(
            format!("contains {value:?}"),
            one_item("css", "body", "b:containsOwn(%{item.value}x)", "h1"),
            page.as_str(),
            Must::Settle,
        ));
    }
    run(&cases);
    for case in &cases {
        let came = came_of(case, &services(), &facts()).unwrap_or_default();
        assert!(!came.contains("secret"), "{}: {came:?}", case.name);
    }
}

#[test]
fn a_run_that_is_stopped_waits_for_short_pages_only() {
    let limits = Limits { visits: u64::MAX, ..Limits::default() };
    let (services, facts) = (Services { limits, ..services() }, facts());
    let links = "<a>x</a>".repeat(20_000);
    for (name, selector, page, rows) in [
        ("a long page", "count(//a[count(preceding::a) > 3])", links.as_str(), None),
        ("a short page", "count(//a[count(preceding::a) > 3])", "<a>x</a><b>y</b>", Some("l|g|0|y\n")),
    ] {
        let case = Case::new(name, one_item("xpath", "//body", "//b", selector), page, Must::Settle);
        match (came_while(true, &case, &services, &facts), rows) {
            (Ok(came), Some(rows)) => assert_eq!(came, rows, "{name}"),
            (Err(message), None) => {
                assert!(message.contains("the run is being stopped"), "{name}: {message}")
            }
            (came, _) => panic!("{name}: {came:?}"),
        }
    }
}
