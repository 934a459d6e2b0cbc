//! What container engines know of their containers: names, images and labels, from the Docker-compatible API (Docker
//! and Podman speak it) over its Unix socket.
//!
//! What is known is only read. All of this happens on a thread of its own ([`Engines`]), so that an engine which is down,
//! slow, restarting or lying costs nothing but the names. What changes a container ([`command`]) and follows its output
//! ([`logs`]) is asked for by the user alone, through [`crate::act`].

mod command;
mod connection;
mod engines;
mod http;
mod list;
mod log_lines;
mod logs;
mod server;
mod sockets;

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

pub use command::Command;
pub(crate) use command::command;
pub use engines::{Engines, Told};
pub use log_lines::{LogLine, LogStream};
pub(crate) use logs::follow;
pub use logs::{LogNews, Logs};
pub use sockets::sockets;

use crate::report::{Outcome, Part, Step};
use crate::text::Text;

/// How long an engine may take for one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How large an answer may be, in bytes: some ten thousand containers.
const ANSWER_AT_MOST: usize = 16 << 20;

/// What an engine tells of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its name, without the slash that the API puts before it.
    pub name: Option<Text>,
    /// Its image, as it was asked for when the container was made.
    pub image: Option<Text>,
    /// Its labels, among them those of Compose and of pods.
    pub labels: BTreeMap<Text, Text>,
}

/// Why an engine did not tell. The texts have nothing in them that differs from one time to the next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// There is no such socket.
    #[error("there is no such socket")]
    Absent,
    /// The socket cannot be connected to, or broke.
    #[error("{0}")]
    Io(Errno),
    /// The engine did not answer (or did not finish to) in time.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// It answered without end, or nearly so.
    #[error("the answer is larger than {} MiB", ANSWER_AT_MOST >> 20)]
    TooLarge,
    /// The answer ends before its end.
    #[error("the answer is cut short")]
    CutShort,
    /// The answer is not what the protocol asks for.
    #[error("the answer is not HTTP")]
    NotHttp,
    /// The engine refused.
    #[error("the answer has the HTTP status {0}")]
    Status(u16),
    /// The engine refused, with a reason.
    #[error("{1} (HTTP status {0})")]
    Says(u16, Text),
    /// What a container writes does not come in the form that engines give it.
    #[error("the container's output is not in a form that is known")]
    NotLogs,
    /// The answer is not about containers.
    #[error("the answer is no list of containers")]
    NotContainers,
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
        if let Some(own) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return own.clone();
        }
        match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => Self::Absent,
            // Of a Unix socket: the queue of those who want to connect is full.
            Some(Errno::AGAIN) => Self::Silent,
            Some(errno) => Self::Io(errno),
            None if error.kind() == std::io::ErrorKind::TimedOut => Self::Silent,
            None => Self::CutShort,
        }
    }
}

impl From<EngineError> for std::io::Error {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Io(errno) => errno.into(),
            EngineError::Silent => std::io::ErrorKind::TimedOut.into(),
            EngineError::CutShort => std::io::ErrorKind::UnexpectedEof.into(),
            error => Self::other(error),
        }
    }
}

/// Asks every engine that has a socket here, and tells what came of it: for the report of what works.
pub fn steps() -> Vec<Step> {
    let Ok(never) = eventfd(0, EventfdFlags::CLOEXEC) else { return Vec::new() };
    let asked = sockets().into_iter().map(|path| (server::list(&path, never.as_fd()), path));
    asked
        .filter(|(listed, _)| !matches!(listed, Err(EngineError::Absent)))
        .map(|(listed, path)| Step {
            part: Part::Containers,
            way: Text::from_bytes(path.as_os_str().as_encoded_bytes()),
            outcome: if listed.is_ok() { Outcome::Chosen } else { Outcome::Refused },
            reason: listed.as_ref().err().map(|error| Text::from(missing(error).as_str())),
            remedy: matches!(listed, Err(EngineError::Io(Errno::ACCESS | Errno::PERM)))
                .then(|| Text::from("run it as root or in the group that owns the socket")),
        })
        .collect()
}

fn missing(error: &EngineError) -> String {
    format!("names, images and labels of its containers are missing ({error})")
}
