//! Which indexes the axes of a row run through, and in which order.
//!
//! All axes start at their first index; each step moves the last axis on; past its last index an axis goes
//! back to its first one and its left neighbour moves on. An open range is closed by a break value: the
//! index on which it was found is the last one.

use crate::defs::IndexRange;

/// The current index of every axis.
#[derive(Debug, Clone)]
pub(super) struct Odometer {
    ranges: Vec<IndexRange>,
    indexes: Vec<u32>,
    ends: Vec<Option<u32>>,
}

impl Odometer {
    /// All axes at their first index.
    pub(super) fn new(ranges: &[IndexRange]) -> Self {
        Self {
            ranges: ranges.to_vec(),
            indexes: ranges.iter().map(|range| range.from).collect(),
            ends: ranges.iter().map(|range| range.to).collect(),
        }
    }

    /// How many combinations there are at least; each open range counts as one index.
    pub(super) fn combinations(&self) -> usize {
        let lengths = self.ranges.iter().map(|range| match range.to {
            Some(to) => (to - range.from.min(to)) as usize + 1,
            None => 1,
        });
        lengths.fold(1, usize::saturating_mul)
    }

    /// The current index of an axis.
    pub(super) fn index(&self, axis: usize) -> u32 {
        self.indexes[axis]
    }

    /// The axis has come to its break value: its current index is the last one, if its range is open.
    pub(super) fn close(&mut self, axis: usize) {
        self.ends[axis].get_or_insert(self.indexes[axis]);
    }

    /// Moves on. Returns the first axis whose index changed, or `None` when all combinations were visited.
    pub(super) fn step(&mut self) -> Option<usize> {
        for axis in (0..self.indexes.len()).rev() {
            let index = self.indexes[axis];
            if self.ends[axis].is_none_or(|end| index < end) && index < u32::MAX {
                self.indexes[axis] += 1;
                return Some(axis);
            }
            self.indexes[axis] = self.ranges[axis].from;
            self.ends[axis] = self.ranges[axis].to;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(from: u32, to: u32) -> IndexRange {
        IndexRange { from, to: Some(to) }
    }

    fn visited(odometer: &mut Odometer, break_at: Option<(usize, u32)>) -> Vec<Vec<u32>> {
        let mut all = vec![];
        loop {
            all.push(odometer.indexes.clone());
            if let Some((axis, _)) = break_at.filter(|(axis, at)| odometer.index(*axis) == *at) {
                odometer.close(axis);
            }
            if odometer.step().is_none() {
                return all;
            }
        }
    }

    #[test]
    fn combinations_are_counted_as_far_as_they_are_known() {
        let count = |ranges: &[IndexRange]| Odometer::new(ranges).combinations();
        assert_eq!(count(&[closed(5, 6), closed(2, 4), closed(1, 1)]), 6);
        assert_eq!(count(&[IndexRange { from: 7, to: None }, closed(2, 4)]), 3);
        assert_eq!(count(&[closed(1, u32::MAX); 4]), usize::MAX);
    }

    #[test]
    fn the_last_axis_moves_first() {
        let mut odometer = Odometer::new(&[closed(5, 6), closed(2, 3), closed(1, 1)]);
        assert_eq!(visited(&mut odometer, None), [[5, 2, 1], [5, 3, 1], [6, 2, 1], [6, 3, 1]]);
    }

    #[test]
    fn a_break_value_ends_an_open_range_after_all_to_its_right() {
        let open = IndexRange { from: 5, to: None };
        let mut odometer = Odometer::new(&[open, closed(2, 3), closed(1, 1)]);
        assert_eq!(visited(&mut odometer, Some((0, 6))), [[5, 2, 1], [5, 3, 1], [6, 2, 1], [6, 3, 1]]);
    }

    #[test]
    fn an_open_range_to_the_right_opens_again_for_each_index_to_its_left() {
        let open = IndexRange { from: 1, to: None };
        let mut odometer = Odometer::new(&[closed(1, 2), open]);
        assert_eq!(visited(&mut odometer, Some((1, 2))), [[1, 1], [1, 2], [2, 1], [2, 2]]);
    }

    #[test]
    fn a_break_value_has_no_effect_on_a_closed_range() {
        let mut odometer = Odometer::new(&[closed(1, 3)]);
        assert_eq!(visited(&mut odometer, Some((0, 1))), [[1], [2], [3]]);
    }
}
