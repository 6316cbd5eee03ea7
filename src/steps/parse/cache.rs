//! Answers that a page has given already.
//!
//! Items and dims are asked again for other combinations of indexes; their answers are kept for the time of
//! one page and task. The keys are the queries and the values bound into them, never hashes of texts.

use std::rc::Rc;

use foldhash::{HashMap, HashMapExt};

use crate::model::CellText;

use super::variables::Bound;

/// A query by number, with the values bound into it.
pub(super) type Key = (usize, Bound);

/// Highest index whose answer is kept by it.
const MOST_INDEXES: u32 = 4096;

/// The answers of one task on one page.
pub(super) struct Cache<N> {
    /// Answers that depend on an index alone, by query and index.
    by_index: Vec<Vec<Option<Option<CellText>>>>,
    /// Blocks without placeholders, which is most of them, by number.
    plain: Vec<Option<Rc<[N]>>>,
    blocks: HashMap<Key, Rc<[N]>>,
    values: HashMap<(Key, Key), CellText>,
    scripts: HashMap<String, Option<CellText>>,
}

impl<N> Cache<N> {
    /// An empty cache for so many block queries, and queries whose answers are kept by index.
    pub(super) fn new(blocks: usize, by_index: usize) -> Self {
        Self {
            by_index: vec![vec![]; by_index],
            plain: std::iter::repeat_with(|| None).take(blocks).collect(),
            blocks: HashMap::new(),
            values: HashMap::new(),
            scripts: HashMap::new(),
        }
    }

    /// The nodes of a block, found once.
    pub(super) fn block<E>(
        &mut self,
        number: usize,
        bound: &Bound,
        find: impl FnOnce() -> Result<Vec<N>, E>,
    ) -> Result<Rc<[N]>, E> {
        let known = match bound.is_empty() {
            true => self.plain.get(number).and_then(Option::as_ref),
            false => self.blocks.get(&(number, bound.clone())),
        };
        if let Some(nodes) = known {
            return Ok(Rc::clone(nodes));
        }
        let nodes: Rc<[N]> = find()?.into();
        match self.plain.get_mut(number).filter(|_| bound.is_empty()) {
            Some(plain) => *plain = Some(Rc::clone(&nodes)),
            None => drop(self.blocks.insert((number, bound.clone()), Rc::clone(&nodes))),
        }
        Ok(nodes)
    }

    /// What was answered before to a query that depends on an index alone.
    pub(super) fn by_index(&self, number: usize, index: u32) -> Option<Option<CellText>> {
        self.by_index.get(number)?.get(index as usize)?.clone()
    }

    /// Keeps such an answer, and also that nothing was found.
    pub(super) fn keep_by_index(&mut self, number: usize, index: u32, value: &Option<CellText>) {
        if let Some(answers) = self.by_index.get_mut(number).filter(|_| index <= MOST_INDEXES) {
            let index = index as usize;
            if answers.len() <= index {
                answers.resize(index + 1, None);
            }
            answers[index] = Some(value.clone());
        }
    }

    /// A value that was found before.
    pub(super) fn value(&self, key: &(Key, Key)) -> Option<&CellText> {
        self.values.get(key)
    }

    /// Keeps a value. That nothing was found is not kept.
    pub(super) fn keep(&mut self, key: (Key, Key), value: &Option<CellText>) {
        if let Some(value) = value {
            self.values.insert(key, value.clone());
        }
    }

    /// The result of a script: equal text is evaluated once.
    pub(super) fn script<E>(
        &mut self,
        text: String,
        evaluate: impl FnOnce(&str) -> Result<Option<CellText>, E>,
    ) -> Result<Option<CellText>, E> {
        if let Some(result) = self.scripts.get(&text) {
            return Ok(result.clone());
        }
        let result = evaluate(&text)?;
        self.scripts.insert(text, result.clone());
        Ok(result)
    }
}
