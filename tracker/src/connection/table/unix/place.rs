//! Unix sockets that others connect to: listeners, and those that take datagrams.

use crate::connection::{Address, Direction, OwnerSource, Protocol, Socket, State, UnixKind, UnixRow};
use crate::identity::{ProcessId, SocketId, Timestamp};

/// A socket that is bound to a name and connected to nobody.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) socket: Socket,
    pub(super) kind: UnixKind,
    pub(super) inode: u64,
    pub(super) name_id: u64,
    pub(super) news_at: Timestamp,
    /// The newest scan that showed it.
    pub(super) scan: u32,
    /// Whether a tick told of it, and how.
    pub(super) told: Option<Box<Socket>>,
    pub(super) is_dirty: bool,
}

impl Place {
    /// Whether a row is about such a socket.
    pub(super) fn is_told_by(row: &UnixRow) -> bool {
        row.listens || (row.kind == UnixKind::Datagram && row.peer.is_none() && row.name_id != 0)
    }

    pub(super) fn of(row: &UnixRow, id: SocketId, opened_at: Option<Timestamp>) -> Self {
        Self {
            socket: Socket {
                id,
                netns: row.netns,
                protocol: Protocol::Unix,
                local: Address::Unix(row.name.clone()),
                remote: None,
                state: State::Listen,
                direction: Direction::Inbound,
                owners: Vec::new(),
                owner_source: OwnerSource::Unknown,
                opened_at,
                closed_at: None,
                counters: None,
                sequence: None,
                peer: None,
                error: None,
            },
            kind: row.kind,
            inode: row.inode,
            name_id: row.name_id,
            news_at: row.at,
            scan: 0,
            told: None,
            is_dirty: true,
        }
    }

    /// Whether a row is about this one.
    pub(super) fn is(&self, row: &UnixRow) -> bool {
        self.inode == row.inode && self.name_id == row.name_id && self.kind == row.kind
    }

    /// A scan found these processes holding it. Whether that is news.
    pub(super) fn held_by(&mut self, holders: Vec<ProcessId>) -> bool {
        if holders.is_empty() || holders == self.socket.owners {
            return false;
        }
        self.socket.owners = holders;
        self.socket.owner_source = OwnerSource::Seen;
        self.is_dirty = true;
        true
    }
}
