//! Gets the page of a job: kept from an earlier run, or fetched.

mod page_loader;

pub(super) use page_loader::ENTRY;
