//! Options that all commands share, and what they come to.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

use crate::bootstrap::{Existing, Mode, RunRequest};
use crate::conf::{ClusterSettings, ConfError, Layers, Origins, Settings};

/// Where configuration is looked for when nobody says.
const CONF: &str = "conf/scoopi.toml";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Run on this machine, or together with others
    #[arg(long, value_enum, default_value_t = ModeName::Solo, global = true)]
    mode: ModeName,
    /// Folder of definitions [default: setting `defs.dir`]
    #[arg(long, value_name = "DIR", global = true)]
    defs: Option<PathBuf>,
    /// Configuration file, TOML or old .properties [default: conf/scoopi.toml, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    conf: Option<PathBuf>,
    /// Change a setting, for example `--set loader.fetch.delay=0`
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,
    /// Folder for output
    #[arg(long, value_name = "DIR", global = true)]
    output: Option<PathBuf>,
    /// Folder for the log of the run and for kept pages [default: data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// Go on with the unfinished run in the data folder
    #[arg(long, conflicts_with = "fresh", global = true)]
    resume: bool,
    /// Discard the unfinished run in the data folder and start anew
    #[arg(long, global = true)]
    fresh: bool,
    /// Say more: -v what is done, -vv every job
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet", global = true)]
    verbose: u8,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// How log lines are written
    #[arg(long, value_enum, default_value_t = LogFormat::Text, global = true)]
    pub(super) log_format: LogFormat,
}

/// The settings from the options and all other layers.
pub(super) struct Configured {
    pub(super) settings: Settings,
    /// Keys that have no effect.
    pub(super) ignored: Vec<String>,
    /// Where values were written.
    pub(super) origins: Origins,
}

/// Options of `--mode cluster`.
#[derive(Debug, Args)]
struct ClusterOptions {
    /// Cluster: where this node listens [default: setting `cluster.listen`]
    #[arg(long, value_name = "HOST:PORT", global = true)]
    listen: Option<String>,
    /// Cluster: the other nodes, with commas between
    #[arg(long, value_name = "HOST:PORT,…", global = true)]
    join: Option<String>,
    /// Cluster: nodes that must be there to begin [default: more than half]
    #[arg(long, value_name = "N", global = true)]
    quorum: Option<u32>,
    /// Cluster: what this node is called [default: its address]
    #[arg(long, value_name = "NAME", global = true)]
    name: Option<String>,
    /// Cluster: file of the key that all nodes share, see `scoopi keygen`
    #[arg(long, value_name = "FILE", global = true)]
    key_file: Option<PathBuf>,
    /// Cluster: which nodes keep the rows: all, leader, or a node's name
    #[arg(long, value_name = "WHICH", global = true)]
    output_on: Option<String>,
}

impl ClusterOptions {
    fn apply(&self, settings: &mut ClusterSettings, origins: &mut Origins) {
        let texts = [
            (&mut settings.listen, &self.listen, "cluster.listen", "--listen"),
            (&mut settings.join, &self.join, "cluster.join", "--join"),
            (&mut settings.output_on, &self.output_on, "cluster.outputOn", "--output-on"),
        ];
        for (setting, option, key, name) in texts {
            if let Some(option) = option {
                setting.clone_from(option);
                origins.note(key, name);
            }
        }
        settings.quorum.size = self.quorum.unwrap_or(settings.quorum.size);
        if self.name.is_some() {
            settings.name.clone_from(&self.name);
        }
        if let Some(file) = &self.key_file {
            settings.key_file = Some(file.to_string_lossy().into_owned());
            origins.note("cluster.keyFile", "--key-file");
        }
    }
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

impl Options {
    pub(super) fn mode(&self) -> Mode {
        match self.mode {
            ModeName::Solo => Mode::Solo,
            ModeName::Cluster => Mode::Cluster,
        }
    }

    pub(super) fn loudness(&self) -> Loudness {
        match (self.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (false, 0) => Loudness::Normal,
            (false, 1) => Loudness::Verbose,
            (false, _) => Loudness::Debug,
        }
    }

    /// Whether the user asked to go on with an unfinished run.
    pub(super) fn resumes(&self) -> bool {
        self.resume
    }

    /// The settings, from all layers.
    pub(super) fn settings(&self) -> Result<Configured, ConfError> {
        let mut layers = Layers::default();
        match &self.conf {
            Some(file) => layers.file(file)?,
            None if Path::new(CONF).is_file() => layers.file(Path::new(CONF))?,
            None => {}
        }
        layers.environment(
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )?;
        self.set.iter().try_for_each(|set| layers.assignment(set))?;
        let (ignored, mut origins) = (layers.ignored().to_vec(), layers.origins());
        let mut settings = layers.build()?;
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        for (option, path, key, setting) in [
            ("--defs", &self.defs, "defs.dir", &mut settings.defs.dir),
            ("--output", &self.output, "appender.file.baseDir", &mut settings.appender.file.base_dir),
            ("--data", &self.data, "store.dir", &mut settings.store.dir),
        ] {
            if let Some(path) = path {
                *setting = text(path);
                origins.note(key, option);
            }
        }
        self.cluster.apply(&mut settings.cluster, &mut origins);
        settings.cluster.enable |= self.mode() == Mode::Cluster;
        Ok(Configured { settings, ignored, origins })
    }

    /// The run that the options ask for.
    pub(super) fn request(&self, settings: Settings, origins: Origins) -> RunRequest {
        let existing = match (self.resume, self.fresh) {
            (true, _) => Existing::Resume,
            (false, true) => Existing::Discard,
            (false, false) => Existing::Refuse,
        };
        RunRequest { existing, origins, ..RunRequest::new(settings) }
    }
}
