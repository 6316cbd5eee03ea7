//! Settings from where they are written: files, the environment, the command line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use config::{Config, FileFormat, Value, ValueKind};
use thiserror::Error;

use crate::durable;
use crate::model::nearest;

use super::keys::{Key, WITHOUT_EFFECT, keys};
use super::lines::lines;
use super::properties;
use super::settings::Settings;
use super::variables::setting_of;
use super::wrong::{Origins, WrongSetting};

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfError {
    /// The file cannot be read.
    #[error("unable to read configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("configuration {}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A key that nothing reads.
    #[error("unknown setting `{key}` in {origin}{help}")]
    Unknown {
        /// The key as written.
        key: String,
        /// Where it was written.
        origin: String,
        /// What to write instead.
        help: String,
    },
    /// `--set` without a value.
    #[error("`--set {0}`: write KEY=VALUE")]
    NoValue(String),
    /// A value that does not fit.
    #[error("{0}")]
    Value(WrongSetting),
}

/// Gathers layers; later ones win.
#[derive(Debug)]
pub struct Layers {
    known: Vec<Key>,
    values: Vec<(String, Value)>,
    ignored: Vec<String>,
}

impl Default for Layers {
    fn default() -> Self {
        Self { known: keys(), values: vec![], ignored: vec![] }
    }
}

impl Layers {
    /// Adds a file: TOML, or Java properties if its name ends so.
    ///
    /// # Errors
    /// It cannot be read, is not well formed, or holds an unknown key.
    pub fn file(&mut self, path: &Path) -> Result<(), ConfError> {
        let text = read(path).map_err(|source| ConfError::Read { path: path.into(), source })?;
        if path.extension().is_some_and(|extension| extension == "properties") {
            for (key, value, line) in properties::parse(&text) {
                let origin = format!("{}:{line}", path.display());
                self.set(&key, ValueKind::String(value), &origin)?;
            }
            return Ok(());
        }
        let parsed = Config::builder().add_source(config::File::from_str(&text, FileFormat::Toml)).build();
        let parsed =
            parsed.map_err(|error| ConfError::Syntax { path: path.into(), message: error.to_string() })?;
        self.table("", parsed.cache, &Written { path, lines: lines(&text) })
    }

    /// Adds the variables of an environment that begin with `SCOOPI_`: `SCOOPI_LOADER_FETCH_DELAY` sets
    /// `scoopi.loader.fetch.delay`. Passes over those that are not settings, such as `SCOOPI_CONFIG`.
    ///
    /// # Errors
    /// A variable that names no key.
    pub fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfError> {
        for (variable, value) in variables {
            let Some(name) = setting_of(&variable) else { continue };
            let shout = |key: &str| key.replace('.', "_").to_uppercase();
            let open = self.known.iter().filter(|key| key.name.ends_with('.'));
            let key = open
                .filter_map(|key| {
                    Some(format!("{}{}", key.name, name.strip_prefix(&shout(&key.name))?.to_lowercase()))
                })
                .chain(self.known.iter().map(|key| key.name.clone()).filter(|key| shout(key) == name))
                .chain(WITHOUT_EFFECT.iter().map(|key| (*key).to_owned()).filter(|key| shout(key) == name))
                .next();
            let key = key.unwrap_or_else(|| name.to_lowercase().replace('_', "."));
            self.set(&key, ValueKind::String(value), &format!("environment variable {variable}"))?;
        }
        Ok(())
    }

    /// Adds `KEY=VALUE` from the command line.
    ///
    /// # Errors
    /// There is no `=`, or no such key.
    pub fn assignment(&mut self, text: &str) -> Result<(), ConfError> {
        let (key, value) = text.split_once('=').ok_or_else(|| ConfError::NoValue(text.to_owned()))?;
        self.set(key.trim(), ValueKind::String(value.to_owned()), "--set")
    }

    /// Adds the value of an option that is short for a setting.
    ///
    /// # Errors
    /// The key does not exist.
    pub fn option(&mut self, option: &str, key: &str, value: String) -> Result<(), ConfError> {
        self.set(key, ValueKind::String(value), option)
    }

    /// Keys that were accepted and have no effect, with where they were written.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Returns where each value was written last.
    #[must_use]
    pub fn origins(&self) -> Origins {
        let mut origins = Origins::default();
        for (key, value) in &self.values {
            origins.note(key, value.origin().unwrap_or_default());
        }
        origins
    }

    /// The settings.
    ///
    /// # Errors
    /// A value that does not fit its key.
    pub fn build(self) -> Result<Settings, ConfError> {
        let origins = self.origins();
        let wrong = |error: &_| ConfError::Value(WrongSetting::of_layers(error).with_origin(&origins));
        let mut builder = Config::builder();
        for (key, value) in self.values {
            builder = builder.set_override(&key, value).map_err(|error| wrong(&error))?;
        }
        let built = builder.build().and_then(Config::try_deserialize::<Settings>);
        built.map_err(|error| wrong(&error))
    }

    fn table(&mut self, prefix: &str, value: Value, written: &Written<'_>) -> Result<(), ConfError> {
        match value.kind {
            ValueKind::Table(table) => {
                let mut entries: Vec<_> = table.into_iter().collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                for (key, value) in entries {
                    let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                    self.table(&key, value, written)?;
                }
                Ok(())
            }
            kind => self.set(prefix, kind, &written.origin(prefix)),
        }
    }

    fn set(&mut self, key: &str, kind: ValueKind, origin: &str) -> Result<(), ConfError> {
        let bare = key.strip_prefix("scoopi.").unwrap_or(key);
        let fits = |known: &&Key| match known.name.strip_suffix('.') {
            Some(_) => bare.len() > known.name.len() && bare.starts_with(&known.name),
            None => known.name.eq_ignore_ascii_case(bare),
        };
        if let Some(known) = self.known.iter().find(fits) {
            let name = if known.name.ends_with('.') { bare.to_owned() } else { known.name.clone() };
            self.values.push((name, Value::new(Some(&origin.to_owned()), kind)));
            return Ok(());
        }
        if WITHOUT_EFFECT.iter().any(|ignored| ignored.eq_ignore_ascii_case(bare)) {
            self.ignored.push(format!("`{key}` in {origin}"));
            return Ok(());
        }
        let near = nearest(bare, self.known.iter().map(|key| key.name.trim_end_matches('.')));
        let help = near.map_or_else(
            || ": `docs/guide/configuration.md` lists all settings".to_owned(),
            |near| format!(": did you mean `scoopi.{near}`?"),
        );
        Err(ConfError::Unknown { key: key.to_owned(), origin: origin.to_owned(), help })
    }
}

/// A TOML file, and where its keys stand.
struct Written<'a> {
    path: &'a Path,
    lines: BTreeMap<String, usize>,
}

impl Written<'_> {
    /// Returns file and line of a key.
    fn origin(&self, key: &str) -> String {
        match self.lines.get(key) {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }
}

/// Largest configuration file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Reads a configuration file: a plain file, or a pipe from the shell (`--conf <(...)`).
fn read(path: &Path) -> io::Result<String> {
    let is_handed_over = path.starts_with("/dev/fd") || path == Path::new("/dev/stdin");
    let file = if is_handed_over { File::open(path)? } else { durable::read(path)? };
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it has more than 1 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(files: &[(&str, &str)], env: &[(&str, &str)], sets: &[&str]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut layers = Layers::default();
        let mut fill = || {
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::write(&path, text).unwrap();
                layers.file(&path)?;
            }
            layers.environment(env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))?;
            sets.iter().try_for_each(|set| layers.assignment(set))
        };
        fill().map_err(|error: ConfError| error.to_string())?;
        layers.build().map_err(|error| error.to_string())
    }

    #[test]
    fn a_duration_is_read_in_every_layer() {
        let file = ("a.toml", "[loader.fetch]\ndelay = \"2s\"\n[cluster]\nsession = 7\nlinger = \"1m\"\n");
        let environment = [("SCOOPI_CLUSTER_ELECTION", "1s"), ("SCOOPI_JOB_RETRYDELAY", "30")];
        let settings =
            check(&[file], &environment, &["fetch.maxRetryAfter=2m", "cluster.quorum.timeout=5 s"]).unwrap();
        let cluster = &settings.cluster;
        assert_eq!((settings.loader.fetch.delay, cluster.session, cluster.linger), (2_000, 7, 60_000));
        assert_eq!((cluster.election, settings.job.retry_delay), (1_000, 30));
        assert_eq!((settings.fetch.max_retry_after, cluster.quorum.timeout), (120, 5_000));
        let properties = ("a.properties", "scoopi.fetch.timeout.total=3s\n");
        assert_eq!(check(&[properties], &[], &[]).unwrap().fetch.timeout.total, 3_000);
    }

    #[test]
    fn later_layers_win() {
        let file = ("a.toml", "[loader.fetch]\ndelay = 1\nparallelism = 2\n[scoopi.job]\ntakeLimit = 3\n");
        let settings = check(&[file], &[("SCOOPI_LOADER_FETCH_DELAY", "5"), ("HOME", "x")], &[]).unwrap();
        assert_eq!((settings.loader.fetch.delay, settings.loader.fetch.parallelism), (5, 2));
        assert_eq!(settings.job.take_limit, 3);
        let settings =
            check(&[file], &[("SCOOPI_LOADER_FETCH_DELAY", "5")], &["scoopi.loader.fetch.delay=7"]);
        assert_eq!(settings.unwrap().loader.fetch.delay, 7);
    }

    #[test]
    fn old_properties_are_read() {
        let text = "scoopi.fact.notFound.replaceWith=-\nscoopi.datastore.enable=false\nscoopi.cluster.quorum.size=2\nscoopi.poolsize.loader=9\n";
        let settings = check(&[("scoopi.properties", text)], &[], &[]).unwrap();
        assert_eq!(settings.fact.not_found.replace_with, "-");
        assert!(!settings.datastore.enable);
        assert_eq!(settings.poolsize.get("loader"), Some(&9));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = check(&[], &[], &["loader.fetch.dely=1"]).unwrap_err();
        assert_eq!(
            error,
            "unknown setting `loader.fetch.dely` in --set: did you mean `scoopi.loader.fetch.delay`?"
        );
        let error = check(&[], &[("SCOOPI_LOADER_FETCH_DELY", "1")], &[]).unwrap_err();
        assert!(error.contains("SCOOPI_LOADER_FETCH_DELY") && error.contains("delay"), "{error}");
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_key_and_place() {
        let error = check(&[], &[], &["loader.fetch.delay=soon"]).unwrap_err();
        let told = "the setting loader.fetch.delay is string \"soon\" (--set): expected a duration such as 250ms, 10s, 5m, \
                    2h or 1d; a bare number counts milliseconds";
        assert_eq!(error, told);
        let error = check(&[("a.toml", "[loader.fetch]\ndelay = -1\n")], &[], &[]).unwrap_err();
        assert!(error.starts_with("the setting loader.fetch.delay is integer `-1` ("), "{error}");
        let error = check(&[("a.toml", "[loader.fetch]\ndelay = [ 1 ]\n")], &[], &[]).unwrap_err();
        assert!(error.starts_with("the setting loader.fetch.delay is sequence ("), "{error}");
        assert!(check(&[], &[], &["loader.fetch.delay"]).unwrap_err().contains("KEY=VALUE"));
    }
}
