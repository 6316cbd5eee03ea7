//! What was made from a text, kept for the next time: a small cache with a bound.
//!
//! Values of placeholders repeat from page to page, so what is compiled from them is kept. Knows no queries.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// How many texts are kept; the oldest goes first.
const KEPT: usize = 64;

/// Values by the text that they were made from.
#[derive(Debug)]
pub(super) struct Recent<T> {
    entries: Mutex<VecDeque<(Box<str>, Arc<T>)>>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { entries: Mutex::new(VecDeque::new()) }
    }
}

impl<T> Recent<T> {
    /// The value for `text`, made now if it is not kept. Errors are not kept.
    pub(super) fn get_or_make<E>(
        &self,
        text: &str,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some((_, value)) = self.entries.lock().iter().find(|(known, _)| **known == *text) {
            return Ok(Arc::clone(value));
        }
        // Made without the lock: two threads may make the same, which is better than one waiting.
        let value = Arc::new(make()?);
        let mut entries = self.entries.lock();
        if entries.len() >= KEPT {
            entries.pop_front();
        }
        entries.push_back((text.into(), Arc::clone(&value)));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_until_it_is_old() {
        let recent = Recent::default();
        let make = |text: &str| recent.get_or_make::<()>(text, || Ok(text.to_owned())).unwrap();
        let first = make("0");
        assert!(Arc::ptr_eq(&first, &make("0")));
        for number in 1..=KEPT {
            make(&number.to_string());
        }
        assert_eq!(recent.entries.lock().len(), KEPT);
        assert!(!Arc::ptr_eq(&first, &make("0")));
        assert_eq!(recent.get_or_make("x", || Err("no")), Err("no"));
    }
}
