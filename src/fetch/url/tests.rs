//! What URLs mean, and what they look like in canonical form.

use super::*;

use crate::model::Locator;

fn check(url: &str, canonical: &str) {
    assert_eq!(canonical_url(url), canonical, "{url}");
    assert_eq!(canonical_url(canonical), canonical, "the canonical form of {url} is not stable");
}

fn fault(url: &str) -> String {
    Target::parse(url).unwrap_err().to_string()
}

#[test]
fn web_urls_that_mean_the_same_have_one_spelling() {
    check("http://example.com", "http://example.com/");
    check("  HTTP://Example.COM:80/a/../b/./c#part \n", "http://example.com/b/c");
    check("https://example.com:443/", "https://example.com/");
    check("https://example.com:80/", "https://example.com:80/");
    check("http://example.com?q", "http://example.com/?q");
    check("http://example.com/?", "http://example.com/");
    check("http://example.com/a?#x", "http://example.com/a");
    check("http://h/%7Euser?%7E=%2D%5f", "http://h/~user?~=-_");
    check("http://h/caf%c3%a9?q=%c3%A9", "http://h/caf%C3%A9?q=%C3%A9");
    check("http://h/%41%2fb%2Fc?a%26b=%3d", "http://h/A%2Fb%2Fc?a%26b=%3D");
    check("http://h/a/%2e%2E/b/%2e/c", "http://h/b/c");
    check("http://h/%e4?q=%E4", "http://h/%E4?q=%E4");
    check("http://b\u{fc}cher.example/", "http://xn--bcher-kva.example/");
    check("http://[::1]:80/x", "http://[::1]/x");
    check("http://[2001:DB8:0:0::1]:8080", "http://[2001:db8::1]:8080/");
    check("http://0x7f.1/", "http://127.0.0.1/");
    check("http://u:p@h/x", "http://u:p@h/x");
}

#[test]
fn what_is_no_valid_url_is_escaped_where_that_is_possible() {
    check("http://h/a b", "http://h/a%20b");
    check("http://h/\u{e4}?q=\u{20ac}", "http://h/%C3%A4?q=%E2%82%AC");
    check("http://h/a|b?c|d", "http://h/a%7Cb?c%7Cd");
    check("http://h/{a}^`b`?{c}^`d`", "http://h/%7Ba%7D%5E%60b%60?%7Bc%7D%5E%60d%60");
    check("http://h/100%?q=50%&r=%zz&s=%2", "http://h/100%?q=50%&r=%zz&s=%2");
    check("http://h/%zz%7E%%41%", "http://h/%zz~%%41%");
    check("http://h/%%34%31", "http://h/%%341");
    check("http://h/%4%31?%%7e", "http://h/%4%31?%~");
    check("http://h/%7c%7C%41?a[]=1", "http://h/%7C%7CA?a[]=1");
    check("http://h/\"<>\\x", "http://h/%22%3C%3E/x");
}

#[test]
fn file_urls_are_absolute_paths() {
    for url in ["file:///data/a b.html", "file:/data/./x/../a%20b.html", "FILE://localhost/data/a b.html?q#f"]
    {
        check(url, "file:///data/a%20b.html");
        assert_eq!(Target::parse(url).unwrap(), Target::File("/data/a b.html".into()));
    }
    check("file:///data/100%25/\u{e4}", "file:///data/100%25/%C3%A4");
    check("file:///a%2F..%2F..%2Fb", "file:///b");
    check("file:////data//x", "file:///data/x");
    assert!(fault("file:page.html").contains("absolute path"));
    assert!(fault("file:./page.html").contains("absolute path"));
    assert!(fault("file://server/page.html").contains("host `server`"));
    assert!(fault("file:///a%00b").contains("NUL"));
}

#[test]
fn a_path_without_scheme_lies_below_the_resource_root() {
    for url in ["/defs/x.html", "defs/x.html", "./defs//./x.html", "//defs/y/../x.html", " /defs/x.html "] {
        check(url, "/defs/x.html");
        assert_eq!(Target::parse(url).unwrap(), Target::Resource("defs/x.html".into()));
    }
    check("/defs/a b%20?c#d|\u{e4}", "/defs/a b%20?c#d|\u{e4}");
    check("./a:b", "/a:b");
    check("defs/a:b", "/defs/a:b");
}

#[test]
fn a_resource_path_never_leaves_the_root() {
    for url in ["..", "/..", "../x", "/../x", "a/../../x", "/a/b/../../../x", "./..", "a/../.."] {
        assert!(matches!(Target::parse(url), Err(FetchError::OutsideRoot { .. })), "{url}");
        assert!(fault(url).contains("resource root"), "{url}");
        assert_eq!(canonical_url(url), url);
    }
    for url in ["/", ".", "a/.."] {
        assert!(fault(url).contains("resource root itself"), "{url}");
    }
    assert!(fault("a\0b").contains("NUL"));
}

#[test]
fn other_schemes_and_malformed_urls_are_named() {
    for (url, scheme) in
        [("ftp://h/x", "ftp"), ("javascript:alert(1)", "javascript"), ("localhost:80/x", "localhost")]
    {
        let message = fault(url);
        assert!(
            message.contains(&format!("`{scheme}`")) && message.contains("http, https and file"),
            "{message}"
        );
    }
    for url in ["", "  ", "http://", "http://[::1", "http://h:99999/", "http://a b/", "https://%zz/"] {
        assert!(matches!(Target::parse(url), Err(FetchError::Url { .. })), "{url}");
    }
    assert!(fault(&"x".repeat(MAX_URL + 1)).contains("16385 bytes, more than 16384"));
}

#[test]
fn only_web_urls_have_a_host() {
    let check = |url: &str, host: Option<&str>| {
        assert_eq!(host_of(url).as_deref(), host, "{url}");
        // Jobs are counted by the host that requests wait for.
        assert_eq!(Locator::host_of(&canonical_url(url)), host, "{url}");
    };
    check("http://Example.com:8080/x", Some("example.com"));
    check("https://u:p@example.com./", Some("example.com"));
    check("http://[::1]:80/", Some("[::1]"));
    check("file:///x", None);
    check("file://host/x", None);
    check("/example.com/x", None);
    check("ftp://example.com/", None);
    check("http://", None);
}

#[test]
fn passwords_are_never_shown() {
    let check = |url: &str, shown: &str| assert_eq!(shown_url(url), shown);
    check("http://u:p@h/x", "http://***@h/x");
    check("http://u@h", "http://***@h");
    check("https://u:p@ss@h/x@y", "https://***@h/x@y");
    check("http:u:p@h/", "http:***@h/");
    check("http:/\\u:p@h\\x", "http:/\\***@h\\x");
    check("ht\ntp://u:p\t@h/", "http://***@h/");
    check("//u:p@h/x", "//***@h/x");
    check("http://h/x?mail=a@b", "http://h/x?mail=a@b");
    check("/defs/a@b/x", "/defs/a@b/x");
    check("http://h/\u{1b}[31m\0", "http://h/\\u{1b}[31m\\u{0}");
    assert_eq!(shown_url(&"\u{e4}".repeat(3000)).chars().count(), 2049);
    for url in ["ftp://u:secret@h/", "http://u:secret@h:x/", "http://u:secret@[::/"] {
        assert!(!fault(url).contains("secret"), "{}", fault(url));
    }
}
