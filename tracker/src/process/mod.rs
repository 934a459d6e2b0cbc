//! Processes: who holds a socket.

mod cache;
mod living;
mod lookup;
mod proc_files;
pub(crate) mod stat;
mod users;

pub(crate) use cache::TICKS_REMEMBERED;
pub use living::{LivingProcesses, Variable};
pub use lookup::ProcessTable;

use serde::{Deserialize, Serialize};

use crate::identity::{ContainerId, NetnsId, ProcessId, Timestamp};
use crate::text::Text;

/// What is known of a process. A process that lived for a millisecond is known by what its event carried; the rest
/// is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Who.
    pub id: ProcessId,
    /// When it started; `None` where only its pid is known.
    pub started_at: Option<Timestamp>,
    /// Its command name, at most 15 bytes (`/proc/PID/comm`).
    pub comm: Text,
    /// Its arguments, the program's name first; `None` where they could not be read, or are not to be (a kernel thread has
    /// none: an empty list).
    pub cmdline: Option<Vec<Text>>,
    /// The path of its program (`/proc/PID/exe`).
    pub exe: Option<Text>,
    /// Its real user id.
    pub uid: Option<u32>,
    /// The name of that user.
    pub user: Option<Text>,
    /// The network namespace that it is in now (its sockets may live in others).
    pub netns: Option<NetnsId>,
    /// The container that it belongs to, by its cgroup; `None` for a process of the host.
    pub container: Option<ContainerId>,
}

impl Process {
    /// A process of which nothing is known but which it is.
    pub fn unknown(id: ProcessId) -> Self {
        Self {
            id,
            started_at: None,
            comm: Text::default(),
            cmdline: None,
            exe: None,
            uid: None,
            user: None,
            netns: None,
            container: None,
        }
    }
}
