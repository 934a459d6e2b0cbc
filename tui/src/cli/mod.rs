//! The command line: its words, its help, its errors. Stable: scripts rely on it.

mod settings;
mod values;
mod wrong;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use scopetop_tracker::topology::grouping::By;

pub use settings::Settings;
pub use values::At;
use values::{grouping, milliseconds, moment, seconds, size, speed};

use crate::app::Speed;
use crate::error::Error;

/// The length of a tick where none is asked for.
pub const DEFAULT_TICK: Duration = Duration::from_secs(1);

/// Ticks may be this long, in milliseconds: below, the host would be busy with being looked at.
pub(crate) const TICK_MILLISECONDS: std::ops::RangeInclusive<u64> = 50..=3_600_000;

/// An observation may be this long, in seconds, and the past that is kept: a year.
pub(crate) const MAXIMUM_SECONDS: u64 = 31_536_000;

/// Shows who on this Linux host talks to whom, right now: processes, containers and remote addresses, and the
/// connections between them.
#[derive(Debug, Parser)]
#[command(
    name = "scopetop",
    version,
    about = "Shows who on this Linux host talks to whom, right now",
    after_help = "Run it as root (sudo scopetop) to see every process; see 'scopetop --help' for examples.",
    after_long_help = "\
Examples:
  sudo scopetop                                   the live screen
  sudo scopetop --filter 'port=443 and not comm=curl'
  sudo scopetop snapshot --format json | jq .connections
  sudo scopetop snapshot --for 0 --format dot | dot -Tsvg > host.svg
  sudo scopetop events --filter comm=nginx
  sudo scopetop record night.scopetop             all of it in a file, for scopetop replay
  scopetop replay --demo                          have a look without root
  scopetop doctor                                 what works here, what does not, and why

Without root (or CAP_BPF and CAP_PERFMON) scopetop shows what this user may see, and says what is missing.

Exit status: 0 done, 1 it failed while running, 2 the command line or the configuration was wrong.",
    disable_help_subcommand = true
)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Cli {
    /// What to do; nothing: the live screen.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// By what the live screen groups at first: process, name, container, image, namespace, pod [default: process]
    #[arg(long, value_name = "GROUPING", value_parser = grouping)]
    pub view: Option<By>,
    /// The live screen keeps the last so many seconds, to be looked at again [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub history: Option<Duration>,
    /// It keeps them in so many megabytes at most [default: 64]
    #[arg(long, value_name = "MB")]
    pub history_memory: Option<u16>,
    /// Leave the mouse to the terminal: text is selected as elsewhere (else: with Shift held)
    #[arg(long)]
    pub no_mouse: bool,
    /// Draw the live screen with ASCII alone [default: where the locale names no UTF-8]
    #[arg(long)]
    pub ascii: bool,
    /// Change nothing on the host: no signal, no closing of connections, no stopping of containers
    #[arg(long)]
    pub read_only: bool,
    /// Show the environment of a process in its details, without what looks like a secret
    #[arg(long)]
    pub env: bool,
    /// Options given before the command.
    #[command(flatten)]
    common: Common,
}

/// What to do other than show the live screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print one picture: who talks to whom now
    #[command(
        long_about = "Prints one picture on standard output: attaches, observes, prints.\n\n\
            What opened and closed while it observed is in the picture too, as closed.",
        after_long_help = "\
Examples:
  sudo scopetop snapshot
  sudo scopetop snapshot --for 10 --format json | jq '.connections[] | select(.state == \"failed\")'
  sudo scopetop snapshot --for 0 --format dot | dot -Tsvg > host.svg
  sudo scopetop snapshot --format svg --size 160x45 > screen.svg
  scopetop snapshot --replay night.scopetop --at 1:30 --format table"
    )]
    Snapshot(Snapshot),
    /// Print each event as it happens: connect, accept, close, listen, fail
    #[command(
        long_about = "Prints each event on standard output as it happens, until it is interrupted (Ctrl-C, SIGTERM) \
            or the time is over.\n\n\
            The last line counts the events told, and those that the kernel could not hand over (lost).",
        after_long_help = "\
Examples:
  sudo scopetop events
  sudo scopetop events --format ndjson | jq -r 'select(.kind == \"fail\") | .error'
  sudo scopetop events --for 60 --filter 'port=5432'"
    )]
    Events(Events),
    /// Record what happens in a file, to be looked at later
    #[command(
        long_about = "Records all that the live screen would show in a file, until it is interrupted (Ctrl-C, SIGTERM) \
            or the time is over.\n\n\
            Everything is recorded: filters are for the replay. Each tick is in the file as soon as it is over, so that a \
            recording that is killed plays up to then. Only its owner may read it: it has the arguments of processes, \
            unless --no-args leaves them out.",
        after_long_help = "\
Examples:
  sudo scopetop record night.scopetop
  sudo scopetop record --for 60 --tick 200 minute.scopetop"
    )]
    Record(Record),
    /// Show a recording on the live screen
    #[command(
        long_about = "Shows a recording on the live screen: the same keys, filters and views, and those that go through \
            time ([ ] a tick, { } a minute, Home, End, Space, < > slower and faster).\n\n\
            What is damaged or cut off is told; what is before it plays.",
        after_long_help = "\
Examples:
  scopetop replay night.scopetop
  scopetop replay --speed 16 --filter 'port=5432' night.scopetop
  scopetop replay --demo                          a recording that comes with scopetop"
    )]
    Replay(Replay),
    /// Tell what this kernel and this user allow, and what was chosen
    #[command(
        long_about = "Tells what this kernel and this user allow, what was chosen, and the reason for each thing that \
            was not."
    )]
    Doctor(Doctor),
    /// Print a configuration with all defaults and what they mean
    #[command(
        long_about = "Prints a configuration with all defaults and what they mean, to begin one's own with.",
        after_long_help = "\
Example:
  mkdir -p ~/.config/scopetop && scopetop config > ~/.config/scopetop/config.toml"
    )]
    Config,
    /// Print what makes a shell complete the command line
    #[command(
        long_about = "Prints what makes a shell complete the command line.",
        after_long_help = "\
Example:
  scopetop completions bash > ~/.local/share/bash-completion/completions/scopetop"
    )]
    Completions(Completions),
    /// Print the manual page
    #[command(
        long_about = "Prints the manual page: options, keys, the filter language.",
        after_long_help = "\
Example:
  scopetop man > /usr/local/share/man/man1/scopetop.1"
    )]
    Man,
}

/// `scopetop completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `scopetop snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// How to print it [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    pub format: Option<SnapshotFormat>,
    /// Observe for so long before printing; 0: what is there at once [default: one tick]
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub duration: Option<Duration>,
    /// The size of the screen that svg is a picture of, in cells [default: 120x40]
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = size)]
    pub size: Option<(u16, u16)>,
    /// A picture of a recording, without root: of its last tick, or at another moment
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// That moment: seconds or minutes (1:30) after its beginning, before its end (-1:30), or a time (RFC 3339)
    #[arg(long, value_name = "MOMENT", value_parser = moment, allow_hyphen_values = true)]
    pub at: Option<At>,
    #[command(flatten)]
    common: Common,
}

/// `scopetop events`.
#[derive(Debug, Args)]
pub struct Events {
    /// How to print them [default: text on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub format: Option<EventsFormat>,
    /// End after so long [default: when interrupted]
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub duration: Option<Duration>,
    #[command(flatten)]
    common: Common,
}

/// `scopetop record`.
#[derive(Debug, Args)]
pub struct Record {
    /// Where to; a file that is there is left alone
    pub file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
    /// End after so long [default: when interrupted]
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub duration: Option<Duration>,
    #[command(flatten)]
    common: Common,
}

/// `scopetop replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The recording
    #[arg(required_unless_present = "demo")]
    pub file: Option<PathBuf>,
    /// Show the recording that comes with scopetop
    #[arg(long)]
    pub demo: bool,
    /// How fast it plays at first: 0.25, 0.5, 1, 2, 4, 8, 16, 32 or 64 times [default: 1]
    #[arg(long, value_name = "TIMES", value_parser = speed, allow_negative_numbers = true)]
    pub speed: Option<Speed>,
    /// By what it groups at first, as of the live screen
    #[arg(long, value_name = "GROUPING", value_parser = grouping)]
    pub view: Option<By>,
    /// Leave the mouse to the terminal, as of the live screen
    #[arg(long)]
    pub no_mouse: bool,
    #[command(flatten)]
    common: Common,
}

/// `scopetop doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// How to print it
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub format: DoctorFormat,
    #[command(flatten)]
    common: Common,
}

/// How a snapshot is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SnapshotFormat {
    /// One JSON object (schema scopetop/1)
    Json,
    /// For people
    Table,
    /// For Graphviz
    Dot,
    /// For Mermaid, e.g. in Markdown
    Mermaid,
    /// The screen, as a picture
    Svg,
}

/// How events are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventsFormat {
    /// One JSON object a line
    Ndjson,
    /// For people
    Text,
}

/// How the doctor's findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// For people
    Text,
    /// One JSON object (schema scopetop-doctor/1)
    Json,
}

/// Where the facts may come from, as the command line says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BackendName {
    /// eBPF where it works, else /proc and netlink, saying why
    Auto,
    /// eBPF, or fail with the reason
    Ebpf,
    /// /proc and netlink only
    Proc,
}

/// The options that every command takes, before it or after it.
#[derive(Debug, Args)]
struct Common {
    /// Only what matches, e.g. 'port=443 and not comm=curl'; repeatable, all must hold
    #[arg(
        long,
        value_name = "EXPR",
        long_help = "\
Only what matches. May be given several times: all must hold.

Keys: netns pid comm cmdline user container image label.KEY pod ip port path proto state dir scope age bytes rate rtt. \
Operators: = != ~ (regular expression) < > <= >=, and, or, not, brackets. 'port=80,443' is a set, 'ip=10.0.0.0/8' a \
block; a bare word searches names, paths, addresses and ports.

'@NAME' is the filter that the configuration saves by that name, by itself or as a part: '@web and not port=443'."
    )]
    filter: Vec<String>,
    /// The length of a tick [default: 1000]
    #[arg(long, value_name = "MILLISECONDS", value_parser = milliseconds, allow_negative_numbers = true)]
    tick: Option<Duration>,
    /// Where the facts may come from [default: auto]
    #[arg(long, value_enum)]
    backend: Option<BackendName>,
    /// Look up the names of remote addresses, which tells your name server who is talked to
    #[arg(long)]
    resolve: bool,
    /// A UDP exchange is over after so long without a datagram [default: 30, or 120 once answered]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    udp_idle: Option<Duration>,
    /// Hide the arguments of processes: they are not read, also not out of a recording, and no filter finds them
    #[arg(long)]
    no_args: bool,
    /// The configuration [default: ~/.config/scopetop/config.toml, or where XDG says]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read no configuration: the defaults hold
    #[arg(long)]
    no_config: bool,
}

impl Cli {
    /// Reads a command line. `Ok(Err(text))` is an answer to print (help, version); a wrong command line is told in
    /// one line.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Result<Self, String>, Error> {
        match Self::try_parse_from(arguments) {
            Ok(cli) => Ok(Ok(cli)),
            Err(error) if !error.use_stderr() => Ok(Err(error.render().to_string())),
            Err(error) => Err(Error::CommandLine(wrong::one_line(&error))),
        }
    }
}

#[cfg(test)]
mod tests;
