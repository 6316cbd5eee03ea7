//! A program that runs definitions by itself: rows come through a channel, Ctrl-C cancels.
//!
//! `cargo run --example embedded` prints one JSON object for each town, then what the run has done. The page lies
//! in a file, so that nothing is asked of the network.

use std::error::Error;
use std::fs;

use scoopi::{Definitions, Run, RunRequest, Settings};

const PAGE: &str = "<ul><li><b>Orrin</b> <i>1824</i></li><li><b>Tarvie</b> <i>1790</i></li></ul>";

const DEFINITIONS: &str = r#"
locatorGroups:
  towns:
    locators: [ { name: coast, url: "/towns.html" } ]
taskGroups:
  towns: { list: { dataDef: town, steps: listed } }
steps:
  listed:
    - parser: css
    - appender: { list: { list: towns, encoder: jsonLines } }
dataDefs:
  town:
    query: { block: "ul > li:nth-child(%{item.index})", selector: "i" }
    items: [ { name: founded, value: Founded, indexRange: 1-2 } ]
    dims: [ { name: town, selector: "b" } ]
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("towns.html"), PAGE)?;

    // A folder for the log of the run, and one for what fails; paths in definitions begin at `root`.
    let mut settings = Settings::default();
    settings.store.dir = folder.path().join("data").to_string_lossy().into_owned();
    settings.appender.file.base_dir = folder.path().join("output").to_string_lossy().into_owned();
    let definitions = Definitions::text("towns.yml", DEFINITIONS);
    let request = RunRequest::new(settings).definitions(definitions).root(folder.path());

    let mut run = Run::new(request);
    let mut deliveries = run.deliveries(16);
    let mut handle = run.start().await?;

    // Lets pages in work come to their end. The same request with `existing: Existing::Resume` goes on later.
    let shutdown = handle.shutdown();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            shutdown.cancel();
        }
    });

    // The channel ends with the run. As long as nobody receives, the run waits.
    while let Some(delivery) = deliveries.recv().await {
        for row in delivery.lines() {
            println!("{}: {}", delivery.list, String::from_utf8_lossy(row));
        }
        let progress = handle.progress();
        eprintln!("{}: {} pages done, {} open", progress.phase, progress.counts.done, progress.counts.open());
    }
    let report = handle.ended().await?;
    println!("{:?}: {} rows of {} pages", report.outcome, report.counts.rows, report.counts.done);
    Ok(())
}
