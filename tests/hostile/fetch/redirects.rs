//! Redirects to where nobody should go, and those without end.

use super::Must::Fail;
use super::{case, check, fetcher, get, raw, text};
use crate::support::response::Response;
use crate::support::server::Server;

#[tokio::test]
async fn redirects() {
    let to = |location: &str| Response::redirect(location);
    let mut cases = vec![
        case("elsewhere", to("/elsewhere"), text("elsewhere")),
        case("relative", to("elsewhere"), text("elsewhere")),
        case("with blanks", to("  /elsewhere  "), text("elsewhere")),
        case("a query", to("?x"), text("elsewhere")),
        case("bytes", to("/\u{e4}\u{1f600} |"), text("elsewhere")),
        case("a stray escape", to("/%zz%"), text("elsewhere")),
        raw(
            "two",
            "HTTP/1.1 302 x\r\nLocation: /elsewhere\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
            text("elsewhere"),
        ),
        raw(
            "bytes of no encoding",
            b"HTTP/1.1 302 x\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n".to_vec(),
            text("elsewhere"),
        ),
        raw(
            "a body without end",
            format!("HTTP/1.1 302 x\r\nLocation: /elsewhere\r\n\r\n{}", "x".repeat(1_000_000)),
            text("elsewhere"),
        ),
        case("no location", Response::status(302), Fail(&["HTTP response: 302"])),
        case("empty", to(""), Fail(&["circle"])),
        case("a fragment", to("#x"), Fail(&["circle"])),
        case("a dot", to("."), text("elsewhere")),
        case("a long one", to(&format!("/{}", "x".repeat(20_000))), Fail(&["20001 bytes"])),
        case("a closed port", to("http://127.0.0.1:1/"), Fail(&["127.0.0.1:1"])),
        case("a port that there is not", to("http://127.0.0.1:99999/"), Fail(&["redirects to"])),
        case("a broken host", to("http://[::1"), Fail(&["redirects to"])),
        case("a host of escapes", to("http://%00/"), Fail(&["redirects to"])),
        case("ESC", to("http://\u{1b}]0;x/"), Fail(&[])),
    ];
    for location in [
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "fi\tle:///etc/passwd",
        "ftp://h/",
        "data:text/html,x",
        "javascript:alert(1)",
        "gopher://h/",
        "about:blank",
        "blob:http://h/",
        "view-source:http://h/",
        "ws://h/",
        "mailto:a@b",
        "jar:http://h!/",
        "chrome://settings",
    ] {
        cases.push(case(
            location.escape_default().to_string(),
            to(location),
            Fail(&["redirects to", "http and https URLs only"]),
        ));
    }
    for status in [301, 302, 303, 307, 308] {
        cases.push(case(status.to_string(), to("/elsewhere").with_status(status), text("elsewhere")));
    }
    for status in [300, 304, 305, 306] {
        cases.push(case(status.to_string(), to("/elsewhere").with_status(status), Fail(&["HTTP response"])));
    }
    check("fetch: redirects", cases).await;
}

#[tokio::test]
async fn redirects_without_end() {
    let server = Server::start(|request| match request.path.as_str() {
        "/a" => Response::redirect("/b"),
        "/b" => Response::redirect("/a"),
        "/self" => Response::redirect("/self"),
        "/escaped" => Response::redirect("/%65scaped"),
        path => Response::redirect(format!("{path}x")).header("Set-Cookie", format!("k{}=1", path.len())),
    });
    let fetcher = fetcher();
    for (path, words) in
        [("/a", "circle"), ("/self", "circle"), ("/escaped", "circle"), ("/grows", "more than 4 redirects")]
    {
        let message = get(&fetcher, &server.at(path)).await.unwrap_err().to_string();
        assert!(message.contains(words), "{path}: {message}");
    }
}
