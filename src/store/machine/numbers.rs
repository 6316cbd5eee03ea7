//! The numbers by which the machine knows hosts and the order of jobs.
//!
//! Which host or job has which number is for `queue` and `jobs` to say.

/// Number of a host; `0` stands for files and resources, which have no limit.
pub(super) type HostId = u32;

/// Position of a job in the order in which jobs were made.
pub(super) type Seq = u64;
