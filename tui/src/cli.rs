//! The command line: its words, its help, its errors. Stable: scripts rely on it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use scopetop_tracker::connection::flow::Patience;
use scopetop_tracker::filter::{Filter, nearest};
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::grouping::By;
use scopetop_tracker::{Backend, Options};

use crate::app::Speed;
use crate::config::{self, Config};
use crate::error::Error;

/// The length of a tick where none is asked for.
pub const DEFAULT_TICK: Duration = Duration::from_secs(1);

/// Ticks may be this long, in milliseconds: below, the host would be busy with being looked at.
pub(crate) const TICK_MILLISECONDS: std::ops::RangeInclusive<u64> = 50..=3_600_000;

/// The most columns and rows of a picture.
const MAXIMUM_CELLS: u16 = 500;

/// An observation may be this long, in seconds: a year.
const MAXIMUM_SECONDS: f64 = 31_536_000.0;

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
  sudo scopetop snapshot --format svg --size 160x45 > screen.svg"
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

'@NAME' is the filter that the configuration saves by that name."
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

impl Common {
    /// An option that says how to track, where one was given.
    fn of_tracking(&self) -> Option<&'static str> {
        [
            ("--tick", self.tick.is_some()),
            ("--backend", self.backend.is_some()),
            ("--resolve", self.resolve),
            ("--udp-idle", self.udp_idle.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

/// The options that every command takes, read.
#[derive(Debug)]
pub struct Settings {
    /// What is shown: everything that all filters let through.
    pub filter: Filter,
    /// The length of a tick.
    pub tick: Duration,
    /// Where the facts may come from.
    pub backend: Backend,
    /// Whether to look up the names of remote addresses.
    pub resolve: bool,
    /// How long a UDP flow may be quiet before it is over.
    pub udp_patience: Patience,
    /// Whether to read the arguments of processes.
    pub arguments: bool,
    /// Whether to show the environment of a process in its details.
    pub environment: bool,
}

impl Settings {
    /// How to track, in ticks of one length.
    pub fn options(&self, tick: Duration, tell_events: bool) -> Options {
        Options {
            tick,
            backend: self.backend,
            tell_events,
            udp_patience: self.udp_patience,
            arguments: self.arguments,
            resolve: self.resolve,
        }
    }
}

impl Cli {
    /// Reads a command line. `Ok(Err(text))` is an answer to print (help, version); a wrong command line is told in
    /// one line.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Result<Self, String>, Error> {
        match Self::try_parse_from(arguments) {
            Ok(cli) => Ok(Ok(cli)),
            Err(error) if !error.use_stderr() => Ok(Err(error.render().to_string())),
            Err(error) => Err(Error::CommandLine(one_line(&error))),
        }
    }

    /// The common options that stand after a command.
    fn after(&self) -> Option<&Common> {
        self.command.as_ref().and_then(|command| match command {
            Command::Snapshot(snapshot) => Some(&snapshot.common),
            Command::Events(events) => Some(&events.common),
            Command::Record(record) => Some(&record.common),
            Command::Replay(replay) => Some(&replay.common),
            Command::Doctor(doctor) => Some(&doctor.common),
            Command::Config | Command::Completions(_) | Command::Man => None,
        })
    }

    /// The configuration: the file that is asked for, else the user's own. The environment is asked by a function that
    /// knows it.
    pub fn configuration(&self, variable: impl Fn(&str) -> Option<OsString>) -> Result<Config, Error> {
        let after = self.after();
        let file = after.and_then(|common| common.config.as_deref()).or(self.common.config.as_deref());
        if !self.common.no_config && !after.is_some_and(|common| common.no_config) {
            return Ok(config::load(file, variable)?);
        }
        if file.is_some() {
            let line = "--no-config: a file is asked for too (see 'scopetop --help')";
            return Err(Error::CommandLine(line.to_owned()));
        }
        Ok(Config::default())
    }

    /// The common options, from before the command and after it: filters add up, of the others the later one holds. What
    /// is not said is as configured.
    pub fn settings(&self, config: &Config) -> Result<Settings, Error> {
        let only_live = [
            ("--view", self.view.is_some()),
            ("--env", self.env),
            ("--no-mouse", self.no_mouse),
            ("--ascii", self.ascii),
        ];
        for (option, is_given) in only_live {
            if is_given && self.command.is_some() {
                let line = format!("{option}: for the live screen only (see 'scopetop --help')");
                return Err(Error::CommandLine(line));
            }
        }
        for (option, given) in
            [("--history", self.history.is_some()), ("--history-memory", self.history_memory.is_some())]
        {
            if given && self.command.is_some() {
                let line = format!("{option}: only the live screen keeps a history (see 'scopetop --help')");
                return Err(Error::CommandLine(line));
            }
        }
        let after = self.after();
        let given = || [&self.common].into_iter().chain(after);
        match &self.command {
            Some(Command::Record(_)) if given().any(|common| !common.filter.is_empty()) => {
                let line =
                    "--filter: everything is recorded; give the filter to replay (see 'scopetop --help')";
                return Err(Error::CommandLine(line.to_owned()));
            }
            Some(Command::Replay(replay)) => {
                if replay.demo && replay.file.is_some() {
                    let line = "--demo: it is a recording itself, without a FILE (see 'scopetop --help')";
                    return Err(Error::CommandLine(line.to_owned()));
                }
                if let Some(option) = given().find_map(Common::of_tracking) {
                    let line = format!("{option}: a recording is as it was recorded (see 'scopetop --help')");
                    return Err(Error::CommandLine(line));
                }
            }
            _ => {}
        }
        let mut filters = Vec::new();
        for expression in self.common.filter.iter().chain(after.iter().flat_map(|common| &common.filter)) {
            let filter = filter(expression, config).map_err(|reason| {
                Error::CommandLine(Text::from(format!("--filter: {reason}").as_str()).to_string())
            })?;
            filters.push(filter);
        }
        let tick = after.and_then(|common| common.tick).or(self.common.tick);
        let backend = after.and_then(|common| common.backend).or(self.common.backend);
        let udp_idle = after.and_then(|common| common.udp_idle).or(self.common.udp_idle);
        Ok(Settings {
            filter: Filter::all(filters),
            tick: tick.unwrap_or(config.tick),
            resolve: config.resolve || self.common.resolve || after.is_some_and(|common| common.resolve),
            backend: match backend {
                None | Some(BackendName::Auto) => Backend::Auto,
                Some(BackendName::Ebpf) => Backend::Ebpf,
                Some(BackendName::Proc) => Backend::Proc,
            },
            udp_patience: udp_idle.map_or_else(Patience::default, Patience::of),
            environment: self.env,
            arguments: !config.no_args && !self.common.no_args && !after.is_some_and(|common| common.no_args),
        })
    }
}

/// The filter that an expression means, or the saved one that it names.
fn filter(expression: &str, config: &Config) -> Result<Filter, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let name = expression.trim().strip_prefix('@').filter(|name| !name.is_empty() && name.bytes().all(plain));
    let Some(name) = name else { return Filter::parse(expression).map_err(|error| error.to_string()) };
    if let Some(saved) = config.saved(name) {
        return Ok(saved.filter.clone());
    }
    let names = config.filters.iter().map(|saved| saved.name.as_str());
    Err(match nearest(name, names) {
        Some(meant) => format!("there is no saved filter `{name}`; did you mean `{meant}`?"),
        None => {
            format!("there is no saved filter `{name}` (a word that begins with @ stands in double quotes)")
        }
    })
}

fn grouping(text: &str) -> Result<By, String> {
    By::ALL
        .into_iter()
        .find(|by| by.name() == text)
        .ok_or_else(|| format!("'{text}' is none of: {}", By::ALL.map(By::name).join(", ")))
}

fn speed(text: &str) -> Result<Speed, String> {
    let wanted = text.parse::<f64>().ok();
    // They are powers of two, which numbers with a point tell exactly.
    Speed::all().find(|speed| wanted == Some(speed.factor())).ok_or_else(|| {
        let known: Vec<_> = Speed::all().map(|speed| speed.factor().to_string()).collect();
        format!("'{text}' is none of: {}", known.join(", "))
    })
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|&number| number <= MAXIMUM_CELLS);
    text.split_once('x')
        .and_then(|(columns, rows)| Some((number(columns)?, number(rows)?)))
        .filter(|&(columns, rows)| columns >= crate::screen::LEAST.0 && rows >= crate::screen::LEAST.1)
        .ok_or_else(|| {
            let (columns, rows) = crate::screen::LEAST;
            format!("'{text}' is not a size from {columns}x{rows} to {MAXIMUM_CELLS}x{MAXIMUM_CELLS}")
        })
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number) if TICK_MILLISECONDS.contains(&number) => Ok(Duration::from_millis(number)),
        _ => Err(format!(
            "'{text}' is not a whole number of milliseconds from {} to {}",
            TICK_MILLISECONDS.start(),
            TICK_MILLISECONDS.end()
        )),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| (0.0..=MAXIMUM_SECONDS).contains(number))
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .ok_or_else(|| {
            format!("'{text}' is not a number of seconds from 0 to {MAXIMUM_SECONDS} (0.5 is half a second)")
        })
}

/// Reduces clap's paragraph to what was wrong, what may have been meant, and where to read on.
fn one_line(error: &clap::Error) -> String {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        Some(ContextValue::Strings(words)) if !words.is_empty() => Some(words.join(", ")),
        _ => None,
    };
    // Clap names an option with its value ("--tick <MILLISECONDS>"); the option alone is what was typed.
    let option = |text: &str| text.split(' ').next().unwrap_or(text).to_owned();
    let line = match error.kind() {
        // What our own parsers say is complete.
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            match (word(ContextKind::InvalidArg), reason) {
                (Some(argument), Some(reason)) => Some(format!("{}: {reason}", option(&argument))),
                _ => None,
            }
        }
        ErrorKind::InvalidValue => match (word(ContextKind::InvalidArg), word(ContextKind::InvalidValue)) {
            (Some(argument), Some(value)) => {
                let said = if value.is_empty() {
                    "needs a value".to_owned()
                } else {
                    format!("unknown value '{value}'")
                };
                let known =
                    word(ContextKind::ValidValue).map(|values| format!(", expected one of: {values}"));
                Some(format!("{}: {said}{}", option(&argument), known.unwrap_or_default()))
            }
            _ => None,
        },
        ErrorKind::UnknownArgument => word(ContextKind::InvalidArg).map(|argument| {
            let meant =
                word(ContextKind::SuggestedArg).map(|meant| format!(", did you mean '{}'?", option(&meant)));
            format!("unknown argument '{argument}'{}", meant.unwrap_or_default())
        }),
        ErrorKind::InvalidSubcommand => word(ContextKind::InvalidSubcommand).map(|command| {
            let meant =
                word(ContextKind::SuggestedSubcommand).map(|meant| format!(", did you mean '{meant}'?"));
            format!("unknown command '{command}'{}", meant.unwrap_or_default())
        }),
        ErrorKind::MissingRequiredArgument => {
            word(ContextKind::InvalidArg).map(|argument| format!("{argument} is missing"))
        }
        ErrorKind::ArgumentConflict => word(ContextKind::InvalidArg)
            .map(|argument| format!("{}: given more than once", option(&argument))),
        _ => None,
    };
    let line = line.unwrap_or_else(|| {
        let rendered = error.render().to_string();
        rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    });
    // What was typed is shown again; it may hold anything.
    format!("{} (see 'scopetop --help')", Text::from(line.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use clap::CommandFactory as _;

    use super::*;

    fn read(words: &[&str]) -> Result<Cli, Error> {
        let words = std::iter::once("scopetop").chain(words.iter().copied());
        Cli::read(words.map(OsString::from)).map(Result::unwrap)
    }

    fn settings(words: &[&str]) -> Settings {
        read(words).unwrap().settings(&Config::default()).unwrap()
    }

    fn wrong(words: &[&str]) -> String {
        let error = read(words).and_then(|cli| cli.settings(&Config::default())).unwrap_err();
        assert_eq!(error.status(), 2, "{words:?}");
        error.to_string()
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_says_all() {
        let mut help = String::new();
        let mut command = Cli::command().term_width(100);
        command.build();
        help.push_str(&command.render_help().to_string());
        help.push_str(&command.render_long_help().to_string());
        for subcommand in command.get_subcommands_mut() {
            help.extend(["\n===== ", subcommand.get_name(), "\n"]);
            help.push_str(&subcommand.clone().term_width(100).render_long_help().to_string());
        }
        insta::assert_snapshot!(help);
    }

    #[test]
    fn options_hold_before_and_after_the_command() {
        assert_eq!(settings(&[]).tick, DEFAULT_TICK);
        assert_eq!(settings(&["--tick", "200", "events"]).tick, Duration::from_millis(200));
        assert_eq!(settings(&["--tick", "200", "events", "--tick", "300"]).tick, Duration::from_millis(300));
        assert!(!settings(&["snapshot"]).resolve);
        assert!(settings(&["--resolve"]).resolve && settings(&["snapshot", "--resolve"]).resolve);
        assert!(settings(&["events"]).arguments);
        assert!(!settings(&["--no-args"]).arguments && !settings(&["events", "--no-args"]).arguments);
        assert!(!settings(&["replay", "x", "--no-args"]).arguments, "what was recorded can be hidden");
        assert_eq!(settings(&["doctor", "--backend", "proc"]).backend, Backend::Proc);
        assert_eq!(settings(&["--backend", "ebpf", "snapshot"]).backend, Backend::Ebpf);
        assert_eq!(settings(&["--backend", "ebpf", "snapshot", "--backend=auto"]).backend, Backend::Auto);
    }

    #[test]
    fn observations_may_be_shorter_than_a_second_or_nothing() {
        for (text, milliseconds) in [("0", 0), ("0.25", 250), ("10", 10_000)] {
            let cli = read(&["snapshot", "--for", text]).unwrap();
            let Some(Command::Snapshot(snapshot)) = cli.command else { panic!("{cli:?}") };
            assert_eq!(snapshot.duration, Some(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        let lines: Vec<_> = [
            &["--tick", "49"] as &[&str],
            &["--tick", "3600001"],
            &["--tick", "-1"],
            &["--tick", "1.5"],
            &["--tick"],
            &["events", "--for", "-1"],
            &["events", "--for", "nan"],
            &["events", "--for", "1e300"],
            &["snapshot", "--for", "1", "--for", "2"],
            &["snapshot", "--format", "xml"],
            &["--backend="],
            &["snapshto"],
            &["events", "--fliter", "x"],
            &["events", "extra"],
            &["\u{1b}[31m\u{202e}"],
            &["--filter", "pid=1", "--filter", "pid=1 and prt=80"],
            &["--filter", "pid=1", "events", "--filter", "prt=80"],
            &["snapshot", "--format", "svg", "--size", "39x10"],
            &["snapshot", "--format", "svg", "--size", "120"],
            &["--view", "cgroup"],
            &["--view", "pod", "snapshot"],
            &["--history", "60", "events"],
            &["--history-memory", "-1"],
            &["record"],
            &["record", "x", "--filter", "pid=1"],
            &["replay"],
            &["replay", "x", "--demo"],
            &["replay", "x", "--speed", "3"],
            &["--tick", "100", "replay", "x"],
            &["replay", "x", "--backend", "proc"],
            &["--env", "events"],
            &["--no-mouse", "events"],
            &["--ascii", "events"],
            &["--filter", "@web"],
            &["completions", "tcsh"],
            &["completions"],
        ]
        .into_iter()
        .map(|words| format!("{} => {}", words.join(" ").escape_debug(), wrong(words)))
        .collect();
        assert!(lines.iter().all(|line| !line.contains('\n')));
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn what_is_configured_holds_where_nothing_else_is_said() {
        let config = config::parse(
            "tick = 250\nresolve = true\nno-args = true\n[filters]\nweb = 'port=443'\nown = 'comm=me'",
        );
        let config = config.unwrap();
        let settings = |words: &[&str]| read(words).unwrap().settings(&config);
        let plain = settings(&["snapshot"]).unwrap();
        assert_eq!((plain.tick, plain.resolve, plain.arguments), (Duration::from_millis(250), true, false));
        assert!(plain.filter.is_empty());
        assert_eq!(settings(&["--tick", "500"]).unwrap().tick, Duration::from_millis(500));
        let filter = |words: &[&str]| settings(words).map(|settings| settings.filter.to_string());
        assert_eq!(filter(&["--filter", "@web"]).unwrap(), "port=443");
        assert_eq!(filter(&["events", "--filter", " @own "]).unwrap(), "comm=me");
        assert!(
            filter(&["--filter", "\"@web\""]).is_ok() && filter(&["--filter", "@/tmp/.X11-unix"]).is_ok()
        );
        let told = filter(&["--filter", "@wbe"]).unwrap_err().to_string();
        assert_eq!(told, "--filter: there is no saved filter `wbe`; did you mean `web`?");
    }

    #[test]
    fn a_configuration_is_read_unless_none_is_wanted() {
        let configured = |words: &[&str]| read(words).unwrap().configuration(|_| None);
        assert_eq!(configured(&[]).unwrap(), Config::default());
        assert_eq!(configured(&["snapshot", "--no-config"]).unwrap(), Config::default());
        for words in [&["--config", "/nowhere"] as &[&str], &["doctor", "--config", "/nowhere"]] {
            let error = configured(words).unwrap_err();
            assert_eq!((error.status(), error.to_string().starts_with("/nowhere: ")), (2, true), "{error}");
        }
        let error = configured(&["--config", "/nowhere", "doctor", "--no-config"]).unwrap_err();
        assert!(error.to_string().starts_with("--no-config: "), "{error}");
    }
}
