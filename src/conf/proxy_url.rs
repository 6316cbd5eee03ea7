//! The URL of a proxy, which may hold a password: `Debug` does not show it, so that settings can be printed.

use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{shown_proxy, without_user_info};

/// The URL of a proxy, which may contain a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ProxyUrl(String);

impl ProxyUrl {
    /// Returns the URL without user name and password.
    #[must_use]
    pub fn without_user_info(&self) -> Self {
        Self(without_user_info(&self.0).into_owned())
    }
}

impl Deref for ProxyUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for ProxyUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl From<&str> for ProxyUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&shown_proxy(&self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use crate::conf::Settings;

    #[test]
    fn settings_can_be_printed_and_published_without_the_password() {
        let mut settings = Settings::default();
        settings.fetch.proxy = Some("http://user:hunter2@proxy:3128".into());
        assert!(format!("{settings:?}").contains("http://***@proxy:3128"));
        assert!(!format!("{settings:?}").contains("hunter2"));
        let published = serde_json::to_string(&settings.without_secrets()).unwrap();
        assert!(published.contains("http://proxy:3128") && !published.contains("hunter2"), "{published}");
        // Serialising keeps the secrets: only `without_secrets` removes them.
        assert_eq!(
            serde_json::from_value::<Settings>(serde_json::to_value(&settings).unwrap()).unwrap(),
            settings
        );
    }
}
