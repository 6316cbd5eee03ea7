//! Combinators, positions and structural pseudo classes.

use super::*;

const NESTED: &str = "<div id=o class=x>0<div id=i class=x>1<div id=k class=x>2</div></div></div>";
const LIST: &str = "<ul id=u>\
    <li id=a>1<li id=b class=s>2<!-- c --><li id=c>3 <b id=d>x</b><p id=p></p><b id=e>y</b><li id=f> </ul>\
    <ol id=v><li id=g></li></ol>";

#[test]
fn tags_ids_and_classes() {
    check(
        LIST,
        &[
            ("li", "a b c f g"),
            ("LI", "a b c f g"),
            ("#a", "a"),
            ("#A", ""),
            ("li#b", "b"),
            ("ol#b", ""),
            (".s", "b"),
            (".S", "b"),
            ("li.s", "b"),
            ("*.s", "b"),
            ("nothing", ""),
            ("  li  ", "a b c f g"),
        ],
    );
    check(
        r#"<p id=1 class="One two-a  THREE"></p><p id=2 class="one"></p><p id=3 class></p><p id="a:b"></p>"#,
        &[
            (".one", "1 2"),
            (".two-a", "1"),
            (".three.one", "1"),
            (".two", ""),
            (r"#a\:b", "a:b"),
            (r"#a\3a b", "a:b"),
            (r"#a\3ab", ""),
            ("#1", "1"),
        ],
    );
    check("<p class='Été' id=1></p>", &[(".été", "1"), (".ÉTÉ", "1")]);
}

#[test]
fn descendants_are_found_below_the_first_and_below_the_last_that_fits() {
    check(
        "<div id=a><p id=p><b id=b></b></p><div id=c><table id=t><tr><td><b id=d></b><table id=u></table></table></div></div>\
         <p id=q><b id=e></b></p><div id=f></div>",
        &[
            ("#a b", "b d"),
            ("#a table", "t u"),
            ("div table", "t u"),
            ("div div table b", "d"),
            ("div div div table", ""),
            ("table table", "u"),
            ("div div", "c"),
            ("div b, p b", "b d e"),
            ("div > p b", "b"),
            ("p b, div div, div table b", "b c d e"),
            ("div:has(div b) table", "t u"),
            ("#a, #a table", "a t u"),
        ],
    );
}

#[test]
fn namespaces_are_prefixes_of_names() {
    check(
        "<fb:name id=1></fb:name><name id=2></name><xname id=3></xname><fb:other id=4></fb:other>",
        &[
            ("fb|name", "1"),
            ("FB|Name", "1"),
            ("*|name", "1 2"),
            ("fb|*", "1 4"),
            ("name", "2"),
            ("body *|*", "1 2 3 4"),
            ("body|name", ""),
            (r"fb\:name", "1"),
        ],
    );
}

#[test]
fn combinators_relate_elements() {
    check(
        LIST,
        &[
            ("ul b", "d e"),
            ("ul > b", ""),
            ("ul>li>b", "d e"),
            ("li + li", "b c f"),
            ("li+li+li", "c f"),
            ("#a ~ li", "b c f"),
            ("b ~ b", "e"),
            ("b + b", ""),
            ("b + p + b", "e"),
            ("li ~ li b", "d e"),
            ("body ul > li + li > b", "d e"),
            ("ul li ~ #f", "f"),
            ("ul + ol > li", "g"),
            ("> html > body", "body"),
            ("html body ul", "u"),
            ("> body", ""),
        ],
    );
}

#[test]
fn descendants_are_found_however_the_ancestors_are_shared_out() {
    let page = "<div id=1 class=a><p id=2 class=b><i id=3 class=a><s id=4 class=c>\
        <i id=5 class=b><u id=6 class=c></u></i></s></i></p></div>";
    check(
        page,
        &[
            (".a .b .c", "4 6"),
            (".a > .b .c", "4 6"),
            (".a .b > .c", "6"),
            (".b > .a .c", "4 6"),
            (".a > .c > .b > .c", "6"),
            (".b .b", "5"),
            (".c .a", ""),
            (".a .a .c", "4 6"),
            (".a > .b > .a > .c > .b > .c", "6"),
        ],
    );
}

#[test]
fn a_group_comes_in_document_order_and_once() {
    check(
        LIST,
        &[
            ("b, li", "a b c d e f g"),
            ("#f, #a", "a f"),
            ("li,.s,#b", "a b c f g"),
            ("ol li , ul > #c", "c g"),
        ],
    );
    let many = (0..100).map(|n| format!("#x{n} p > b")).collect::<Vec<_>>().join(",");
    check(LIST, &[(&format!("b,{many},li"), "a b c d e f g")]);
}

#[test]
fn a_block_is_the_horizon() {
    check_in(
        NESTED,
        &[
            ("#i", "div", "i k"),
            ("#i", "body div", ""),
            ("#i", "#o div", ""),
            ("#i", "#i > div", "k"),
            ("#i", "#i div", "k"),
            ("#i", "*", "i k"),
            ("#o", "> div", "i"),
            ("#o", "> div > div", "k"),
            ("#o", "div > div", "i k"),
            ("#o", "div div", "i k"),
            ("#o", ".x div", "i k"),
            ("#o", "#o div:nth-child(1)", "i k"),
            ("#o", "#i div", "k"),
            ("#o", "#i #k", "k"),
            ("#o", "#k div", ""),
            ("#i", "div > div", "k"),
            ("#i", ":root", "i"),
            ("#i", "div:not(:root)", "k"),
            ("#k", "#i + div", ""),
        ],
    );
}

#[test]
fn blocks_within_blocks_give_each_element_once() {
    check_in(
        NESTED,
        &[
            ("div.x", "*", "o i k"),
            ("div.x", "> div", "i k"),
            ("div.x", "div > div", "i k"),
            ("#i, #o", "div", "o i k"),
            ("html, body, div", "div", "o i k"),
        ],
    );
    let tree = tree(NESTED);
    let one = select(&tree, &[0], "#i")[0];
    let outer = select(&tree, &[0], "#o")[0];
    assert_eq!(ids(&tree, &select(&tree, &[one, outer, one], "div")), "i k o");
    let mut out = vec![one];
    query("div").select(&tree, &[one, outer], &(), &meter(), &mut out).unwrap();
    assert_eq!(ids(&tree, &out), "i i k o");
    out.clear();
    query("div").select(&tree, &[9999], &(), &meter(), &mut out).unwrap();
    assert!(out.is_empty());
}

#[test]
fn a_leading_combinator_relates_to_the_block() {
    let page = "<div id=w><h2 id=h><b id=t></b></h2><p id=1></p>x<p id=2><i id=3></i></p>\
        <h2 id=j></h2><p id=4></p></div><p id=5></p>";
    check_in(
        page,
        &[
            ("#h", "> b", "t"),
            ("#h", "> p", ""),
            ("#h", "+ p", "1"),
            ("#h", "+ h2", ""),
            ("#h", "~ p", "1 2 4"),
            ("#h", "~ p > i", "3"),
            ("#h", "~ p i", "3"),
            ("#h", "+ p + p", "2"),
            ("h2", "~ p", "1 2 4"),
            ("h2", "+ p", "1 4"),
            ("#h", "b, ~ h2", "t j"),
            ("#h", "h2 + p", ""),
            ("#w", "> p, > h2 > b", "t 1 2 4"),
            ("#w", "~ p", "5"),
            ("p", "~ p", "2 4"),
        ],
    );
}

#[test]
fn positions_among_children() {
    check(
        LIST,
        &[
            ("li:first-child", "a g"),
            ("li:last-child", "f g"),
            ("li:only-child", "g"),
            ("li:nth-child(2)", "b"),
            ("li:nth-child( 2 )", "b"),
            ("li:nth-child(0)", ""),
            ("li:nth-child(odd)", "a c g"),
            ("li:nth-child(even)", "b f"),
            ("li:nth-child(2n+1)", "a c g"),
            ("li:nth-child(-n+2)", "a b g"),
            ("li:nth-child(n+3)", "c f"),
            ("li:nth-last-child(1)", "f g"),
            ("li:nth-last-child(-n + 2)", "c f g"),
            ("li:NTH-CHILD(2N)", "b f"),
            ("#c > :first-child", "d"),
            ("#c > :last-child", "e"),
            ("b:nth-child(3)", "e"),
            ("b:nth-of-type(2)", "e"),
            ("b:nth-last-of-type(2)", "d"),
            ("b:first-of-type", "d"),
            ("b:last-of-type", "e"),
            ("#c > :only-of-type", "p"),
            ("p:first-of-type", "p"),
            ("p:only-child", ""),
            ("html:first-child", ""),
            ("html:nth-child(1)", ""),
            ("ul > li:nth-child(3) > b:nth-child(1)", "d"),
        ],
    );
    check_in(LIST, &[("li", "li:nth-child(2)", "b"), ("ul", "> li:nth-child(3) > b:nth-child(3)", "e")]);
}

#[test]
fn positions_in_nested_tables_are_those_of_their_own_rows() {
    let row = |n: &str| {
        format!(
            "<tr id=r{n}><td id={n}1>x<td id={n}2>\
             <table><tr id=i{n}><td id={n}3>y<td id={n}4>z</table><td id={n}5>w"
        )
    };
    let page = format!("<table>{}{}{}</table>", row("a"), row("b"), row("c"));
    check(
        &page,
        &[
            ("td:nth-child(2)", "a2 a4 b2 b4 c2 c4"),
            ("td:nth-last-child(1)", "a4 a5 b4 b5 c4 c5"),
            ("td:nth-last-child(2)", "a2 a3 b2 b3 c2 c3"),
            ("tr:nth-child(2) > td:nth-child(3)", "b5"),
            ("tr:nth-child(2) td:nth-child(2)", "b2 b4"),
            ("tr:nth-last-of-type(1) > td:nth-of-type(2)", "a4 b4 c2 c4"),
            ("tr:nth-child(1) > td:nth-child(1)", "a1 a3 b3 c3"),
        ],
    );
}

#[test]
fn indexes_begin_with_zero() {
    let page = "<div id=x><p id=1></p><p id=2></p><i id=3></i><p id=4></p></div>";
    check(
        page,
        &[
            ("p:eq(0)", "1"),
            ("p:eq( 3 )", "4"),
            ("p:eq(2)", ""),
            ("div p:lt(2)", "1 2"),
            ("p:gt(0)", "2 4"),
            ("p:gt(0):lt(3)", "2"),
            ("body > div:eq(0)", "x"),
            ("html:eq(0)", "html"),
        ],
    );
    check_in(page, &[("p", "p:eq(1)", "2"), ("p", "p:lt(2)", ""), ("div", "p:lt(2)", "1 2")]);
}

#[test]
fn empty_and_root() {
    check(
        LIST,
        &[
            ("li:empty", "g"),
            ("li:not(:empty)", "a b c f"),
            (":root", "html"),
            ("p:empty", "p"),
            ("#f:empty", ""),
        ],
    );
    check("<p id=1><!-- c --></p><p id=2><br></p>", &[("p:empty", "1")]);
}

#[test]
fn has_not_and_is_take_selectors() {
    check(
        LIST,
        &[
            ("li:has(b)", "c"),
            ("ul:has(> li > b)", "u"),
            ("ul:has(> b)", ""),
            ("ul:has(ul b)", "u"),
            ("body:has(#x)", ""),
            ("li:has(+ .s)", "a"),
            ("li:has(~ #f)", "a b c"),
            ("li:has(b + p)", "c"),
            ("li:has(p, i)", "c"),
            ("ul:has(b):has(.s)", "u"),
            ("ul:has(:root > li)", "u"),
            ("li:not(.s)", "a c f g"),
            ("li:not(.s, #a)", "c f g"),
            ("li:not(ul > li)", "g"),
            ("li:not(ul li)", "g"),
            ("li:not(li + li)", "a g"),
            ("li:not(#a ~ li)", "a g"),
            ("li:not(:has(b))", "a b f g"),
            ("li:not(body ol li)", "a b c f"),
            ("b:not(ul > li + li ~ b)", "d e"),
            (":is(ul, ol) > li:is(:first-child)", "a g"),
            ("li:is(#a, .s)", "a b"),
            ("li:is(ul .s)", "b"),
            ("li:HAS( b )", "c"),
            ("body:has(ul:has(li:has(b)))", "body"),
        ],
    );
    check_in(LIST, &[("ul", "li:not(> li)", ""), ("ul", "b:not(> b)", "d e"), ("#c", "b:not(ul b)", "d e")]);
}

#[test]
fn the_way_back_tries_what_can_help() {
    let page = "<div id=1 class=a><p id=2 class=b><i id=3 class=a><s id=4 class=c>\
        <i id=5 class=b><u id=6 class=c></u></i></s></i></p></div>";
    check(
        page,
        &[
            (".c:is(.a .b .c)", "4 6"),
            (".c:is(.a .b > .c)", "6"),
            (".c:is(.b > .a .c)", "4 6"),
            (".c:is(.a > .b > .a > .c > .b > .c)", "6"),
            (".c:not(.a > .c)", "6"),
        ],
    );
    let flat = "<b id=1></b><i id=2></i><b id=3></b><u id=4></u><i id=5><s id=6></s></i>";
    check(
        flat,
        &[
            ("i:is(b ~ u + i)", "5"),
            ("i:is(b + i)", "2"),
            ("i:is(b + u ~ i)", "5"),
            ("i:is(i + b ~ i)", "5"),
            ("s:is(b + u ~ i > s)", "6"),
            ("s:is(i ~ u ~ i s)", "6"),
            ("s:is(u ~ b ~ i s)", ""),
        ],
    );
}
