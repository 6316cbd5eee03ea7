//! Selectors and pages that are made to cost.

use super::*;

fn run(page: &str, text: &str, visits: u64) -> Result<usize, QueryError> {
    let tree = tree(page);
    let meter = Meter::new(&Limits { visits, ..Limits::default() });
    let mut out = vec![];
    query(text).select(&tree, &[0], &(), &meter, &mut out)?;
    Ok(out.len())
}

fn nested(depth: usize) -> String {
    format!("{}x{}", "<b>".repeat(depth), "</b>".repeat(depth))
}

fn flat(count: usize) -> String {
    "<b>x</b>".repeat(count)
}

#[test]
fn rows_of_steps_cost_elements_times_steps() {
    let page = nested(400);
    let stars = vec!["*"; 60].join(" ");
    assert_eq!(run(&page, &stars, 60_000), Ok(343));
    assert_eq!(run(&page, &format!("{stars} i"), 60_000), Ok(0));
    let page = flat(2000);
    assert_eq!(run(&page, "b ~ b ~ b ~ b ~ b ~ i", 30_000), Ok(0));
    assert_eq!(run(&page, "b:nth-child(2000)", 20_000), Ok(1));
    assert_eq!(run(&page, "b:nth-last-child(2000)", 20_000), Ok(1));
    assert_eq!(run(&page, "b:nth-of-type(n+1999)", 20_000), Ok(2));
}

#[test]
fn what_costs_too_much_is_given_up() {
    let too_expensive = |visits| Err(QueryError::TooExpensive { limit: visits });
    for text in ["*:has(*:has(i))", "*:not(i * * * *)", "*:contains(x y)", "*:matches(y)", "*:has(i ~ i)"] {
        assert_eq!(run(&nested(400), text, 3_000), too_expensive(3_000), "{text}");
    }
    for text in ["b:not(i ~ b ~ b)", "b:is(i ~ b)", "b:has(~ i)", "b:only-of-type, b:not(i ~ b)"] {
        assert_eq!(run(&flat(2000), text, 20_000), too_expensive(20_000), "{text}");
    }
    assert_eq!(run(&flat(2000), "b", 1_000), too_expensive(1_000));
}

#[test]
fn what_is_looked_at_again_and_again_is_paid_again() {
    let attributes: String = (0..500).map(|n| format!("a{n} ")).collect();
    let page = format!("<div {attributes} class='{}'>{}</div>", "x ".repeat(1000), flat(1000));
    for text in
        ["b:not([a499] > b)", "b:not(.y > b)", "b:not([class*=y] > b)", "b:not(div:containsOwn(y) > b)"]
    {
        let spent = QueryError::TooExpensive { limit: 30_000 };
        assert_eq!(run(&page, text, 30_000), Err(spent), "{text}");
        assert!(run(&page, text, 1_000_000).is_ok(), "{text}");
    }
}

#[test]
fn the_way_back_does_not_try_all_ways() {
    let row = vec!["b"; 40].join(" ");
    assert!(run(&nested(400), &format!("b:is(i {row})"), 40_000_000).is_ok());
    let siblings = ["b"; 8].join(" ~ ");
    assert!(run(&flat(200), &format!("b:not(i > {siblings})"), 40_000_000).is_ok());
}

#[test]
fn overlong_and_overnested_selectors_are_refused() {
    let compile = |text: &str| Query::compile(&Template::literal(text));
    let refused = |text: &str, part: &str| compile(text).unwrap_err().to_string().contains(part);
    assert!(refused(&"a".repeat(20_000), "too long"));
    assert!(refused(&vec!["a"; 65].join(" "), "in one row"));
    assert!(compile(&vec!["a"; 64].join(" ")).is_ok());
    assert!(refused(&vec!["a"; 513].join(","), "in one query"));
    let deep = |levels: usize| format!("{}b{}", ":has(".repeat(levels), ")".repeat(levels));
    assert!(refused(&deep(17), "nested more than 16 deep"));
    assert!(compile(&deep(16)).is_ok());
    assert!(refused(&deep(2000), "nested more than 16 deep"));
    assert!(run(&nested(100), &deep(3), 1_000_000) == Ok(97 + 2));
}

#[test]
fn deep_evaluation_fits_a_small_stack() {
    let row = vec!["b"; 31].join(" ");
    let text = (0..15).fold("b".to_owned(), |inner, level| {
        let pseudo = ["is", "not", "has"][level % 3];
        format!("{row}:{pseudo}({inner})")
    });
    let handle = std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(move || run(&nested(400), &text, 2_000_000).is_ok());
    // Whether it is found or given up does not matter: the stack held.
    handle.unwrap().join().unwrap();
}

#[test]
fn a_regular_expression_that_gives_up_ends_the_query() {
    let page = format!("<p>{}!</p>", "a".repeat(40));
    let error = run(&page, r"p:matches((a|aa)+\1b)", 100_000_000).unwrap_err();
    let named = matches!(&error, QueryError::Evaluation { query, message }
        if query.starts_with("p:matches") && message.contains("gave up"));
    assert!(named, "{error:?}");
}

#[test]
fn many_filled_texts_are_not_all_kept() {
    let tree = tree("<b>x</b>");
    let query = query("b:%{p}");
    for number in 0..500 {
        let mut out = vec![];
        let values = [format!("nth-child({number})")];
        query.select(&tree, &[0], values.as_slice(), &meter(), &mut out).unwrap();
        assert_eq!(out.len(), usize::from(number == 1));
    }
}

#[test]
fn cells_of_a_table_anywhere_on_a_page_are_not_looked_for_all_over_the_page_each() {
    let rows = "<tr><td>1<td>2<td>3".repeat(50);
    let page =
        format!("{}<div id=t><table>{rows}</table></div>{}", "<p><b>x</b>".repeat(5000), "<i>".repeat(9));
    let tree = tree(&page);
    // Less than two looks at the whole page, for 150 cells.
    let meter = Meter::new(&Limits { visits: 30_000, ..Limits::default() });
    let cells = query("#t table tr:nth-child(%{row}) > td:nth-child(%{cell})");
    let (mut indexes, mut out) = (Indexes::default(), vec![]);
    for (row, cell) in (1..=50).flat_map(|row| (1..=3).map(move |cell| (row, cell))) {
        let vars = [row.to_string(), cell.to_string()];
        cells.find((&tree, &meter), &[0], &vars[..], Some(&mut indexes), &mut out).unwrap();
    }
    assert_eq!(out.len(), 150);
}
