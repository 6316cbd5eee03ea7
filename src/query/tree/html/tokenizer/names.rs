//! Names of tags and attributes, interned once a page for each spelling.
//!
//! A page repeats few names thousands of times. Interning asks for a hash of the name and a search in html5ever's
//! table each time; here a name is mostly compared with the one that stood at its place before.

use html5ever::LocalName;

/// Places for names; two that share a place take turns.
const PLACES: usize = 64;
/// Longest name that is kept, so that keeping stays cheap.
const LONGEST: usize = 24;

/// Names seen lately.
pub(super) struct Names {
    kept: [Option<LocalName>; PLACES],
}

impl Default for Names {
    fn default() -> Self {
        Self { kept: [const { None }; PLACES] }
    }
}

impl Names {
    /// The name as html5ever has it: ASCII in lower case, NUL replaced.
    pub(super) fn get(&mut self, written: &str) -> LocalName {
        let bytes = written.as_bytes();
        let place = match (bytes.first(), bytes.last()) {
            (Some(first), Some(last)) if bytes.len() <= LONGEST => {
                (usize::from(*first) * 7 + usize::from(*last) * 3 + bytes.len()) % PLACES
            }
            _ => return intern(written),
        };
        let Some(kept) = self.kept.get_mut(place) else { return intern(written) };
        match kept {
            Some(name) if **name == *written => name.clone(),
            _ => kept.insert(intern(written)).clone(),
        }
    }
}

fn intern(written: &str) -> LocalName {
    if written.bytes().any(|byte| byte.is_ascii_uppercase() || byte == 0) {
        return LocalName::from(written.to_ascii_lowercase().replace('\0', "\u{fffd}"));
    }
    LocalName::from(written)
}
