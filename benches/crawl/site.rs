//! A site of companies: an index, hubs of fifty companies, and three pages for each company, with the rows that are to
//! be taken from them. The same kind, size and seed give the same bytes on every machine.
//!
//! Knows which pages there are, how they link to each other, and what the definitions for them are; how a page is
//! filled is the matter of [`Chrome`].

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::chrome::Chrome;
use super::random::Random;

/// Companies of a hub.
const OF_A_HUB: usize = 50;
const YEARS: [&str; 5] = ["Mar '25", "Mar '24", "Mar '23", "Mar '22", "Mar '21"];
const KEYS: [&str; 10] = [
    "Market cap",
    "P/E",
    "Book value",
    "Dividend (%)",
    "Market lot",
    "Industry P/E",
    "EPS (TTM)",
    "P/C",
    "Price/Book",
    "Face value",
];

/// How rich pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pages of 5 KB: hardly more than the data.
    Small,
    /// Pages of 40 KB: navigation, scripts, boxes and news around it.
    Medium,
}

/// What a site is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) kind: Kind,
    companies: usize,
    seed: u64,
}

/// A table of figures: its id, the sections, and how many lines each has.
struct Table {
    id: &'static str,
    sections: &'static [(&'static str, usize)],
}

const BALANCE: Table =
    Table { id: "bs", sections: &[("Sources of funds", 11), ("Use of funds", 18), ("Other", 1)] };
const PROFIT: Table = Table { id: "pl", sections: &[("Earned", 6), ("Spent", 8), ("Result", 10)] };
const RATIOS: Table = Table { id: "ratios", sections: &[("Per share", 5), ("Margins", 6), ("Solvency", 5)] };

impl Site {
    /// A site of about so many pages.
    pub(crate) fn with_pages(kind: Kind, pages: usize, seed: u64) -> Self {
        Self { kind, companies: (pages * OF_A_HUB / (3 * OF_A_HUB + 1)).max(1), seed }
    }

    pub(crate) fn pages(&self) -> usize {
        1 + self.hubs() + 3 * self.companies
    }

    fn hubs(&self) -> usize {
        self.companies.div_ceil(OF_A_HUB)
    }

    /// Writes its pages below a folder. The rows that are in them, a line each, in no order.
    pub(crate) fn write(&self, folder: &Path) -> Vec<u8> {
        for below in ["hub", "c"] {
            fs::create_dir_all(folder.join(below)).unwrap();
        }
        let chrome = Chrome::new(self.kind, self.seed, self.companies);
        let mut rows = String::new();
        let put = |name: String, page: String| fs::write(folder.join(name), page).unwrap();
        put("index.html".to_owned(), self.index(&chrome));
        for hub in 0..self.hubs() {
            put(format!("hub/{hub}.html"), self.hub(&chrome, hub));
        }
        for company in 0..self.companies {
            put(format!("c/{company}.html"), self.company(&chrome, company, &mut rows));
            for table in [&PROFIT, &RATIOS] {
                let body = self.table(table, company, "sub", &mut rows);
                let name = format!("c/{company}-{}.html", table.id);
                put(name, chrome.page(&format!("Company {company}"), &body, true, company));
            }
        }
        rows.into_bytes()
    }

    fn index(&self, chrome: &Chrome) -> String {
        let mut body = "<h1>Companies</h1>\n<ul id=\"hubs\">\n".to_owned();
        for hub in 0..self.hubs() {
            writeln!(body, "<li><a href=\"/hub/{hub}.html\">Companies from {}</a></li>", hub * OF_A_HUB)
                .unwrap();
        }
        chrome.page("Index", &(body + "</ul>\n"), false, 0)
    }

    fn hub(&self, chrome: &Chrome, hub: usize) -> String {
        let mut body = "<h1>Companies</h1>\n<ul class=\"companies\">\n".to_owned();
        for company in (hub * OF_A_HUB..self.companies).take(OF_A_HUB) {
            writeln!(body, "<li><a href=\"/c/{company}.html\">Company {company}</a></li>").unwrap();
        }
        let next = (hub + 1) % self.hubs();
        writeln!(body, "</ul>\n<a href=\"/hub/{next}.html\">Next</a>").unwrap();
        chrome.page("Hub", &body, false, hub)
    }

    fn company(&self, chrome: &Chrome, company: usize, rows: &mut String) -> String {
        let mut random = Random::new(self.seed, 1, company);
        let price = format!("{}.{:02}", 1 + random.below(999), random.below(100));
        writeln!(rows, "site|company|Price|{price}").unwrap();
        let mut body = format!(
            "<h1 class=\"company\">Company {company}</h1>\n<div id=\"price_tick\"><span id=\"price_tick_span\">\
             <strong>{price}</strong></span></div>\n<div id=\"snapshot\">\n<div>\n"
        );
        for key in KEYS {
            let value = random.figure();
            writeln!(rows, "site|company|{key}|{value}").unwrap();
            writeln!(body, "<div>\n\t<div>{key}</div>\n\t<div>{value}</div>\n\t<div></div></div>").unwrap();
        }
        body += "</div>\n</div>\n";
        body += &self.table(&BALANCE, company, "company", rows);
        write!(
            body,
            "<div id=\"page_links\"><table><tr><td><ul>\n<li><strong>More</strong></li>\n\
             <li><a href=\"{company}-pl.html\">Profit &amp; Loss</a></li>\n\
             <li><a href=\"{company}-ratios.html\">Ratios</a></li>\n</ul></td></tr></table></div>\n"
        )
        .unwrap();
        chrome.page(&format!("Company {company}"), &body, true, company)
    }

    /// A table of years: rows of figures, and between them those that have none.
    fn table(&self, table: &Table, company: usize, group: &str, rows: &mut String) -> String {
        let is_rich = self.kind == Kind::Medium;
        let gap =
            if is_rich { "\t<tr><td colspan='11'><img src='/img/blank.gif' alt=''></td></tr>\n" } else { "" };
        let (pad, right) = if is_rich { ("\n\t\t", " align=\"right\"") } else { ("", "") };
        let mut random = Random::new(self.seed, 2 + u64::from(table.id.as_bytes()[0]), company);
        let mut text = format!("<div id=\"{}\">\n<table class=\"table4\">\n\t<tr>{pad}<td></td>", table.id);
        for year in YEARS {
            write!(text, "{pad}<td{right} class=\"detb\">{year}</td>").unwrap();
        }
        text += &format!("</tr>\n{gap}");
        let mut line = 0;
        for (section, lines) in table.sections {
            write!(text, "\t<tr>{pad}<td colspan=\"6\" class=\"sec\">{section}</td></tr>\n{gap}").unwrap();
            for _ in 0..*lines {
                line += 1;
                write!(text, "\t<tr>{pad}<td>Line &amp; item {line}\n</td>").unwrap();
                for year in YEARS {
                    let value = random.figure();
                    writeln!(rows, "site|{group}|Line & item {line}|{year}|{value}").unwrap();
                    write!(text, "{pad}<td{right} class=\"det\">{value}</td>").unwrap();
                }
                text += if is_rich { "\n\t</tr>\n" } else { "</tr>\n" };
                text += gap;
            }
        }
        text + "</table>\n</div>\n"
    }

    /// What scoopi is told of the site.
    pub(crate) fn definitions(&self, base: &str) -> String {
        let hubs = self.hubs();
        let links = |name: &str, block: &str, range: &str, group: &str| {
            format!(
                "  {name}:\n    query: {{ block: \"{block}\" }}\n    items: [ {{ name: link, selector: \
                 \"li:nth-child(%{{index}}) > a attribute: href\", indexRange: {range}, linkGroup: {group} }} ]\n"
            )
        };
        let table = |name: &str, block: &str| format!("  {name}:\n    query: {{ block: \"{block}\", {TABLE}");
        [
            format!(
                "locatorGroups:\n  index: {{ locators: [ {{ name: site, url: \"{base}/index.html\" }} ] }}\n"
            ),
            TASKS.to_owned(),
            links("hubs", "#hubs", &format!("1-{hubs}"), "hub"),
            links("companies", "ul.companies", &format!("1-{OF_A_HUB}"), "company"),
            links("subs", "#page_links ul", "2-3", "sub"),
            table("bs", "#bs table"),
            table("years", "table.table4"),
        ]
        .concat()
    }
}

const TASKS: &str = r##"taskGroups:
  index:
    hubs: { dataDef: hubs, steps: [ parser: css, links ] }
  hub:
    companies: { dataDef: companies, steps: [ parser: css, links ] }
  company:
    price: { dataDef: price, steps: css }
    snapshot: { dataDef: snapshot, steps: css }
    bs: { dataDef: bs, steps: css }
    subs: { dataDef: subs, steps: [ parser: css, links ] }
  sub:
    years: { dataDef: years, steps: css }
dataDefs:
  price:
    query: { block: "#price_tick_span", selector: "strong" }
    items: [ { name: Price, value: Price } ]
  snapshot:
    query: { block: "#snapshot > div", selector: "div:nth-child(%{item.index}) > div:nth-child(2)" }
    items: [ { name: item, selector: "div:nth-child(%{index}) > div:nth-child(1)", indexRange: 1-10 } ]
"##;

/// The rest of the definition of a table. Sections and gaps have no figures, so their rows are filtered away.
const TABLE: &str = r##"selector: "tr:nth-child(%{item.index}) > td:nth-child(%{dim.year.index})" }
    items: [ { name: item, selector: "tr:nth-child(%{index}) > td:nth-child(1)", indexRange: 2-70, filters: [ { value: " " } ] } ]
    dims: [ { name: year, selector: "tr:nth-child(1) > td:nth-child(%{index})", indexRange: 2-6 } ]
    facts: [ { name: fact, filters: [ { value: "not found" } ] } ]
"##;
