//! Running a plan in two parts: what its stem leads to is looked for once on a page, the rest from there.
//!
//! Knows how both parts are run and what is kept in between. Why plans are parted, and where, is in `stem`.

use crate::query::limits::QueryError;
use crate::query::tree::NodeId;

use super::chain::Found;
use super::index::Indexes;
use super::matcher::Matcher;
use super::plan::Plan;
use super::stem::Feet;
use super::stem::MOST;
use super::stem::Stem;

impl<'a> Matcher<'a> {
    /// Appends the elements below the root that a plan with this stem selects to `out`.
    pub(super) fn by_stem(
        &mut self,
        stem: &'a Stem,
        plan: &'a Plan,
        out: &mut Vec<NodeId>,
    ) -> Result<(), QueryError> {
        let Some(feet) = self.feet(stem)? else { return self.scan(plan, true, Some(out)).map(drop) };
        let mut found = Found::new(out);
        for foot in feet {
            self.chain_below(&stem.tail, foot, &mut found)?;
        }
        found.sort();
        Ok(())
    }

    fn feet(&mut self, stem: &'a Stem) -> Result<Feet, QueryError> {
        let Some(indexes) = self.indexes.take() else { return Ok(None) };
        let feet = self.known_feet(stem, indexes);
        self.indexes = Some(indexes);
        feet
    }

    fn known_feet(&mut self, stem: &'a Stem, indexes: &mut Indexes) -> Result<Feet, QueryError> {
        if let Some(feet) = indexes.feet(stem.id, self.root) {
            self.meter.pay(1)?;
            return Ok(feet.clone());
        }
        let mut found = vec![];
        self.scan(&stem.head, true, Some(&mut found))?;
        let mut end = 0;
        found.retain(|node| {
            let is_outermost = *node >= end;
            end = end.max(self.tree.end(*node));
            is_outermost
        });
        let feet = (found.len() <= MOST).then(|| found.into());
        indexes.keep_feet(stem.id, self.root, feet.clone());
        Ok(feet)
    }
}
