//! Regular expressions that want all time.

use super::{Case, Must, one_item, run};

/// Patterns that read a long text again and again, or part ways without an end.
const PATTERNS: [&str; 40] = [
    "a(?!.*z)b",
    "a(?=.*z)b",
    "a(?=.*a)b",
    "(?=.*z)",
    "(?!.*a)b",
    "(?=(a+)+$)z",
    "(?=(a|a)*$)z",
    "(?=(?:a?){30}a{30}z)",
    "(?:(?=.*z)a)*b",
    "(?:(?!.*z)a)*b",
    "(?:a(?!.*z))*b",
    "(?:(?=.*a)a)*b",
    "(?:(?!b)(?:a.*z|a))*b",
    "(?=(?=(?=.*z).*z).*z)b",
    "(?!(?!(?!.*z).*z).*z)b",
    "^(?=.*0)(?=.*A)(?=.*z).*$",
    "(?<=a)b",
    "(?<=a{1,100})b",
    "(?<!a{1,100})b",
    "(?<=a.{50})b",
    "(?<=(?=.*z)a)b",
    "a*+b",
    "a++b",
    "(?>a*)b",
    "(?>a|aa)*b",
    "(?>(?:a+)+)b",
    "(?:a*+)*b",
    r"(a*)\\1b",
    r"(a|aa)+\\1b",
    r"(a+)+\\1b",
    r"(?=(a*))\\1b",
    r"(?:(a)|(b))*\\1\\2",
    r"(.*)(.*)(.*)\\1\\2\\3b",
    "(?:(?:a*)*)*(?!a)b",
    "(?:a?){200}(?=b)",
    "(?=a)(?=a)(?=a)(?=a)(?=a)b",
    "(?i)a(?!.*é)B",
    "(?m)^(?!.*z)b$",
    "(?s)a(?!.*z)b",
    r"\\b(?!.*z)b",
];

#[test]
fn regular_expressions_that_look_around() {
    let page = format!("<p>{}</p>", "a".repeat(30_000));
    let nested = format!("{}{}{}", "<div>".repeat(20), "a".repeat(3000), "</div>".repeat(20));
    let value = one_item("css", "p", "p", "p");
    let mut cases = vec![];
    for pattern in PATTERNS {
        let asks = |selector: &str| one_item("css", "body", "b", &selector.replace('~', pattern));
        for (name, selector, page) in [
            ("matches", "p:matches(~)", &page),
            ("matchesOwn", "p:matchesOwn(~)", &page),
            ("nested", "div:matches(~)", &nested),
            ("not", "p:not(:matches(~))", &page),
        ] {
            cases.push(Case::new(format!("{name} {pattern}"), asks(selector), page.as_str(), Must::Settle));
        }
        let filter = value.replace(
            "name: i, selector: \"p\" }",
            &format!("name: i, selector: \"p\", filters: [ {{ value: \"{pattern}\" }} ] }}"),
        );
        let short = format!("<p>{}</p>", "a".repeat(5000));
        cases.push(Case::new(format!("filter {pattern}"), filter, short, Must::Settle));
    }
    // What takes steps in proportion to the text has its answer.
    for (pattern, rows) in [("a(?!.*z)b", "null"), ("a(?=.*z)b", "null"), ("^(?=.*a).*$", "found")] {
        let yaml = one_item("css", "body", "b", &format!("p:matches({pattern}) > i"));
        let page = format!("<p>{}<i>found</i></p>", "a".repeat(20_000));
        cases.push(Case::new(
            format!("answer {pattern}"),
            yaml,
            page,
            Must::Give(format!("l|g|{rows}|not found\n")),
        ));
    }
    run(&cases);
}
