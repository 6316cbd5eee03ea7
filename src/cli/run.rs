//! `scoopi`: runs the definitions.

use indicatif::MultiProgress;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::bootstrap::{Mode, Report, Run, RunHandle, RunRequest};

use super::exit::{Exit, Failure};
use super::options::{LogFormat, Loudness, Options};
use super::progress::{PERIOD, ProgressLine};
use super::speech::print;
use super::{logging, summary};

pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    if options.mode() == Mode::Cluster {
        return Err(Failure::usage(
            "`--mode cluster` is not built yet; `--mode solo` runs the same definitions",
        ));
    }
    let (settings, ignored) = options.settings()?;
    let progress = MultiProgress::new();
    logging::start(&settings.log.dir, options.log_format, options.loudness(), &progress);
    for key in ignored {
        warn!("setting {key} has no effect any more");
    }
    let done = run_to_end(options, options.request(settings), &progress);
    match options.log_format {
        LogFormat::Text => done,
        LogFormat::Json => Ok(done.unwrap_or_else(Failure::log)),
    }
}

fn run_to_end(options: &Options, request: RunRequest, progress: &MultiProgress) -> Result<Exit, Failure> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::fatal(format!("unable to start: {error}")))?;
    runtime.block_on(async {
        let mut handle = Run::new(request).start().await?;
        greet(options, &handle);
        let line = ProgressLine::new(progress, options.loudness());
        let report = watch(&mut handle, line).await?;
        if options.loudness() > Loudness::Quiet {
            print(&summary::text(&report));
        }
        Ok(summary::exit(&report))
    })
}

fn greet(options: &Options, handle: &RunHandle) {
    for warning in handle.warnings().sorted() {
        warn!("{}", warning.text());
    }
    if handle.is_resumed() {
        info!("going on with the unfinished run");
    } else if options.resumes() {
        warn!("nothing to resume, this is a new run");
    }
}

/// Draws progress until the end. The first signal lets what is in work come to its end, the second one
/// leaves at once.
async fn watch(handle: &mut RunHandle, mut line: ProgressLine) -> Result<Report, Failure> {
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let shutdown = handle.shutdown();
    let mut asked = false;
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        line.draw(&handle.progress());
        let signalled = tokio::select! {
            report = handle.ended() => {
                line.clear();
                return Ok(report?);
            }
            _ = ticks.tick() => false,
            _ = interrupt.recv() => true,
            _ = terminate.recv() => true,
        };
        if signalled && asked {
            line.clear();
            warn!("leaving at once; `--resume` goes on from what was committed");
            // Nothing is lost: what is not committed did not happen.
            std::process::exit(i32::from(Exit::Cancelled.code()));
        }
        if signalled {
            asked = true;
            warn!("cancel requested: jobs in work come to their end; once more to leave at once");
            shutdown.cancel();
        }
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::fatal(format!("unable to listen for signals: {error}")))
}
