//! Redirects in whole runs: what is fetched, how often, with which cookies, and who waits for whom.

use super::{QUICK, RUN, definitions, links_of, list, run_of, titled};
use crate::support::response::Response;
use crate::support::scoopi::{RUN_DATE, Scoopi};
use crate::support::server::Server;

#[test]
fn a_page_that_others_redirect_to_is_fetched_and_written_once() {
    let pages = ["/a", "/b", "/c", "/target"];
    let server = Server::start(move |request| match request.path.as_str() {
        "/list" => list(&pages),
        "/target" => titled("Target"),
        "/c" => Response::redirect("/b"),
        _ => Response::redirect("/target"),
    });
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK);
    let ended = scoopi.exits(0, &RUN);
    assert_eq!(scoopi.rows(), "list|pages|title|Target\n");
    assert_eq!((server.hits_of("/target"), server.hits_of("/b")), (1, 1));
    let told = "5 done, 3 redirected (3 of them to a page that was there already), 2 loaded by this process";
    assert_eq!(ended.summary("pages"), told);
}

#[test]
fn a_redirect_with_a_cookie_is_followed_on_the_way() {
    let server = Server::start(|request| match (request.path.as_str(), request.header("cookie")) {
        ("/page", Some(_)) => titled("Welcome"),
        ("/page", None) => Response::redirect("/login").header("Set-Cookie", "k=v; Path=/"),
        _ => Response::redirect("/page"),
    });
    let scoopi = run_of(&server, &["page"], &["loader.fetch.delay=0"]);
    scoopi.exits(0, &RUN);
    assert_eq!((scoopi.rows().lines().count(), server.hits()), (1, 3));
}

#[test]
fn a_host_does_not_wait_because_one_to_which_it_redirects_asked_for_it() {
    let proxy = Server::start(|request| match request.path.as_str() {
        "http://held.test/" => Response::status(429).header("Retry-After", "600"),
        "http://own.test/0" => Response::redirect("http://held.test/").header("Set-Cookie", "k=v"),
        _ => titled("Title"),
    });
    let urls: Vec<_> = (0..5).map(|number| ("plain", format!("http://own.test/{number}"))).collect();
    let proxied = [RUN_DATE, &format!("fetch.proxy={}", proxy.url), "loader.fetch.delay=0", "job.maxTries=1"];
    let scoopi = Scoopi::new(&definitions(&urls)).with(&proxied);
    let ended = scoopi.exits(3, &RUN);
    assert_eq!((scoopi.rows().lines().count(), ended.summary("failed")), (4, "0 failed, 1 quarantined"));
    ended.said(&["HTTP response: 429, URL: http://held.test/"]);
}

#[test]
fn pages_behind_one_that_sets_a_cookie_are_asked_for_with_it() {
    let pages = ["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10", "/11", "/12"];
    let server = Server::start(move |request| match (request.path.as_str(), request.header("cookie")) {
        ("/list", _) => list(&pages),
        ("/consent", _) => Response::redirect("/home").header("Set-Cookie", "k=v; Path=/"),
        (_, None) => Response::redirect("/consent"),
        (path, Some(_)) => titled(path),
    });
    let scoopi =
        Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK).with(&["loader.fetch.parallelism=1"]);
    let ended = scoopi.exits(0, &RUN);
    // Those that were on their way to the host with the first one have the same answer.
    let rows = scoopi.rows().lines().count();
    assert!(rows >= pages.len() - 2, "{rows} rows: {ended:#?}");
    assert_eq!(server.hits_of("/consent"), 1);
}

#[test]
fn a_redirect_to_a_long_url_fails_and_one_to_a_known_page_is_counted() {
    let long = format!("/{}", "x".repeat(3_000));
    let server = Server::start(move |request| match request.path.as_str() {
        "/list" => list(&["/a", "/b", "/c", "/d"]),
        "/a" | "/b" => Response::redirect("/c"),
        "/d" => Response::redirect(&long),
        _ => titled("Title"),
    });
    let scoopi = Scoopi::new(&links_of(&server.at("/list"))).with(&QUICK);
    let ended = scoopi.exits(3, &RUN);
    ended.said(&[
        "the page redirects to a URL of ",
        " bytes, more than the setting scoopi.job.maxLink allows (2048)",
    ]);
    let told = "4 done, 2 redirected (2 of them to a page that was there already), 2 loaded by this process";
    assert_eq!(ended.summary("pages"), told);
}

#[test]
fn a_page_that_moved_is_not_asked_for_while_it_is_kept() {
    let server = Server::start(|request| match request.path.as_str() {
        "/old" => Response::redirect("/new"),
        _ => titled("Title").header("Content-Type", "application/x-scoopi-moved"),
    });
    let definitions = definitions(&[("plain", server.at("/old"))]);
    let kept = definitions.replace("  plain: { plain:", "  plain: { live: P1D, plain:");
    assert_ne!(definitions, kept);
    let scoopi = Scoopi::new(&kept).with(&["loader.fetch.delay=0"]);
    for output in ["first", "second"] {
        let ended = scoopi.exits(0, &["--output", output]);
        assert_eq!(ended.summary("rows"), "1");
        assert_eq!((server.hits_of("/old"), server.hits_of("/new")), (1, 1), "{output}");
    }
}
