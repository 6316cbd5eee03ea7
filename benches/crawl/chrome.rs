//! What stands around the data of a page: head, navigation, scripts, boxes and news, until the page has its size.
//!
//! Knows no companies' figures. What all pages share is made once.

use std::fmt::Write;

use super::random::Random;
use super::site::Kind;

/// See the module docs.
pub(crate) struct Chrome {
    kind: Kind,
    seed: u64,
    companies: usize,
    head: String,
    navigation: String,
}

const FOOT: &str = "<div id=\"foot\"><a href=\"mailto:help@example.org\">Mail</a> <a href=\"javascript:void(0)\">Top</a> \
                    <a href=\"http://www.example.org/terms\">Terms &amp; Conditions</a> &copy; 2025</div>\n</body>\n</html>\n";

impl Chrome {
    /// What pages of a site share.
    pub(crate) fn new(kind: Kind, seed: u64, companies: usize) -> Self {
        let mut random = Random::new(seed, 900, 0);
        let mut head = "<meta charset=\"utf-8\">\n<link rel=\"stylesheet\" href=\"/site.css\">\n".to_owned();
        let mut navigation = String::new();
        if kind == Kind::Medium {
            head += "<style type=\"text/css\">\n";
            for _ in 0..25 {
                let (outer, inner) = (random.word(), random.word());
                writeln!(
                    head,
                    ".{outer} .{inner} > a {{ color: #{:06x}; margin: 4px; }}",
                    random.below(1 << 24)
                )
                .unwrap();
            }
            head += "</style>\n";
            navigation += "<div id=\"topnav\" class=\"nav_wrap clearfix\">\n\t<ul class=\"menu\">\n";
            for _ in 0..110 {
                let (path, title, text) = (random.word(), random.words(2), random.words(2));
                writeln!(
                    navigation,
                    "\t\t<li class=\"mi\"><a href=\"http://www.example.org/{path}.html?a=1&amp;b=2\" title=\"{title}\">{text}</a></li>"
                )
                .unwrap();
            }
            navigation += "\t</ul>\n</div>\n";
            navigation += &script(&mut random, 70);
        }
        Self { kind, seed, companies, head, navigation }
    }

    /// The page with this title and body; filled up to the size of its kind if it `is_filled`.
    pub(crate) fn page(&self, title: &str, body: &str, is_filled: bool, number: usize) -> String {
        let size = match self.kind {
            Kind::Small => 5_000,
            Kind::Medium => 40_000,
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html>\n<head>\n<title>{title}</title>\n{}</head>\n<body>\n{}",
            self.head, self.navigation
        );
        let mut random = Random::new(self.seed, 901 + body.len() as u64, number);
        let room = size - size.min(page.len() + body.len() + FOOT.len());
        if is_filled {
            self.fill(&mut random, &mut page, room / 3);
        }
        page += body;
        if is_filled {
            self.fill(&mut random, &mut page, room - room / 3);
        }
        page + FOOT
    }

    /// About so many bytes of boxes.
    fn fill(&self, random: &mut Random, page: &mut String, bytes: usize) {
        let end = page.len() + bytes;
        while page.len() + 200 < end {
            match random.below(20) {
                0..9 => news(random, page),
                9..16 => self.peers(random, page),
                16..19 => {
                    let (name, note, text) = (random.words(1), random.words(2), random.words(9));
                    writeln!(
                        page,
                        "<div class=\"cmt\"><b>{name}</b><!-- {note} --><div><span>{text}.</span></div></div>"
                    )
                    .unwrap();
                }
                _ => *page += &script(random, 6),
            }
        }
    }

    /// Links to other companies: each leads to a page that is known already.
    fn peers(&self, random: &mut Random, page: &mut String) {
        *page += "<table class=\"peers\"><tr><th>Peer</th><th>Last</th><th>Volume</th></tr>\n";
        for _ in 0..4 {
            let (peer, last, volume) =
                (random.below(self.companies), random.figure(), random.below(1_000_000));
            writeln!(
                page,
                "\t<tr><td><a href=\"/c/{peer}.html\">Company {peer}</a></td><td align=\"right\" class=\"q\">{last}</td><td class=\"q\">{volume}</td></tr>"
            )
            .unwrap();
        }
        *page += "</table>\n";
    }
}

fn news(random: &mut Random, page: &mut String) {
    let (number, path, title, text) = (random.below(99), random.word(), random.words(3), random.words(12));
    writeln!(
        page,
        "<div class=\"news_item\"><div class=\"thumb\"><img src=\"/img/{number}.jpg\" width=\"60\" alt=\"\"></div><div class=\"txt\">\
         <h4><a href=\"http://news.example.org/{path}.html\" class=\"bl_13\">{title}</a></h4><p class=\"g_11\">{text}. \
         <span class=\"tm\">10:{number} &middot; {path}</span></p></div></div>"
    )
    .unwrap();
}

fn script(random: &mut Random, values: usize) -> String {
    let mut text = "<script type=\"text/javascript\">\nvar data = [".to_owned();
    for _ in 0..values {
        write!(text, "{{\"k\":\"{}\",\"h\":\"<b>{}<\\/b>\"}},", random.word(), random.below(1000)).unwrap();
    }
    text + "0]; if (1 < 2 && data.length > 3) { init(data); }\n</script>\n"
}
