//! The same trees as with html5ever's tokenizer, on pages made to be odd.

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::tree_builder::TreeBuilder;

use crate::query::limits::Limits;
use crate::query::tree::Tree;
use crate::query::tree::TreeError;
use crate::query::tree::html::guard::Guard;
use crate::query::tree::html::options;
use crate::query::tree::html::sink::Sink;

/// The tree by html5ever's tokenizer.
fn reference(page: &str) -> Result<Tree, TreeError> {
    let builder = TreeBuilder::new(Sink::new(page.len(), &Limits::default()), options());
    // Left to itself, it takes a byte order mark after each script, too, for that of the page.
    let options = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Guard::new(builder), options);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(page.strip_prefix('\u{feff}').unwrap_or(page)));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.finish()
}

fn check(page: &str) {
    let found = Tree::parse_html(page, &Limits::default());
    assert_eq!(format!("{found:#?}"), format!("{:#?}", reference(page)), "{page:?}");
}

#[test]
fn tags_are_read_as_the_standard_says() {
    for page in [
        "<p>a<P CLASS=X ID='y'>b</P >c<br/>d<br / >e<img src=a/b/>f",
        "<a b c=d e = f g='h i' j=\"k\"l=m>x</a n=o p>",
        "<a =b ==c d=>x<a / b/c>y<a b='c'd>z<a \"x' <y>",
        "<a b=1 b=2 B=3 c>x",
        "<a href=?x=1&amp;y=2&z=3&copy=4&copy;5&#65;&#x42&#0;>x",
        "&amp;&nbsp;&lt;&gt;&quot;&#39;&apos;&copy;&reg;&laquo;&raquo;&middot;&bull;&ndash;&mdash;&euro;x",
        "<a t='&lt;&quot;&apos;' u=\"'&nosuch;&\" v=&>x",
        "<a b=\0c d\0e='f\0'>x</a\0>",
        "<é a><a é=ü ÀB='É'>x</é>",
        "<a\nb\tc\u{c}d\r\ne='f\rg'>x",
        "<a b='c>d' e=\"<f>\">x",
        "<",
        "<a",
        "<a ",
        "<a b",
        "<a b=",
        "<a b='",
        "<a b='c'",
        "<a b=c",
        "</",
        "</a",
        "x<a /",
        "<a b=c/>",
    ] {
        check(page);
    }
}

#[test]
fn what_only_looks_like_markup_is_read_as_the_standard_says() {
    for page in [
        "a < b <c> d <1> e </ f> g </> h </1> i << j <<k> l <\0>",
        "<!-- a > b --> c <!--> d <!---> e <!-- f -- g --!> h <!x> i <!> j <?k?> l <!-",
        "<!--a",
        "<!--a-",
        "<!--a--",
        "<!",
        "<!d",
        "<!doctype",
        "<?",
        "<!--<!-- a -->b",
        "<!-- a\0b\r\nc -->",
        "<!doctype html>x",
        "<!DOCTYPE a PUBLIC \"b>c\" 'd'>x",
        "<!doctypehtml x y>z",
        "<svg><![CDATA[a<b>&amp;]]c]]>d</svg><![CDATA[e]]>f<math><![CDATA[g",
        "a&amp;b&lt;c&nosuch;d&am",
        "&",
        "&#",
        "&#x",
        "&amp",
        "&ampx",
        "&notit;&notin;&<<b>&",
        "a\0b&\0c\rd\r\ne",
        "\u{feff}a\u{feff}b",
        "a\u{feff}",
        "<pre>\r\n\na</pre><textarea>\n\nb</textarea><pre>&#10;c",
    ] {
        check(page);
    }
}

#[test]
fn elements_of_text_end_where_the_standard_says() {
    for page in [
        "<title>a<b>&amp;</ti</title x>c",
        "<title>a</titlex></title/>b",
        "<title>a</title",
        "<TITLE>a</Title>b",
        "<textarea>a&lt;<!-- </textarea> -->b",
        "<style>a&amp;\0</style>b",
        "<style>a</style \n x='>'>b",
        "<xmp><b></xmp>a",
        "<iframe><b></iframe>a",
        "<noembed><b></noembed><noframes>x</noframes>a",
        "<noscript><b>a</noscript>b",
        "<plaintext>a</plaintext>\0<b>",
        "<svg><title>a<b>c</title></svg>d",
        "<svg><script>a<b>c</script><style>d<e></style></svg>f",
        "<script>a<b</script>c",
        "<script>a</script/>b",
        "<script>a</scriptx></script >b",
        "<script>\0</script>",
        "<script><!-- a </script> b --> c",
        "<script><!--<script></script>--></script>a",
        "<script><!--<script>a</script>b</script>c",
        "<script><!--<script>a-->b</script>c",
        "<script><!--><script></script>a",
        "<script><!---><script></script>a",
        "<script><!-<script></script>a",
        "<script><!--<scriptx></script>a",
        "<script><!--<script/ </script/ </script>a</script>b",
        "<script><!--<script --></script>a",
        "<script><!-- -- ></script>a",
        "<script><!--\0-\0--\0></script>a",
        "<script><!--<script><!--</script>--></script>a",
        "<script><!--a--b-->c</script>d",
        "<script><!--",
    ] {
        check(page);
    }
}

#[test]
fn pages_thrown_together_give_the_same_trees() {
    const PIECES: [&str; 64] = [
        "<",
        ">",
        "/",
        "</",
        "!",
        "--",
        "-",
        "<!--",
        "-->",
        "<!",
        "?",
        "=",
        "'",
        "\"",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\0",
        "&",
        "&amp;",
        "&am",
        "&not",
        "&#x4",
        ";",
        "a",
        "B",
        "é",
        "x y",
        "<a",
        "<b>",
        "</b>",
        "<p ",
        "<p>",
        "</p>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<script>",
        "</script",
        "</script>",
        "<script",
        "<title>",
        "</title>",
        "<style>",
        "</style ",
        "<textarea>",
        "</textarea>",
        "<svg>",
        "</svg>",
        "<![CDATA[",
        "]]>",
        "]",
        "<math>",
        "<select>",
        "<option>",
        "<template>",
        "</template>",
        "<pre>",
        "<!doctype",
        "href=",
        "\u{feff}",
        "<br/>",
    ];
    let mut state = 1_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for _ in 0..6000 {
        let page: String = (0..below(24) + 1).map(|_| PIECES[below(PIECES.len())]).collect();
        check(&page);
    }
}
