//! What can end the program before it is done, told once, at the edge.

use std::io::{self, Write as _};
use std::process::ExitCode;

use scopetop_tracker::StartError;
use scopetop_tracker::recording::{Flaw, OpenError, PlayError, WriteError};
use scopetop_tracker::text::Text;

use crate::config::ConfigError;
use crate::live::LiveError;

/// Why the program ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line was wrong: what was wrong, in one line.
    #[error("{0}")]
    CommandLine(String),
    /// The configuration was wrong: a line for each thing.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The asynchronous runtime or the signal handlers could not be set up.
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
    /// Tracking could not start.
    #[error("cannot track: {0}")]
    Start(#[from] StartError),
    /// The tracker's thread ended by itself.
    #[error("tracking stopped unexpectedly")]
    Stopped,
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// A recording cannot be opened.
    #[error("{file}: {source}")]
    Open {
        /// Which, safe to show.
        file: Text,
        /// Why.
        source: OpenError,
    },
    /// A recording is damaged from its first tick on.
    #[error("{file}: {flaw}")]
    Damaged {
        /// Which, safe to show.
        file: Text,
        /// Where.
        flaw: Flaw,
    },
    /// A recording has nothing to show.
    #[error("{file}: there is no whole tick in it")]
    NothingRecorded {
        /// Which, safe to show.
        file: Text,
    },
    /// A moment of a recording cannot be shown.
    #[error("{file}: {source}")]
    Play {
        /// Which, safe to show.
        file: Text,
        /// Why.
        source: PlayError,
    },
    /// A recording cannot be made.
    #[error("{file}: {source}")]
    Record {
        /// Which, safe to show.
        file: Text,
        /// Why.
        source: WriteError,
    },
    /// There is a file already where a recording is to be made.
    #[error("{file}: it is there already (--force writes over it)")]
    Exists {
        /// Which, safe to show.
        file: Text,
    },
    /// The live screen ended with an error.
    #[error(transparent)]
    Live(#[from] LiveError),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Error {
    /// Whether this only says that the reader of our output has seen enough (`scopetop events | head`): a normal
    /// end.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit status: 0 for a closed pipe, 2 for a wrong command line or configuration, 1 for everything that failed while running.
    pub fn status(&self) -> u8 {
        match self {
            error if error.is_closed_pipe() => 0,
            Self::CommandLine(_) | Self::Configuration(_) => 2,
            _ => 1,
        }
    }

    /// Tells it on standard error, in one line (what is wrong with a configuration in a line each), and gives the exit status.
    pub fn tell(&self) -> ExitCode {
        if !self.is_closed_pipe() {
            // With standard error gone there is nobody left to tell.
            for line in self.to_string().lines() {
                let _ = writeln!(io::stderr(), "scopetop: {line}");
            }
        }
        ExitCode::from(self.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_status() {
        assert_eq!(Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).status(), 0);
        assert_eq!(Error::from(io::Error::from(io::ErrorKind::StorageFull)).status(), 1);
        assert_eq!(Error::Stopped.status(), 1);
        assert_eq!(Error::CommandLine(String::new()).status(), 2);
    }
}
