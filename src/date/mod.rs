//! Dates in text: Java's date patterns, calendar fields, live periods, and the date-time of a run.
//!
//! Definitions were written for Java, so patterns, calendar fields and weeks mean what they mean there. All
//! of it is pure: no clock and no system zone is read, both are handed in. Where definitions are the input,
//! errors name the pattern and the place in it; where pages are, the text too, shortened.
//!
//! ```text
//! DatePattern ── scan ─▶ Fields ─┬─ lenient ─▶ Zoned ── Roll ─▶ Zoned ── format ─▶ text
//!                                └─ strict ──▶ Zoned
//! ```

mod alternatives;
mod calendar;
mod error;
mod field;
mod fields;
mod format;
mod lenient;
mod letter;
mod live;
mod names;
mod operation;
mod pattern;
mod roll;
mod rolling;
mod run_times;
mod scan;
mod strict;
#[cfg(test)]
mod tests;
mod token;
mod zone;

pub use alternatives::Alternatives;
pub use error::DateError;
pub use live::Live;
pub use pattern::DatePattern;
pub use roll::Roll;
pub use run_times::RunTimes;
pub use run_times::high_date;
