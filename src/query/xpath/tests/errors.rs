//! What is said about wrong queries.

use proptest::prelude::*;

use super::*;

#[test]
fn syntax_errors_name_the_place_and_what_was_expected() {
    check_error("", 1, "expected an expression, found the end");
    check_error("//", 3, "expected a step after `//`, found the end");
    check_error("/html/[1]", 7, "expected a step after `/`, found `[`");
    check_error("//td[1", 7, "expected `]` or an operator, found the end");
    check_error("//td[", 6, "expected an expression, found the end");
    check_error("//é[.='%{a}'] td", 15, "expected an operator or the end, found `td`");
    check_error("contain(., 'x')", 1, "unknown function `contain()`; did you mean `contains()`?");
    check_error("frobnicate(1)", 1, "unknown function `frobnicate()`; XPath 1.0 has no such function");
    check_error("1 + contains(.)", 5, "contains() takes 2 arguments, found 1");
    check_error("substring('a')", 1, "substring() takes 2 or 3 arguments, found 1");
    check_error("concat('a')", 1, "concat() takes at least 2 arguments, found 1");
    check_error("true(1)", 1, "true() takes no argument, found 1");
    check_error("//childs::a", 3, "unknown axis `childs::`; did you mean `child::`?");
    check_error("count('a')", 7, "count() takes a node-set, this is a text");
    check_error("1[1]", 1, "a predicate `[…]` filters node-sets, this is a number");
    check_error("'a'/b", 1, "`/` continues from node-sets, this is a text");
    check_error("//a | 1", 7, "`|` joins node-sets, this is a number");
    check_error("//a[.='x]", 7, "this text has no closing '");
    check_error("a ! b", 3, "`!` stands only in `!=`; for \"not\" write `not(…)`");
    check_error("$x", 1, "XPath variables have no values here, a placeholder is written %{…}");
    check_error("self::-name", 7, "expected a name, `*` or `text()` after `::`, found `-`");
    check_error(
        "//a/count(b)",
        5,
        "`count()` is not a step; a function takes the path as its argument: `count(path)`",
    );
    check_error("'%%{x}' ]", 9, "expected an operator or the end, found `]`");
    check_error("a#b", 2, "unexpected character '#'");
}

#[test]
fn nodes_are_asked_for_and_nothing_else_is_given() {
    let query = Query::compile(&Template::literal("string(//td)")).unwrap();
    let error = query.nodes(&tree(TABLE), Context::document(), &(), &meter()).unwrap_err();
    assert_eq!(error.to_string(), "the query must select nodes, it gives a text, in `string(//td)`");
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(text in "\\PC{0,40}|[a-z/\\[\\]()@.*:'\"|$=<>!+0-9 -]{0,60}") {
        if let Ok(query) = Query::compile(&Template::literal(&text)) {
            let limits = Limits { visits: 10_000, ..Limits::default() };
            drop(query.evaluate(&tree(TABLE), Context::document(), &(), &Meter::new(&limits)));
        }
    }
}
