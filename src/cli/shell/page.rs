//! The page that a shell asks: from its name on the command line to its tree.
//!
//! Knows which files a name may mean besides a URL. Fetches, decodes and parses as a run does, with the same settings,
//! except that a single page does not wait for a delay.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime;

use crate::cli::exit::Failure;
use crate::compose;
use crate::conf::Settings;
use crate::fetch::{FetchError, FetchSettings, Fetcher, Page, Request, Target, shown_url};
use crate::query::{Limits, Tree, decode};

/// A page, and what it came from.
#[derive(Debug)]
pub(super) struct LoadedPage {
    page: Page,
    text: String,
    tree: Tree,
}

impl LoadedPage {
    /// Loads the page that `name` means.
    pub(super) fn load(name: &str, settings: &Settings) -> Result<Self, Failure> {
        let root = Path::new(".");
        let fetcher = Fetcher::new(of_one_page(settings)?, root.to_owned()).map_err(failure)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::fatal(format!("unable to start: {error}")))?;
        let url = url_of(name, root);
        let page = runtime.block_on(fetcher.fetch(Request::new(&url))).map_err(failure)?;
        Self::read(page, &compose::limits(settings))
    }

    /// Decodes and parses what was fetched.
    pub(super) fn read(page: Page, limits: &Limits) -> Result<Self, Failure> {
        let text = decode(&page.body, page.charset.as_deref()).into_owned();
        let tree = Tree::parse_html(&text, limits);
        let tree = tree.map_err(|error| Failure::fatal(format!("{error}, URL: {}", shown_url(&page.url))))?;
        Ok(Self { page, text, tree })
    }

    /// One line: URL after redirects, size, charset, nodes.
    pub(super) fn description(&self) -> String {
        let media_type = self.page.content_type.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
        let charset = match &self.page.charset {
            Some(label) => format!("charset {label} (header)"),
            None => "charset as the page says".to_owned(),
        };
        format!(
            "{}: {} bytes, {media_type}{charset}, {} nodes",
            shown_url(&self.page.url),
            self.page.body.len(),
            self.tree.len(),
        )
    }

    /// As it was sent.
    pub(super) fn bytes(&self) -> &Bytes {
        &self.page.body
    }

    /// Decoded.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Parsed.
    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// The settings of a run, except that a single page does not wait for a delay.
fn of_one_page(settings: &Settings) -> Result<FetchSettings, Failure> {
    Ok(FetchSettings { delay: Duration::ZERO, ..compose::fetch_settings(settings)? })
}

fn failure(error: FetchError) -> Failure {
    match error {
        FetchError::Setting { .. } => Failure::usage(error.to_string()),
        error => Failure::fatal(error.to_string()),
    }
}

/// The URL that a name on the command line means. What definitions call a URL is one here too; any other name
/// may be that of a file, wherever it lies.
fn url_of(name: &str, root: &Path) -> String {
    let is_url = match Target::parse(name) {
        Ok(Target::Http(_) | Target::File(_)) => true,
        Ok(Target::Resource(path)) => root.join(path).exists(),
        Err(_) => false,
    };
    let file = Path::new(name);
    if is_url || !file.exists() {
        return name.to_owned();
    }
    std::path::absolute(file).map_or_else(|_| name.to_owned(), |path| Target::File(path).canonical())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_name_is_a_url_first_and_a_file_then() {
        let folder = tempfile::tempdir().unwrap();
        let (root, beside) = (folder.path().join("root"), folder.path().join("a b.html"));
        fs::create_dir_all(root.join("defs")).unwrap();
        fs::write(root.join("defs/page.html"), "x").unwrap();
        fs::write(&beside, "x").unwrap();
        let beside_url = Target::File(beside.clone()).canonical();
        assert!(beside_url.ends_with("a%20b.html"));
        for (name, expected) in [
            ("https://example.org/a", "https://example.org/a"),
            ("file:///a.html", "file:///a.html"),
            ("/defs/page.html", "/defs/page.html"),
            ("defs/page.html", "defs/page.html"),
            ("/no/such/page.html", "/no/such/page.html"),
            ("ftp://example.org/a", "ftp://example.org/a"),
            (&*beside.to_string_lossy(), &*beside_url),
        ] {
            assert_eq!(url_of(name, &root), expected, "{name}");
        }
    }

    #[test]
    fn the_delay_between_pages_is_not_waited_for() {
        let settings = Settings::default();
        assert!(settings.loader.fetch.delay > 0);
        assert_eq!(of_one_page(&settings).ok().map(|settings| settings.delay), Some(Duration::ZERO));
    }
}
