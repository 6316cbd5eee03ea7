//! Links that want to fill the log.

use super::{folder, run};
use crate::cases::Cases;
use crate::support::scoopi::Ended;

/// Links of a page, up to 1,000.
const LINKS: &str = r#"
locatorGroups: { g: { locators: [ { name: l, url: /page.html } ] } }
taskGroups: { g: { next: { dataDef: next, steps: [ parser: css, links ] } } }
dataDefs:
  next:
    query: { block: body }
    items:
      - { name: next, selector: "a:nth-child(%{index}) attribute: href", indexRange: 1-1000, linkGroup: g }
"#;

#[test]
fn links_that_lead_nowhere_do_not_flood_the_log() {
    let mut cases = Cases::of("floods");
    let warnings = |ended: &Ended| ended.stderr.lines().filter(|line| line.contains(" WARN ")).count();
    for (name, link, most) in [
        ("forbidden", "ftp://h/", 4),
        ("too long", "http://h/", 4),
        ("not valid", "http://[", 4),
        ("mailto", "mailto:a@b", 0),
        ("tel", "tel:1", 0),
        ("javascript", "javascript:void(0)", 0),
        ("javascript in capitals", "JavaScript:void(0)", 0),
        ("data", "data:text/html,x", 0),
    ] {
        let scoopi = folder(LINKS);
        let (count, long) =
            if name == "too long" { (500, "x".repeat(17_000)) } else { (1000, "x".repeat(1_000)) };
        let links = (0..count).map(|number| format!("<a href=\"{link}{number}{long}\">x</a>"));
        scoopi.write("page.html", links.collect::<String>());
        let ended = run(&scoopi, &[]);
        let is_good =
            warnings(&ended) <= most && (most == 0 || warnings(&ended) > 1) && ended.stderr.len() < 64 << 10;
        cases.check(format!("{name}: lines"), is_good, || {
            format!("{} warnings, {} bytes: {}", warnings(&ended), ended.stderr.len(), ended.stderr)
        });
        let size = scoopi.read("logs/scoopi.log").len();
        cases.check(format!("{name}: log"), size < 64 << 10, || format!("{size} bytes"));
        let counted = most == 0 || ended.stderr.contains(&format!("more={}", count - 3));
        cases.check(format!("{name}: the others are counted"), counted, || ended.stderr.clone());
    }
    // Many pages with a few each.
    let pages = (0..400).map(|number| format!("{{ name: l{number}, url: /pages/{number}.html }}"));
    let many = LINKS.replace("{ name: l, url: /page.html }", &pages.collect::<Vec<_>>().join(", "));
    for (name, link, most) in [("mailto", "mailto:a@b", 0), ("forbidden", "ftp://h/", 301)] {
        let scoopi = folder(&many);
        (0..400).for_each(|number| {
            scoopi.write(&format!("pages/{number}.html"), format!("<a href='{link}'>x</a>"))
        });
        let ended = run(&scoopi, &[]);
        let is_good = warnings(&ended) <= most && ended.code() == Some(0);
        cases.check(format!("400 pages, {name}"), is_good, || {
            format!("{} warnings, {ended:?}", warnings(&ended))
        });
    }
}
