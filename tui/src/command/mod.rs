//! The commands: each runs the tracker, looks, and prints.

pub mod doctor;
pub mod events;
pub mod record;
pub mod replay;
mod signals;
pub mod snapshot;

use std::ffi::OsString;
use std::fs::File;
use std::future::Future;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd as _;

use scopetop_tracker::tick::Source;
use scopetop_tracker::{Tracker, Update};

use crate::cli::{Cli, Command, Settings};
use crate::error::Error;
use crate::history::Limits;
use crate::live::LiveOptions;

/// Runs the program with this command line, its first word the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    let cli = match Cli::read(arguments)? {
        Ok(cli) => cli,
        Err(answer) => {
            let mut out = standard_output()?;
            out.write_all(answer.as_bytes())?;
            return Ok(out.flush()?);
        }
    };
    let settings = cli.settings()?;
    match &cli.command {
        None => live(&cli, &settings),
        Some(Command::Snapshot(options)) => snapshot::run(options, &settings),
        Some(Command::Events(options)) => events::run(options, &settings),
        Some(Command::Record(options)) => record::run(options, &settings),
        Some(Command::Replay(options)) => replay::run(options, &settings),
        Some(Command::Doctor(options)) => doctor::run(options, &settings),
    }
}

/// The live screen.
fn live(cli: &Cli, settings: &Settings) -> Result<(), Error> {
    let usual = Limits::default();
    let options = LiveOptions {
        tracker: settings.options(settings.tick, false),
        history: Limits {
            span: cli.history.unwrap_or(usual.span),
            bytes: cli.history_memory.map_or(usual.bytes, |megabytes| usize::from(megabytes) << 20),
        },
        filter: settings.filter.clone(),
        view: cli.view.unwrap_or_default(),
        environment: settings.environment,
        mouse: !cli.no_mouse,
        read_only: cli.read_only,
    };
    Ok(runtime()?.block_on(crate::live::run(options))?)
}

/// Where updates come from: a tracker, or a test's script.
trait Updates {
    /// The next one; `None` when there will be no more. Dropping the future loses no update.
    fn next(&mut self) -> impl Future<Output = Option<Update>>;
}

impl Updates for Tracker {
    fn next(&mut self) -> impl Future<Output = Option<Update>> {
        Self::next(self)
    }
}

/// The runtime for one command: the tracker has its own thread, so one here is enough.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)
}

/// Standard output in large pieces (the standard library's own is cut at every line), each written when the
/// caller says so.
fn standard_output() -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 16, File::from(io::stdout().as_fd().try_clone_to_owned()?)))
}

/// Tells on standard error what was missing and what would help, all in one line: the program goes on without it.
fn tell_missing(source: &Source) {
    let missing: Vec<&str> = source.reasons.iter().map(|reason| &**reason).collect();
    match (missing.join("; "), &source.remedy) {
        (missing, _) if missing.is_empty() => {}
        (missing, Some(remedy)) => note(&format!("{missing}; {remedy}")),
        (missing, None) => note(&missing),
    }
}

/// Tells one thing on standard error.
fn note(text: &str) {
    tell(&format!("note: {text}"));
}

/// Writes one line to standard error.
fn tell(line: &str) {
    // With standard error gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "scopetop: {line}");
}
