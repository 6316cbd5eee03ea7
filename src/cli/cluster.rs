//! `scoopi keygen`, `scoopi status` and `scoopi cancel`: a cluster from outside.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::runtime;

use crate::bootstrap::{Outsider, make_key};
use crate::model::shown_json;

use super::exit::{Exit, Failure};
use super::options::Options;
use super::speech::{clear, print};

/// Between two looks of `--watch`.
const PERIOD: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct KeyArguments {
    /// The file to write
    #[arg(default_value = "cluster.key")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    at: AtArguments,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Again every second, until the run has ended or Ctrl-C
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Args)]
pub(super) struct AtArguments {
    /// Any node of the cluster
    #[arg(long, value_name = "HOST:PORT")]
    at: String,
}

pub(super) fn keygen(arguments: &KeyArguments) -> Result<Exit, Failure> {
    make_key(&arguments.file)?;
    print(&format!(
        "a new cluster key is in {}: copy it to every host, readable by scoopi only, and name it with `--key-file`\n",
        arguments.file.display()
    ));
    Ok(Exit::Complete)
}

pub(super) fn status(options: &Options, arguments: &StatusArguments) -> Result<Exit, Failure> {
    on_runtime(async {
        let outsider = outsider(options, &arguments.at).await?;
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
                clear();
            }
            print(&text);
            if !arguments.watch {
                return Ok(Exit::Complete);
            }
            is_first = false;
            tokio::time::sleep(PERIOD).await;
        }
    })
}

pub(super) fn cancel(options: &Options, arguments: &AtArguments) -> Result<Exit, Failure> {
    on_runtime(async {
        let outsider = outsider(options, arguments).await?;
        outsider.cancel().await.map_err(|error| Failure::fatal(error.to_string()))?;
        print("the run is cancelled: jobs in work come to their end, `--resume` goes on with the rest\n");
        Ok(Exit::Complete)
    })
}

async fn outsider(options: &Options, arguments: &AtArguments) -> Result<Outsider, Failure> {
    let settings = options.settings()?.settings;
    let key_file = settings.cluster.key_file.map(PathBuf::from);
    Ok(Outsider::new(&arguments.at, key_file.as_deref()).await?)
}

fn on_runtime(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::fatal(format!("unable to start: {error}")))?.block_on(work)
}
