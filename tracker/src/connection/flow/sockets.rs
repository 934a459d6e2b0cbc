//! The UDP sockets that are known, and whose they are.

use std::net::{IpAddr, SocketAddr};

use rustc_hash::{FxHashMap, FxHashSet};

use super::UdpSocket;
use super::addresses::{fit, reached};
use crate::connection::event::Actor;
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

/// A UDP socket.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) facts: UdpSocket,
    /// The processes that hold it, in their order.
    pub(super) owners: Vec<ProcessId>,
    /// Who was seen using it, and when last.
    users: Vec<(ProcessId, Timestamp)>,
    /// Whether it was there before anything was watched: what is first seen of it may not be its first.
    pub(super) is_old: bool,
    /// The newest scan that showed it; 0 for none.
    pub(super) scan: u32,
    /// How many complete scans in a row did not.
    pub(super) misses: u8,
    /// When it was last heard of.
    pub(super) news_at: Timestamp,
    /// Its number as a listener, if it is one.
    pub(super) listener: Option<SocketId>,
    /// Whether the listener was told.
    pub(super) is_told: bool,
    /// Whether the listener is among those that changed in this tick.
    pub(super) is_dirty: bool,
    /// Whom it exchanges datagrams with.
    pub(super) remotes: FxHashSet<SocketAddr>,
    /// What it is connected to, once that flow ended: rows do not bring it back.
    pub(super) quiet: Option<SocketAddr>,
    /// The flows that it is the receiver of, without having been seen receiving.
    pub(super) stands_in: u32,
}

impl Known {
    fn new(facts: UdpSocket, at: Timestamp, is_old: bool) -> Self {
        Self {
            facts,
            owners: Vec::new(),
            users: Vec::new(),
            is_old,
            scan: 0,
            misses: 0,
            news_at: at,
            listener: None,
            is_told: false,
            is_dirty: false,
            remotes: FxHashSet::default(),
            quiet: None,
            stands_in: 0,
        }
    }

    /// Whether it waits for datagrams of anybody, at a port that others can know.
    pub(super) fn is_listener(&self) -> bool {
        self.facts.is_bound && self.facts.connected.is_none()
    }

    /// A process was seen using it; whether that is news.
    pub(super) fn used_by(&mut self, actor: &Actor, at: Timestamp) -> bool {
        match self.users.iter_mut().find(|(id, _)| *id == actor.id) {
            Some((_, last)) => *last = at.max(*last),
            None => self.users.push((actor.id, at)),
        }
        let place = self.owners.binary_search(&actor.id);
        if let Err(place) = place {
            self.owners.insert(place, actor.id);
        }
        place.is_err()
    }

    /// A scan found these holders; a complete one's word is final, but for those that used the socket since it began.
    /// Whether that is news.
    pub(super) fn held_by(&mut self, holders: &[ProcessId], complete_since: Option<Timestamp>) -> bool {
        let mut owners = holders.to_vec();
        match complete_since {
            Some(began_at) => {
                self.users.retain(|&(_, at)| at >= began_at);
                owners.extend(self.users.iter().map(|&(id, _)| id));
            }
            None => owners.extend_from_slice(&self.owners),
        }
        owners.sort_unstable();
        owners.dedup();
        let is_news = owners != self.owners;
        self.owners = owners;
        is_news
    }
}

/// All of them, found by cookie, and by port where datagrams reach them.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    by_cookie: FxHashMap<u64, Known>,
    by_port: FxHashMap<(NetnsId, u16), Vec<u64>>,
}

impl Sockets {
    pub(super) fn get(&self, cookie: u64) -> Option<&Known> {
        self.by_cookie.get(&cookie)
    }

    pub(super) fn get_mut(&mut self, cookie: u64) -> Option<&mut Known> {
        self.by_cookie.get_mut(&cookie)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.by_cookie.values()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Known> {
        self.by_cookie.values_mut()
    }

    /// The socket, with what was told of it last; and whether that is news.
    pub(super) fn meet(&mut self, facts: &UdpSocket, at: Timestamp, is_old: bool) -> (&mut Known, bool) {
        let before = self.by_cookie.get(&facts.cookie).map(|known| (known.facts, known.news_at));
        let is_news = before.is_none_or(|(before, news_at)| before != *facts && at >= news_at);
        if is_news {
            if let Some((before, _)) = before {
                self.leave_port(&before);
            }
            self.by_port.entry((facts.netns, facts.local.port())).or_default().push(facts.cookie);
        }
        let known = self.by_cookie.entry(facts.cookie).or_insert_with(|| Known::new(*facts, at, is_old));
        if is_news {
            known.facts = *facts;
        }
        known.news_at = known.news_at.max(at);
        (known, is_news)
    }

    pub(super) fn remove(&mut self, cookie: u64) -> Option<Known> {
        let known = self.by_cookie.remove(&cookie)?;
        self.leave_port(&known.facts);
        Some(known)
    }

    /// The one socket that datagrams between these addresses reach. Of several that are one process's any is as good; of
    /// several processes' none is known.
    pub(super) fn receiver(&self, netns: NetnsId, from: SocketAddr, to: SocketAddr) -> Option<&Known> {
        let here = self.by_port.get(&(netns, to.port()))?;
        let known = || here.iter().filter_map(|cookie| self.by_cookie.get(cookie));
        // The kernel prefers who is connected to the sender, and then who is nearest to the address.
        let rank = |known: &Known| {
            let peer = known.facts.connected.map(reached);
            let fit =
                fit(known.facts.local.ip(), to.ip()).filter(|_| peer.is_none_or(|peer| peer == from))?;
            Some((peer.is_some(), fit))
        };
        let best = known().filter_map(rank).max()?;
        let mut fitting: Vec<&Known> = known().filter(|known| rank(known) == Some(best)).collect();
        fitting.sort_unstable_by_key(|known| known.facts.cookie);
        let (&first, others) = fitting.split_first()?;
        let is_clear = others.is_empty()
            || (first.owners.len() == 1 && others.iter().all(|other| other.owners == first.owners));
        is_clear.then_some(first)
    }

    /// Whether an address is one that the socket may be reached under.
    pub(super) fn covers(local: IpAddr, to: IpAddr) -> bool {
        fit(local, to).is_some()
    }

    fn leave_port(&mut self, facts: &UdpSocket) {
        let port = (facts.netns, facts.local.port());
        if let Some(here) = self.by_port.get_mut(&port) {
            here.retain(|&cookie| cookie != facts.cookie);
            if here.is_empty() {
                self.by_port.remove(&port);
            }
        }
    }
}
