//! A shop that is made up on the fly: lists that lead on to each other, items that lead back to them.
//!
//! Every page is a function of its number, and so is every row that it gives: what a run has to write is known
//! without running it. Lists go round in a circle, items lead to each other and back, and every list repeats a
//! link of the one before.

use std::collections::HashSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::time::Duration;

use super::response::Response;
use super::server::Server;

/// Items of a list.
const PER_LIST: usize = 50;

/// The shape of a shop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) lists: usize,
    /// Bytes of text on each item's page, all of which become a row.
    pub(crate) text: usize,
}

impl Site {
    /// How many items there are.
    pub(crate) fn items(self) -> usize {
        self.lists * PER_LIST
    }

    /// How many pages there are, which is how many jobs a run has.
    pub(crate) fn pages(self) -> usize {
        self.lists + self.items()
    }

    /// All paths, without a slash in front.
    pub(crate) fn paths(self) -> impl Iterator<Item = String> {
        let lists = (1..=self.lists).map(|list| format!("list/{list}.html"));
        lists.chain((1..=self.items()).map(|item| format!("item/{item}.html")))
    }

    /// A page by its path.
    pub(crate) fn page(self, path: &str) -> Option<String> {
        let (kind, number) = path.strip_suffix(".html")?.split_once('/')?;
        let number: usize = number.parse().ok()?;
        match kind {
            "list" if (1..=self.lists).contains(&number) => Some(self.list(number)),
            "item" if (1..=self.items()).contains(&number) => Some(self.item(number)),
            _ => None,
        }
    }

    fn list(self, number: usize) -> String {
        let first = (number - 1) * PER_LIST + 1;
        let items = (first.saturating_sub(1).max(1)..first + PER_LIST)
            .map(|item| format!("<li><a href=\"../item/{item}.html\">Item {item}</a></li>"));
        let next = number % self.lists + 1;
        format!("<ul>{}</ul><a class=next href=\"{next}.html\">next</a>", items.collect::<String>())
    }

    fn item(self, number: usize) -> String {
        let list = (number - 1) / PER_LIST + 1;
        let other = number * 7 % self.items() + 1;
        let table: String = Self::cells(self, number)
            .map(|(name, value)| format!("<tr><td class={name}>{value}</td></tr>"))
            .collect();
        format!(
            "<div class=item><h1>Item {number}</h1><table>{table}</table><a class=other href=\"{other}.html\">other</a>\
             <a class=list href=\"../list/{list}.html\">back</a></div>"
        )
    }

    fn cells(self, number: usize) -> impl Iterator<Item = (&'static str, String)> {
        let word = format!("{number} ");
        let text = word.repeat(self.text / word.len() + 1);
        [("price", format!("{number}.50")), ("text", text.trim().to_owned())].into_iter()
    }

    /// Every row that a run has to give, sorted.
    pub(crate) fn rows(self) -> Vec<String> {
        let rows = (1..=self.items()).flat_map(|number| {
            self.cells(number).map(move |(name, value)| format!("shop|items|{name}|Item {number}|{value}"))
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    }

    /// The definitions of a run, which begins at the list at `start`.
    pub(crate) fn definitions(self, start: &str) -> String {
        let links = PER_LIST + 1;
        format!(
            r#"
locatorGroups:
  lists:
    locators: [ {{ name: shop, url: "{start}" }} ]
taskGroups:
  lists:
    next: {{ dataDef: next, steps: [ parser: css, links ] }}
    items: {{ dataDef: items, steps: [ parser: css, links ] }}
  items:
    item: {{ dataDef: item, steps: toFile }}
    other: {{ dataDef: other, steps: [ parser: css, links ] }}
steps:
  toFile:
    - parser: css
    - appender: [ file: {{ file: data.txt, encoder: {{ csv: {{ delimiter: "|" }} }} }} ]
dataDefs:
  next:
    query: {{ block: body }}
    items: [ {{ name: next, selector: "a.next attribute: href", linkGroup: lists }} ]
  items:
    query: {{ block: "li:nth-child(%{{item.index}})" }}
    items: [ {{ name: item, selector: "a attribute: href", indexRange: 1-{links}, linkGroup: items }} ]
  item:
    query: {{ block: div.item, selector: "td.%{{item.match}}" }}
    items: [ {{ name: price, match: price }}, {{ name: text, match: text }} ]
    dims: [ {{ name: title, selector: h1 }} ]
  other:
    query: {{ block: div.item }}
    items:
      - {{ name: other, selector: "a.other attribute: href", linkGroup: items }}
      - {{ name: list, selector: "a.list attribute: href", linkGroup: lists }}
"#
        )
    }
}

/// A site on a server, and how much of it was asked for.
pub(crate) struct Shop {
    pub(crate) server: Server,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    paths: Mutex<HashSet<String>>,
    changed: Condvar,
}

impl Shop {
    /// Opens the shop on a server of its own.
    pub(crate) fn open(site: Site) -> Self {
        Self::open_at(IpAddr::V4(Ipv4Addr::LOCALHOST), site, |_, page| page)
    }

    /// Opens it at an address of this machine; `answer` makes of a path and its page what is answered.
    pub(crate) fn open_at(
        address: IpAddr,
        site: Site,
        answer: impl Fn(&str, Response) -> Response + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Seen::default());
        let server = Server::start_at(address, {
            let seen = Arc::clone(&seen);
            move |request| {
                seen.paths.lock().unwrap().insert(request.path.clone());
                seen.changed.notify_all();
                let path = request.path.trim_start_matches('/');
                answer(path, site.page(path).map_or(Response::status(404), Response::html))
            }
        });
        Self { server, seen }
    }

    /// Where a run begins.
    pub(crate) fn start(&self) -> String {
        self.server.at("/list/1.html")
    }

    /// Forgets what was asked for.
    pub(crate) fn forget(&self) {
        self.seen.paths.lock().unwrap().clear();
    }

    /// Waits until that many pages were asked for, each counted once, for `time` at most. Says whether.
    pub(crate) fn wait_for(&self, pages: usize, time: Duration) -> bool {
        let paths = self.seen.paths.lock().unwrap();
        let (paths, _) =
            self.seen.changed.wait_timeout_while(paths, time, |paths| paths.len() < pages).unwrap();
        paths.len() >= pages
    }
}
