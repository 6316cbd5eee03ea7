//! The elements that an evaluation found: in document order, each once.
//!
//! Knows trees and lists of nodes. Does not know how elements are found.

use crate::query::tree::NodeId;
use crate::query::tree::Tree;

/// Puts what was added after `from` in document order, each once.
pub(super) fn sort_from(out: &mut Vec<NodeId>, from: usize) {
    let mut last = out.split_off(from);
    last.sort_unstable();
    last.dedup();
    out.append(&mut last);
}

/// Keeps the elements of one evaluation distinct, at no cost as long as the roots do not overlap.
#[derive(Debug)]
pub(super) struct Distinct<'a> {
    tree: &'a Tree,
    /// One bit for each node that was taken, among those before `noted` in the output.
    seen: Vec<u64>,
    noted: usize,
    /// No element from here on has been a candidate.
    reach: NodeId,
}

impl<'a> Distinct<'a> {
    /// Before the first root; what stands in the output before `noted` is not looked at.
    pub(super) fn new(tree: &'a Tree, noted: usize) -> Self {
        Self { tree, seen: vec![], noted, reach: 0 }
    }

    /// Takes out what was there before from the elements after `from`, which `root` gave, and `reach` bounds.
    pub(super) fn keep(&mut self, out: &mut Vec<NodeId>, from: usize, root: NodeId, reach: NodeId) {
        if root < self.reach && out.len() > from {
            if self.seen.is_empty() {
                self.seen.resize(self.tree.len() as usize / 64 + 1, 0);
            }
            while let Some(&node) = out.get(self.noted).filter(|_| self.noted < from) {
                self.note(node);
                self.noted += 1;
            }
            let mut kept = from;
            for index in from..out.len() {
                let node = out[index];
                if !self.note(node) {
                    out[kept] = node;
                    kept += 1;
                }
            }
            out.truncate(kept);
            self.noted = kept;
        }
        self.reach = self.reach.max(reach);
    }

    /// Marks a node; whether it was marked.
    fn note(&mut self, node: NodeId) -> bool {
        let bit = 1 << (node % 64);
        match self.seen.get_mut(node as usize / 64) {
            Some(word) => {
                let marked = *word & bit != 0;
                *word |= bit;
                marked
            }
            None => false,
        }
    }
}
