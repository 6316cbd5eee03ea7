//! Attribute selectors.

use super::*;

const PAGE: &str = r#"<p id=1 class="Next" title=" Foo Bar ">
    <p id=2 data-x=1 data-Y="é" title='foo'><p id=3 title=""><p id=4 title="a(b]c">
    <a id=5 href="/rel"></a><a id=6 href="http://x.org/a.PNG"></a>
    <a id=7 HREF=" https://y "></a><a id=8 href="javascript:x"></a>"#;

#[test]
fn attributes_are_there_or_not() {
    check(
        PAGE,
        &[
            ("[title]", "1 2 3 4"),
            ("p[ TITLE ]", "1 2 3 4"),
            ("[data-x][title]", "2"),
            ("[^data-]", "2"),
            ("[^DATA-Y]", "2"),
            ("[^x]", ""),
            ("p:not([title])", ""),
            ("*[href]", "5 6 7 8"),
        ],
    );
}

#[test]
fn values_compare_without_regard_to_case() {
    check(
        PAGE,
        &[
            ("[class='next']", "1"),
            ("[class=NEXT]", "1"),
            ("[class=\"next\"]", "1"),
            ("[ class = next ]", "1"),
            ("[title=foo bar]", "1"),
            ("[title='  foo bar ']", "1"),
            ("[title=foo]", "2"),
            ("[title='']", "3"),
            ("[data-y=É]", "2"),
            ("[title^=FOO]", "2"),
            ("[title^=' foo']", "1"),
            ("[title$=BAR]", ""),
            ("[title$='bar ']", "1"),
            ("[title*=O]", "1 2"),
            ("[title*=' b']", "1 4"),
            ("p[id!=1]", "2 3 4"),
            ("p[class!=next]", "2 3 4"),
            ("p[data-x!=1]", "1 3 4"),
            ("[title='a(b]c']", "4"),
            ("[title*=\"(b]\"]", "4"),
            ("[title*=(b]", "4"),
            ("[class=ext]", ""),
        ],
    );
    check(
        r#"<p id=1 title="it's"><p id=2 title='a"b'>"#,
        &[("[title='it\\'s']", "1"), ("[title=it's]", "1"), (r#"[title="a\"b"]"#, "2")],
    );
}

#[test]
fn a_tilde_is_a_regular_expression() {
    check(
        PAGE,
        &[
            ("[title~=^foo]", "2"),
            ("[title~=Foo B]", "1"),
            ("[title~=(?i)foo]", "1 2"),
            ("[href~=(?i)\\.(png|jpe?g)$]", "6"),
            ("[title~=[a-c]\\(]", "4"),
            ("[title~='^foo$']", "2"),
            ("[id~=^[1-3]$]", "1 2 3"),
            ("[nothing~=.*]", ""),
        ],
    );
    check("<p id=1 class='Foo bar'>", &[("[class~=^foo]", ""), ("[class~=^Foo]", "1")]);
}

#[test]
fn absolute_addresses_need_no_base() {
    check(
        PAGE,
        &[
            ("[abs:href]", "6 7"),
            ("[abs:href^=http]", "6 7"),
            ("[abs:href=https://y]", "7"),
            ("a[abs:href!='']", "6 7"),
            ("[abs:href~=x\\.org]", "6"),
        ],
    );
}
