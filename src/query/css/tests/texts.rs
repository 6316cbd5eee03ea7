//! Selectors that look at text.

use super::*;

const PAGE: &str = "<div id=d>Total <b id=b>Sources  Of</b>\n\t\
    <i id=i>Fu</i><u id=u>nds</u> (in Cr) \
    <p id=p>P One</p><p id=q>p&nbsp;two</p></div>\
    <script id=s>var Key = 1;</script><div id=e>ÉTÉ p\u{200b}z\u{ad}e<!-- Hidden --></div>";

#[test]
fn contains_looks_at_normal_text_without_regard_to_case() {
    check(
        PAGE,
        &[
            ("div:contains(sources of funds)", "d"),
            (":contains(SOURCES OF)", "html body d b"),
            ("b:contains(of funds)", ""),
            ("p:contains(ONE)", "p"),
            ("p:contains(p two)", "q"),
            ("p:contains(p  two)", "q"),
            ("div:contains(\\(in cr\\))", "d"),
            ("div:contains((in cr))", "d"),
            ("div:contains(été)", "e"),
            ("div:contains(pze)", "e"),
            ("div:contains(été pze)", "e"),
            ("div:contains(P OneP)", ""),
            ("div:contains(P One p)", "d"),
            ("div:contains( One)", "d"),
            ("p:contains( p)", ""),
            ("div:contains('One')", ""),
            ("body:contains(var)", ""),
            ("body:contains(hidden)", ""),
            ("p:Contains(one)", "p"),
        ],
    );
}

#[test]
fn a_part_elsewhere_does_not_hide_the_match() {
    check(
        "<div id=1><script>funds of x</script><b id=2>funds</b> <i>of y</i></div>\
        <div id=3>funds<p>of y</p></div><div id=4>fundsof y</div>",
        &[
            ("div:contains(funds of y)", "1 3"),
            ("div:contains(funds)", "1 3 4"),
            ("div:contains(funds of x)", ""),
        ],
    );
}

#[test]
fn own_text_is_that_of_the_element_alone() {
    check(
        PAGE,
        &[
            (":containsOwn(total)", "d"),
            (":containsOwn(sources)", "b"),
            ("div:containsOwn(total \\(in cr\\))", "d"),
            ("div:containsown(sources)", ""),
            ("div:matchesOwn(^Total)", "d"),
            ("div:matchesOwn(^total)", ""),
            ("div:matchesOwn((?i)^total)", "d"),
            ("p:matchesOwn(^p one)", ""),
            ("p:matchesOwn(^P One$)", "p"),
            ("p:matchesOwn(^)", "p q"),
        ],
    );
}

#[test]
fn data_is_scripts_and_comments() {
    check(
        PAGE,
        &[
            ("script:containsData(KEY =)", "s"),
            ("body:containsData(key)", "body"),
            ("div:containsData(hidden)", "e"),
            ("div:containsData(total)", ""),
        ],
    );
}

#[test]
fn matches_finds_a_java_regular_expression() {
    check(
        PAGE,
        &[
            ("div:matches(Of Fu\\w+s)", "d"),
            ("div:matches(of fu)", ""),
            ("div:matches((?i)of fu)", "d"),
            ("div:matches(\\(in Cr\\))", "d"),
            ("div:matches(\\Q(in Cr)\\E)", "d"),
            ("p:matches(^(P|p)\\s)", "p q"),
            ("p:matches(One(?= two)|One$)", "p"),
            ("p:matches(^.++$)", "p q"),
            ("p:matches([^)]{3,} two)", ""),
            ("p:matches(^\\S \\S{3}$)", "p q"),
            ("div:matches([(]in Cr[)]), p:matches([^]()]two)", "d q"),
            ("p:matches(^P[^\"'()]O)", "p"),
        ],
    );
}

#[test]
fn the_argument_ends_at_its_own_parenthesis() {
    let page = "<p id=1>a) b</p><p id=2>it's (x) fine</p><p id=3>don't</p>\
        <p id=4>a 'b)' c</p><p id=5>say \"(\" twice</p>";
    check(
        page,
        &[
            ("p:contains(a\\) b)", "1"),
            ("p:contains(it's \\(x\\))", "2"),
            ("p:contains(it's (x) f), #1", "1 2"),
            ("p:contains(don't)", "3"),
            ("p:contains(don't), p:contains(it's)", "2 3"),
            ("p:contains('b)')", "4"),
            ("p:contains(\"(\")", "5"),
            ("p:contains(' c), #1", "1 4"),
            ("p:matches(\\Qa) b\\E)", "1"),
            ("p:contains(a):contains(b)", "1 4"),
            ("p:has(b), p:contains(a) ", "1 4 5"),
        ],
    );
}
