//! Moving a date-time by fields of the calendar, such as to the last day of its month.
//!
//! Knows the writing of rolls and their operations; how fields are moved is for `rolling`.

use jiff::Zoned;

use crate::date::error::DateError;
use crate::date::error::shown;
use crate::date::field::Field;
use crate::date::field::NAMES;
use crate::date::operation::Operation;
use crate::date::rolling::Rolling;
use crate::model::nearest;

/// Most bytes of a roll.
const LIMIT: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    field: Field,
    operation: Operation,
}

/// Operations on calendar fields, such as `DAY_OF_MONTH=ceil HOUR_OF_DAY=0`.
///
/// Fields are those of Java's `Calendar`: `ERA` (0, 1), `YEAR`, `MONTH` (from 0), `WEEK_OF_YEAR`,
/// `WEEK_OF_MONTH`, `DATE` or `DAY_OF_MONTH`, `DAY_OF_YEAR`, `DAY_OF_WEEK` (1 is Sunday),
/// `DAY_OF_WEEK_IN_MONTH`, `AM_PM` (0, 1), `HOUR` (0 to 11), `HOUR_OF_DAY`, `MINUTE`, `SECOND`,
/// `MILLISECOND`. Weeks are those of its locale `en-US`. Operations are `ceil`, `floor`, `round` or a whole
/// number. Upper and lower case are the same.
///
/// Steps are taken in the written order; a field that is written twice is moved once, by and at its last
/// mention. A number may overflow into the next greater field. A day that the month does not have overflows
/// only at the end or before a field other than `ERA`, `YEAR`, `MONTH` and `DAY_OF_MONTH`: on 31 January,
/// `MONTH=1 DAY_OF_MONTH=ceil` is the end of February.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    text: Box<str>,
    steps: Box<[Step]>,
}

impl Roll {
    /// Reads a roll of at most 1024 bytes.
    ///
    /// # Errors
    /// An empty or too long roll, an entry that is not `FIELD=operation`, an unknown field or operation.
    pub fn compile(roll: &str) -> Result<Self, DateError> {
        if roll.len() > LIMIT {
            return Err(DateError::RollTooLong { length: roll.len(), limit: LIMIT });
        }
        let mut steps: Vec<Step> = Vec::new();
        for entry in roll.split_whitespace() {
            let step = Step::compile(roll, entry)?;
            steps.retain(|earlier| earlier.field != step.field);
            steps.push(step);
        }
        if steps.is_empty() {
            return Err(DateError::EmptyRoll);
        }
        Ok(Self { text: roll.into(), steps: steps.into() })
    }

    /// The roll as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Moves `time` in its own zone.
    ///
    /// A clock reading that comes twice keeps the offset of `time` if it can, one that a clock change skips
    /// is moved on.
    ///
    /// # Errors
    /// The years -9999 to 9999 are left.
    pub fn apply(&self, time: &Zoned) -> Result<Zoned, DateError> {
        let outside = |field: Field| DateError::RollOutOfRange {
            date: time.datetime().to_string(),
            field: field.name(),
        };
        let mut rolling = Rolling::new(time.datetime());
        let mut last = Field::Year;
        for step in &self.steps {
            last = step.field;
            rolling.step(step.field, step.operation).ok_or_else(|| outside(last))?;
        }
        rolling.place(time).ok_or_else(|| outside(last))
    }
}

impl Step {
    fn compile(roll: &str, entry: &str) -> Result<Self, DateError> {
        let parts =
            entry.split_once('=').filter(|(field, operation)| !field.is_empty() && !operation.is_empty());
        let Some((name, operation)) = parts else {
            return Err(DateError::RollEntry { roll: shown(roll), entry: shown(entry) });
        };
        let Some(&(_, field)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            return Err(DateError::UnknownField { roll: shown(roll), field: shown(name), hint: hint(name) });
        };
        let Some(operation) = Operation::compile(operation) else {
            let (field, operation) = (field.name(), shown(operation));
            return Err(DateError::UnknownOperation { roll: shown(roll), field, operation });
        };
        match operation {
            Operation::Set(value) if field == Field::Era && !(0..=1).contains(&value) => {
                Err(DateError::UnknownEra { roll: shown(roll), value })
            }
            operation => Ok(Self { field, operation }),
        }
    }
}

/// What an unknown field may have been meant to be, as the end of a message.
fn hint(name: &str) -> String {
    let known = NAMES.iter().map(|(known, _)| *known);
    match nearest(name, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`"),
        None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
    }
}
