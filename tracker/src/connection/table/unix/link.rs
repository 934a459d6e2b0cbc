//! A connection of two Unix sockets, and what is told of it.

use crate::connection::{
    Address, Direction, OwnerSource, Protocol, Socket, State, UnixKind, UnixName, UnixRow,
};
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

/// How many complete scans in a row must show that a socket is there and nobody has it, until it has no owner: it may just
/// be on its way from one process to another.
const MISSES: u8 = 2;

/// One end.
#[derive(Debug)]
pub(super) struct End {
    pub(super) kernel_socket: u64,
    pub(super) id: SocketId,
    pub(super) inode: u64,
    pub(super) netns: NetnsId,
    pub(super) name: UnixName,
    pub(super) name_id: u64,
    /// The processes that have it open, in their order.
    pub(super) holders: Vec<ProcessId>,
    /// The process last seen using it, and when.
    user: Option<(Timestamp, ProcessId)>,
    /// The newest scan that showed a process with it.
    scan: u32,
    /// How many complete scans in a row showed that nobody has it.
    missed: u8,
    /// When it closed.
    pub(super) closed_at: Option<Timestamp>,
}

impl End {
    fn new(id: SocketId, kernel_socket: u64, netns: NetnsId) -> Self {
        Self {
            kernel_socket,
            id,
            inode: 0,
            netns,
            name: UnixName::Unnamed,
            name_id: 0,
            holders: Vec::new(),
            user: None,
            scan: 0,
            missed: 0,
            closed_at: None,
        }
    }

    /// A process used it. Whether that is news.
    pub(super) fn used_by(&mut self, at: Timestamp, process: ProcessId) -> bool {
        if self.user.is_some_and(|(known_at, _)| known_at > at) {
            return false;
        }
        let mut is_news = self.user.map(|(_, user)| user) != Some(process);
        self.user = Some((at, process));
        self.missed = 0;
        if let Err(place) = self.holders.binary_search(&process) {
            self.holders.insert(place, process);
            is_news = true;
        }
        is_news
    }

    /// A scan found these processes holding it, in their order and each once. Whether that is news.
    pub(super) fn held_by(&mut self, mut holders: Vec<ProcessId>, scan: u32, began_at: Timestamp) -> bool {
        self.scan = scan;
        if holders.is_empty() {
            return false;
        }
        self.missed = 0;
        if let Some((at, user)) = self.user
            && let Err(place) = holders.binary_search(&user)
        {
            if at >= began_at {
                holders.insert(place, user);
            } else {
                self.user = None;
            }
        }
        let is_news = holders != self.holders;
        self.holders = holders;
        is_news
    }

    /// A complete scan is over that showed the connection. Whether it is news that nobody has this end.
    pub(super) fn may_be_nobodys(&mut self, scan: u32) -> bool {
        if self.scan == scan || self.holders.is_empty() || self.closed_at.is_some() {
            return false;
        }
        self.missed += 1;
        if self.missed < MISSES {
            return false;
        }
        self.holders.clear();
        self.user = None;
        true
    }

    fn learn_name(&mut self, name: Option<&UnixName>, name_id: u64) {
        if let Some(name) = name {
            self.name.clone_from(name);
        }
        self.name_id = name_id;
    }
}

/// Two ends that are connected.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) ends: [End; 2],
    pub(super) kind: UnixKind,
    /// Whether the second end is a socket that takes datagrams from everybody: it is not this connection's alone.
    pub(super) is_one_way: bool,
    /// Which end was connected to, if that is known.
    pub(super) server: Option<usize>,
    /// When it was first seen, if it was not there before.
    pub(super) opened_at: Option<Timestamp>,
    pub(super) first_at: Timestamp,
    pub(super) news_at: Timestamp,
    /// The newest scan that showed it.
    pub(super) scan: u32,
    /// What was told of the two ends, the closed ones as well.
    pub(super) told: Option<Box<[Socket; 2]>>,
    pub(super) is_dirty: bool,
}

impl Link {
    /// The connection that a row tells of; `None` where it tells of none.
    pub(super) fn of(row: &UnixRow, ids: &mut u64) -> Option<Self> {
        let peer = row.peer.as_ref()?;
        let is_one_way = !peer.is_mutual;
        if peer.is_closed || (is_one_way && row.kind != UnixKind::Datagram) {
            return None;
        }
        let mut id = || {
            *ids += 1;
            SocketId(*ids - 1)
        };
        Some(Self {
            ends: [
                End::new(id(), row.kernel_socket, row.netns),
                End::new(id(), peer.kernel_socket, row.netns),
            ],
            kind: row.kind,
            is_one_way,
            server: is_one_way.then_some(1),
            opened_at: None,
            first_at: row.at,
            news_at: row.at,
            scan: 0,
            told: None,
            is_dirty: true,
        })
    }

    /// Which end a row is about, if it is about this connection.
    pub(super) fn end_of(&self, row: &UnixRow) -> Option<usize> {
        let end = self.ends.iter().position(|end| end.kernel_socket == row.kernel_socket)?;
        let inode = self.ends[end].inode;
        let peer = row.peer.as_ref()?;
        let is_same = (inode == row.inode || inode == 0 || row.inode == 0)
            && self.ends[1 - end].kernel_socket == peer.kernel_socket
            && self.kind == row.kind
            && (peer.is_closed || peer.is_mutual != self.is_one_way);
        is_same.then_some(end)
    }

    /// Takes in what a row tells of this end but for whose it is. Whether it told that the other end is closed.
    pub(super) fn learn(&mut self, end: usize, row: &UnixRow) -> bool {
        let Some(peer) = &row.peer else { return false };
        self.news_at = self.news_at.max(row.at);
        let [own, other] = {
            let [first, second] = &mut self.ends;
            if end == 0 { [first, second] } else { [second, first] }
        };
        if own.inode == 0 {
            own.inode = row.inode;
        }
        self.is_dirty |= own.name != row.name || peer.name.as_ref().is_some_and(|name| *name != other.name);
        self.is_dirty |= own.netns != row.netns;
        own.netns = row.netns;
        own.learn_name(Some(&row.name), row.name_id);
        if !peer.is_closed {
            other.learn_name(peer.name.as_ref(), peer.name_id);
        }
        if self.server.is_none() {
            self.server = match self.ends.each_ref().map(|end| end.name_id != 0) {
                [true, false] => Some(0),
                [false, true] => Some(1),
                // Neither or both; which of both was accepted, its listener tells.
                _ => None,
            };
        }
        if peer.is_closed && self.ends[1 - end].closed_at.is_none() {
            self.ends[1 - end].closed_at = Some(row.at);
            self.is_dirty = true;
            return true;
        }
        false
    }

    /// Whether neither end has a name: a `socketpair`, or the kernel's like.
    pub(super) fn is_nameless(&self) -> bool {
        self.ends.iter().all(|end| end.name_id == 0)
    }

    /// The owners of an end that were seen with it: the one that uses it first, then those that do not also have the other
    /// end (a fork leaves both with both), then the others.
    pub(super) fn seen_owners(&self, end: usize) -> Vec<ProcessId> {
        let (own, other) = (&self.ends[end], &self.ends[1 - end]);
        let user = own.user.map(|(_, user)| user);
        let mut owners = own.holders.clone();
        owners.sort_by_key(|owner| (Some(*owner) != user, other.holders.contains(owner), *owner));
        owners
    }

    /// One end as the rest of the program sees it.
    pub(super) fn socket(&self, end: usize, owners: Vec<ProcessId>, owner_source: OwnerSource) -> Socket {
        let (own, other) = (&self.ends[end], &self.ends[1 - end]);
        Socket {
            id: own.id,
            netns: own.netns,
            protocol: Protocol::Unix,
            local: Address::Unix(own.name.clone()),
            remote: Some(Address::Unix(other.name.clone())),
            state: match (own.closed_at, other.closed_at) {
                (Some(_), _) => State::Closed,
                (None, Some(_)) => State::CloseWait,
                (None, None) => State::Established,
            },
            direction: match self.server {
                Some(server) if server == end => Direction::Inbound,
                Some(_) => Direction::Outbound,
                None => Direction::Unknown,
            },
            owner_source: if owners.is_empty() { OwnerSource::Unknown } else { owner_source },
            owners,
            opened_at: self.opened_at,
            closed_at: own.closed_at,
            counters: None,
            sequence: None,
            peer: Some(other.id),
            error: None,
        }
    }
}
