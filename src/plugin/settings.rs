//! Settings of a plugin: read from what a definition says, described from their doc comments.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::model::nearest;

/// A setting, for reference pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDoc {
    /// Its key.
    pub key: String,
    /// What it means.
    pub text: String,
    /// What it is when it is not given; `None` if it must be given.
    pub default: Option<String>,
}

/// Why settings are not what a plugin takes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SettingsError {
    /// The key that is meant, if it is one.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead; may be empty.
    pub help: String,
}

impl SettingDoc {
    /// The settings that a schema describes.
    pub(super) fn all(schema: &Value) -> Vec<Self> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return vec![] };
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |key: &str| required.is_some_and(|keys| keys.iter().any(|k| k == key));
        let doc = |(key, property): (&String, &Value)| Self {
            key: key.clone(),
            text: property.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " "),
            default: (!is_required(key)).then(|| match property.get("default") {
                None | Some(Value::Null) => "none".to_owned(),
                Some(value) => value.to_string(),
            }),
        };
        properties.iter().map(doc).collect()
    }
}

/// Reads settings of type `S`.
///
/// # Errors
/// An unknown or missing key, or a value that does not fit; the first one found.
pub fn read_settings<S: DeserializeOwned + JsonSchema>(
    values: Map<String, Value>,
) -> Result<S, SettingsError> {
    let schema = S::json_schema(&mut schemars::SchemaGenerator::default());
    let known = SettingDoc::all(schema.as_value());
    if let Some(key) = values.keys().find(|key| known.iter().all(|doc| doc.key != **key)) {
        return Err(unknown(key, &known));
    }
    if let Some(doc) = known.iter().find(|doc| doc.default.is_none() && !values.contains_key(&doc.key)) {
        return Err(SettingsError {
            key: None,
            message: format!("setting `{}` is missing", doc.key),
            help: format!("{}: {}", doc.key, doc.text),
        });
    }
    // One at a time, so that the error knows its key. The others are then missed, but only after this one is read.
    for (key, value) in &values {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        let Err(error) = serde_json::from_value::<S>(Value::Object(alone)) else { continue };
        let error = error.to_string();
        if !known.iter().any(|doc| error == format!("missing field `{}`", doc.key)) {
            let help =
                known.iter().find(|doc| doc.key == *key).map_or_else(String::new, |doc| doc.text.clone());
            let message = format!("setting `{key}`: {}", unfit(&error, value));
            return Err(SettingsError { key: Some(key.clone()), message, help });
        }
    }
    serde_json::from_value(Value::Object(values)).map_err(|error| SettingsError {
        key: None,
        message: error.to_string(),
        help: String::new(),
    })
}

/// What was expected and what is there, in the words of definitions rather than those of serde.
fn unfit(error: &str, value: &Value) -> String {
    let Some((_, expected)) = error.split_once("expected ") else { return error.to_owned() };
    let expected = match expected.split(", found").next().unwrap_or(expected) {
        "a string" => "text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        other => other,
    };
    let found = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", text.escape_debug()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    };
    format!("expected {expected}, found {found}")
}

fn unknown(key: &str, known: &[SettingDoc]) -> SettingsError {
    let names: Vec<&str> = known.iter().map(|doc| doc.key.as_str()).collect();
    let help = match (nearest(key, names.iter().copied()), names.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "it takes no settings".to_owned(),
        (None, false) => format!("known are: {}", names.join(", ")),
    };
    SettingsError { key: Some(key.to_owned()), message: format!("unknown setting `{key}`"), help }
}
