//! `scope.hosts` in whole runs: which hosts links and redirects lead to, and what is said of the others.

use super::{QUICK, RUN, links_of, list, titled};
use crate::support::response::Response;
use crate::support::scoopi::{Ended, Scoopi};
use crate::support::server::{Request, Server};

/// Runs over a web that `web` answers for, beginning at `http://www.shop.test/list`. Returns what was asked for besides.
fn run(hosts: &str, web: impl Fn(&Request) -> Response + Send + Sync + 'static) -> (Ended, Vec<String>) {
    let proxy = Server::start(web);
    let (scope, proxied) = (format!("scope.hosts={hosts}"), format!("fetch.proxy={}", proxy.url));
    let scoopi = Scoopi::new(&links_of("http://www.shop.test/list")).with(&QUICK).with(&[&scope, &proxied]);
    let ended = scoopi.exits(0, &RUN);
    let mut asked: Vec<String> = proxy.requests().into_iter().map(|request| request.path).collect();
    asked.sort();
    asked.retain(|url| url != "http://www.shop.test/list");
    (ended, asked)
}

#[test]
fn links_stay_on_the_hosts_that_the_setting_allows_and_others_are_counted() {
    let links = [
        "/a",
        "http://www.shop.test:8080/b",
        "http://shop.test/c",
        "http://books.shop.test/d",
        "http://notshop.test/e",
        "http://shop.test.evil.test/f",
    ];
    let web = move |request: &Request| match request.path.as_str() {
        "http://www.shop.test/list" => list(&links),
        path => titled(path),
    };
    let check = |hosts: &str, followed: usize, count: usize| {
        let (ended, asked) = run(hosts, web);
        let mut expected: Vec<String> = links[..followed].iter().map(|link| (*link).to_owned()).collect();
        expected[0] = "http://www.shop.test/a".to_owned();
        expected.sort();
        assert_eq!(asked, expected, "{hosts}");
        assert_eq!((ended.summary("status"), &*ended.stderr), ("complete", ""), "{hosts}");
        let told = format!("{count} not followed: they lead to other hosts (setting `scoopi.scope.hosts`)");
        match count {
            0 => assert!(!ended.stdout.contains("not followed"), "{ended:#?}"),
            _ => assert_eq!(ended.summary("links"), told, "{hosts}"),
        }
    };
    check("any", 6, 0);
    check("same", 2, 4);
    check("domain", 4, 2);
}

#[test]
fn a_redirect_of_a_page_to_begin_with_may_lead_elsewhere_and_one_of_a_linked_page_may_not() {
    for cookie in [None, Some("k=v")] {
        let web = move |request: &Request| match request.path.as_str() {
            "http://www.shop.test/list" => {
                let redirect = Response::redirect("http://new.test/list");
                cookie.map_or(redirect.clone(), |cookie| redirect.header("Set-Cookie", cookie))
            }
            "http://new.test/list" => list(&["/a", "http://www.shop.test/away", "http://else.test/b"]),
            "http://www.shop.test/away" => {
                let redirect = Response::redirect("http://else.test/c");
                cookie.map_or(redirect.clone(), |cookie| redirect.header("Set-Cookie", cookie))
            }
            path => titled(path),
        };
        let (ended, asked) = run("same", web);
        // The fetcher itself follows a redirect with a cookie; the page is then done without rows.
        let followed = cookie.map(|_| "http://else.test/c");
        let expected = ["http://new.test/a", "http://new.test/list", "http://www.shop.test/away"];
        assert_eq!(asked, followed.into_iter().chain(expected).collect::<Vec<_>>(), "{cookie:?}");
        assert_eq!(ended.summary("rows"), "1", "{cookie:?}");
        assert!(ended.summary("links").starts_with("2 not followed"), "{ended:#?}");
        assert_eq!(ended.summary("status"), "complete");
    }
}
