//! Patterns that are run step by step: what they cost, and that they mean what trying everything finds.

use fancy_regex::{Assertion, LookAround};

use super::*;

/// The steps that a search takes; `None` if it is given up.
fn steps(pattern: &str, text: &str) -> Option<u64> {
    let meter = meter();
    let before = meter.left();
    JavaRegex::compile(pattern).unwrap().find(text, &meter).ok().map(|_found| before - meter.left())
}

#[test]
fn look_around_costs_as_much_as_the_text_is_long() {
    for pattern in [
        "a(?!.*z)b",
        "a(?=.*z)b",
        "(?=(a+)+$)x",
        "(?=(?:a|a)*$)x",
        "(?:(?=.*z)a)*b",
        "(?:(?!.*z)a)*b",
        "(?:a(?!.*z))*b",
        "(?:(?!b)(?:a.*z|a))*b",
        "(?=(?=(?=.*z).*z).*z)b",
        "^(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z]).*$",
        "(?i)price(?=.*EUR)|a(?=.*EUR)",
        "(?<=a{1,5})b",
        "(?<!a)b(?!a)",
    ] {
        let of = |length: usize| steps(pattern, &"a".repeat(length)).unwrap_or(u64::MAX);
        let (short, long) = (of(10_000), of(100_000));
        assert!(
            long < 11 * short + 1000,
            "{pattern}: {short} steps for 10,000 characters, {long} for 100,000"
        );
        assert!(long < 100 * 100_000, "{pattern}: {long} steps");
    }
}

#[test]
fn what_has_no_end_in_sight_is_given_up() {
    let text = "a".repeat(100_000);
    for pattern in
        [r"(a*)\1b", "(?>a*)b", "a*+b", "(?<=a+)b", "(?<=a*z)b", r"(?=(a*))\1b", "(?:a?){200}(?=x)"]
    {
        let meter = Meter::new(&Limits { visits: 500_000, ..Limits::default() });
        let error = JavaRegex::compile(pattern).unwrap().find(&text, &meter);
        let given_up = matches!(&error, Err(JavaRegexError::Unpaid(QueryError::TooExpensive { .. }, _)));
        assert!(given_up, "{pattern}: {error:?}");
    }
    let poor = Meter::new(&Limits { visits: 1000, ..Limits::default() });
    let error = JavaRegex::compile("a(?!.*z)b").unwrap().find(&text, &poor);
    assert!(
        matches!(error, Err(JavaRegexError::Unpaid(QueryError::TooExpensive { limit: 1000 }, _))),
        "{error:?}"
    );
}

#[test]
fn what_failed_on_one_way_is_not_taken_for_failed_on_another() {
    check(&[
        // The look-ahead goes round in place where it begins, and not one character later.
        ("(?=(?:x|y?z?)*!)y", "yz!", true, false),
        ("a(?=(?:b?c?)*d)", "abcd", true, false),
        ("(?=(?:a|b?)+$)ab", "ab", true, true),
        // A look-ahead that holds is asked again from the next place.
        ("(?:(?=a*b)a)+b", "aaab", true, true),
        ("(?:(?=a*b)a)+c", "aaabc", false, false),
        ("(?=.*b)(?=.*c).*d", "xbxcxd", true, true),
        ("(?!.*b)x", "xbx", true, false),
        // An atomic group that held on another way.
        ("(?:(?>a|ab)c|(?>ab|a)c)", "abc", true, true),
        ("(?>a|ab)c", "abc", false, false),
        ("(?:(?>a*)b|a*c)", "aac", true, true),
        ("(?>(?:a|b?)*)c", "abc", true, true),
        // Registers go back with the way.
        (r"(?:(a)|(b))*\1$", "aba", true, true),
        (r"(?:(a)x|(a)y)\2", "aya", true, true),
        (r"(?:(a)x|(a)y)\1", "aya", false, false),
        (r"(?=(a+))a*b\1", "baaabac", true, false),
        (r"(?!(a)b)\1", "ab", false, false),
        (r"(?:(a*))*b\1", "aab", true, true),
        (r"(?i)(é)\1", "éÉ", true, true),
        // Look-behind ends where it is asked.
        ("(?<=ab|b)c", "abc", true, false),
        ("(?<=^a)b", "ab", true, false),
        ("(?<=^a)b", "aab", false, false),
        ("(?<=é{2})ü", "ééü", true, false),
        (r"(?<=(a)b)\1", "aba", true, false),
        ("(?<!ab|b)c", "abc", false, false),
    ]);
}

/// Small patterns at random, and a matcher that keeps nothing and tries everything.
#[test]
fn random_patterns_mean_what_trying_everything_finds() {
    let mut random = Random(7);
    let mut asked = 0;
    for _ in 0..8_000 {
        let pattern = random.pattern(3);
        // Some are refused, such as a look-around that is repeated.
        let Ok(regex) = JavaRegex::compile(&pattern) else { continue };
        let tree = Expr::parse_tree(&translate::translate(&pattern).unwrap().plain).unwrap();
        for _ in 0..6 {
            let text: Vec<char> = (0..random.below(7)).map(|_| ['a', 'b', 'c'][random.below(3)]).collect();
            let expected = (0..=text.len()).any(|start| tried(&tree.expr, &text, start, &mut |_| true));
            let text: String = text.into_iter().collect();
            assert_eq!(regex.find(&text, &meter()), Ok(expected), "{pattern} in {text:?}");
            asked += 1;
        }
    }
    assert!(asked > 30_000, "{asked}");
}

/// Whether `expr` matches at `at`, and `then` what follows.
fn tried(expr: &Expr, text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    let one = |holds: bool, then: &mut dyn FnMut(usize) -> bool| holds && then(at + 1);
    match expr {
        Expr::Empty => then(at),
        Expr::Assertion(Assertion::StartText) => at == 0 && then(at),
        Expr::Assertion(Assertion::EndText) => at == text.len() && then(at),
        Expr::Literal { val, .. } => one(val.chars().next() == text.get(at).copied(), then),
        Expr::Delegate { inner, .. } => {
            let set = char_set::CharSet::of_class(inner, false).unwrap();
            one(text.get(at).is_some_and(|c| set.has(*c)), then)
        }
        Expr::Concat(all) => match all.split_first() {
            None => then(at),
            Some((first, rest)) => {
                let rest = Expr::Concat(rest.to_vec());
                tried(first, text, at, &mut |at| tried(&rest, text, at, then))
            }
        },
        Expr::Alt(all) => all.iter().any(|expr| tried(expr, text, at, then)),
        Expr::Group(inner) => tried(inner, text, at, then),
        Expr::LookAround(inner, kind) => {
            let holds = match kind {
                LookAround::LookAhead | LookAround::LookAheadNeg => tried(inner, text, at, &mut |_| true),
                LookAround::LookBehind | LookAround::LookBehindNeg => {
                    (0..=at).any(|start| tried(inner, text, start, &mut |end| end == at))
                }
            };
            let negative = matches!(kind, LookAround::LookAheadNeg | LookAround::LookBehindNeg);
            holds != negative && then(at)
        }
        Expr::AtomicGroup(inner) => {
            let mut end = None;
            tried(inner, text, at, &mut |at| {
                end = Some(at);
                true
            });
            end.is_some_and(then)
        }
        Expr::Repeat { child, lo, hi, greedy } => repeated(child, (*lo, *hi, *greedy), text, at, then),
        other => panic!("{other:?}"),
    }
}

fn repeated(
    child: &Expr,
    (least, most, greedy): (usize, usize, bool),
    text: &[char],
    at: usize,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    let fewer =
        (least.saturating_sub(1), if most == usize::MAX { most } else { most.saturating_sub(1) }, greedy);
    let once_more = |then: &mut dyn FnMut(usize) -> bool| {
        // A repetition that has what it needs does not go round in place.
        tried(child, text, at, &mut |next| match least == 0 && most == usize::MAX && next == at {
            true => then(next),
            false => repeated(child, fewer, text, next, then),
        })
    };
    match (least, most) {
        (0, 0) => then(at),
        (0, _) if greedy => once_more(then) || then(at),
        (0, _) => then(at) || once_more(then),
        _ => once_more(then),
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % count as u64) as usize
    }

    fn pattern(&mut self, depth: usize) -> String {
        let inner = |random: &mut Self| random.pattern(depth - 1);
        let atom = ["a", "b", "c", ".", "[ab]", "$", "^"][self.below(7)].to_owned();
        if depth == 0 {
            return atom;
        }
        match self.below(14) {
            0 | 1 => format!("{}{}", inner(self), inner(self)),
            2 => format!("(?:{}|{})", inner(self), inner(self)),
            3 => format!("(?:{})*", inner(self)),
            4 => format!("(?:{})+?", inner(self)),
            5 => format!("(?:{})?", inner(self)),
            6 => format!("(?:{}){{1,2}}", inner(self)),
            7 => format!("(?={})", inner(self)),
            8 => format!("(?!{})", inner(self)),
            9 => format!("(?>{})", inner(self)),
            10 => format!("(?<=[ab]c|a){}", inner(self)),
            11 => format!("(?<!a|bc){}", inner(self)),
            12 => format!("(?:{})*+{}", inner(self), inner(self)),
            _ => atom,
        }
    }
}
