//! Names of character properties: Java's spelling in, a class for the engine out.
//!
//! Knows names only. The POSIX names mean ASCII unless the flag `U` is set, the `java...` names are those of
//! `java.lang.Character`, everything else is Unicode's, where the engine's tables decide.

use fancy_regex::Regex;

use super::flags::Flags;

/// Name, ASCII meaning, Unicode meaning.
const POSIX: &[(&str, &str, &str)] = &[
    ("Lower", "a-z", r"\p{Lowercase}"),
    ("Upper", "A-Z", r"\p{Uppercase}"),
    ("ASCII", r"\x{0}-\x{7f}", r"\x{0}-\x{7f}"),
    ("Alpha", "A-Za-z", r"\p{Alphabetic}"),
    ("Digit", "0-9", r"\p{Nd}"),
    ("Alnum", "0-9A-Za-z", r"\p{Alphabetic}\p{Nd}"),
    ("Punct", r"\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}", r"\p{P}"),
    ("Graph", r"\x{21}-\x{7e}", r"[^\p{White_Space}\p{Cc}\p{Cn}]"),
    ("Print", r"\x{20}-\x{7e}", r"[[^\p{White_Space}\p{Cc}\p{Cn}]\p{Zs}]"),
    ("Blank", r" \t", r"\p{Zs}\t"),
    ("Cntrl", r"\x{0}-\x{1f}\x{7f}", r"\p{Cc}"),
    ("XDigit", "0-9A-Fa-f", r"\p{Nd}\p{Hex_Digit}"),
    ("Space", r" \t\n\x{b}\f\r", r"\p{White_Space}"),
];

const JAVA: &[(&str, &str)] = &[
    ("javaLowerCase", r"\p{Lowercase}"),
    ("javaUpperCase", r"\p{Uppercase}"),
    ("javaTitleCase", r"\p{Lt}"),
    ("javaAlphabetic", r"\p{Alphabetic}"),
    ("javaIdeographic", r"\p{Ideographic}"),
    ("javaLetter", r"\p{L}"),
    ("javaDigit", r"\p{Nd}"),
    ("javaLetterOrDigit", r"\p{L}\p{Nd}"),
    ("javaDefined", r"[^\p{Cn}]"),
    ("javaISOControl", r"\p{Cc}"),
    ("javaSpaceChar", r"\p{Z}"),
    (
        "javaWhitespace",
        r"\x{9}-\x{d}\x{1c}-\x{20}\x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}",
    ),
    ("javaJavaIdentifierStart", r"\p{L}\p{Nl}\p{Sc}\p{Pc}"),
    ("javaUnicodeIdentifierStart", r"\p{L}\p{Nl}"),
];

/// Two-letter and one-letter general categories, and what Java adds to them.
const CATEGORIES: &[(&str, &str)] = &[
    ("LC", r"\p{Lu}\p{Ll}\p{Lt}"),
    ("LD", r"\p{L}\p{Nd}"),
    ("L1", r"\x{0}-\x{ff}"),
    ("all", r"\x{0}-\x{10ffff}"),
    // Half of a surrogate pair never stands in a text.
    ("Cs", r"\P{any}"),
];

/// Cases that `(?i)` makes one.
const CASED: &[&str] = &["Lu", "Ll", "Lt"];

/// What stands between the brackets of a class with this property.
///
/// # Errors
/// An unknown name, as a message.
pub(super) fn set(name: &str, flags: Flags) -> Result<String, String> {
    if let Some((_, ascii, unicode)) = POSIX.iter().find(|(known, ..)| *known == name) {
        let folded = flags.fold && (name == "Lower" || name == "Upper");
        return Ok(match (folded, flags.unicode_classes) {
            (true, false) => "A-Za-z".to_owned(),
            (true, true) => r"\p{Cased}".to_owned(),
            (false, false) => (*ascii).to_owned(),
            (false, true) => (*unicode).to_owned(),
        });
    }
    if let Some((_, set)) = JAVA.iter().chain(CATEGORIES).find(|(known, _)| *known == name) {
        return Ok((*set).to_owned());
    }
    let plain = value_of(name)?;
    if flags.fold && CASED.contains(&plain) {
        return Ok(r"\p{Lu}\p{Ll}\p{Lt}".to_owned());
    }
    let spelled = plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ');
    let set = format!(r"\p{{{plain}}}");
    if plain.is_empty() || !spelled || Regex::new(&set).is_err() {
        return Err(format!(
            "`{name}` is not a known property, known are POSIX names (`Alpha`), categories (`L`, `Lu`), scripts \
             (`IsLatin`), binary properties (`IsAlphabetic`) and the like of `javaLowerCase`"
        ));
    }
    Ok(set)
}

/// The part of `IsLatin`, `script=Latin` or `general_category=Lu` that names the value.
fn value_of(name: &str) -> Result<&str, String> {
    let block =
        "Unicode blocks are not supported, name a script (`\\p{IsGreek}`) or a range (`[\\u0370-\\u03ff]`)";
    if let Some((kind, value)) = name.split_once('=') {
        return match kind.to_ascii_lowercase().as_str() {
            "sc" | "script" | "gc" | "general_category" => Ok(value),
            "blk" | "block" => Err(block.to_owned()),
            _ => {
                Err(format!("`{kind}` is not a kind of property, known are `script` and `general_category`"))
            }
        };
    }
    if name.starts_with("In") && name.len() > 2 {
        return Err(block.to_owned());
    }
    Ok(name.strip_prefix("Is").unwrap_or(name))
}
