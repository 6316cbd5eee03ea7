//! Every key there is, from the settings' own declaration; and those that old configurations hold.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::settings::Settings;

/// A key, for reference pages and for checking what users write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key without `scoopi.`; ends in `.` when any name may follow.
    pub name: String,
    /// What it means.
    pub text: String,
    /// Its default as JSON.
    pub default: String,
}

/// Keys of old configurations that are accepted and have no effect: (key, what to know).
pub(super) const WITHOUT_EFFECT: &[&str] = &[
    "defs.defaultStepsFile",
    "defs.definedSchema",
    "defs.effectiveSchema",
    "seeder.class",
    "seeder.seedRetryTimes",
    "appender.queueSize",
    "appender.queuesize",
    "outputDirTimestampPattern",
    "propertyPattern",
    "wait",
    "fork.locator",
    "datastore.configFile",
    "datastore.type",
    "persist.dataDef",
    "loader.fetchDelay",
    "job.takeTimeout",
    "job.takeRetryDelay",
    "task.takeTimeout",
    "metrics.server.enable",
    "metrics.server.port",
    "metrics.serializer.period",
    "shutdown.timeout",
    "shutdown.timeoutUnit",
    "webClient.timeout",
    "webDriver.driverPath",
    "webDriver.log",
    "webDriver.waitType",
    "webDriver.timeout.explicitWait",
    "webDriver.timeout.implicitWait",
    "cluster.mode",
    "cluster.config.file",
    "cluster.tx.timeout",
    "cluster.tx.timeoutUnit",
    "cluster.tx.type",
    "cluster.shutdown.timeout",
    "cluster.shutdown.timeoutUnit",
    "cluster.startCrashCleaner.minThreshold",
    "cluster.log.path.suffixUid",
    "cluster.memberId",
    "mode",
    "runDateTime",
    "runDate",
    "runDateText",
];

/// All keys, in the order of their declaration.
#[must_use]
pub fn keys() -> Vec<Key> {
    let schema = SchemaSettings::default()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Settings>();
    let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
    let mut keys = vec![];
    collect(schema.as_value(), &defaults, "", &mut keys);
    keys
}

fn collect(schema: &Value, default: &Value, name: &str, keys: &mut Vec<Key>) {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (key, property) in properties {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            collect(property, default.get(key).unwrap_or(&Value::Null), &name, keys);
        }
    } else if schema.get("additionalProperties").is_some_and(Value::is_object) {
        keys.push(Key { name: format!("{name}."), text, default: String::new() });
    } else {
        keys.push(Key { name: name.to_owned(), text, default: default.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_meaning() {
        let keys = keys();
        assert!(keys.len() > 40, "{}", keys.len());
        for key in keys {
            assert!(!key.text.is_empty(), "{}", key.name);
        }
    }

    #[test]
    fn keys_are_those_that_users_know() {
        let keys = keys();
        let has = |name: &str| assert!(keys.iter().any(|key| key.name == name), "{name}: {keys:#?}");
        has("fact.notFound.replaceWith");
        has("webClient.userAgent");
        has("loader.fetch.delay");
        has("poolsize.");
        has("runDateTimeText");
    }
}
