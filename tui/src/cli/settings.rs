//! What a command line and a configuration come to.

use std::ffi::OsString;
use std::time::Duration;

use scopetop_tracker::connection::flow::Patience;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::text::Text;
use scopetop_tracker::{Backend, Options};

use super::{BackendName, Cli, Command, Common};
use crate::config::{self, Config};
use crate::error::Error;

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
        if let Some(file) = file {
            let file = Text::from(file.to_string_lossy().as_ref());
            return Err(Error::CommandLine(format!(
                "--no-config: --config {file} is given too: leave out one of the two (see 'scopetop --help')"
            )));
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
        let recorded = |option: &str| {
            let line = format!("{option}: a recording is as it was recorded (see 'scopetop --help')");
            Err(Error::CommandLine(line))
        };
        match &self.command {
            Some(Command::Snapshot(snapshot)) if snapshot.replay.is_some() => {
                let own = snapshot.duration.map(|_| "--for");
                if let Some(option) = own.or_else(|| given().find_map(Common::of_tracking)) {
                    return recorded(option);
                }
            }
            Some(Command::Snapshot(snapshot)) if snapshot.at.is_some() => {
                let line = "--at: a moment of a recording, which --replay names (see 'scopetop --help')";
                return Err(Error::CommandLine(line.to_owned()));
            }
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
                    return recorded(option);
                }
            }
            _ => {}
        }
        let mut filters = Vec::new();
        for expression in self.common.filter.iter().chain(after.iter().flat_map(|common| &common.filter)) {
            let filter = config::filter(expression, &config.filters).map_err(|reason| {
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
