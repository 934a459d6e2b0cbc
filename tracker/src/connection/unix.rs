//! What the kernel tells of Unix sockets.

use serde::{Deserialize, Serialize};

use super::address::UnixName;
use super::event::Actor;
use crate::identity::{NetnsId, Timestamp};

/// One Unix socket at one moment in the hands of one process: as a scan found it, or as the process used it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixRow {
    /// When.
    pub at: Timestamp,
    /// The kernel's address of the socket, reused once it is gone; or a name of the scan's own.
    pub kernel_socket: u64,
    /// The number of its file, which is not reused for long; 0 where it has none yet.
    pub inode: u64,
    /// Its network namespace: that of the process that made it.
    pub netns: NetnsId,
    /// What it carries.
    pub kind: UnixKind,
    /// Whether it takes connections.
    pub listens: bool,
    /// What it is bound to. A socket accepted from a listener has the listener's name.
    pub name: UnixName,
    /// What tells its name from others that read alike, as the same path in two mount namespaces: a listener and what
    /// was accepted from it have the same. 0 without a name.
    pub name_id: u64,
    /// The socket that it is connected to.
    pub peer: Option<UnixPeer>,
    /// The process; `None` where the scan could not tell.
    pub actor: Option<Actor>,
}

/// The other end of a Unix socket, as the socket itself points to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixPeer {
    /// As [`UnixRow::kernel_socket`].
    pub kernel_socket: u64,
    /// What it is bound to; `None` where only its own row tells.
    pub name: Option<UnixName>,
    /// As [`UnixRow::name_id`].
    pub name_id: u64,
    /// Whether it is connected to this socket in turn. Not so when it is closed, and when it takes datagrams from all.
    pub is_mutual: bool,
    /// Whether it is closed.
    pub is_closed: bool,
}

/// What a Unix socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnixKind {
    /// Bytes.
    Stream,
    /// Messages, on no connection.
    Datagram,
    /// Messages, on a connection.
    SeqPacket,
}
