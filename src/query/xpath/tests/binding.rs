//! Placeholders and their values.

use proptest::prelude::*;

use super::*;

fn check_bound(query: &str, bound: &[&str], expected: &str) {
    assert_eq!(ask(&tree(TABLE), query, bound).as_deref(), Ok(expected), "{query} {bound:?}");
}

#[test]
fn placeholders_are_values_wherever_they_stand() {
    check_bound("//tr[%{i}]/td[1]", &["2"], "[b]");
    check_bound("//tr[%{i}+1]/td[1]", &["2"], "[c]");
    check_bound("//tr[last()-%{i}]/td[1]", &["1"], "[b]");
    check_bound("//tr[position() < %{i}]/td[1]", &["3"], "[a|b]");
    check_bound("//tr[td[.='%{v}']]/td[2]", &["b"], "[2]");
    check_bound("//tr[td[.='%{v}']]/td[2]", &["it's \"b\""], "[]");
    check_bound("concat('<%{a}-%{b}>', \"%{a}\")", &["it's", "\""], "<it's-\">it's");
    check_bound("//%{tag}[%{i}]", &["tr", "1"], "[a1]");
    check_bound("//t%{x}[1]", &["d"], "[a|b|c]");
    check_bound("//tr[%{cond}]", &["position() = 2 or @class"], "[b2|c3]");
    check_bound("%{path}[1]/td", &["//tr"], "[a|1]");
    check_bound("count(%{path})", &["//tr"], "3");
    check_bound("count(//tr) %{op} 2", &["mod"], "1");
    check_bound("1%{x}", &["2"], "12");
    check_bound("5-%{x}", &["-2"], "7");
    check_bound("-%{x}", &[" 2 "], "-2");
    check_bound("//td[.=%{x}]", &["2"], "[2]");
    check_bound("//td[.=%{x}]", &["'a'"], "[a]");
    check_bound("//td[.=%{x}]", &["../td[2]"], "[1|2|3]");
    check_bound("//@%{a}", &["class"], "[x]");
    check_bound("//tr[%{i}]/td[%{i}]", &["1"], "[a]");
    check_bound("'%%{x}'", &[], "%{x}");
}

#[test]
fn a_value_that_breaks_the_query_is_an_error_that_shows_it() {
    let error = ask(&tree(TABLE), "//tr[%{i}]", &["1]["]).unwrap_err();
    assert_eq!(error.to_string(), "expected an expression, found `]`, at character 9 of `//tr[1][]`");
    let error = ask(&tree(TABLE), "//tr[%{i}]", &[""]).unwrap_err();
    assert_eq!(error.to_string(), "expected an expression, found `]`, at character 6 of `//tr[]`");
}

#[test]
fn errors_around_a_placeholder_show_when_compiling() {
    check_error("//tr[%{i}", 10, "expected `]` or an operator, found the end");
    check_error("//tr[%{index}]]", 15, "expected an operator or the end, found `]`");
    check_error("coun(%{x})", 1, "unknown function `coun()`; did you mean `count()`?");
}

#[test]
fn many_filled_texts_stay_bounded_and_right() {
    let page = tree(TABLE);
    let query = Query::compile(&Template::parse("count(//t%{x})").unwrap()).unwrap();
    for round in 0..200 {
        let name = if round % 3 == 0 { "r".to_owned() } else { format!("z{round}") };
        let expected = if round % 3 == 0 { 3.0 } else { 0.0 };
        let value = query.evaluate(&page, Context::document(), [name].as_slice(), &meter());
        assert_eq!(value, Ok(Value::Number(expected)));
    }
}

/// Queries with `%{v}` in them where a tame value may stand as it is.
const PLACES: [&str; 12] = [
    "//tr[%{v}]",
    "//tr[%{v}+1]/td[%{v} - 1]",
    "//td[.='%{v}']",
    "//td[. = %{v}]",
    "concat(\"<%{v}>\", '%{v}')",
    "//tr[position() <= %{v}]",
    "//*[contains(., 'a%{v}')]",
    "%{v} mod 2 = 1",
    "-%{v} * 2",
    "substring('abcdef', %{v}, %{v})",
    "//tr[td[%{v}]][last()]",
    "string(%{v})",
];

proptest! {
    #[test]
    fn a_bound_value_means_what_its_text_means(
        place in 0..PLACES.len(),
        value in "-?[0-9]{1,4}(\\.[0-9]{0,2})?|//td|[a-c]| 2 |'b'|count\\(//td\\)"
    ) {
        let page = tree(TABLE);
        let query = PLACES[place];
        let text = query.replace("%{v}", &value);
        // Quotes in literals are what binding is better at.
        prop_assume!(!value.contains('\'') || !query.contains('\''));
        let by_text = Query::compile(&Template::literal(&text))
            .and_then(|query| query.evaluate(&page, Context::document(), &(), &meter()))
            .map(|value| show(&page, &value));
        let bound = ask(&page, query, &[&value]);
        prop_assert_eq!(bound.is_ok(), by_text.is_ok(), "{} {:?}", text, bound);
        if let (Ok(bound), Ok(by_text)) = (bound, by_text) {
            prop_assert_eq!(bound, by_text, "{}", text);
        }
    }
}
