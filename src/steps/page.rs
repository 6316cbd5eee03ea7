//! A loaded page, parsed when somebody asks for its tree.

use std::sync::OnceLock;

use crate::model::{Document, ShownUrl};
use crate::query::{Limits, Tree, decode};

use super::StepError;

/// A document, and the tree that all tasks of its group share.
#[derive(Debug)]
pub struct Page {
    document: Document,
    limits: Limits,
    tree: OnceLock<Result<Tree, StepError>>,
}

impl Page {
    /// A page that may be as large as `limits` say.
    #[must_use]
    pub fn new(document: Document, limits: Limits) -> Self {
        Self { document, limits, tree: OnceLock::new() }
    }

    /// What was loaded.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Its tree, made on the first call.
    ///
    /// # Errors
    /// The page is over a limit.
    pub fn tree(&self) -> Result<&Tree, StepError> {
        let parse = || {
            let text = decode(&self.document.body, self.document.charset.as_deref());
            Tree::parse_html(&text, &self.limits)
                .map_err(|error| StepError::fatal(format!("{error}, URL: {}", ShownUrl(&self.document.url))))
        };
        self.tree.get_or_init(parse).as_ref().map_err(Clone::clone)
    }
}
