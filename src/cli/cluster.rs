//! `scoopi keygen`, `scoopi status` and `scoopi cancel`: a cluster from outside.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::runtime;

use crate::model::shown_json;
use crate::node::{Outsider, make_key};

use super::exit::{Exit, Failure};
use super::options::{ConfigurationOptions, OutsideOptions};
use super::speech::{clear, print};

/// Between two looks of `--watch`.
const PERIOD: Duration = Duration::from_secs(1);

/// The key file that `keygen` makes if no other one is named.
const KEY_FILE: &str = "cluster.key";

#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    /// The file to write [default: setting `cluster.keyFile`, or cluster.key]
    file: Option<PathBuf>,
    #[command(flatten)]
    configuration: ConfigurationOptions,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Again every second, until the run has ended or Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    at: AtArguments,
}

#[derive(Debug, Args)]
pub(super) struct AtArguments {
    /// Any node of the cluster
    #[arg(long, value_name = "HOST:PORT")]
    at: String,
    #[command(flatten)]
    options: OutsideOptions,
}

pub(super) fn keygen(arguments: &KeyArguments) -> Result<Exit, Failure> {
    let settings = arguments.configuration.read()?.settings;
    let configured = || settings.cluster.key_file.map_or_else(|| KEY_FILE.into(), PathBuf::from);
    let file = arguments.file.clone().unwrap_or_else(configured);
    make_key(&file)?;
    print(&format!(
        "a new cluster key is in {}: copy it to every host, readable by scoopi only, and name it with `--key-file`\n",
        file.display()
    ))?;
    Ok(Exit::Complete)
}

pub(super) fn status(arguments: &StatusArguments) -> Result<Exit, Failure> {
    on_runtime(async {
        let outsider = outsider(&arguments.at).await?;
        let mut is_first = true;
        loop {
            let view = match outsider.status().await {
                Ok(view) => view,
                // It was there a moment ago: the run has ended.
                Err(_) if !is_first => return Ok(Exit::Complete),
                Err(error) => return Err(Failure::fatal(error.to_string())),
            };
            let text = if arguments.json {
                format!("{}\n", shown_json(&view.json().to_string()))
            } else {
                view.text()
            };
            if arguments.watch && !arguments.json && stdout().is_terminal() {
                clear()?;
            }
            print(&text)?;
            if !arguments.watch {
                return Ok(Exit::Complete);
            }
            is_first = false;
            tokio::time::sleep(PERIOD).await;
        }
    })
}

pub(super) fn cancel(arguments: &AtArguments) -> Result<Exit, Failure> {
    on_runtime(async {
        let outsider = outsider(arguments).await?;
        outsider.cancel().await.map_err(|error| Failure::fatal(error.to_string()))?;
        print("the run is cancelled: jobs in progress finish first, `--resume` continues with the rest\n")?;
        Ok(Exit::Complete)
    })
}

async fn outsider(arguments: &AtArguments) -> Result<Outsider, Failure> {
    let settings = arguments.options.read()?.settings;
    let key_file = settings.cluster.key_file.map(PathBuf::from);
    Ok(Outsider::new(&arguments.at, key_file.as_deref()).await?)
}

fn on_runtime(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::fatal(format!("unable to start: {error}")))?.block_on(work)
}
