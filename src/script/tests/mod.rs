//! Tests of scripts through the public interface of this module; hostile ones are in
//! `tests/script_hostile.rs`, where a crash would be one of a process of its own.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Configs, PageFacts, PageScripts, Sandbox, ScriptLimits};

mod data;
mod page;

/// A configuration of three settings, in which dates look like `<millis>`.
struct Settings;

impl Configs for Settings {
    fn get(&self, key: &str) -> Option<String> {
        match key {
            "scoopi.text" => Some("über".to_owned()),
            "scoopi.yes" => Some("Yes".to_owned()),
            "scoopi.number" => Some("12".to_owned()),
            _ => None,
        }
    }
    fn nearest(&self, key: &str) -> Option<String> {
        key.starts_with("scoopi.").then(|| "scoopi.text".to_owned())
    }
    fn run_date(&self) -> i64 {
        1_593_561_600_000
    }
    fn run_date_time(&self) -> i64 {
        1_593_601_199_000
    }
    fn high_date(&self) -> i64 {
        2_145_916_799_999
    }
    fn is_cluster(&self) -> bool {
        false
    }
    fn user_agent(&self) -> String {
        "agent/1".to_owned()
    }
    fn format_date(&self, millis: i64) -> Option<String> {
        (millis.abs() < 100_000_000_000_000).then(|| format!("<{millis}>"))
    }
}

fn settings() -> Arc<dyn Configs> {
    Arc::new(Settings)
}

fn sandbox() -> Sandbox {
    Sandbox::new(ScriptLimits { memory: 16 << 20, time: Duration::from_secs(20), ..ScriptLimits::default() })
}

/// Calls `test` with the scripts of a page whose content is the bytes 0, 255, 65.
fn on_page<T>(sandbox: &Sandbox, test: impl FnOnce(&mut PageScripts<'_>) -> T) -> T {
    let body = Bytes::from_static(&[0, 255, 65]);
    let facts = PageFacts {
        name: "acme",
        group: "quotes",
        url: "http://example.org/ä",
        from_date: 1_593_601_199_000,
        locator_id: "l-1",
        id: "d-1",
        body: &body,
    };
    test(&mut PageScripts::new(sandbox, &settings(), facts))
}
