//! Cookies that want to go where they were not set, to live on, or to be too many.

use super::{fetcher, get};
use crate::support::response::Response;
use crate::support::server::Server;

#[tokio::test]
async fn cookies() {
    let long = format!("k={}", "v".repeat(5000));
    let cases: [(&str, &str); 26] = [
        ("k=1", "k=1"),
        ("k=1; Path=/", "k=1"),
        ("k=1; path=/deep", ""),
        ("k=1; Max-Age=0", ""),
        ("k=1; Max-Age=-99999999999999999999", ""),
        ("k=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""),
        ("k=1; Expires=never", "k=1"),
        ("k=1; Domain=", "k=1"),
        ("k=1; Domain=com", ""),
        ("k=1; Domain=co.uk", ""),
        ("k=1; Domain=example.org", ""),
        ("k=1; Domain=.0.0.1", ""),
        ("k=1; Domain=127.0.0.1", "k=1"),
        ("k=1; Secure", ""),
        ("__Secure-k=1", ""),
        ("__Secure-k=1; Secure", ""),
        ("__Host-k=1; Secure; Path=/", ""),
        ("__HOST-k=1; Path=/", ""),
        ("\u{a0}__Host-k=1; Path=/", ""),
        ("\u{a0}__Secure-k=1", ""),
        ("k=1; Domain=\u{a0}127.0.0.1", ""),
        ("k=1; P\u{e4}th=/", ""),
        ("=1", ""),
        ("", ""),
        ("k=\u{e4}; Path=/", "k=\u{e4}"),
        (&long, ""),
    ];
    for (header, expected) in cases {
        let sets = header.to_owned();
        let server = Server::start(move |request| match request.path.as_str() {
            "/set" => Response::html("").header("Set-Cookie", sets.clone()),
            _ => Response::html(request.header("cookie").unwrap_or_default()),
        });
        let fetcher = fetcher();
        get(&fetcher, &server.at("/set")).await.expect(header);
        let page = get(&fetcher, &server.at("/")).await.expect(header);
        assert_eq!(
            String::from_utf8_lossy(&page.body),
            expected,
            "Set-Cookie: {}",
            header.chars().take(80).collect::<String>()
        );
    }
}

#[tokio::test]
async fn a_flood_of_cookies_is_bounded() {
    let server = Server::start(|request| match request.path.as_str() {
        "/" => (0..80).fold(Response::html(""), |response, number| {
            response.header("Set-Cookie", format!("k{number}={}", "v".repeat(1000)))
        }),
        _ => Response::html(request.header("cookie").unwrap_or_default()),
    });
    let fetcher = fetcher();
    get(&fetcher, &server.at("/")).await.unwrap();
    let length = get(&fetcher, &server.at("/x")).await.unwrap().body.len();
    assert!(length > 1000 && length <= 8192, "{length}");
}
