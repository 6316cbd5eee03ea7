//! Where links lead, by the kind of page that they stand on.

use super::*;

fn check(page: &str, link: &str, to: &str) {
    assert_eq!(resolve_link(page, link, UTF_8).as_deref(), Ok(to), "{link} on {page}");
}

fn check_forbidden(page: &str, link: &str) {
    let error = resolve_link(page, link, UTF_8).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, LinkError::Forbidden { .. }), "{message}");
    assert!(message.contains(link) && message.contains(page), "{message}");
}

fn check_invalid(page: &str, link: &str, reason: &str) {
    let error = resolve_link(page, link, UTF_8).unwrap_err();
    assert!(matches!(error, LinkError::Invalid { .. }), "{error}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn a_link_on_a_web_page_is_resolved_against_its_url() {
    let page = "http://h:8080/a/b.html?q=1#top";
    check(page, "c.html", "http://h:8080/a/c.html");
    check(page, " /c d|e \n", "http://h:8080/c%20d%7Ce");
    check(page, "../../../c", "http://h:8080/c");
    check(page, "?q=2", "http://h:8080/a/b.html?q=2");
    check(page, "#part", "http://h:8080/a/b.html?q=1");
    check(page, "", "http://h:8080/a/b.html?q=1");
    check(page, "//Other/x", "http://other/x");
    check(page, "https://other:443", "https://other/");
    check("http://[::1]/a", "b", "http://[::1]/b");
    check("http://u:p@h/a", "b", "http://u:p@h/b");
    check("http://u:p@h/a", "//i/b", "http://i/b");
}

#[test]
fn a_web_page_leads_to_the_web_only() {
    for link in
        ["file:///etc/passwd", "FILE:/etc/passwd", "javascript:void(0)", "mailto:a@b", "data:,x", "C:\\x"]
    {
        check_forbidden("http://h/", link);
        check_forbidden("https://h/a/b", link);
    }
    let hidden = resolve_link("http://h/", "fi\nle:///etc/passwd", UTF_8).unwrap_err();
    assert!(matches!(hidden, LinkError::Forbidden { .. }), "{hidden}");
    // What would be a resource path in a definition is a path of the site here.
    check("http://h/", "/defs/x", "http://h/defs/x");
}

#[test]
fn a_file_leads_to_files_and_to_the_web() {
    let page = "file:///data/a/b.html";
    check(page, "c%20d.html", "file:///data/a/c%20d.html");
    check(page, "../c.html?x#y", "file:///data/c.html");
    check(page, "/etc/x", "file:///etc/x");
    check(page, "#part", page);
    check(page, "file:///x", "file:///x");
    check(page, "http://H", "http://h/");
    check_forbidden(page, "javascript:1");
    check_invalid(page, "//server/x", "host `server`");
    check_invalid(page, "http://[", "invalid IPv6 address");
}

#[test]
fn a_resource_leads_to_resources_and_to_the_web() {
    let page = "/defs/ex/page.html";
    check(page, "next.html", "/defs/ex/next.html");
    check(page, "./a%20b%3F.html?x=1#y", "/defs/ex/a b?.html");
    check(page, "../up.html", "/defs/up.html");
    check(page, "/top.html", "/top.html");
    check(page, "?x", page);
    check(page, "", page);
    check(page, "100%.html", "/defs/ex/100%.html");
    check(page, "%2e%2e/up.html", "/defs/up.html");
    check("defs/ex/page.html", "next.html", "/defs/ex/next.html");
    check("page.html", "next.html", "/next.html");
    check(page, "HTTPS://h", "https://h/");
    for link in ["file:///etc/passwd", "javascript:1", "ftp://h/x"] {
        check_forbidden(page, link);
    }
}

#[test]
fn a_resource_link_never_leaves_the_root() {
    let page = "/defs/page.html";
    for link in ["../../x", "/../x", "%2e%2e/%2e%2e/x", "..%2f..%2fx", "/%2E%2E/x"] {
        check_invalid(page, link, "leaves the resource root");
    }
    check_invalid(page, "..", "resource root itself");
    check_invalid(page, "//h/x", "needs a scheme");
    check_invalid(page, "%ff", "not UTF-8");
    check_invalid(page, "a%00b", "NUL");
}

#[test]
fn the_query_of_a_link_is_in_the_encoding_of_its_page() {
    let check = |encoding: &'static Encoding, page: &str, link: &str, to: &str| {
        assert_eq!(resolve_link(page, link, encoding).as_deref(), Ok(to), "{link} on {page}");
    };
    let (latin, page) = (encoding_rs::WINDOWS_1252, "http://h/a");
    check(latin, page, "?q=k\u{e4}se", "http://h/a?q=k%E4se");
    check(latin, page, "/\u{e4}?\u{e4}#\u{e4}", "http://h/%C3%A4?%E4");
    check(latin, page, "?\u{20ac}=\u{3b1}&\u{3b2}", "http://h/a?%80=%26%23945%3B&%26%23946%3B");
    check(latin, page, "?q=%C3%A4&\u{e4}|", "http://h/a?q=%C3%A4&%E4%7C");
    check(encoding_rs::KOI8_R, page, "?\u{430}", "http://h/a?%C1");
    check(encoding_rs::SHIFT_JIS, page, "?\u{3042}", "http://h/a?%82%A0");
    check(encoding_rs::ISO_2022_JP, page, "?\u{3042}\u{1f600}", "http://h/a?%1B$B$%22%1B(B%26%23128512%3B");
    check(encoding_rs::UTF_16LE, page, "?\u{e4}", "http://h/a?%C3%A4");
    check(UTF_8, page, "?\u{e4}", "http://h/a?%C3%A4");
    check(latin, "file:///data/p.html", "http://h/?\u{e4}", "http://h/?%E4");
    check(latin, "/defs/p.html", "http://h/?\u{e4}", "http://h/?%E4");
    check(latin, "/defs/p.html", "\u{e4}.html?\u{e4}", "/defs/\u{e4}.html");
}

#[test]
fn a_giant_link_and_a_page_without_url_are_refused() {
    check_invalid("http://h/", &"x".repeat(url::MAX_URL + 1), "bytes, more than");
    check_invalid("ftp://h/", "x", "unknown scheme");
}

#[test]
fn passwords_are_not_shown() {
    let error = resolve_link("http://u:secret@h/", "file://v:hidden@h/x", UTF_8).unwrap_err().to_string();
    assert!(!error.contains("secret") && !error.contains("hidden"), "{error}");
}
