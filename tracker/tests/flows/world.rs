//! A kernel with UDP sockets: it delivers datagrams, counts them, and tells the table what the real one would.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use scopetop_tracker::connection::flow::{
    FlowEvent, FlowId, FlowTable, Patience, Traffic, UdpRow, UdpScan, UdpSocket, Way,
};
use scopetop_tracker::connection::{Actor, Socket, State, TableTick};
use scopetop_tracker::identity::{NetnsId, ProcessId, SocketId, Timestamp};
use scopetop_tracker::tick::Translation;

pub(crate) const SECOND: u64 = 1_000_000_000;
/// When the world begins.
const START: u64 = 1_000 * SECOND;
pub(crate) const PATIENCE: Patience =
    Patience { one_way: Duration::from_secs(30), both_ways: Duration::from_mins(2) };

pub(crate) fn process(pid: u32) -> ProcessId {
    ProcessId { pid, started: 1 }
}

fn actor(pid: u32) -> Actor {
    Actor { id: process(pid), comm: [0; 16], uid: 0, cgroup: 0 }
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A socket as the kernel has it.
#[derive(Clone, Debug)]
pub(crate) struct Kernels {
    pub(crate) facts: UdpSocket,
    pub(crate) pid: u32,
    /// What waits to be received: from whom, and how many bytes.
    inbox: VecDeque<(SocketAddr, u64)>,
}

/// The kernel, the table, and a consumer of its ticks.
pub(crate) struct World {
    pub(crate) table: FlowTable,
    pub(crate) now: u64,
    pub(crate) sockets: BTreeMap<u64, Kernels>,
    /// The kernel's map of flows.
    pub(crate) counted: RefCell<BTreeMap<FlowId, Traffic>>,
    next_cookie: u64,
    /// Where sockets were that nobody told the end of.
    vanished: BTreeSet<(NetnsId, u16)>,
    /// What the consumer knows.
    pub(crate) shown: BTreeMap<SocketId, Socket>,
    /// What closed in the newest tick.
    pub(crate) closed: Vec<Socket>,
    /// The addresses of namespaces beside loopback.
    pub(crate) addresses: BTreeMap<u32, Vec<IpAddr>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            table: FlowTable::new(PATIENCE, Timestamp(START), true),
            now: START,
            sockets: BTreeMap::new(),
            counted: RefCell::default(),
            next_cookie: 1,
            vanished: BTreeSet::new(),
            shown: BTreeMap::new(),
            closed: Vec::new(),
            addresses: BTreeMap::new(),
        }
    }

    /// One whose first scan, of nothing, is done: everything from now on is seen from its beginning.
    pub(crate) fn watched() -> Self {
        let mut world = Self::new();
        world.scan();
        world
    }

    pub(crate) fn pass(&mut self, nanoseconds: u64) {
        self.now += nanoseconds;
    }

    fn socket(&mut self, netns: u32, pid: u32, local: SocketAddr, is_bound: bool) -> u64 {
        let cookie = self.next_cookie;
        self.next_cookie += 1;
        let facts = UdpSocket { cookie, netns: NetnsId(netns), local, connected: None, is_bound };
        self.sockets.insert(cookie, Kernels { facts, pid, inbox: VecDeque::new() });
        cookie
    }

    /// A socket with a port of its choice.
    pub(crate) fn bound(&mut self, netns: u32, pid: u32, local: &str) -> u64 {
        self.socket(netns, pid, address(local), true)
    }

    /// A socket with a port of the kernel's choice.
    pub(crate) fn unbound(&mut self, netns: u32, pid: u32, local: &str) -> u64 {
        self.socket(netns, pid, address(local), false)
    }

    pub(crate) fn connect(&mut self, cookie: u64, remote: &str) {
        let remote = address(remote);
        let source = self.source(cookie, remote);
        let facts = &mut self.sockets.get_mut(&cookie).unwrap().facts;
        facts.connected = Some(remote);
        facts.local = source;
    }

    fn has(&self, netns: NetnsId, address: IpAddr) -> bool {
        address.is_loopback() || self.addresses.get(&netns.0).is_some_and(|own| own.contains(&address))
    }

    /// The address that the kernel sends from.
    fn source(&self, cookie: u64, to: SocketAddr) -> SocketAddr {
        let UdpSocket { local, netns, .. } = self.sockets[&cookie].facts;
        let address = if !local.ip().is_unspecified() {
            local.ip()
        } else if to.ip().is_loopback() {
            if to.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
        } else if self.has(netns, to.ip()) {
            to.ip()
        } else {
            let own = self.addresses.get(&netns.0).into_iter().flatten();
            own.copied().find(|own| own.is_ipv4() == to.is_ipv4()).unwrap_or(local.ip())
        };
        SocketAddr::new(address, local.port())
    }

    /// Where a datagram ends up.
    pub(crate) fn receiver(&self, from: u64, source: SocketAddr, to: SocketAddr) -> Option<u64> {
        let own = self.sockets[&from].facts.netns;
        let netns = if self.has(own, to.ip()) {
            own
        } else {
            NetnsId(*self.addresses.iter().find(|(_, has)| has.contains(&to.ip()))?.0)
        };
        let fits = |socket: &&Kernels| {
            let UdpSocket { netns: at, local, connected, .. } = socket.facts;
            let takes =
                local.ip() == to.ip() || (local.ip().is_unspecified() && (local.is_ipv6() || to.is_ipv4()));
            at == netns && local.port() == to.port() && takes && connected.is_none_or(|peer| peer == source)
        };
        let best = self.sockets.values().filter(fits).max_by_key(|socket| {
            let local = socket.facts.local.ip();
            (socket.facts.connected.is_some(), local == to.ip(), local.is_ipv4() == to.is_ipv4())
        });
        best.map(|socket| socket.facts.cookie)
    }

    /// The live socket at an address and port of a namespace, by the port.
    pub(crate) fn cookie_at(&self, netns: NetnsId, local: SocketAddr) -> Option<u64> {
        let mut here = self
            .sockets
            .values()
            .filter(|socket| socket.facts.netns == netns && socket.facts.local.port() == local.port());
        let found = here.next()?.facts.cookie;
        here.next().is_none().then_some(found)
    }

    /// Whether a socket at this port ended, and nobody told.
    pub(crate) fn has_vanished(&self, netns: NetnsId, local: SocketAddr) -> bool {
        self.vanished.contains(&(netns, local.port()))
    }

    /// Sends, to what the socket is connected to where `to` is `None`.
    pub(crate) fn send(&mut self, cookie: u64, to: Option<&str>, bytes: u64) {
        let to = to.map_or_else(|| self.sockets[&cookie].facts.connected.unwrap(), address);
        self.now += 1;
        let source = self.source(cookie, to);
        self.count(cookie, to, Way::Sent, bytes);
        if let Some(receiver) = self.receiver(cookie, source, to) {
            self.sockets.get_mut(&receiver).unwrap().inbox.push_back((source, bytes));
        }
    }

    /// A datagram arrives of which a translator changed the addresses.
    pub(crate) fn arrives(&mut self, cookie: u64, from: &str, bytes: u64) {
        self.sockets.get_mut(&cookie).unwrap().inbox.push_back((address(from), bytes));
    }

    /// Conntrack's answers come: this is how the flow of the process reads at its other end, and whether it began. Whatever is
    /// told by that is of the newest tick. Returns what was added to the answers.
    pub(crate) fn translate(&mut self, answers: &[(u32, &str, &str, bool)]) -> Vec<Translation> {
        let sockets: Vec<Socket> = self.shown.values().chain(&self.closed).cloned().collect();
        let number = |pid: u32| {
            let of = sockets.iter().filter(|socket| socket.owners.first() == Some(&process(pid)));
            of.filter(|socket| socket.remote.is_some()).map(|socket| socket.id).min().unwrap()
        };
        let mut translations: Vec<Translation> = (answers.iter())
            .map(|&(pid, local, remote, outbound)| Translation {
                socket: number(pid),
                local: address(local),
                remote: address(remote),
                outbound,
            })
            .collect();
        let counted = &self.counted;
        let now = Timestamp(self.now);
        let later = self.table.translate(&mut translations, now, |id| counted.borrow_mut().remove(&id));
        assert!(later.opened.is_empty(), "{later:?}");
        for id in &later.forgotten {
            self.shown.remove(id).expect("it was told");
        }
        for socket in &later.changed {
            assert!(self.shown.insert(socket.id, socket.clone()).is_some(), "changed unopened: {socket:?}");
        }
        for socket in &later.closed {
            self.shown.remove(&socket.id);
        }
        self.closed.extend(later.closed);
        translations.split_off(answers.len())
    }

    /// Receives what waits first, and asks from whom; whether anything waited.
    pub(crate) fn receive(&mut self, cookie: u64) -> bool {
        let Some((from, bytes)) = self.sockets.get_mut(&cookie).unwrap().inbox.pop_front() else {
            return false;
        };
        self.now += 1;
        self.count(cookie, from, Way::Received, bytes);
        true
    }

    /// The same, if anything waits.
    pub(crate) fn discard(&mut self, cookie: u64) {
        self.sockets.get_mut(&cookie).unwrap().inbox.pop_front();
    }

    /// Receives and does not ask from whom.
    pub(crate) fn swallow(&mut self, cookie: u64) {
        self.sockets.get_mut(&cookie).unwrap().inbox.pop_front().unwrap();
    }

    fn count(&mut self, cookie: u64, remote: SocketAddr, way: Way, bytes: u64) {
        let Kernels { facts, pid, .. } = self.sockets[&cookie].clone();
        let id = FlowId { socket: cookie, remote };
        let mut counted = self.counted.borrow_mut();
        let is_new = !counted.contains_key(&id);
        let traffic = counted.entry(id).or_default();
        match way {
            Way::Sent => {
                traffic.bytes_sent += bytes;
                traffic.sends += 1;
            }
            Way::Received => {
                traffic.bytes_received += bytes;
                traffic.receives += 1;
            }
        }
        drop(counted);
        if is_new {
            let (at, actor) = (Timestamp(self.now), Some(actor(pid)));
            self.table.apply(&FlowEvent { at, socket: facts, remote, way, actor });
        }
    }

    pub(crate) fn close(&mut self, cookie: u64) {
        self.now += 1;
        self.sockets.remove(&cookie).unwrap();
        let counted = &self.counted;
        self.table.apply_gone(cookie, Timestamp(self.now), |id| counted.borrow_mut().remove(&id));
    }

    /// It closes, and nobody tells.
    pub(crate) fn vanish(&mut self, cookie: u64) {
        let UdpSocket { netns, local, .. } = self.sockets.remove(&cookie).unwrap().facts;
        self.vanished.insert((netns, local.port()));
    }

    pub(crate) fn rows(&self) -> Vec<UdpRow> {
        let row = |socket: &Kernels| UdpRow {
            at: Timestamp(self.now),
            socket: socket.facts,
            actor: Some(actor(socket.pid)),
        };
        self.sockets.values().map(row).collect()
    }

    pub(crate) fn scan(&mut self) {
        self.now += 1;
        let scan = UdpScan { began_at: Timestamp(self.now), complete: true, rows: self.rows() };
        self.scan_shows(&scan);
    }

    pub(crate) fn scan_shows(&mut self, scan: &UdpScan) {
        self.now += 1;
        let counted = &self.counted;
        self.table.apply_scan(scan, |id| counted.borrow_mut().remove(&id));
    }

    /// The tracker learns which addresses a namespace has.
    pub(crate) fn learn(&mut self, netns: u32) {
        let mut all: Vec<IpAddr> = self.addresses.get(&netns).cloned().unwrap_or_default();
        all.push(Ipv4Addr::LOCALHOST.into());
        all.sort_unstable();
        self.table.set_addresses(NetnsId(netns), Some(&all));
    }

    /// Reads the counters and ends the tick; a consumer takes it in, and checks that it fits what came before.
    pub(crate) fn tick(&mut self) -> TableTick {
        self.now += 1;
        let now = Timestamp(self.now);
        for (&id, &traffic) in &*self.counted.borrow() {
            self.table.count(id, traffic, now);
        }
        let counted = &self.counted;
        self.table.settle(now, |id| counted.borrow_mut().remove(&id));
        let tick = self.table.tick(now);
        for id in &tick.forgotten {
            self.shown.remove(id).expect("it was told");
        }
        for socket in &tick.opened {
            assert!(self.shown.insert(socket.id, socket.clone()).is_none(), "opened twice: {socket:?}");
        }
        for socket in &tick.changed {
            assert!(self.shown.insert(socket.id, socket.clone()).is_some(), "changed unopened: {socket:?}");
        }
        for socket in &tick.closed {
            assert_eq!(socket.state, State::Closed);
            self.shown.remove(&socket.id);
        }
        self.closed.clone_from(&tick.closed);
        tick
    }

    /// The flows that are shown: `LOCAL > REMOTE PIDS DIRECTION`, in order.
    pub(crate) fn flows(&self) -> Vec<String> {
        let mut flows: Vec<String> =
            self.shown.values().filter(|socket| socket.remote.is_some()).map(line).collect();
        flows.sort();
        flows
    }

    pub(crate) fn listeners(&self) -> Vec<String> {
        let mut listeners: Vec<String> =
            self.shown.values().filter(|socket| socket.remote.is_none()).map(line).collect();
        listeners.sort();
        listeners
    }

    /// The same of what closed in the newest tick.
    pub(crate) fn over(&self) -> Vec<String> {
        let mut over: Vec<String> =
            self.closed.iter().filter(|socket| socket.remote.is_some()).map(line).collect();
        over.sort();
        over
    }

    /// The bytes that the flow of a process sent and received.
    pub(crate) fn bytes(&self, pid: u32) -> Option<(u64, u64)> {
        let mut of = self
            .shown
            .values()
            .filter(|socket| socket.remote.is_some() && socket.owners.first() == Some(&process(pid)));
        let counters = of.next()?.counters?;
        assert!(of.next().is_none(), "{pid} has several flows");
        Some((counters.bytes_sent, counters.bytes_received))
    }
}

fn line(socket: &Socket) -> String {
    let pids: Vec<String> = socket.owners.iter().map(|owner| owner.pid.to_string()).collect();
    let remote = socket.remote.as_ref().map_or(String::new(), |remote| format!(" > {remote}"));
    let direction = format!("{:?}", socket.direction).to_lowercase();
    format!("{}{remote} {} {direction}", socket.local, pids.join(","))
}
