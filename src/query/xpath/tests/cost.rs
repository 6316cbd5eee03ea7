//! What a query may cost: stack, time and memory.

use super::*;

#[test]
fn nesting_and_length_are_limited() {
    let nested = |levels: usize| format!("{}1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Query::compile(&Template::literal(&nested(63))).is_ok());
    check_error(&nested(64), 65, "nested deeper than 64 levels");
    let long = format!("'{}'", "x".repeat(16 * 1024));
    let error = Query::compile(&Template::literal(&long)).unwrap_err();
    assert!(error.to_string().starts_with("the query has 16386 bytes, at most 16384 are allowed"), "{error}");
}

/// What costs the most stack: every level goes through every kind of expression.
#[test]
fn the_deepest_query_fits_a_small_stack() {
    let mut query = "1".to_owned();
    for _ in 0..15 {
        query = format!("0 or 1 and 1 = (2 > 1 + 2 * - count((//a | //b)[concat('', {query})]))");
    }
    for chain in [" or 0", " + 1", " | a", " = 1", "[1]", "/a", "-1"] {
        let first = if chain.contains(['|', '[', '/']) { "a" } else { "0" };
        let long = format!("{first}{}", chain.repeat(16_000 / chain.len()));
        let query = Query::compile(&Template::literal(&long)).unwrap();
        assert!(query.evaluate(&tree(TABLE), Context::document(), &(), &meter()).is_ok());
    }
    let run = move || {
        let query = Query::compile(&Template::literal(&query)).unwrap();
        let value = query.evaluate(&tree("<r><a></a><b></b></r>"), Context::document(), &(), &meter());
        assert_eq!(value, Ok(Value::Boolean(true)));
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_query_that_costs_too_much_ends() {
    let mut builder = TreeBuilder::default();
    for _ in 0..3000 {
        builder.open(LocalName::from("p"), Vocabulary::Html);
        builder.attr(LocalName::from("id"), "x");
        builder.text("some text that is as long as a sentence tends to be, more or less, on a page");
        builder.close();
    }
    let tree = builder.finish();
    let limits = Limits { visits: 2_000_000, ..Limits::default() };
    for query in [
        "//*[count(..//*[count(..//*) > 1]) > 1]",
        "//*[count(../*) > 1]",
        "//*[following::*[7000]]",
        "//*/following::*[position() > 1]",
        "//*[contains(.., 'zebra')]",
        "//*[string-length(..) = 1]",
        "//*[id(.)]",
        "//*[sum(../*) = 1]",
        "//*[../* = 'q']",
        "//*[translate(.., 'abc', 'xyz') = 1]",
    ] {
        let query = Query::compile(&Template::literal(query)).unwrap();
        let result = query.evaluate(&tree, Context::document(), &(), &Meter::new(&limits));
        assert_eq!(result, Err(QueryError::TooExpensive { limit: 2_000_000 }), "{}", query.source());
    }
}

#[test]
fn sets_of_nodes_cost_no_more_than_the_page() {
    let mut builder = TreeBuilder::default();
    for _ in 0..3000 {
        builder.open(LocalName::from("p"), Vocabulary::Html);
        builder.text("t");
        builder.close();
    }
    let tree = builder.finish();
    let limits = Limits { visits: 100_000, ..Limits::default() };
    for query in [
        "count(//p/following-sibling::p/preceding-sibling::p/following::p/preceding::node()/..//p//text()/ancestor::node())",
        "//p = //p",
        "//p != //p",
        "//p < //p",
        "//p[count(//p) = 3000]",
    ] {
        let query = Query::compile(&Template::literal(query)).unwrap();
        let result = query.evaluate(&tree, Context::document(), &(), &Meter::new(&limits));
        assert!(result.is_ok(), "{}: {result:?}", query.source());
    }
}

#[test]
fn nested_nodes_cost_no_more_than_the_page() {
    let markup = format!("{}x{}", "<p id='1'>".repeat(500), "</p>".repeat(500));
    let tree = tree(&markup);
    let limits = Limits { visits: 20_000, ..Limits::default() };
    for query in
        ["count(//p//p//p//@id)", "count(//p/ancestor::p/descendant-or-self::p)", "count(//@id/ancestor::*)"]
    {
        let query = Query::compile(&Template::literal(query)).unwrap();
        let result = query.evaluate(&tree, Context::document(), &(), &Meter::new(&limits));
        assert!(result.is_ok(), "{}: {result:?}", query.source());
    }
}

#[test]
fn a_text_that_grows_without_bound_is_refused() {
    let page = tree(&format!("<p>{}</p>", "x".repeat(1 << 20)));
    let query = format!("string-length(concat({}))", vec!["."; 20].join(","));
    let error = ask(&page, &query, &[]).unwrap_err();
    assert!(error.to_string().starts_with("concat() made a text of more than 16777216 bytes"), "{error}");
}
