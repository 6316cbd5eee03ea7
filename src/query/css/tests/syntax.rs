//! Selectors that are wrong: the message and the place.

use super::*;

/// Each row: selector, place of the mistake, a part of the message.
fn check_errors(rows: &[(&str, usize, &str)]) {
    for (text, place, part) in rows {
        let error = Query::compile(&Template::parse(text).unwrap()).unwrap_err();
        let placed = matches!(&error, QueryError::Syntax { at, message, query }
            if at == place && message.contains(part) && query == text);
        assert!(placed, "{text}: {error:?}");
    }
}

#[test]
fn mistakes_have_a_place_and_say_what_was_expected() {
    check_errors(&[
        ("", 1, "expected a selector"),
        ("   ", 4, "found the end"),
        ("div >", 6, "found the end"),
        ("div > > p", 7, "found `>`"),
        ("div,", 5, "found the end"),
        (",div", 1, "found `,`"),
        ("div,,p", 5, "found `,`"),
        ("div)", 4, "found `)`"),
        ("div !p", 5, "found `!`"),
        ("//div", 1, "XPath"),
        (".a*", 3, "the tag comes first"),
        ("[a]div", 4, "the tag comes first"),
        ("é#", 3, "an id after `#`"),
        ("p. x", 3, "a class after `.`"),
        ("p..x", 3, "found `.`"),
        ("ns|", 4, "a tag after `|`"),
        ("|p", 1, "found `|`"),
        ("p:", 3, "a pseudo class after `:`"),
        ("p::before", 2, "pseudo elements are not supported"),
        ("p[href", 2, "`[` is never closed"),
        ("p[]", 3, "the name of an attribute"),
        ("p[=x]", 3, "the name of an attribute"),
        ("p[a=]", 5, "expected a value"),
        ("p[^a=x]", 4, "cannot have a value"),
        ("p[a~=(x]", 6, "`(` is never closed"),
        ("p[a~='x*+?']", 10, "repeats a repetition"),
        ("p:contains(x", 11, "`(` is never closed"),
        ("p:contains()", 12, "needs a text"),
        ("p:matches()", 11, "expected a regular expression"),
        ("p:matches(ab(c)", 10, "never closed"),
        ("p:matchesOwn(a**b)", 16, "repeats a repetition"),
        ("p:nth-child", 2, "needs parentheses"),
        ("p:nth-child(x)", 13, "`x` is not a position"),
        ("p:nth-child()", 13, "is not a position"),
        ("p:nth-child(2", 12, "never closed"),
        ("p:eq(-1)", 6, "`-1` is not an index"),
        ("p:first-child(1)", 2, "takes nothing"),
        ("p:has()", 7, "expected a selector"),
        ("p:has(b", 6, "never closed"),
        ("p:has(b,)", 9, "found `)`"),
        ("p:not(b > )", 11, "found `)`"),
        ("p:has(b:foo)", 8, "unknown pseudo class `:foo`"),
        (r"#\110000 ", 10, "is not a character"),
        (r"#a\", 4, "after the backslash"),
    ]);
}

#[test]
fn unknown_pseudo_classes_are_answered_with_known_ones() {
    check_errors(&[
        ("p:first", 2, "write `:eq(0)` or `:first-child`"),
        ("p:contain(x)", 2, "did you mean `:contains`? known are: :first-child"),
        ("p:nth-chidl(2)", 2, "did you mean `:nth-child`?"),
        ("p:hover", 2, "unknown pseudo class `:hover`, known are: :first-child"),
        ("p:matchText", 2, "texts are not elements here"),
        ("p:blank", 2, "write `:matches(^$)`"),
    ]);
}

#[test]
fn places_are_counted_in_the_query_as_written() {
    check_errors(&[
        ("%{some.name} > p:foo", 17, "unknown pseudo class"),
        ("#a%{i}b:foo", 8, "unknown pseudo class"),
        ("p:contains(%%{x}) é:foo", 20, "unknown pseudo class"),
        ("td:nth-child(%{i}):matches((%{i})", 27, "never closed"),
    ]);
    let text = "td:nth-child(%{index}) > b:foo";
    let error = Query::compile(&Template::parse(text).unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("unknown pseudo class `:foo`, known are: "), "{error}");
    assert!(error.ends_with(&format!(", at character 27 of `{text}`")), "{error}");
}
