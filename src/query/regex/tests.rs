//! Java's regular expressions, by table.

mod steps;

use super::*;

fn meter() -> Meter<'static> {
    Meter::new(&Limits::default())
}

/// Each row: pattern, text, whether it is found, whether the whole text matches.
fn check(rows: &[(&str, &str, bool, bool)]) {
    for (pattern, text, found, whole) in rows {
        let regex = JavaRegex::compile(pattern).unwrap();
        assert_eq!(regex.find(text, &meter()), Ok(*found), "find {pattern:?} in {text:?}");
        assert_eq!(regex.matches_whole(text, &meter()), Ok(*whole), "match {pattern:?} against {text:?}");
    }
}

/// Each row: pattern, position of the error, a part of its message.
fn check_errors(rows: &[(&str, usize, &str)]) {
    for (pattern, place, part) in rows {
        let error = JavaRegex::compile(pattern).unwrap_err();
        let placed = matches!(&error, JavaRegexError::Syntax { at, message, .. }
            if at == place && message.contains(part));
        assert!(placed, "{pattern:?}: {error:?}");
    }
}

fn is_literal(pattern: &str) -> bool {
    matches!(JavaRegex::compile(pattern).unwrap().program, Program::Literal { .. })
}

#[test]
fn plain_text_needs_no_engine() {
    for pattern in ["abc", r"EPS \(TTM\)", r"^EPS \(TTM\)", "abc$", "^abc$", r"\Qa.b\E", r"\u0041b", "(?i)12"]
    {
        assert!(is_literal(pattern), "{pattern}");
    }
    for pattern in ["a.c", "ab*", "a|b", "(?i)abc", "[a]", "a^b", "a$b", "(a)", "", "^", "$", r"\d", "(?m)^a"]
    {
        assert!(!is_literal(pattern), "{pattern}");
    }
    check(&[
        ("abc", "xabcx", true, false),
        ("abc", "abc", true, true),
        ("^abc", "abcx", true, false),
        ("^abc", "xabc", false, false),
        ("abc$", "xabc", true, false),
        ("abc$", "abc\n", true, false),
        ("abc$", "abc\r\n", true, false),
        ("abc$", "abc\n\n", false, false),
        ("^abc$", "abc", true, true),
        ("^abc$", "abc\n", true, false),
        (r"^EPS \(TTM\)", "EPS (TTM) 3", true, false),
        ("", "anything", true, false),
    ]);
}

#[test]
fn the_whole_text_must_match_with_alternatives_and_lazy_quantifiers() {
    check(&[
        ("a|ab", "ab", true, true),
        ("a+?", "aaa", true, true),
        ("^abc", "abcd", true, false),
        ("ab.*", "abcd", true, true),
        ("(a|b)*?c", "ababc", true, true),
        ("a|b|", "", true, true),
        ("x*", "", true, true),
    ]);
}

#[test]
fn dots_and_anchors_know_java_line_ends() {
    check(&[
        ("a.b", "a\nb", false, false),
        ("a.b", "a\rb", false, false),
        ("a.b", "a\u{85}b", false, false),
        ("a.b", "a\u{2028}b", false, false),
        ("a.b", "a\u{c}b", true, true),
        ("(?s)a.b", "a\nb", true, true),
        ("(?d)a.b", "a\rb", true, true),
        ("(?d)a.b", "a\nb", false, false),
        ("[ab]$", "a\n", true, false),
        ("[ab]$", "a\u{2029}", true, false),
        ("[ab]$", "a\n\n", false, false),
        ("[ab]\r$", "a\r\n", false, false),
        ("[ab]\\Z", "a\n", true, false),
        ("[ab]\\z", "a\n", false, false),
        ("(?d)[ab]$", "a\r", false, false),
        ("(?m)^b$", "a\nb\nc", true, false),
        ("(?m)^b$", "a\r\nb\r\nc", true, false),
        ("(?m)^$", "a\r\nb", false, false),
        ("(?m)^", "", false, false),
        ("^b$", "a\nb", false, false),
        (r"a\Rb", "a\r\nb", true, true),
        (r"a\Rb", "a\u{2028}b", true, true),
        (r"\Aa\z", "a", true, true),
    ]);
}

#[test]
fn predefined_classes_are_ascii() {
    check(&[
        (r"^\d$", "5", true, true),
        (r"^\d$", "٣", false, false),
        (r"^\w$", "é", false, false),
        (r"^\W$", "é", true, true),
        (r"^\s$", "\u{a0}", false, false),
        (r"^\s$", "\u{b}", true, true),
        (r"^\h$", "\u{a0}", true, true),
        (r"^\H$", "a", true, true),
        (r"^\v$", "\u{2029}", true, true),
        (r"^\V$", "\n", false, false),
        (r"(?U)^\w\d$", "é٣", true, true),
        (r"(?U)^\s$", "\u{a0}", true, true),
        (r"^[\d\s]+$", "1 2", true, true),
        (r"^[^\d\s]+$", "ab", true, true),
        (r"^[\D]$", "1", false, false),
        (r"\bcat\b", "a cat!", true, false),
        (r"\bcat\b", "concat", false, false),
        (r"\Bcat", "concat", true, false),
    ]);
}

#[test]
fn posix_java_and_unicode_properties() {
    check(&[
        (r"^\p{Lower}\p{Upper}\p{Digit}$", "aB1", true, true),
        (r"^\p{Alpha}$", "é", false, false),
        (r"^\p{IsAlphabetic}$", "é", true, true),
        (r"^\p{javaLowerCase}$", "é", true, true),
        (r"^\p{javaWhitespace}$", "\u{a0}", false, false),
        (r"^\p{Punct}+$", "!\"#[]^`{|}~-/:@", true, true),
        (r"^\p{Alnum}\p{XDigit}\p{Blank}\p{Space}$", "zF\t\n", true, true),
        (r"^\p{Graph}\p{Print}\p{Cntrl}\p{ASCII}$", "! \u{7f}a", true, true),
        (r"^\p{L}\pN\p{Lu}$", "é½É", true, true),
        (r"^\P{L}\PL$", "12", true, true),
        (r"^[\p{L}&&[^\p{Lu}]]$", "é", true, true),
        (r"^[\p{L}&&[^\p{Lu}]]$", "É", false, false),
        (r"^\p{IsLatin}\p{script=Greek}\p{gc=Nd}$", "éα5", true, true),
        (r"^[^\P{L}]$", "x", true, true),
        (r"^[\P{L}\p{Lu}]+$", "1É", true, true),
        (r"^[^\p{L}\P{Lu}]$", "x", false, false),
        (r"(?i)^\p{Lower}\p{Lu}$", "Aé", true, true),
        (r"(?U)^\p{Lower}\p{Punct}$", "é«", true, true),
        (r"^\p{all}\p{L1}\p{LC}$", "語éx", true, true),
        (r"\p{Cs}", "a", false, false),
    ]);
}

#[test]
fn classes_unite_intersect_and_negate() {
    check(&[
        ("^[a-z&&[^bc]]+$", "ad", true, true),
        ("^[a-z&&[^bc]]+$", "ab", false, false),
        ("^[a-z&&def]+$", "fed", true, true),
        ("^[a-z&&def]+$", "a", false, false),
        ("^[a-d[m-p]]+$", "dm", true, true),
        ("^[^a-d[m-p]]+$", "m", false, false),
        ("^[a-z&&[def]&&[^e]]+$", "df", true, true),
        ("^[^a-z&&[def]]$", "a", true, true),
        ("^[]a]+$", "]a", true, true),
        ("^[^]a]$", "b", true, true),
        ("^[a-]+$", "a-", true, true),
        ("^[-a]+$", "a-", true, true),
        (r"^[a\-z]+$", "a-z", true, true),
        (r"^[\]\[\\^]+$", r"][\^", true, true),
        (r"^[\Q]^-\E]+$", "]^-", true, true),
        (r"^[\x41-\u0043]+$", "ABC", true, true),
        ("^[.*+?(){}|$#&~,]+$", ".*+?(){}|$#&~,", true, true),
        ("^[[:alpha:]]+$", "alph:", true, true),
        ("^[[:alpha:]]+$", "z", false, false),
        ("^[é-í]$", "ê", true, true),
        ("(?x)^[a b # c\n]$", " ", false, false),
    ]);
}

#[test]
fn folding_is_ascii_unless_u_is_set() {
    check(&[
        ("(?i)^per share", "Per SHARE data", true, false),
        ("(?i)k", "\u{212a}", false, false),
        ("(?iu)k", "\u{212a}", true, true),
        ("(?i)é", "É", false, false),
        ("(?iu)é", "É", true, true),
        ("(?i)[a-c]+", "ABC", true, true),
        ("(?i)[^a-c]+", "B", false, false),
        ("(?i)[A-C]+", "abc", true, true),
        ("(?i)[Y-b]", "z", true, true),
        ("(?iu)[é]", "É", true, true),
        ("a(?i)b", "aB", true, true),
        ("a(?i)b", "AB", false, false),
        ("a(?i:b)c", "aBc", true, true),
        ("a(?i:b)c", "aBC", false, false),
        ("(?i)a(?-i)b", "Ab", true, true),
        ("(?i)a(?-i)b", "AB", false, false),
        ("(a(?i)b)c", "aBC", false, false),
        ("(?i)a|b", "B", true, true),
        (r"(?i)(a)\1", "aA", true, true),
        (r"(a)\1", "aA", false, false),
    ]);
}

#[test]
fn groups_references_and_look_around() {
    check(&[
        (r"(a|b)\1", "bb", true, true),
        (r"(a|b)\1", "ab", false, false),
        (r"(?<x>a|b)-\k<x>", "b-b", true, true),
        (r"(?<x>a)(b)\2\1", "abba", true, true),
        (r"(a)\11", "aa1", true, true),
        ("(?:a)(?>b)c", "abc", true, true),
        ("a(?=b)", "ab", true, false),
        ("a(?!b)", "ab", false, false),
        ("(?<=a)b", "ab", true, false),
        ("(?<!a)b", "ab", false, false),
        ("(?<=a{1,3})b", "aab", true, false),
        ("^(?!.*x).*$", "abc", true, true),
        ("^(?!.*x).*$", "axc", false, false),
    ]);
}

#[test]
fn quantifiers_greedy_lazy_and_possessive() {
    check(&[
        ("a*+a", "aaa", false, false),
        ("a++b", "aab", true, true),
        ("a?+a", "a", false, false),
        ("a{2}+", "aa", true, true),
        ("a{1,2}+a", "aa", false, false),
        ("^a{2,3}$", "aaaa", false, false),
        ("^a{2,}$", "aaaa", true, true),
        ("a{2}?", "aa", true, true),
        ("^.+?b", "aab", true, true),
        (r"\Qab\E+", "abbb", true, true),
        ("(?x) a + # many\n b", "aab", true, true),
        ("}]", "}]", true, true),
        ("é+", "éé", true, true),
    ]);
}

#[test]
fn escapes_name_characters() {
    check(&[
        (r"\t\n\r\f\a\e", "\t\n\r\u{c}\u{7}\u{1b}", true, true),
        (r"\x41\u0042\x{1F600}", "AB😀", true, true),
        (r"\ud83d\ude00", "😀", true, true),
        (r"\0101\012\07", "A\n\u{7}", true, true),
        (r"\0400", " 0", true, true),
        (r"\cA", "\u{1}", true, true),
        (r"\Q.*\E.", ".*x", true, true),
        (r"\Q.*", ".*", true, true),
        (r"\.\*\-\!\ \é", ".*-! é", true, true),
        (r"\X", "e\u{301}", true, true),
    ]);
}

#[test]
fn mistakes_have_a_place_and_a_way_out() {
    check_errors(&[
        ("ab(c", 3, "never closed"),
        ("ab)c", 3, "`)` closes nothing"),
        ("é[ab", 2, "`[` is never closed"),
        ("][abc", 2, "never closed"),
        ("*a", 1, "nothing to repeat"),
        ("a|+", 3, "nothing to repeat"),
        ("a**", 3, "repeats a repetition"),
        ("a{2}{3}", 5, "repeats a repetition"),
        ("(?=a)*", 6, "look-around"),
        ("a{x}", 2, "expected a repetition"),
        ("a{3,2}", 2, "more at least"),
        ("a{999999999}", 2, "more than"),
        ("{", 1, "nothing to repeat"),
        (r"a\", 2, "nothing follows the backslash"),
        (r"\y", 1, "means nothing"),
        (r"\Ga", 1, "not supported"),
        (r"a\xZZ", 2, "\\xhh"),
        (r"\ud83dx", 1, "surrogate"),
        (r"\08", 1, "octal"),
        ("[z-a]", 3, "upside down"),
        (r"[a-\d]", 3, "does not end with a character"),
        ("[a&&]", 5, "intersect with"),
        ("[&&a]", 3, "intersect before"),
        (r"\p{Foo}", 1, "not a known property"),
        (r"\p{InGreek}", 1, "blocks are not supported"),
        (r"\p{L", 1, "never closed"),
        ("(?y)", 1, "neither a flag"),
        ("(?#c)", 1, "neither a flag"),
        ("(?P<n>a)", 1, "neither a flag"),
        ("(?<1>a)", 1, "group name"),
        ("(?<n>a)(?<n>b)", 8, "two groups"),
        (r"a\k<n>", 2, "no group named"),
        (r"(a)\2", 4, "no group 2"),
    ]);
    let error = JavaRegex::compile("ab(c").unwrap_err().to_string();
    assert_eq!(error, "`(` is never closed, at character 3 of the regular expression `ab(c`");
}

#[test]
fn what_would_cost_too_much_is_refused() {
    assert!(matches!(JavaRegex::compile(&"a".repeat(20_000)), Err(JavaRegexError::Refused { .. })));
    let deep = format!("{}a{}", "(".repeat(60), ")".repeat(60));
    check_errors(&[(&deep, 49, "nested more than")]);
    let classes = format!("{}a{}", "[".repeat(30), "]".repeat(30));
    check_errors(&[(&classes, 17, "nested more than")]);
    let large = r"(?:\p{L}{1000}){1000}";
    assert!(matches!(JavaRegex::compile(large), Err(JavaRegexError::Refused { .. })));
    let text = format!("{}!", "a".repeat(40));
    let slow = JavaRegex::compile(r"(a|aa)+\1b").unwrap();
    assert!(matches!(
        slow.find(&text, &meter()),
        Err(JavaRegexError::TooManySteps { limit: MAX_STEPS, length: 41, .. })
    ));
    let large = JavaRegex::compile("(?:(?=x)a{1000}){1000}").unwrap_err();
    assert!(large.to_string().contains("too large"), "{large}");
    let nothing = JavaRegex::compile("(?:(?:a{0}){100000}){100000}(?=x)").unwrap();
    assert_eq!(nothing.find("x", &meter()), Ok(true), "nothing, however often, is nothing");
}
