//! No configuration at all, for tests and benches whose scripts ask for none.

use scoopi::internals::script::Configs;

/// See the module docs.
pub(crate) struct NoConfigs;

impl Configs for NoConfigs {
    fn get(&self, _: &str) -> Option<String> {
        None
    }

    fn nearest(&self, _: &str) -> Option<String> {
        None
    }

    fn run_date(&self) -> i64 {
        0
    }

    fn run_date_time(&self) -> i64 {
        0
    }

    fn high_date(&self) -> i64 {
        0
    }

    fn is_cluster(&self) -> bool {
        false
    }

    fn user_agent(&self) -> String {
        String::new()
    }

    fn format_date(&self, _: i64) -> Option<String> {
        None
    }
}
