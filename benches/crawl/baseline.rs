//! What scoopi is compared with: a crawler as a good engineer writes it by hand for this one site, with tokio, reqwest
//! and scraper. No log, no definitions, no politeness: what is in memory is lost with the process.
//!
//! Follows the links that the definitions follow, and writes the rows that they write.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use reqwest::Client;
use reqwest::Url;
use scraper::ElementRef;
use scraper::Html;
use scraper::Selector;
use tokio::task::JoinSet;

/// Requests at a time, as scoopi is told.
pub(crate) const PARALLELISM: usize = 64;
const TRIES: usize = 3;

/// Queries, compiled once.
struct Queries {
    links: Selector,
    price: Selector,
    snapshot: Selector,
    tables: Selector,
    year: Selector,
    row: Selector,
}

/// Crawls the site at `base` and writes its rows to a file.
pub(crate) fn main(base: &str, output: &Path) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(crawl(base, output));
}

async fn crawl(base: &str, output: &Path) {
    // reqwest asks for one, although nothing is encrypted here; nobody else has installed another.
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let client = Client::builder().no_proxy().pool_max_idle_per_host(PARALLELISM).build().unwrap();
    let queries = Arc::new(Queries::new());
    let mut output = BufWriter::with_capacity(1 << 20, File::create(output).unwrap());
    let start = Url::parse(&format!("{base}/index.html")).unwrap();
    let mut seen = HashSet::from([start.clone()]);
    let mut waiting = VecDeque::from([start]);
    let mut working = JoinSet::new();
    loop {
        while working.len() < PARALLELISM
            && let Some(url) = waiting.pop_front()
        {
            let (client, queries) = (client.clone(), Arc::clone(&queries));
            working.spawn(async move {
                let text = get(&client, &url).await;
                queries.read(&url, &text)
            });
        }
        let Some(read) = working.join_next().await else { break };
        let (rows, links) = read.unwrap();
        output.write_all(&rows).unwrap();
        for link in links {
            if !seen.contains(&link) {
                seen.insert(link.clone());
                waiting.push_back(link);
            }
        }
    }
    output.flush().unwrap();
}

async fn get(client: &Client, url: &Url) -> String {
    for _ in 1..TRIES {
        if let Ok(text) = try_get(client, url).await {
            return text;
        }
    }
    try_get(client, url).await.unwrap()
}

async fn try_get(client: &Client, url: &Url) -> reqwest::Result<String> {
    client.get(url.clone()).send().await?.error_for_status()?.text().await
}

impl Queries {
    fn new() -> Self {
        let query = |text| Selector::parse(text).unwrap();
        Self {
            links: query("#hubs a, ul.companies a, #page_links a"),
            price: query("#price_tick_span strong"),
            snapshot: query("#snapshot > div > div"),
            tables: query("table.table4"),
            year: query("td.detb"),
            row: query("tr"),
        }
    }

    /// Rows of a page as lines, and its links.
    fn read(&self, url: &Url, text: &str) -> (Vec<u8>, Vec<Url>) {
        let page = Html::parse_document(text);
        let mut rows = vec![];
        let price = page.select(&self.price).next();
        let group = if price.is_some() { "company" } else { "sub" };
        if let Some(price) = price {
            writeln!(rows, "site|company|Price|{}", clean(price)).unwrap();
        }
        for entry in page.select(&self.snapshot) {
            let mut cells = children(entry);
            if let Some((key, value)) = cells.next().zip(cells.next()) {
                writeln!(rows, "site|company|{}|{}", clean(key), clean(value)).unwrap();
            }
        }
        for table in page.select(&self.tables) {
            self.read_table(table, group, &mut rows);
        }
        let targets = page.select(&self.links).filter_map(|link| link.value().attr("href"));
        (rows, targets.filter_map(|target| url.join(target).ok()).collect())
    }

    fn read_table(&self, table: ElementRef<'_>, group: &str, rows: &mut Vec<u8>) {
        let years: Vec<_> = table.select(&self.year).map(clean).collect();
        for row in table.select(&self.row) {
            let mut cells = children(row);
            let Some(name) = cells.next().map(clean) else { continue };
            let figures = cells.filter(|cell| cell.value().attr("class") == Some("det"));
            for (year, figure) in years.iter().zip(figures) {
                writeln!(rows, "site|{group}|{name}|{year}|{}", clean(figure)).unwrap();
            }
        }
    }
}

fn children(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    element.children().filter_map(ElementRef::wrap)
}

/// Its text with single blanks.
fn clean(element: ElementRef<'_>) -> String {
    let mut clean = String::new();
    for word in element.text().flat_map(str::split_whitespace) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(word);
    }
    clean
}
