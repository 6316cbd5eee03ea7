//! The pseudo classes: their names, and what kind of argument each takes.
//!
//! Knows names; reading the arguments is the business of `parse`.

use super::plan::Counting;
use super::plan::Order;
use super::plan::Test;
use super::plan::Where;
use super::recipe::Recipe;

/// What a pseudo class takes between its parentheses.
#[derive(Debug)]
pub(super) enum Pseudo {
    /// Nothing, not even parentheses.
    Plain(Test),
    /// A position or an index.
    Number(Recipe),
    /// A text, in which brackets may be escaped.
    Words(Recipe),
    /// A regular expression, as it is.
    Pattern(Recipe),
    /// Selectors.
    Is,
    /// Selectors.
    Not,
    /// Selectors, which may begin with a combinator.
    Has,
}

/// All names, as they are shown to authors.
const NAMES: &[&str] = &[
    "first-child",
    "last-child",
    "only-child",
    "first-of-type",
    "last-of-type",
    "only-of-type",
    "nth-child",
    "nth-last-child",
    "nth-of-type",
    "nth-last-of-type",
    "empty",
    "root",
    "eq",
    "lt",
    "gt",
    "has",
    "not",
    "is",
    "contains",
    "containsOwn",
    "containsData",
    "matches",
    "matchesOwn",
];

/// Names of other dialects, and what to write here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("first", "write `:eq(0)` or `:first-child`"),
    ("last", "write `:last-child`"),
    ("odd", "write `:nth-child(even)`, positions begin with 1"),
    ("even", "write `:nth-child(odd)`, positions begin with 1"),
    ("parent", "write `:not(:empty)`"),
    ("blank", "write `:matches(^$)`"),
    ("checked", "write `[checked]`"),
    ("selected", "write `[selected]`"),
    ("disabled", "write `[disabled]`"),
    ("where", "write `:is(...)`"),
    ("matchtext", "texts are not elements here, the own text of an element is what is read anyway"),
    ("containswholetext", "write `:contains(...)`"),
    ("containswholeowntext", "write `:containsOwn(...)`"),
    ("matcheswholetext", "write `:matches(...)`"),
    ("matcheswholeowntext", "write `:matchesOwn(...)`"),
];

/// Finds a pseudo class by its name in any case.
///
/// # Errors
/// What to write instead, for an unknown name.
pub(super) fn find(name: &str) -> Result<Pseudo, String> {
    let lower = name.to_ascii_lowercase();
    let position = |from_end, of_type| Pseudo::Number(Recipe::Position(Counting { from_end, of_type }));
    let edge = |from_end, of_type| Pseudo::Plain(edge(Counting { from_end, of_type }));
    Ok(match lower.as_str() {
        "first-child" => edge(false, false),
        "last-child" => edge(true, false),
        "first-of-type" => edge(false, true),
        "last-of-type" => edge(true, true),
        "only-child" => Pseudo::Plain(Test::OnlyChild),
        "only-of-type" => Pseudo::Plain(Test::OnlyOfType),
        "nth-child" => position(false, false),
        "nth-last-child" => position(true, false),
        "nth-of-type" => position(false, true),
        "nth-last-of-type" => position(true, true),
        "empty" => Pseudo::Plain(Test::Empty),
        "root" => Pseudo::Plain(Test::Root),
        "eq" => Pseudo::Number(Recipe::Index(Order::Equal)),
        "lt" => Pseudo::Number(Recipe::Index(Order::Less)),
        "gt" => Pseudo::Number(Recipe::Index(Order::Greater)),
        "has" => Pseudo::Has,
        "not" => Pseudo::Not,
        "is" => Pseudo::Is,
        "contains" => Pseudo::Words(Recipe::Contains(Where::All)),
        "containsown" => Pseudo::Words(Recipe::Contains(Where::Own)),
        "containsdata" => Pseudo::Words(Recipe::Contains(Where::Data)),
        "matches" => Pseudo::Pattern(Recipe::Matches(Where::All)),
        "matchesown" => Pseudo::Pattern(Recipe::Matches(Where::Own)),
        _ => return Err(unknown(name, &lower)),
    })
}

fn edge(counting: Counting) -> Test {
    Test::Position(counting, super::nth::Nth::FIRST)
}

fn unknown(name: &str, lower: &str) -> String {
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(known, _)| *known == lower) {
        return format!("unknown pseudo class `:{name}`, {instead}");
    }
    let known: Vec<String> = NAMES.iter().map(|known| format!(":{known}")).collect();
    let nearest = NAMES.iter().map(|known| (distance(lower, &known.to_ascii_lowercase()), known)).min();
    match nearest {
        Some((distance, nearest)) if distance * 3 <= lower.len() => {
            format!(
                "unknown pseudo class `:{name}`, did you mean `:{nearest}`? known are: {}",
                known.join(" ")
            )
        }
        _ => format!("unknown pseudo class `:{name}`, known are: {}", known.join(" ")),
    }
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(40).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
