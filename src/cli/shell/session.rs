//! What is answered to a line: a line in, a text out.
//!
//! Knows the commands and what they have set so far. Reads and writes nothing itself, so every answer can be
//! tested as a pair of texts.

use std::path::PathBuf;

use crate::query::Limits;

use super::page::LoadedPage;
use super::query::{Block, Language, Query};
use super::show::{View, noun};

/// Most characters of a block in a prompt.
const SHOWN_BLOCK: usize = 40;
/// Most lines that may be asked for.
const MOST_LINES: usize = 1_000_000;

const HELP: &str = "\
a line is a query; what it finds is shown, and the value that a definition would get
    h3 > a                      CSS, as with `parser: css`
    a attribute: href           the attribute is the value
    //h3/a/@href                XPath, as with `parser: xpath`: begins with / ( ./ .. @ or has :: in it
    xpath:count(//a)  css:a     say which it is
:block QUERY    look in what QUERY finds from now on, as the block of a dataDef; `:block` alone: in the page
:lines N        show the first and last N lines of each node (5)
:all            show all nodes, not 20; again: back
:text           show the text of each node below it; again: back
:page           show the source of the page
:save FILE      write the page as it was sent into a new file
:help           this
:quit           end, as an empty line does";

/// What follows from a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// This is the answer.
    Say(String),
    /// The page is to be written into this file.
    Save(PathBuf),
    /// It is over.
    End,
}

/// A page and what was set.
#[derive(Debug)]
pub(super) struct Session {
    page: LoadedPage,
    limits: Limits,
    /// Its text and what it found.
    block: Option<(String, Block)>,
    view: View,
}

impl Session {
    pub(super) fn new(page: LoadedPage, limits: Limits) -> Self {
        Self { page, limits, block: None, view: View::default() }
    }

    pub(super) fn page(&self) -> &LoadedPage {
        &self.page
    }

    /// What stands before the next line.
    pub(super) fn prompt(&self) -> String {
        let Some((text, _)) = &self.block else { return "scoopi> ".to_owned() };
        let cut: String = match text.char_indices().nth(SHOWN_BLOCK) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.clone(),
        };
        format!("scoopi [{cut}]> ")
    }

    /// The answer to a line.
    pub(super) fn reply(&mut self, line: &str) -> Reply {
        let line = line.trim();
        let (command, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let argument = argument.trim_start();
        let told = match (command, argument) {
            ("" | ":quit", _) => return Reply::End,
            (":save", "") => Err("error: `:save` needs the name of a file".to_owned()),
            (":save", file) => return Reply::Save(file.into()),
            (":help", _) => Ok(HELP.to_owned()),
            (":page", _) => Ok(self.page.text().to_owned()),
            (":block", "") => Ok(self.clear_block()),
            (":block", query) => self.set_block(query),
            (":lines", number) => self.set_lines(number),
            (":all", _) => Ok(self.toggle_all()),
            (":text", _) => Ok(self.toggle_text()),
            _ => self.ask(line),
        };
        // A mistake is an answer like any other: the conversation continues.
        Reply::Say(told.unwrap_or_else(|mistake| mistake))
    }

    fn ask(&self, line: &str) -> Result<String, String> {
        let block = self.block.as_ref().map(|(_, block)| block);
        let (language, text) = Language::of(line, block.map(Block::language));
        let tree = self.page.tree();
        let found = Query::compile(language, text)?.find(tree, block, &self.limits)?;
        let mut answer = String::new();
        if let Some(nodes) = &found.nodes {
            answer = self.view.show(tree, nodes, language);
            answer.push_str(&format!("{} found: {}\n", noun(tree, nodes), nodes.len()));
        }
        let value = match found.value.as_deref() {
            None => "(none)",
            Some(text) if text.trim().is_empty() => "(blank)",
            Some(text) => text,
        };
        answer.push_str("value: ");
        answer.push_str(value);
        Ok(answer)
    }

    fn set_block(&mut self, query: &str) -> Result<String, String> {
        let (language, text) = Language::of(query, None);
        let block = Query::compile(language, text)?.block(self.page.tree(), &self.limits)?;
        let told = match block.len() {
            0 => "block: nothing found, so queries find nothing in it".to_owned(),
            1 => "block: 1 node".to_owned(),
            count => format!("block: {count} nodes"),
        };
        self.block = Some((text.to_owned(), block));
        Ok(told)
    }

    fn clear_block(&mut self) -> String {
        self.block = None;
        "block: the page".to_owned()
    }

    fn set_lines(&mut self, number: &str) -> Result<String, String> {
        let lines = number.parse().ok().filter(|lines| (1..=MOST_LINES).contains(lines));
        self.view.lines = lines
            .ok_or_else(|| format!("error: expected a number from 1 to {MOST_LINES}, found `{number}`"))?;
        Ok(format!("lines: the first and last {} of each node", self.view.lines))
    }

    fn toggle_all(&mut self) -> String {
        self.view.all = !self.view.all;
        let shown = if self.view.all { "all nodes are shown" } else { "at most 20 nodes are shown" };
        format!("all: {shown}")
    }

    fn toggle_text(&mut self) -> String {
        self.view.text = !self.view.text;
        let shown = if self.view.text { "is shown" } else { "is not shown" };
        format!("text: the text of each node {shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Page;

    const PAGE: &str = "<title>t</title><ul><li>a <b>b</b><li class=x>c<li> </ul>";

    fn session() -> Session {
        let page = Page {
            url: "/page.html".to_owned(),
            body: PAGE.as_bytes().into(),
            charset: None,
            content_type: None,
            status: None,
        };
        let limits = Limits::default();
        Session::new(LoadedPage::read(page, &limits).unwrap(), limits)
    }

    fn say(session: &mut Session, line: &str) -> String {
        let Reply::Say(text) = session.reply(line) else { return format!("{line} is not answered") };
        text
    }

    fn check(line: &str, expected: &str) {
        assert_eq!(say(&mut session(), line), expected, "{line}");
    }

    #[test]
    fn an_answer_shows_nodes_their_number_and_the_value() {
        check("li.x", "-----\n<li class=\"x\">c</li>\n-----\nelements found: 1\nvalue: c");
        check("  title ", "-----\n<title>t</title>\n-----\nelements found: 1\nvalue: t");
        check("p", "elements found: 0\nvalue: (none)");
        check("li:eq(2)", "-----\n<li> </li>\n-----\nelements found: 1\nvalue: (blank)");
        check("//li/@class", "-----\nclass=\"x\"\n-----\nnodes found: 1\nvalue: x");
        check("xpath:count(//li)", "value: 3");
        check("li.x attribute: class", "-----\n<li class=\"x\">c</li>\n-----\nelements found: 1\nvalue: x");
    }

    #[test]
    fn a_block_holds_until_it_is_cleared() {
        let mut session = session();
        assert_eq!(session.prompt(), "scoopi> ");
        assert_eq!(say(&mut session, ":block ul"), "block: 1 node");
        assert_eq!(session.prompt(), "scoopi [ul]> ");
        assert_eq!(say(&mut session, "title"), "elements found: 0\nvalue: (none)");
        assert_eq!(say(&mut session, ":block p"), "block: nothing found, so queries find nothing in it");
        assert_eq!(say(&mut session, ":block //li"), "block: 3 nodes");
        assert!(say(&mut session, ".").ends_with("value: (blank)"));
        assert_eq!(say(&mut session, ":block"), "block: the page");
        assert!(say(&mut session, "title").ends_with("value: t"));
    }

    #[test]
    fn a_wrong_block_changes_nothing() {
        let mut session = session();
        say(&mut session, ":block ul");
        assert!(say(&mut session, ":block li[").starts_with("error: "));
        assert_eq!(session.prompt(), "scoopi [ul]> ");
    }

    #[test]
    fn a_long_block_is_cut_in_the_prompt() {
        let mut session = session();
        say(&mut session, &format!(":block {}", "li, ".repeat(20) + "b"));
        assert_eq!(session.prompt(), format!("scoopi [{}…]> ", "li, ".repeat(10)));
    }

    #[test]
    fn what_is_shown_can_be_set() {
        let mut session = session();
        assert_eq!(say(&mut session, ":text"), "text: the text of each node is shown");
        assert!(say(&mut session, "ul > li:eq(0)").contains("</li>\ntext: a\n-----"));
        assert_eq!(say(&mut session, ":text"), "text: the text of each node is not shown");
        assert!(!say(&mut session, "li").contains("text:"));
        assert_eq!(say(&mut session, ":all"), "all: all nodes are shown");
        assert_eq!(say(&mut session, ":all"), "all: at most 20 nodes are shown");
        assert_eq!(say(&mut session, ":lines 7"), "lines: the first and last 7 of each node");
        for wrong in ["0", "x", "", "1000001", "-1"] {
            let expected = format!("error: expected a number from 1 to 1000000, found `{wrong}`");
            assert_eq!(say(&mut session, &format!(":lines {wrong}")), expected);
        }
        assert_eq!(session.view.lines, 7);
    }

    #[test]
    fn the_page_can_be_seen_and_saved() {
        check(":page", PAGE);
        assert_eq!(session().reply(":save a b.html"), Reply::Save("a b.html".into()));
        check(":save", "error: `:save` needs the name of a file");
    }

    #[test]
    fn a_mistake_does_not_end_the_conversation() {
        let mut session = session();
        assert!(say(&mut session, "li[").starts_with("error: "));
        assert!(say(&mut session, ":nothing").starts_with("error: "));
        assert!(say(&mut session, "title").ends_with("value: t"));
    }

    #[test]
    fn an_empty_line_ends() {
        for line in ["", "  ", ":quit"] {
            assert_eq!(session().reply(line), Reply::End);
        }
        assert!(say(&mut session(), ":help").contains(":block QUERY"));
    }
}
