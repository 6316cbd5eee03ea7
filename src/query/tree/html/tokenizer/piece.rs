//! Pieces of a page that html5ever's tokenizer reads: what has intricate rules and is rare.
//!
//! A piece is cut so that it begins where the tokenizer would be in the state that a new one is put into, and ends
//! where it would be back in it. So what is read is the same as in one go.

use std::cell::Cell;
use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tokenizer::states::State;

use crate::query::tree::html::guard::Guard;

/// Opens text that is not markup, within SVG and MathML.
const CDATA: &str = "<![CDATA[";
const CDATA_END: &str = "]]>";

/// Hands tokens on, but that a piece ends.
struct Through<'g> {
    guard: &'g Guard,
    /// Whether there was a comment or a doctype.
    whole: Cell<bool>,
}

impl TokenSink for Through<'_> {
    type Handle = u32;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<u32> {
        match &token {
            Token::EOFToken | Token::ParseError(_) => return TokenSinkResult::Continue,
            Token::CommentToken(_) | Token::DoctypeToken(_) => self.whole.set(true),
            _ => {}
        }
        self.guard.process_token(token, line_number)
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.guard.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Takes the value of the only attribute.
#[derive(Default)]
struct Value(RefCell<StrTendril>);

impl TokenSink for Value {
    type Handle = u32;

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<u32> {
        if let Token::TagToken(tag) = token
            && let Some(attr) = tag.attrs.into_iter().next()
        {
            self.0.replace(attr.value);
        }
        TokenSinkResult::Continue
    }
}

/// Reads text without markup and hands it on; `state` says what references and NUL mean in it.
pub(super) fn read_text(guard: &Guard, text: StrTendril, state: State) {
    let tokenizer = begin(Through { guard, whole: Cell::new(false) }, state);
    feed(&tokenizer, text);
    tokenizer.end();
}

/// The value of an attribute, which is written `written`, with its quotes.
pub(super) fn read_value(written: &str) -> StrTendril {
    let tokenizer = begin(Value::default(), State::Data);
    let mut tag = StrTendril::from_slice("<a b=");
    tag.push_slice(written);
    tag.push_char('>');
    feed(&tokenizer, tag);
    tokenizer.sink.0.take()
}

/// Reads the comment or doctype, or what is taken for one, that begins at `start`; how long it is.
pub(super) fn read_markup(guard: &Guard, page: &StrTendril, start: usize) -> usize {
    let tokenizer = begin(Through { guard, whole: Cell::new(false) }, State::Data);
    let rest = page.get(start..).unwrap_or_default();
    let is_cdata = rest.starts_with(CDATA) && guard.adjusted_current_node_present_but_not_in_html_namespace();
    if is_cdata {
        let length = rest.find(CDATA_END).map_or(rest.len(), |end| end + CDATA_END.len());
        feed(&tokenizer, cut(page, start, length));
        tokenizer.end();
        return length;
    }
    // None of these ends but with `>`, or the page.
    let mut read = 0;
    while read < rest.len() && !tokenizer.sink.whole.get() {
        let after = rest.as_bytes().get(read..).unwrap_or_default();
        let length = memchr::memchr(b'>', after).map_or(after.len(), |end| end + 1);
        feed(&tokenizer, cut(page, start + read, length));
        read += length;
    }
    if !tokenizer.sink.whole.get() {
        tokenizer.end();
    }
    read
}

fn begin<S: TokenSink>(sink: S, state: State) -> Tokenizer<S> {
    let initial_state = Some(state);
    Tokenizer::new(sink, TokenizerOpts { initial_state, discard_bom: false, ..TokenizerOpts::default() })
}

fn feed<S: TokenSink>(tokenizer: &Tokenizer<S>, text: StrTendril) {
    let input = BufferQueue::default();
    input.push_back(text);
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
}

fn cut(page: &StrTendril, from: usize, length: usize) -> StrTendril {
    // A page of 4 GiB was refused before, so nothing is truncated.
    page.try_subtendril(from as u32, length as u32).unwrap_or_default()
}
