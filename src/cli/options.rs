//! Groups of options, each offered by the commands in which it acts, and the settings that they come to.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use crate::api::{Existing, RunRequest};
use crate::conf::{CONFIG_VARIABLE, Layers, Origins, Settings};

use super::exit::Failure;

/// The configuration file that is read if no other one is named.
const CONF: &str = "conf/scoopi.toml";

/// Options of a run.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    #[command(flatten)]
    pub(super) settings: SettingsOptions,
    #[command(flatten)]
    existing: ExistingOptions,
    #[command(flatten)]
    pub(super) log: LogOptions,
}

/// Options that set what a run does.
#[derive(Debug, Args)]
pub(super) struct SettingsOptions {
    #[command(flatten)]
    places: PlaceOptions,
    #[command(flatten)]
    configuration: ConfigurationOptions,
    #[command(flatten)]
    cluster: ClusterOptions,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
struct PlaceOptions {
    /// Run on this machine, or together with others [default: setting `cluster.enable`, or solo]
    #[arg(long, value_enum)]
    mode: Option<ModeName>,
    /// Folder of definitions [default: setting `defs.dir`]
    #[arg(long, value_name = "DIR")]
    defs: Option<PathBuf>,
    /// Folder for output
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Folder for the log of the run and for kept pages [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
struct ExistingOptions {
    /// Continue the unfinished run in the data folder
    #[arg(long, conflicts_with = "fresh")]
    resume: bool,
    /// Discard the unfinished run in the data folder and start over
    #[arg(long)]
    fresh: bool,
}

/// Where settings come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct ConfigurationOptions {
    /// Configuration file, TOML or old .properties [default: what the environment variable `SCOOPI_CONFIG` names, or
    /// conf/scoopi.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    conf: Option<PathBuf>,
    /// Change a setting, for example `--set loader.fetch.delay=0`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Options of `--mode cluster`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
struct ClusterOptions {
    /// Where this node listens [default: setting `cluster.listen`]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The other nodes, with commas between
    #[arg(long, value_name = "HOST:PORT,…")]
    join: Option<String>,
    /// Nodes that must be there to begin [default: more than half]
    #[arg(long, value_name = "N")]
    quorum: Option<u32>,
    /// What this node is called [default: its address]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    key: KeyOption,
    /// Which nodes keep the rows: all, leader, or a node's name
    #[arg(long, value_name = "WHICH")]
    output_on: Option<String>,
}

/// Options of a program that asks a cluster from outside.
#[derive(Debug, Args)]
pub(super) struct OutsideOptions {
    #[command(flatten)]
    configuration: ConfigurationOptions,
    #[command(flatten)]
    key: KeyOption,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
struct KeyOption {
    /// File of the key that all nodes share, see `scoopi keygen`
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// What a run says of itself, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct LogOptions {
    /// Say more: -v what is done, -vv every job
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    #[command(flatten)]
    quiet: QuietOption,
    /// How log lines are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct QuietOption {
    /// Say nothing but errors
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeName {
    Solo,
    Cluster,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loudness {
    Quiet,
    Normal,
    Verbose,
    Debug,
}

/// The settings from the options and all other layers.
pub(super) struct Configured {
    pub(super) settings: Settings,
    /// Keys that have no effect.
    pub(super) ignored: Vec<String>,
    /// Where values were written.
    pub(super) origins: Origins,
}

/// An option that sets a setting: its name, the key, and the value if it was given.
type Shortcut = (&'static str, &'static str, Option<String>);

impl LogOptions {
    pub(super) fn loudness(&self) -> Loudness {
        match (self.quiet.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (false, 0) => Loudness::Normal,
            (false, 1) => Loudness::Verbose,
            (false, _) => Loudness::Debug,
        }
    }
}

impl RunOptions {
    /// Whether the user asked to continue an unfinished run.
    pub(super) fn resumes(&self) -> bool {
        self.existing.resume
    }

    /// Returns the run that the options ask for.
    pub(super) fn request(&self, settings: Settings, origins: Origins) -> RunRequest {
        let existing = match (self.existing.resume, self.existing.fresh) {
            (true, _) => Existing::Resume,
            (false, true) => Existing::Discard,
            (false, false) => Existing::Refuse,
        };
        RunRequest { existing, origins, ..RunRequest::new(settings) }
    }
}

impl SettingsOptions {
    /// Returns the settings, from all layers.
    pub(super) fn read(&self) -> Result<Configured, Failure> {
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let (places, cluster) = (&self.places, &self.cluster);
        let is_cluster = places.mode.map(|mode| (mode == ModeName::Cluster).to_string());
        let shortcuts = [
            ("--mode", "cluster.enable", is_cluster),
            ("--defs", "defs.dir", text(&places.defs)),
            ("--output", "appender.file.baseDir", text(&places.output)),
            ("--data", "store.dir", text(&places.data)),
        ];
        let of_cluster = [
            ("--listen", "cluster.listen", cluster.listen.clone()),
            ("--join", "cluster.join", cluster.join.clone()),
            ("--quorum", "cluster.quorum.size", cluster.quorum.map(|size| size.to_string())),
            ("--name", "cluster.name", cluster.name.clone()),
            cluster.key.shortcut(),
            ("--output-on", "cluster.outputOn", cluster.output_on.clone()),
        ];
        let given = of_cluster.iter().find(|(_, _, value)| value.is_some()).map(|(option, ..)| *option);
        let configured = self.configuration.read_with(shortcuts.into_iter().chain(of_cluster))?;
        match given {
            // Several hosts would each do the whole run.
            Some(option) if !configured.settings.cluster.enable => Err(Failure::usage(format!(
                "`{option}` acts in a cluster only: add `--mode cluster`, or leave it out"
            ))),
            _ => Ok(configured),
        }
    }
}

impl OutsideOptions {
    /// Returns the settings, from all layers.
    pub(super) fn read(&self) -> Result<Configured, Failure> {
        self.configuration.read_with([self.key.shortcut()])
    }
}

impl KeyOption {
    fn shortcut(&self) -> Shortcut {
        let file = self.key_file.as_ref().map(|file| file.to_string_lossy().into_owned());
        ("--key-file", "cluster.keyFile", file)
    }
}

impl ConfigurationOptions {
    /// Returns the settings, from all layers.
    pub(super) fn read(&self) -> Result<Configured, Failure> {
        self.read_with([])
    }

    fn read_with(&self, shortcuts: impl IntoIterator<Item = Shortcut>) -> Result<Configured, Failure> {
        let mut layers = Layers::default();
        let named = std::env::var_os(CONFIG_VARIABLE).filter(|file| !file.is_empty());
        match (&self.conf, named) {
            (Some(file), _) => layers.file(file)?,
            (None, Some(file)) => layers.file(Path::new(&file)).map_err(|error| {
                Failure::usage(format!("{error}; the environment variable {CONFIG_VARIABLE} names this file"))
            })?,
            (None, None) if Path::new(CONF).is_file() => layers.file(Path::new(CONF))?,
            (None, None) => {}
        }
        layers.environment(
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )?;
        self.set.iter().try_for_each(|set| layers.assignment(set))?;
        for (option, key, value) in shortcuts {
            if let Some(value) = value {
                layers.option(option, key, value)?;
            }
        }
        let (ignored, origins) = (layers.ignored().to_vec(), layers.origins());
        Ok(Configured { settings: layers.build()?, ignored, origins })
    }
}
