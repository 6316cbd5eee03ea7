//! YAML text to a tree of [`Node`]s.
//!
//! Works on the events of the parser, with a stack of its own: depth, number of nodes and what aliases expand to are
//! limited, so that no text can exhaust stack or memory. Aliases and merge keys (`<<`) are resolved here; the modules
//! above do not see them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::fields::key_path;
use super::node::{Entry, Kind, Mark, Node};
use super::wording::shown;
use super::{Problem, Problems, scalar};

/// Deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 64;

/// Most nodes of all files together, with everything that aliases expand to.
const MAX_NODES: usize = 2_000_000;

/// Most bytes of scalars that aliases may repeat, in all files together.
const MAX_ALIAS_TEXT: usize = 8 << 20;

/// Most characters of a key; also the limit of YAML itself for keys on one line.
const MAX_KEY: usize = 1024;

/// Most lines whose indentation is repaired in one file.
const MAX_REPAIRS: usize = 256;

/// Most bytes that are read again because of repairs: 64 MiB.
const MAX_REPAIRED_BYTES: usize = 64 << 20;

/// What was taken so far of what all files together may take.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    nodes: usize,
    alias_text: usize,
}

/// Reads the first document of `text`; `None` when it is empty or cannot be read, which is then a problem.
///
/// Lines within brackets may be indented less than YAML asks for: other readers accept that, and definitions
/// rely on it. Such a line is indented in memory, and reading begins again.
pub(super) fn read(file: &str, text: &str, taken: &mut Taken, problems: &mut Problems) -> Option<Node> {
    let file: Arc<str> = file.into();
    let mut text = Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut padding: HashMap<usize, usize> = HashMap::new();
    let most = MAX_REPAIRS.min(MAX_REPAIRED_BYTES / text.len().max(1));
    let mut first_failure = None;
    for repairs in 0.. {
        let mut builder = Builder::new(&file, &text, &padding, *taken);
        let result = builder.document();
        match (result, builder.repair) {
            (Ok(root), _) => {
                *taken = builder.taken;
                problems.merge(builder.problems);
                return root;
            }
            (Err(failure), Some(repair)) if repairs < most => {
                first_failure.get_or_insert(failure);
                *padding.entry(repair.line).or_default() += repair.blanks;
                text = Cow::Owned(indented(&text, &repair));
            }
            (Err(failure), _) => {
                problems.merge(builder.problems);
                problems.push(*first_failure.unwrap_or(failure));
                break;
            }
        }
    }
    None
}

/// A line that needs more indentation.
struct Repair {
    /// 0-based.
    line: usize,
    blanks: usize,
}

fn indented(text: &str, repair: &Repair) -> String {
    let mut out = String::with_capacity(text.len() + repair.blanks);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number == repair.line {
            out.extend(iter::repeat_n(' ', repair.blanks));
        }
        out.push_str(line);
    }
    out
}

/// A list or mapping that is not finished.
struct Frame {
    mark: Mark,
    /// Column as the parser sees it, 0-based.
    column: usize,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, lines: HashMap<Arc<str>, u32>, key: Option<Key>, merged: Vec<Node> },
}

/// A key whose value is still to come.
struct Key {
    text: Arc<str>,
    mark: Mark,
    /// Whether it is the merge key.
    merges: bool,
}

struct Builder<'a> {
    file: Arc<str>,
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    taken: Taken,
    /// Blanks that were put in front of lines.
    padding: &'a HashMap<usize, usize>,
    /// What to repair before reading again.
    repair: Option<Repair>,
    problems: Problems,
}

/// A problem after which nothing more can be read; boxed because it is rare and large.
type Fatal = Box<Problem>;

impl<'a> Builder<'a> {
    fn new(file: &Arc<str>, text: &'a str, padding: &'a HashMap<usize, usize>, taken: Taken) -> Self {
        Self {
            file: Arc::clone(file),
            parser: Parser::new_from_str(text),
            text,
            stack: vec![],
            anchors: HashMap::new(),
            taken,
            padding,
            repair: None,
            problems: Problems::default(),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Fatal> {
        let mut root = None;
        while let Some(event) = self.parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax_error(&error))?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    self.warn_of_second_document(span.start);
                    break;
                }
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                event => root = self.event(event, span.start)?.or(root),
            }
        }
        Ok(root)
    }

    /// Takes an event of the tree; gives the root when this was its end.
    fn event(&mut self, event: Event<'_>, marker: Marker) -> Result<Option<Node>, Fatal> {
        let (mark, column) = (self.mark(marker), marker.col());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = self.scalar(&text, style, tag.as_deref(), &mark)?;
                if self.at_key() {
                    self.key(&text, &mark, style == ScalarStyle::Plain)?;
                    self.keep(anchor, &Node { mark, kind })?;
                    return Ok(None);
                }
                self.complete(Node { mark, kind }, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.alias(anchor, &mark)?;
                match node.source() {
                    Some(text) if self.at_key() => self.key(text, &mark, false).map(|()| None),
                    None if self.at_key() => Err(self.fatal(&mark, "a key must be a text", "write it out")),
                    _ => self.complete(node, 0),
                }
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "seq", &mark)?;
                self.open(Frame { mark, column, anchor, inside: Inside::List(vec![]) })
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), "map", &mark)?;
                let inside =
                    Inside::Map { entries: vec![], lines: HashMap::new(), key: None, merged: vec![] };
                self.open(Frame { mark, column, anchor, inside })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(None),
        }
    }

    fn open(&mut self, frame: Frame) -> Result<Option<Node>, Fatal> {
        if self.stack.len() == MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(self.fatal(&frame.mark, message, "check the indentation and the brackets"));
        }
        if self.at_key() {
            let help = "a text that begins with `[` or `{` must stand in quotes";
            return Err(self.fatal(&frame.mark, "a key must be a text", help));
        }
        self.stack.push(frame);
        Ok(None)
    }

    fn close(&mut self) -> Result<Option<Node>, Fatal> {
        let Some(Frame { mark, anchor, inside, .. }) = self.stack.pop() else {
            return Ok(None);
        };
        let kind = match inside {
            Inside::List(nodes) => Kind::List(nodes),
            Inside::Map { mut entries, mut lines, merged, .. } => {
                for node in merged {
                    self.merge(node, &mut entries, &mut lines);
                }
                Kind::Map(entries)
            }
        };
        self.complete(Node { mark, kind }, anchor)
    }

    /// Whether the next node is a key.
    fn at_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { inside: Inside::Map { key: None, .. }, .. }))
    }

    /// Puts a finished node where it belongs; gives it back when it is the root.
    /// Puts a finished node where it belongs; gives it back when it is the root.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<Option<Node>, Fatal> {
        self.count(&node.mark, 1)?;
        self.keep(anchor, &node)?;
        match self.stack.last_mut().map(|frame| &mut frame.inside) {
            None => return Ok(Some(node)),
            Some(Inside::List(nodes)) => nodes.push(node),
            Some(Inside::Map { entries, lines, key, merged }) => match key.take() {
                None => {}
                Some(key) if key.merges => merged.push(node),
                Some(Key { text, mark, .. }) => match lines.get(&text).copied() {
                    Some(line) => self.report_repeated(&text, &mark, line),
                    None => {
                        lines.insert(Arc::clone(&text), mark.line);
                        entries.push(Entry { key: text, mark, value: node });
                    }
                },
            },
        }
        Ok(None)
    }

    fn report_repeated(&mut self, key: &str, mark: &Mark, first_line: u32) {
        let message = format!("the key {} is written twice", shown(key));
        let help = format!("the first one is in line {first_line}: remove one of them");
        let path = key_path(&path_of(&self.stack), key);
        self.problems.push(Problem::error(&mark.place(&path), message, help));
    }

    /// Remembers what an anchor stands for.
    fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), Fatal> {
        if anchor > 0 {
            self.count(&node.mark, measure(node).0)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn key(&mut self, text: &str, mark: &Mark, plain: bool) -> Result<(), Fatal> {
        if plain && text.is_empty() {
            return Err(self.fatal(mark, "a key is missing", "write a name in front of the colon"));
        }
        if text.chars().nth(MAX_KEY).is_some() {
            let message = format!("a key of more than {MAX_KEY} characters");
            return Err(self.fatal(mark, message, "check the quotes"));
        }
        if let Some(Frame { inside: Inside::Map { key, .. }, .. }) = self.stack.last_mut() {
            let merges = plain && text == "<<";
            *key = Some(Key { text: text.into(), mark: mark.clone(), merges });
        }
        Ok(())
    }

    /// `<<`: puts in what the mapping itself does not have.
    fn merge(&mut self, node: Node, entries: &mut Vec<Entry>, lines: &mut HashMap<Arc<str>, u32>) {
        match node.kind {
            Kind::Map(others) => {
                for other in others {
                    if !lines.contains_key(&other.key) {
                        lines.insert(Arc::clone(&other.key), other.mark.line);
                        entries.push(other);
                    }
                }
            }
            Kind::List(nodes) if nodes.iter().all(|node| matches!(node.kind, Kind::Map(_))) => {
                nodes.into_iter().for_each(|node| self.merge(node, entries, lines));
            }
            _ => {
                let place = node.mark.place(&path_of(&self.stack));
                let message =
                    format!("`<<` takes a mapping or a list of mappings, found {}", node.description());
                self.problems.push(Problem::error(
                    &place,
                    message,
                    "write `<<: *name` for a mapping marked `&name`",
                ));
            }
        }
    }

    fn alias(&mut self, anchor: usize, mark: &Mark) -> Result<Node, Fatal> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.fatal(mark, "an alias inside of what it stands for", "write it out"));
        };
        let (size, depth, text) = measure(&node);
        self.count(mark, size)?;
        if self.stack.len() + depth > MAX_DEPTH {
            return Err(self.fatal(
                mark,
                format!("nested deeper than {MAX_DEPTH} levels"),
                "use fewer aliases",
            ));
        }
        self.taken.alias_text += text;
        if self.taken.alias_text > MAX_ALIAS_TEXT {
            return Err(self.fatal(mark, "aliases repeat more than 8 MiB of text", "use fewer aliases"));
        }
        Ok(node)
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: &Mark) -> Result<Kind, Fatal> {
        match tag {
            None if style == ScalarStyle::Plain => Ok(scalar::plain(text)),
            None => Ok(Kind::Text(text.into())),
            // The non-specific tag `!` says that it is text.
            Some(tag) if tag.suffix == "!" && tag.handle.is_empty() => Ok(Kind::Text(text.into())),
            Some(tag) => tag
                .is_yaml_core_schema()
                .then(|| scalar::tagged(&tag.suffix, text))
                .flatten()
                .ok_or_else(|| self.bad_tag(tag, mark)),
        }
    }

    fn refuse_tag(&self, tag: Option<&Tag>, expected: &str, mark: &Mark) -> Result<(), Fatal> {
        match tag {
            Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == expected) => {
                Err(self.bad_tag(tag, mark))
            }
            _ => Ok(()),
        }
    }

    fn bad_tag(&self, tag: &Tag, mark: &Mark) -> Fatal {
        let message = format!("the tag {} does not fit here", shown(&tag.to_string()));
        self.fatal(
            mark,
            message,
            "a text that begins with `!` must stand in quotes; otherwise leave the tag out",
        )
    }

    fn count(&mut self, mark: &Mark, nodes: usize) -> Result<(), Fatal> {
        self.taken.nodes += nodes;
        if self.taken.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in all files, aliases included");
            return Err(self.fatal(mark, message, "use fewer aliases, or several runs"));
        }
        Ok(())
    }

    fn warn_of_second_document(&mut self, marker: Marker) {
        // `---` with nothing behind it loses nothing.
        if let Some(Ok((Event::Scalar(text, ScalarStyle::Plain, ..), _))) = self.parser.next_event()
            && text.is_empty()
        {
            return;
        }
        let message = "a second document in a file is ignored";
        let help = "remove the line `---`, or move what follows it into a file of its own";
        self.problems.push(Problem::warning(&self.mark(marker).place(""), message, help));
    }

    fn syntax_error(&mut self, error: &ScanError) -> Fatal {
        let (marker, info) = (*error.marker(), error.info());
        if matches!(info, "invalid indentation" | "invalid indentation in flow construct") {
            let deepest = self.stack.iter().map(|frame| frame.column).max().unwrap_or_default();
            let blanks = (deepest + 2).saturating_sub(marker.col()).max(8);
            self.repair = Some(Repair { line: marker.line().saturating_sub(1), blanks });
        }
        let line = self.text.lines().nth(marker.line().saturating_sub(1)).unwrap_or_default();
        let help = syntax_help(info, line, marker.col());
        self.fatal(&self.mark(marker), format!("this is not YAML: {info}"), &help)
    }

    fn fatal(&self, mark: &Mark, message: impl Into<String>, help: &str) -> Fatal {
        Box::new(Problem::error(&mark.place(&path_of(&self.stack)), message, help))
    }

    fn mark(&self, marker: Marker) -> Mark {
        let padding = self.padding.get(&marker.line().saturating_sub(1)).copied().unwrap_or_default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Mark {
            file: Arc::clone(&self.file),
            line: number(marker.line()).max(1),
            column: number(marker.col().saturating_sub(padding)).saturating_add(1),
        }
    }
}

/// Keys and list positions from the root to where reading is.
fn path_of(stack: &[Frame]) -> String {
    stack.iter().fold(String::new(), |path, frame| match &frame.inside {
        Inside::List(nodes) => format!("{path}[{}]", nodes.len()),
        Inside::Map { key: Some(key), .. } => key_path(&path, &key.text),
        Inside::Map { .. } => path,
    })
}

/// How many nodes there are in `node`, how deep it is, how many bytes of text it holds.
fn measure(node: &Node) -> (usize, usize, usize) {
    let children: &mut dyn Iterator<Item = &Node> = match &node.kind {
        Kind::List(nodes) => &mut nodes.iter(),
        Kind::Map(entries) => &mut entries.iter().map(|entry| &entry.value),
        _ => return (1, 0, node.source().map_or(0, |text| text.len())),
    };
    let (mut size, mut depth, mut text) = (1, 0, 0);
    for child in children {
        let child = measure(child);
        size += child.0;
        depth = child.1.max(depth);
        text += child.2;
    }
    (size, depth + 1, text)
}

/// What to do about text that is not YAML. The commonest cause is a text without quotes.
fn syntax_help(info: &str, line: &str, column: usize) -> String {
    let indent = line.len() - line.trim_start().len();
    let at = line.chars().nth(column).unwrap_or_default();
    if info.contains("quoted scalar") && !info.contains("escape") {
        "close the quotes; a quote within quotes is written twice ('') or with a backslash (\\\")".to_owned()
    } else if info.contains("escape") {
        "in double quotes a backslash is written twice (\"\\\\d\"), in single quotes once ('\\d')".to_owned()
    } else if info.starts_with("invalid indentation") {
        "close the bracket `[` or `{` that was opened above, or indent this line".to_owned()
    } else if line.get(..indent).is_some_and(|blanks| blanks.contains('\t')) {
        "indent with blanks: tabs are not allowed".to_owned()
    } else if "*&%@!|>`".contains(at) {
        format!("a text that begins with {} must stand in quotes", shown(&at.to_string()))
    } else if info.contains("mapping values are not allowed") {
        "a text with a colon and a blank in it must stand in quotes; else check the indentation".to_owned()
    } else {
        "check quotes, brackets and indentation, here and in the line above".to_owned()
    }
}
