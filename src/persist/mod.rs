//! Pages and parsed data kept from one run to the next.
//!
//! Knows files, checksums and what names them. Does not know how long anything is good for, and trusts
//! nothing that it reads: a damaged entry is reported and counts as missing.

mod entry;
mod keeper;

pub use keeper::Keeper;
