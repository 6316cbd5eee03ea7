//! Data scripts.

use compact_str::CompactString;
use smallvec::SmallVec;

use super::*;
use crate::model::{Axis, AxisKind, Cell, Data, Row, Shape, Source};
use crate::script::{DataScript, Limit, ScriptError, SourceText};

fn axis(kind: AxisKind, name: &str, match_text: Option<&str>, order: u32) -> Axis {
    Axis { kind, name: name.into(), match_text: match_text.map(CompactString::from), order }
}

/// `rows` rows of date, year and price; the price of row n is `n`, and its year has no value.
fn data(rows: u32) -> Data {
    let template = vec![
        axis(AxisKind::Item, "date", None, 1),
        axis(AxisKind::Dim, "year", Some(".*"), 2),
        axis(AxisKind::Fact, "price", None, 3),
    ];
    let row = |n: u32| Row {
        template: 0,
        cells: SmallVec::from_vec(vec![
            Cell { value: Some("2020-07-01".into()), index: 1 },
            Cell { value: None, index: 2 },
            Cell { value: Some(n.to_string().into()), index: n },
        ]),
    };
    Data {
        base: None,
        source: Arc::new(Source {
            id: "j-1".into(),
            locator: "acme".into(),
            group: "quotes".into(),
            task: "daily".into(),
            url: "http://example.org/".to_owned(),
            page_url: String::new(),
            encoding: encoding_rs::UTF_8,
            fetched_at: 0,
            page: 7,
        }),
        shape: Arc::new(Shape { name: "price".into(), templates: vec![template] }),
        rows: (0..rows).map(row).collect(),
    }
}

fn source(name: &str, text: &str) -> SourceText {
    SourceText { name: name.to_owned(), text: text.to_owned() }
}

fn load(text: &str) -> Result<DataScript, ScriptError> {
    DataScript::load(&sandbox(), settings(), source("main.js", text), Vec::new(), "execute")
}

/// The data of `rows` rows after `body` ran on it, as one text.
fn after(rows: u32, body: &str) -> Result<String, String> {
    let script = load(&format!("function execute(data) {{ {body} }}")).map_err(|error| error.to_string())?;
    let mut data = data(rows);
    let before = data.clone();
    match script.call(&mut data) {
        Ok(()) => Ok(text_of(&data)),
        Err(error) => {
            assert_eq!(data, before, "data after an error");
            Err(error.to_string())
        }
    }
}

fn text_of(data: &Data) -> String {
    let cell = |cell: &Cell| cell.value.as_deref().unwrap_or("-").to_owned();
    let row = |row: &Row| row.cells.iter().map(cell).collect::<Vec<_>>().join(" ");
    data.rows.iter().map(row).collect::<Vec<_>>().join("|")
}

fn check(body: &str, expected: &str) {
    assert_eq!(after(3, body), Ok(expected.to_owned()), "{body}");
}

fn check_error(body: &str, expected: &str) {
    let error = after(3, body).expect_err(body);
    assert!(
        error.contains(expected) && error.contains("main.js"),
        "{body}\n  gave {error}\n  not  {expected}"
    );
}

/// What `expression` gives on the first row of the data.
fn check_value(expression: &str, expected: &str) {
    let body = format!(
        "var row = data.getItems().get(1); var v = {expression}; row.setValue('dim', v); \
         data.getItems().remove(0); data.getItems().remove(1); return data"
    );
    assert_eq!(after(3, &body), Ok(format!("2020-07-01 {expected} 1")), "{expression}");
}

#[test]
fn the_api_that_definitions_use_is_there() {
    for (expression, expected) in [
        ("data.getItems().size()", "3"),
        ("data.getItems().length", "3"),
        ("data.getName()", "acme:daily:price"),
        ("data.getDataDef()", "price"),
        ("data.getRunDate()", "<1593561600000>"),
        ("data.getTagValue('page')", "7"),
        ("data.getTagValue('url')", "http://example.org/"),
        ("data.getTagValue('toString')", "-"),
        ("row.getAxisByItemName('price').getValue()", "1"),
        ("row.getAxisByItemName('none')", "-"),
        ("row.getAxes().size()", "3"),
        ("row.getAxes().get(2).getItemName()", "price"),
        ("row.getAxis('FACT').getAxisName()", "fact"),
        ("row.getAxis('fact').getIndex()", "1"),
        ("row.getAxis('dim').getMatch()", ".*"),
        ("row.getAxis('item').getMatch()", "-"),
        ("row.getAxis('dim').getOrder() + 1", "3"),
        ("row.getAxis('dim').getValue()", "-"),
        ("row.getValue('item')", "2020-07-01"),
        ("row.getAxis('fact') === row.getAxes()[2]", "true"),
        ("new Date(5)", "<5>"),
        ("typeof document", "undefined"),
        ("configs.getUserAgent()", "agent/1"),
        ("Array.from(data.getItems(), function (r) { return r.getValue('fact') })", "0,1,2"),
        ("data.getItems().map(function (r) { return r.getValue('fact') }).join()", "0,1,2"),
    ] {
        check_value(expression, expected);
    }
}

#[test]
fn values_that_are_set_come_back_as_text() {
    check("return data", "2020-07-01 - 0|2020-07-01 - 1|2020-07-01 - 2");
    check(
        "for (var i = 0; i < data.getItems().size(); i++) { \
           var axis = data.getItems().get(i).getAxisByItemName('price'); axis.setValue(axis.getValue() * 1.5) } \
         return data",
        "2020-07-01 - 0|2020-07-01 - 1.5|2020-07-01 - 3",
    );
    check(
        "for (var row of data.getItems()) { row.setValue('item', null); row.setValue('dim', true) } return data",
        "- true 0|- true 1|- true 2",
    );
    check(
        "var axis = data.getItems()[1].getAxis('dim'); axis.setValue(5); axis.setValue(axis.getValue() + 'x'); \
         data.getItems()[2].setValue('dim', '\\uD800'); data.getItems()[2].setValue('fact', undefined); return data",
        "2020-07-01 - 0|2020-07-01 5x 1|2020-07-01 \u{FFFD} -",
    );
}

#[test]
fn rows_can_be_removed_and_reordered() {
    check("data.getItems().clear(); return data", "");
    check("data.getItems().remove(1); return data", "2020-07-01 - 0|2020-07-01 - 2");
    check(
        "var items = data.getItems(); items.remove(items.get(2)); items.remove('none'); return data",
        "2020-07-01 - 0|2020-07-01 - 1",
    );
    check("data.getItems().reverse(); return data", "2020-07-01 - 2|2020-07-01 - 1|2020-07-01 - 0");
    check(
        "data.setItems(data.getItems().filter(function (r) { return r.getValue('fact') > 0 })); return data",
        "2020-07-01 - 1|2020-07-01 - 2",
    );
    check(
        "var items = data.getItems(); var row = items.remove(0); row.setValue('dim', 'moved'); items.add(row); \
         items.add(0, items.remove(1)); return data",
        "2020-07-01 - 2|2020-07-01 - 1|2020-07-01 moved 0",
    );
}

#[test]
fn what_is_no_data_is_an_error_and_changes_nothing() {
    check_error("", "the function `execute` returned undefined; it must return the data");
    check_error("return null", "returned null");
    check_error("return {}", "returned another object");
    check_error("return 'x'", "returned a string");
    check_error("return data.getItems()", "returned another object");
    check_error("data.setItems(5); return data", "left a number in place of the items");
    check_error("data.getItems().push(null); return data", "left null, not a row at index 3");
    check_error("data.getItems().push({}); return data", "left another object, not a row at index 3");
    check_error(
        "data.getItems().add(data.getItems()[0]); return data",
        "a row that is there already at index 3",
    );
    check_error("data.setItems({length: 1e15}); return data", "left undefined, not a row at index 0");
    check_error("data.getItems().get(3); return data", "index 3 is outside of a list of 3");
    check_error("data.getItems().get('0'); return data", "index 0 is outside");
    check_error(
        "data.getItems()[0].getAxis('none'); return data",
        "an axis is an item, a dim or a fact, not `none`",
    );
    check_error("data.getItems()[0].setValue('dim', 1); throw new Error('late')", "Error: late");
    check_error(
        "var cells = []; Object.defineProperty(Array.prototype, '0', {set: function (v) { cells.push(v) }}); \
         data.getItems()[0].setValue('dim', 1); return data",
        "main.js",
    );
}

#[test]
fn one_long_text_in_many_cells_counts_as_often_as_it_stands_there() {
    let script = load(
        "function execute(data) { var s = 'x'.repeat(1 << 20); \
         data.getItems().forEach(function (r) { r.setValue('dim', s) }); return data }",
    )
    .unwrap();
    let mut few = data(3);
    script.call(&mut few).unwrap();
    let error = script.call(&mut data(1000)).unwrap_err();
    assert!(matches!(error, ScriptError::Limit { limit: Limit::Memory(_), .. }), "{error}");
}

#[test]
fn global_state_lasts_from_call_to_call_until_one_fails() {
    let script = load(
        "var calls = 0; function execute(data) { calls++; data.getItems()[0].setValue('dim', calls); \
         if (data.getItems().size() === 2) throw 1; return data }",
    )
    .unwrap();
    let dim = |rows| {
        let mut data = data(rows);
        script.call(&mut data).ok().map(|()| data.rows[0].cells[1].value.clone().unwrap_or_default())
    };
    assert_eq!(dim(1).as_deref(), Some("1"));
    assert_eq!(dim(1).as_deref(), Some("2"));
    assert_eq!(dim(2), None);
    assert_eq!(dim(1).as_deref(), Some("1"));
}

#[test]
fn calls_at_the_same_time_have_engines_of_their_own() {
    let script = load("function execute(data) { data.getItems().reverse(); return data }").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for rows in 1..20 {
                    let mut data = data(rows);
                    script.call(&mut data).unwrap();
                    assert_eq!(data.rows[0].cells[2].index, rows - 1);
                }
            });
        }
    });
}

#[test]
fn files_are_evaluated_in_order_and_share_their_globals() {
    // Shaped like a minified library: a wrapper that attaches itself to the global object.
    let library = "!function(e,t){\"object\"==typeof exports&&\"undefined\"!=typeof module?module.exports=t():\
                   \"function\"==typeof define&&define.amd?define(t):e.library=t()}(this,function(){\"use strict\";\
                   return{twice:function(x){return 2*x}}});";
    let main = "factor = 10; function execute(data) { \
                data.getItems()[0].setValue('dim', library.twice(factor)); return data }";
    let more = vec![source("library.js", library), source("late.js", "factor += 1;")];
    let script = DataScript::load(&sandbox(), settings(), source("main.js", main), more, "execute").unwrap();
    let mut data = data(1);
    script.call(&mut data).unwrap();
    assert_eq!(text_of(&data), "2020-07-01 22 0");
}

#[test]
fn a_file_that_does_not_load_is_named_with_its_place() {
    let check = |main: &str, more: &str, expected: &str| {
        let more = vec![source("more.js", more)];
        let loaded = DataScript::load(&sandbox(), settings(), source("main.js", main), more, "execute");
        let error = loaded.map(drop).expect_err(main).to_string();
        assert!(error.contains(expected), "{error}\n  not  {expected}");
    };
    let good = "function execute(data) { return data }";
    check("function execute(data) {\n  return = 1\n}", "", "main.js line 2 column 10: syntax error");
    check(good, "var a = [1, 2;", "script `more.js`, more.js line 1 column 14: syntax error");
    check(
        good,
        "nothing()",
        "script `more.js`, more.js line 1 column 1: ReferenceError: nothing is not defined",
    );
    check("var execute = 5", "", "script `main.js` has no function `execute`");
    check("import x from 'y'", "", "syntax error");
}

#[test]
fn an_entry_point_is_a_function_of_that_name() {
    let load = |text: &str, entry: &str| {
        DataScript::load(&sandbox(), settings(), source("main.js", text), Vec::new(), entry).map(drop)
    };
    for entry in ["f", "größe", "$_1"] {
        load(&format!("const {entry} = data => data"), entry).unwrap();
    }
    for entry in ["none", "", "1f", "f()", "f;g", "a.b", "f\n"] {
        let error = load("function f(data) { return data }", entry).expect_err(entry);
        assert!(matches!(error, ScriptError::EntryPoint { .. }), "{entry}: {error}");
    }
}

#[test]
fn a_call_that_fails_inside_names_file_and_line() {
    let more = vec![source("more.js", "\n\nfunction inner(x) { return x.y.z }")];
    let main = source("main.js", "function execute(data) { return inner({}) }");
    let script = DataScript::load(&sandbox(), settings(), main, more, "execute").unwrap();
    let error = script.call(&mut data(1)).unwrap_err().to_string();
    assert!(
        error.starts_with("script `main.js`, more.js line 3 column 28: TypeError: cannot read"),
        "{error}"
    );
}

#[test]
fn ten_thousand_rows_take_no_time_that_matters() {
    let script = load(
        "function execute(data) { for (var i = 0; i < data.getItems().size(); i++) { \
           var row = data.getItems().get(i); row.getAxes().forEach(function (a) { a.setValue(a.getIndex()) }) } \
         return data }",
    )
    .unwrap();
    let mut data = data(10_000);
    script.call(&mut data).unwrap();
    assert_eq!(text_of(&data).split('|').next_back(), Some("1 2 9999"));
}

#[test]
fn rows_of_another_shape_have_no_axes() {
    let script = load(
        "function execute(data) { var row = data.getItems()[0]; if (row.getAxes().size() === 0 && \
         row.getValue('fact') === null) data.getItems().clear(); return data }",
    )
    .unwrap();
    let mut data = data(1);
    data.rows[0].template = 9;
    script.call(&mut data).unwrap();
    assert_eq!(data.rows.len(), 0);
}

#[test]
fn no_rows_are_data_too() {
    assert_eq!(after(0, "return data"), Ok(String::new()));
}
