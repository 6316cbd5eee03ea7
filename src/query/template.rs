//! Query texts with placeholders: `tr:nth-child(%{index})`.
//!
//! Splits the text once; what a placeholder name means is decided by the caller that binds it. Values are put in
//! by position and never scanned again, so a value that looks like a placeholder stays text.

use compact_str::CompactString;
use thiserror::Error;

/// A text with placeholders, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    names: Vec<String>,
}

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text as written, with `%%{x}` already turned into `%{x}`.
    Text(String),
    /// The placeholder with this index into [`Template::names`].
    Var(usize),
}

/// A placeholder that does not end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("placeholder `%{{` at character {at} has no closing brace, in `{text}`")]
pub struct TemplateError {
    /// The whole text.
    pub text: String,
    /// 1-based position, counted in characters.
    pub at: usize,
}

/// Values for the placeholders of a template.
pub trait Bindings {
    /// The value of the placeholder with this index into [`Template::names`]; always the same text during
    /// one evaluation.
    fn value(&self, var: usize) -> CompactString;

    /// The same as a number, where it is known to be one: a position need not be written down to be read again.
    fn number(&self, _var: usize) -> Option<u32> {
        None
    }
}

/// No placeholders, no values.
impl Bindings for () {
    fn value(&self, _var: usize) -> CompactString {
        CompactString::default()
    }
}

impl Bindings for [String] {
    fn value(&self, var: usize) -> CompactString {
        self.get(var).map(CompactString::from).unwrap_or_default()
    }
}

impl Template {
    /// Splits `text` at its placeholders.
    ///
    /// # Errors
    /// A `%{` without `}`.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut template = Self { parts: vec![], names: vec![] };
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let Some(length) = rest[start..].find('}') else {
                let at = text[..text.len() - rest.len() + start].chars().count() + 1;
                return Err(TemplateError { text: text.to_owned(), at });
            };
            let end = start + length;
            if rest[..start].ends_with('%') {
                template.push_text(&rest[..start - 1]);
                template.push_text(&rest[start..=end]);
            } else {
                template.push_text(&rest[..start]);
                let var = template.name(&rest[start + 2..end]);
                template.parts.push(Part::Var(var));
            }
            rest = &rest[end + 1..];
        }
        template.push_text(rest);
        Ok(template)
    }

    /// A template that is all text: nothing in `text` is a placeholder.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self { parts: vec![Part::Text(text.to_owned())], names: vec![] }
    }

    /// The pieces, in order; two texts never stand side by side.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The distinct placeholder names, as written between the braces.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether there is no placeholder.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.names.is_empty()
    }

    /// The text with all values put in.
    #[must_use]
    pub fn fill(&self, values: &(impl Bindings + ?Sized)) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Var(var) => text.push_str(&values.value(*var)),
            }
        }
        text
    }

    /// The text as it was written, placeholders and all.
    #[must_use]
    pub fn source(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(&piece.replace("%{", "%%{")),
                Part::Var(var) => {
                    text.push_str("%{");
                    text.push_str(&self.names[*var]);
                    text.push('}');
                }
            }
        }
        text
    }

    fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Part::Text(last)) = self.parts.last_mut() {
            last.push_str(text);
        } else {
            self.parts.push(Part::Text(text.to_owned()));
        }
    }

    fn name(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, names: &[&str], values: &[&str], filled: &str) {
        let template = Template::parse(text).unwrap();
        assert_eq!(template.names(), names, "{text}");
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        assert_eq!(template.fill(values.as_slice()), filled, "{text}");
        assert_eq!(template.source(), text);
    }

    #[test]
    fn values_take_the_place_of_placeholders() {
        check("tr", &[], &[], "tr");
        check("tr:nth-child(%{index}) > td", &["index"], &["3"], "tr:nth-child(3) > td");
        check("%{a}%{dim.year.index}%{a}", &["a", "dim.year.index"], &["x", "y"], "xyx");
    }

    #[test]
    fn a_doubled_percent_sign_is_text() {
        check("a %%{index} b", &[], &[], "a %{index} b");
        check("100% {x}", &[], &[], "100% {x}");
    }

    #[test]
    fn values_are_not_scanned_again() {
        check("%{a}", &["a"], &["%{b}"], "%{b}");
    }

    #[test]
    fn an_open_placeholder_is_an_error_with_its_place() {
        let error = Template::parse("é %{index").unwrap_err();
        assert_eq!(error.at, 3);
    }
}
