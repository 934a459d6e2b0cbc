//! The one door through which anything on the host is changed: a signal to a process, the end of a connection, the stop
//! or restart of a container. Everything else here only looks.
//!
//! Each deed names exactly one thing and makes sure, in the moment it is done, that it is still that thing: pids,
//! addresses and ports are reused. All of them may wait for the kernel or an engine: they are not for a thread that
//! draws.

mod process;
mod socket;

use rustix::io::Errno;

pub use process::{Signal, signal};
pub use socket::{TcpEnd, close};

pub use crate::container::engine::{Command, LogLine, LogNews, LogStream, Logs};
use crate::container::engine::{EngineError, command, follow, sockets};
use crate::identity::ContainerId;
use crate::text::Text;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// It is gone already.
    #[error("it is gone")]
    Gone,
    /// A process whose start is not known cannot be told from a later one with its pid.
    #[error("when it started is not known: another process may have its pid by now")]
    Unidentified,
    /// The pid is another process's by now.
    #[error("it is gone, and another process has its pid")]
    PidReused,
    /// The connection is another process's by now.
    #[error("none of the processes shown holds it any more")]
    OtherHolder,
    /// The user may not.
    #[error("not permitted: {0}")]
    NotPermitted(&'static str),
    /// The kernel was built without it.
    #[error("this kernel cannot close the sockets of others (CONFIG_INET_DIAG_DESTROY)")]
    NotInKernel,
    /// No engine that can be reached knows the container.
    #[error("no container engine that can be reached here knows it")]
    NoEngine,
    /// The engine did not answer in time.
    #[error("the engine did not answer in time: it may still do it")]
    EngineSilent,
    /// The engine refused.
    #[error("the engine says: {0}")]
    EngineRefused(Text),
    /// The engine cannot be talked to.
    #[error("{0}")]
    Engine(EngineError),
    /// The kernel refused for another reason.
    #[error("{0}")]
    System(Errno),
    /// The kernel's answer could not be read.
    #[error("{0}")]
    Answer(Text),
}

/// Stops or restarts a container, by the engine that knows it, and waits until that is done (an engine gives a container
/// ten seconds before it kills it).
pub fn container(id: &ContainerId, deed: Command) -> Result<(), ActError> {
    Ok(command(&sockets(), id, deed)?)
}

/// Follows what a container writes, from its last lines on.
pub fn logs(id: &ContainerId) -> Result<Logs, ActError> {
    Ok(follow(&sockets(), id)?)
}

impl From<EngineError> for ActError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Absent | EngineError::Status(404) => Self::NoEngine,
            EngineError::Silent => Self::EngineSilent,
            EngineError::Io(Errno::ACCESS | Errno::PERM) => {
                Self::NotPermitted("only root and the group of the engine's socket may")
            }
            EngineError::Says(_, text) => Self::EngineRefused(text),
            error => Self::Engine(error),
        }
    }
}
