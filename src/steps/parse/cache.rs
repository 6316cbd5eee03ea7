//! Answers that a page has given already.
//!
//! Items and dims are asked again for every combination of indexes; their answers are kept for the time of
//! one page and task. The keys are the queries and the values bound into them, never hashes of texts.

use std::collections::HashMap;
use std::rc::Rc;

use compact_str::CompactString;

use super::variables::Bound;

/// A query by number, with the values bound into it.
type Key = (usize, Bound);

/// See the module docs.
pub(super) struct Cache<N> {
    blocks: HashMap<Key, Rc<[N]>>,
    values: HashMap<(Key, Key), CompactString>,
    scripts: HashMap<String, Option<CompactString>>,
}

impl<N> Default for Cache<N> {
    fn default() -> Self {
        Self { blocks: HashMap::new(), values: HashMap::new(), scripts: HashMap::new() }
    }
}

impl<N> Cache<N> {
    /// The nodes of a block, found once.
    pub(super) fn block<E>(
        &mut self,
        key: Key,
        find: impl FnOnce(&Bound) -> Result<Vec<N>, E>,
    ) -> Result<Rc<[N]>, E> {
        if let Some(nodes) = self.blocks.get(&key) {
            return Ok(Rc::clone(nodes));
        }
        let nodes: Rc<[N]> = find(&key.1)?.into();
        self.blocks.insert(key, Rc::clone(&nodes));
        Ok(nodes)
    }

    /// A value that was found before.
    pub(super) fn value(&self, key: &(Key, Key)) -> Option<&CompactString> {
        self.values.get(key)
    }

    /// Keeps a value. That nothing was found is not kept.
    pub(super) fn keep(&mut self, key: (Key, Key), value: &Option<CompactString>) {
        if let Some(value) = value {
            self.values.insert(key, value.clone());
        }
    }

    /// The result of a script: equal text is evaluated once.
    pub(super) fn script<E>(
        &mut self,
        text: String,
        evaluate: impl FnOnce(&str) -> Result<Option<CompactString>, E>,
    ) -> Result<Option<CompactString>, E> {
        if let Some(result) = self.scripts.get(&text) {
            return Ok(result.clone());
        }
        let result = evaluate(&text)?;
        self.scripts.insert(text, result.clone());
        Ok(result)
    }
}
