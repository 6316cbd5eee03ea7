//! Placeholders, bound at run time.

use super::*;

const TABLE: &str = "<table id=t><tr id=r1><td id=a>EPS (TTM)<td id=b>1<tr id=r2><td id=c>it's\
    <td id=d class='x'>2</table>\
    <p id=x1 class=c1 title='q'>a\\b</p><p id=x2 class=c2 title=\"it's\">c.d</p>";

fn run(text: &str, values: &[&str]) -> Result<String, QueryError> {
    let tree = tree(TABLE);
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    let query = Query::compile(&Template::parse(text).unwrap())?;
    let mut out = vec![];
    query.select(&tree, &[0], values.as_slice(), &meter(), &mut out)?;
    Ok(ids(&tree, &out))
}

/// Each row: selector, values in the order of the placeholders' first use, ids.
fn check_values(rows: &[(&str, &[&str], &str)]) {
    for (text, values, found) in rows {
        assert_eq!(run(text, values).as_deref(), Ok(*found), "{text} {values:?}");
    }
}

#[test]
fn values_are_numbers_names_and_texts() {
    check_values(&[
        ("tr:nth-child(%{i}) > td:nth-child(%{j})", &["2", "1"], "c"),
        ("tr:nth-child(%{i}) > td:nth-child(%{i})", &["2"], "d"),
        ("tr:nth-child(n+%{i})", &["2"], "r2"),
        ("tr:nth-child(%{i}n)", &["2"], "r2"),
        ("tr:nth-child( %{i} )", &["odd"], "r1"),
        ("tr:nth-last-child(%{i})", &["1"], "r2"),
        ("td:eq(%{i})", &["1"], "b d"),
        ("td:gt(%{i})", &["0"], "b d"),
        ("tr td:lt(%{i})", &["1"], "a c"),
        ("#%{id}", &["x1"], "x1"),
        ("#x%{n}", &["2"], "x2"),
        ("p#x%{n}.c%{n}", &["2"], "x2"),
        (".%{c}", &["C1"], "x1"),
        ("%{tag}", &["P"], "x1 x2"),
        ("t%{x}:nth-child(2)", &["d"], "b d"),
        ("table %{tag}#c", &["td"], "c"),
        ("[title=%{v}]", &["Q"], "x1"),
        ("[title='%{v}']", &["it's"], "x2"),
        ("[title^=i%{v}]", &["t'"], "x2"),
        ("[title~=^%{v}]", &["(q|r)"], "x1"),
        ("td:contains(%{v})", &["eps (ttm"], "a"),
        ("td:contains(%{v})", &["EPS \\(TTM\\)"], "a"),
        ("td:contains(eps %{v})", &["(TTM)"], "a"),
        ("td:containsOwn(%{v})", &["It's"], "c"),
        ("td:matchesOwn(^%{v})", &["EPS \\(TTM\\)"], "a"),
        ("td:matchesOwn(^%{v}) + td", &["EPS"], "b"),
        ("td:matches(^(%{v})$)", &["1|2"], "b d"),
        ("tr:has(td:nth-child(%{i}):contains(%{v}))", &["2", "2"], "r2"),
        ("td:not(:nth-child(%{i}))", &["1"], "b d"),
    ]);
}

#[test]
fn a_value_can_be_a_piece_of_the_selector() {
    check_values(&[
        ("%{all}", &["tr:nth-child(2) > td"], "c d"),
        ("tr %{rest}", &["> td:eq(0)"], "a c"),
        ("tr %{rest}", &[""], "r1 r2"),
        ("td%{more}", &[".x"], "d"),
        ("td:nth-child(2)%{more}", &[".x"], "d"),
        ("tr%{c}td", &[" > "], "a b c d"),
        ("td:%{pseudo}", &["first-child"], "a c"),
        ("[%{name}=q]", &["title"], "x1"),
        ("[title%{op}q]", &["="], "x1"),
        ("#%{a}, #%{b}", &["x1", "x2, td"], "a b c d x1 x2"),
        ("#%{id}", &["x1.c1"], "x1"),
    ]);
}

#[test]
fn values_are_bound_each_time() {
    let tree = tree(TABLE);
    for text in ["td:nth-child(%{i})", "td:nth-child(2):matches(%{i})", "td:%{i}"] {
        let query = query(text);
        let mut out = vec![];
        for value in ["1", "2", "1", "first-child"] {
            let found = query.select(&tree, &[0], [value.to_owned()].as_slice(), &meter(), &mut out);
            assert!(found.is_ok() || text == "td:%{i}" || value == "first-child", "{text} {value}");
        }
    }
}

#[test]
fn a_value_that_makes_no_sense_is_named() {
    let row = |text: &str, value: &str, part: &str| {
        let error = run(text, &[value]).unwrap_err();
        let named = matches!(&error, QueryError::Evaluation { query, message }
            if query == text && message.contains(part));
        assert!(named, "{error:?}");
    };
    row("td:nth-child(%{i})", "abc", "`abc` is not a position");
    row("td:nth-child(2n+%{i})", "x", "`2n+x` is not a position");
    row("td:eq(%{i})", "-1", "`-1` is not an index");
    row("td:matches(%{v})", "(a", "`(` is never closed");
    row("td:matches(%{v})", "", "expected a regular expression");
    row("td:contains(%{v})", "", "needs a text");
    row("[title~=%{v}]", "[", "`[` is never closed");
    for (text, value, filled) in
        [("#%{id}", "", "#"), ("td:%{p}", "fist-child", "td:fist-child"), ("%{a}", "a(", "a(")]
    {
        let error = run(text, &[value]).unwrap_err();
        assert!(matches!(&error, QueryError::Syntax { query, .. } if query == filled), "{error:?}");
    }
}
