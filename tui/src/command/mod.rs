//! The commands: each runs the tracker, looks, and prints.

pub mod doctor;
pub mod events;
pub mod record;
mod recorded;
pub mod replay;
mod signals;
pub mod snapshot;

use std::ffi::OsString;
use std::fs::File;
use std::future::Future;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd as _;

use clap::CommandFactory as _;
use clap_complete::Shell;
use scopetop_tracker::tick::Source;
use scopetop_tracker::{Tracker, Update};

use crate::cli::{Cli, Command, Settings};
use crate::config::{self, Config};
use crate::error::Error;
use crate::live::LiveOptions;
use crate::man;

/// Runs the program with this command line, its first word the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    let cli = match Cli::read(arguments)? {
        Ok(cli) => cli,
        Err(answer) => return print(&answer),
    };
    // What is the same for everybody needs no configuration, and is there to mend a wrong one.
    match &cli.command {
        Some(Command::Config) => return print(&config::printed()),
        Some(Command::Completions(options)) => return print(&completions(options.shell)),
        Some(Command::Man) => return print(&man::page()?),
        _ => {}
    }
    let mut config = cli.configuration(|name| std::env::var_os(name))?;
    let settings = cli.settings(&config)?;
    match &cli.command {
        None => {
            config.view = cli.view.unwrap_or(config.view);
            config.ascii = if cli.ascii { Some(true) } else { config.ascii };
            config.mouse &= !cli.no_mouse;
            config.read_only |= cli.read_only;
            config.history.span = cli.history.unwrap_or(config.history.span);
            if let Some(megabytes) = cli.history_memory {
                config.history.bytes = usize::from(megabytes) << 20;
            }
            live(&settings, config)
        }
        Some(Command::Config | Command::Completions(_) | Command::Man) => Ok(()),
        Some(Command::Snapshot(options)) => snapshot::run(options, &settings),
        Some(Command::Events(options)) => events::run(options, &settings),
        Some(Command::Record(options)) => record::run(options, &settings),
        Some(Command::Replay(options)) => replay::run(options, &settings, config),
        Some(Command::Doctor(options)) => doctor::run(options, &settings),
    }
}

/// The live screen.
fn live(settings: &Settings, config: Config) -> Result<(), Error> {
    let options = LiveOptions {
        tracker: settings.options(settings.tick, false),
        filter: settings.filter.clone(),
        environment: settings.environment,
        config,
    };
    Ok(runtime()?.block_on(crate::live::run(options))?)
}

/// Prints a text and is done.
fn print(text: &str) -> Result<(), Error> {
    let mut out = standard_output()?;
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// What makes a shell complete the command line.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "scopetop", &mut script);
    String::from_utf8_lossy(&script).into_owned()
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

/// Tells on standard error what is missing and what would help, a sentence a line: the program goes on without it.
fn tell_missing(source: &Source) {
    for sentence in missing(source) {
        note(&sentence);
    }
}

/// What is missing and, last, what would help.
fn missing(source: &Source) -> Vec<String> {
    let remedy = source.remedy.iter().filter(|_| !source.reasons.is_empty());
    let remedy = remedy.map(|remedy| format!("to see it, {remedy}"));
    source.reasons.iter().map(ToString::to_string).chain(remedy).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_a_sentence_a_line_and_what_helps_comes_last() {
        let mut source = Source { remedy: Some("use sudo".into()), ..Source::default() };
        assert!(missing(&source).is_empty(), "nothing is to be mended");
        source.reasons = vec!["not shown: UDP".into(), "two".into()];
        assert_eq!(missing(&source), ["not shown: UDP", "two", "to see it, use sudo"]);
    }
}
