//! What container engines know of their containers: names, images and labels, from the Docker-compatible API (Docker
//! and Podman speak it) over its Unix socket.
//!
//! Engines are only read. All of this happens on a thread of its own ([`Engines`]), so that an engine which is down,
//! slow, restarting or lying costs nothing but the names.

mod connection;
mod engines;
mod http;
mod list;
mod server;
mod sockets;

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

pub use engines::{Engines, Told};
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
    /// The answer is not about containers.
    #[error("the answer is no list of containers")]
    NotContainers,
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
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
