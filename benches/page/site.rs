//! A page such as companies have at a site of share prices: 40 KB of navigation, boxes and tables, and the
//! definitions that read it. Always the same text.

/// What is taken from the page: a price, a table of keys and values, a table of years, links.
pub(crate) const DEFINITIONS: &str = r##"
locatorGroups:
  company: { locators: [ { name: site, url: "http://127.0.0.1/c/1.html" } ] }
taskGroups:
  company:
    price: { dataDef: price, steps: css }
    snapshot: { dataDef: snapshot, steps: css }
    bs: { dataDef: bs, steps: css }
    sub: { dataDef: links, steps: [ parser: css, links ] }
dataDefs:
  price:
    query: { block: "#price_tick_span", selector: "strong" }
    items: [ { name: Price, value: Price } ]
  snapshot:
    query: { block: "#snapshot > div", selector: "div:nth-child(%{item.index}) > div:nth-child(2)" }
    items: [ { name: item, selector: "div:nth-child(%{index}) > div:nth-child(1)", indexRange: 1-10 } ]
  bs:
    query: { block: "#bs table", selector: "tr:nth-child(%{item.index}) > td:nth-child(%{dim.year.index})" }
    items: [ { name: item, selector: "tr:nth-child(%{index}) > td:nth-child(1)", indexRange: 5-60 } ]
    dims: [ { name: year, selector: "tr:nth-child(1) > td:nth-child(%{index})", indexRange: 2-6 } ]
    facts: [ { name: fact, filters: [ { value: "not found" } ] } ]
  links:
    query: { block: "#page_links ul" }
    items: [ { name: sub, selector: "li:nth-child(%{index}) > a attribute: href", indexRange: 2-3, linkGroup: company } ]
"##;

/// Words to fill the page with.
const WORDS: [&str; 12] = [
    "Total", "share", "capital", "Reserves", "Net", "worth", "loans", "Fixed", "assets", "income", "of",
    "period",
];

/// The page.
pub(crate) fn page() -> String {
    let mut page =
        String::from("<!DOCTYPE html>\n<html>\n<head>\n<title>Company &amp; Sons</title>\n<style>\n");
    for n in 0..24 {
        page +=
            &format!(".{}{n} .{} > a {{ color: #{:06x}; margin: {n}px; }}\n", word(n), word(n + 3), n * 7919);
    }
    page += "</style>\n</head>\n<body>\n<div id=\"topnav\" class=\"nav_wrap clearfix\">\n\t<ul class=\"menu lev0\">\n";
    for n in 0..130 {
        page += &format!(
            "\t\t<li class=\"mi\"><a href=\"http://www.example.org/{}/{}.html?a={n}&amp;b=1\" title=\"{} {}\">{} {}</a></li>\n",
            word(n),
            word(n + 5),
            word(n + 1),
            word(n + 2),
            word(n + 3),
            word(n + 4),
        );
    }
    page +=
        "\t</ul>\n</div>\n<script type=\"text/javascript\">if (a < b && c > d) { go(\"<b>\"); }</script>\n";
    page += "<div id=\"page_links\"><ul><li><a href=\"1.html\">this</a></li><li><a href=\"1-pl.html\">profit</a></li>\
             <li><a href=\"1-ratios.html\">ratios</a></li></ul></div>\n";
    page += "<!-- prices -->\n<span id=\"price_tick_span\"><strong>1,234.50</strong></span>\n<div id=\"snapshot\"><div>\n";
    for n in 0..10 {
        page += &format!(
            "<div class=\"row\"><div>{} {}</div><div>{}.{n}</div></div>\n",
            word(n),
            word(n * 5),
            n * 31
        );
    }
    page += "</div></div>\n<div id=\"bs\"><table class=\"table4\" width=\"100%\">\n";
    for row in 0..60 {
        page += &format!(
            "<tr height=\"22px\"><td colspan=\"1\" class=\"det\">{} {} {row}</td>",
            word(row),
            word(row * 7)
        );
        for year in 0..5 {
            page +=
                &format!("<td align=\"right\" class=\"det\">{},{:03}.{year}0</td>", row + 1, row * 13 + year);
        }
        page += "</tr>\n";
    }
    page + "</table></div>\n</body>\n</html>\n"
}

fn word(n: usize) -> &'static str {
    WORDS[n * n % WORDS.len()]
}
