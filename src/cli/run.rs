//! `scoopi run`, or `scoopi` alone: runs the definitions.

use std::fs;
use std::future::pending;
use std::pin::pin;

use indicatif::ProgressBar;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::api::{Mode, Report, RunHandle, RunRequest};
use crate::node::Run;

use super::exit::{Exit, Failure};
use super::options::{Configured, LogFormat, Loudness, RunOptions};
use super::progress::{PERIOD, ProgressLine};
use super::speech::print;
use super::{descriptors, logging, summary};

pub(super) fn run(options: &RunOptions) -> Result<Exit, Failure> {
    let Configured { settings, ignored, origins } = options.settings.read()?;
    let progress = ProgressBar::hidden();
    logging::start(&settings.log.dir, options.log.log_format, options.log.loudness(), &progress)?;
    descriptors::raise();
    for key in ignored {
        warn!("setting {key} no longer has an effect");
    }
    let done = run_to_end(options, options.request(settings, origins), &progress);
    match options.log.log_format {
        LogFormat::Text => done,
        LogFormat::Json => Ok(done.unwrap_or_else(Failure::log)),
    }
}

fn run_to_end(options: &RunOptions, request: RunRequest, progress: &ProgressBar) -> Result<Exit, Failure> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::fatal(format!("unable to start: {error}")))?;
    runtime.block_on(async {
        let mut signals = Signals::listen(progress)?;
        let mut handle = start(request, &mut signals).await?;
        greet(options, &handle);
        let line = ProgressLine::new(progress, options.log.loudness());
        let report = watch(&mut handle, line, &mut signals).await?;
        if options.log.loudness() > Loudness::Quiet {
            print(&summary::text(&report))?;
        }
        Ok(summary::exit(&report))
    })
}

/// Starts the run, and handles signals meanwhile.
async fn start(request: RunRequest, signals: &mut Signals<'_>) -> Result<RunHandle, Failure> {
    // A node that waits for others has no job in progress that could come to its end.
    let may_leave = request.mode == Mode::Cluster;
    let mut starting = pin!(Run::new(request).start());
    loop {
        if signals.is_cancelled && may_leave {
            warn!("leaving before the run has begun on this node");
            std::process::exit(i32::from(Exit::Cancelled.code()));
        }
        tokio::select! {
            started = &mut starting => return Ok(started?),
            () = signals.next() => {}
        }
    }
}

fn greet(options: &RunOptions, handle: &RunHandle) {
    for warning in handle.warnings().sorted() {
        warn!("{}", warning.line());
    }
    if handle.is_resumed() {
        info!("going on with the unfinished run");
    } else if options.resumes() {
        warn!("nothing to resume, this is a new run");
    }
}

/// Draws progress until the end.
async fn watch(
    handle: &mut RunHandle,
    mut line: ProgressLine,
    signals: &mut Signals<'_>,
) -> Result<Report, Failure> {
    let shutdown = handle.shutdown();
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        if signals.is_cancelled {
            shutdown.cancel();
        }
        line.draw(&handle.progress());
        tokio::select! {
            report = handle.ended() => {
                line.clear();
                return Ok(report?);
            }
            _ = ticks.tick() => {}
            () = signals.next() => {}
        }
    }
}

/// Signals that ask the program to stop. The first one lets jobs in progress come to their end, the second one leaves
/// at once.
struct Signals<'a> {
    interrupt: Signal,
    terminate: Signal,
    /// The terminal is gone. None if the parent process ignores the signal, as `nohup` does.
    hangup: Option<Signal>,
    is_cancelled: bool,
    progress: &'a ProgressBar,
}

impl<'a> Signals<'a> {
    fn listen(progress: &'a ProgressBar) -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::fatal(format!("unable to listen for signals: {error}")))
        };
        let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        let hangup = if may_hear_hangup() { Some(listen(SignalKind::hangup())?) } else { None };
        Ok(Self { interrupt, terminate, hangup, is_cancelled: false, progress })
    }

    /// Waits for the first signal; does not return from the second one. A hangup is never the second one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = heard(self.hangup.as_mut()) => {}
        }
        if self.is_cancelled {
            warn!("leaving at once; `--resume` continues from the last commit");
            // What is not committed did not happen, so nothing is lost.
            self.progress.finish_and_clear();
            std::process::exit(i32::from(Exit::Cancelled.code()));
        }
        self.is_cancelled = true;
        // A shell and the kernel each send a hangup when a terminal closes: the second one says nothing new.
        self.hangup = None;
        warn!(
            "cancel requested: jobs in progress finish first; a second Ctrl-C or signal ends the program at once"
        );
    }
}

async fn heard(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

/// Whether a hangup is not ignored so far; false where the system does not say it in this file. Listening to the signal
/// would end its being ignored.
fn may_hear_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is the first signal.
    ignored.is_some_and(|mask| mask & 1 == 0)
}
