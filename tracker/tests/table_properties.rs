//! The connection table against a small world whose truth is known: whatever the order, the doubling and the loss
//! of events, and whenever scans run.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;
use scopetop_tracker::connection::{
    Actor, Address, ConnectionEvent, ConnectionEventKind, ConnectionTable, Direction, OwnerSource, Protocol,
    Scan, ScanRow, Socket, SocketEvent, SocketEventKind, State, TableTick,
};
use scopetop_tracker::identity::{NetnsId, ProcessId, SocketId, Timestamp};
use scopetop_tracker::tick::Counts;

/// Few, so that they are used again and again.
const KERNEL_SOCKETS: u64 = 5;
/// What the kernel's addresses have that other names of sockets have not.
const KERNEL_ADDRESS: u64 = 1 << 63;

/// What scans call a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Names {
    /// As events do, and they tell when they read each row: the iterator.
    #[default]
    Addresses,
    /// By a name for life, as of the scan's beginning: `sock_diag`.
    Cookies,
    /// Likewise, but by another name while nobody holds it: `/proc`.
    Inodes,
}

fn process(pid: u32) -> ProcessId {
    ProcessId { pid, started: 1 }
}

fn actor(id: ProcessId) -> Actor {
    Actor { id, comm: [0; 16], uid: 0, cgroup: 0 }
}

fn tuple(socket: &Socket) -> (Option<SocketAddr>, Option<SocketAddr>) {
    (socket.local.inet(), socket.remote.as_ref().and_then(Address::inet))
}

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], port))
}

/// A socket as it really is or was.
#[derive(Clone, Debug)]
struct Life {
    local: SocketAddr,
    remote: Option<SocketAddr>,
    state: State,
    outbound: bool,
    holders: BTreeSet<ProcessId>,
    /// The one process that ever had it, as its events tell; nobody if it was shared or taken in silence.
    only_user: Option<ProcessId>,
    connected: bool,
    /// Reset before a process took it: its address is not free yet.
    in_queue: bool,
}

impl Life {
    fn is_alive(&self) -> bool {
        !self.state.is_over()
    }
}

/// What reaches the table.
#[derive(Clone, Debug)]
enum Item {
    Event(SocketEvent),
    Scan(Scan),
    Tick(Timestamp),
}

/// Some things that can happen; `pick` and `pid` say to whom.
#[derive(Clone, Copy, Debug)]
struct Step {
    what: u8,
    pick: u8,
    pid: u32,
}

#[derive(Default)]
struct World {
    names: Names,
    now: u64,
    lives: Vec<Life>,
    /// Which life is at a kernel's socket.
    at: BTreeMap<u64, usize>,
    scanning: Option<Scan>,
    items: Vec<Item>,
    counts: Counts,
}

impl World {
    fn event(&mut self, kernel_socket: u64, kind: SocketEventKind, user: Option<ProcessId>) {
        let life = &self.lives[self.at[&kernel_socket]];
        let mut local = life.local;
        if kind == SocketEventKind::Connecting {
            local.set_port(0);
        }
        self.items.push(Item::Event(SocketEvent {
            at: Timestamp(self.now),
            kernel_socket: KERNEL_ADDRESS | kernel_socket,
            netns: NetnsId(1),
            protocol: Protocol::Tcp,
            local: local.into(),
            remote: life.remote.unwrap_or(address(0, 0)).into(),
            kind,
            actor: user.map(actor),
            counters: None,
            sequence: None,
            error: None,
        }));
    }

    fn begin(&mut self, kernel_socket: u64, kind: SocketEventKind, pid: u32) {
        if self.at.contains_key(&kernel_socket) {
            return;
        }
        let number = 1_000 + self.lives.len() as u16;
        let (local, remote, state, user) = match kind {
            SocketEventKind::Connecting => {
                (address(1, number), Some(address(2, 443)), State::SynSent, Some(process(pid)))
            }
            SocketEventKind::Arrived => (address(1, 80), Some(address(3, number)), State::Established, None),
            _ => (address(1, number), None, State::Listen, Some(process(pid))),
        };
        self.counts.accepts += u64::from(kind == SocketEventKind::Arrived);
        self.at.insert(kernel_socket, self.lives.len());
        self.lives.push(Life {
            local,
            remote,
            state,
            outbound: kind == SocketEventKind::Connecting,
            holders: user.into_iter().collect(),
            only_user: user,
            connected: false,
            in_queue: false,
        });
        self.event(kernel_socket, kind, user);
    }

    fn rows(&mut self, kernel_sockets: impl Iterator<Item = u64>, began_at: Timestamp) -> Vec<ScanRow> {
        let mut rows = Vec::new();
        for kernel_socket in kernel_sockets {
            let Some(&index) = self.at.get(&kernel_socket) else { continue };
            let life = &self.lives[index];
            self.now += 1;
            let (at, name) = match self.names {
                Names::Addresses => (Timestamp(self.now), KERNEL_ADDRESS | kernel_socket),
                Names::Inodes if life.holders.is_empty() => (began_at, 1_001 + index as u64),
                Names::Cookies | Names::Inodes => (began_at, 1 + index as u64),
            };
            let row = ScanRow {
                at,
                kernel_socket: name,
                netns: NetnsId(1),
                protocol: Protocol::Tcp,
                local: life.local.into(),
                remote: life.remote.map(Into::into),
                state: life.state,
                actor: None,
                counters: None,
                sequence: None,
            };
            if !life.is_alive() {
                continue;
            }
            // The iterator goes by who holds what.
            if life.holders.is_empty() && self.names != Names::Addresses {
                rows.push(row.clone());
            }
            rows.extend(
                life.holders.iter().map(|&holder| ScanRow { actor: Some(actor(holder)), ..row.clone() }),
            );
        }
        rows
    }

    fn step(&mut self, Step { what, pick, pid }: Step) {
        self.now += 10;
        let kernel_socket = u64::from(pick) % KERNEL_SOCKETS + 1;
        match what {
            0 | 1 => self.begin(kernel_socket, SocketEventKind::Connecting, pid),
            2 | 3 => self.begin(kernel_socket, SocketEventKind::Arrived, pid),
            4 => self.begin(kernel_socket, SocketEventKind::Listening, pid),
            5 => self.items.push(Item::Tick(Timestamp(self.now))),
            6 => match self.scanning.take() {
                // Half of the sockets are read when it begins, the others when it ends; much may happen meanwhile.
                None => {
                    let began_at = Timestamp(self.now);
                    let rows = self.rows(1..=KERNEL_SOCKETS / 2, began_at);
                    self.scanning = Some(Scan {
                        began_at,
                        ended_at: began_at,
                        complete: pid != 1,
                        rows,
                        unix: Vec::new(),
                    });
                }
                Some(mut scan) => {
                    scan.rows.extend(self.rows(KERNEL_SOCKETS / 2 + 1..=KERNEL_SOCKETS, scan.began_at));
                    scan.ended_at = Timestamp(self.now);
                    self.items.push(Item::Scan(scan));
                }
            },
            _ => self.go_on(kernel_socket, what, process(pid)),
        }
    }

    /// Something happens to a socket that is there.
    fn go_on(&mut self, kernel_socket: u64, what: u8, user: ProcessId) {
        let Some(&index) = self.at.get(&kernel_socket) else { return };
        let life = &mut self.lives[index];
        let holder = life.holders.first().copied();
        let is_open = matches!(life.state, State::Established | State::CloseWait);
        match (what, life.state, holder) {
            (_, State::Closed, _) => {
                // Whoever takes it out of the queue is seen, and its address is free again.
                life.only_user = Some(user);
                self.event(kernel_socket, SocketEventKind::Owned, Some(user));
                self.at.remove(&kernel_socket);
            }
            (7..=10, State::SynSent, _) => {
                life.state = State::Established;
                life.connected = true;
                self.counts.connects += 1;
                self.event(kernel_socket, SocketEventKind::Connected, None);
            }
            (11.., State::SynSent, _) => {
                life.state = State::Failed;
                life.holders.clear();
                self.counts.fails += 1;
                self.event(kernel_socket, SocketEventKind::Failed, None);
                self.at.remove(&kernel_socket);
            }
            (7, _, None) if is_open => {
                life.holders.insert(user);
                life.only_user = Some(user);
                self.event(kernel_socket, SocketEventKind::Owned, Some(user));
            }
            (8, _, None) if is_open => _ = life.holders.insert(user),
            // Shared, or passed on: nothing tells.
            (9, _, Some(_)) if life.holders.insert(user) => life.only_user = None,
            (10, _, Some(holder)) if life.holders.len() > 1 => _ = life.holders.remove(&holder),
            (11, State::Established, Some(holder)) => {
                life.state = State::FinWait1;
                life.holders.clear();
                self.event(kernel_socket, SocketEventKind::Changed(State::FinWait1), Some(holder));
            }
            (12, State::Established, _) => {
                life.state = State::CloseWait;
                self.event(kernel_socket, SocketEventKind::Changed(State::CloseWait), None);
            }
            (13.., _, _) => {
                let was_listener = life.remote.is_none();
                life.in_queue = holder.is_none() && is_open;
                life.state = State::Closed;
                life.holders.clear();
                let in_queue = life.in_queue;
                self.counts.closes += u64::from(!was_listener);
                self.event(kernel_socket, SocketEventKind::Closed, holder);
                if !in_queue {
                    self.at.remove(&kernel_socket);
                }
            }
            _ => {}
        }
    }

    fn final_scan(&mut self) -> Scan {
        self.now += 100;
        let began_at = Timestamp(self.now);
        let rows = self.rows(1..=KERNEL_SOCKETS, began_at);
        Scan { began_at, ended_at: Timestamp(self.now), complete: true, rows, unix: Vec::new() }
    }
}

/// Applies ticks as everything behind the table does, and checks what every tick must keep.
#[derive(Default)]
struct Consumer {
    open: BTreeMap<SocketId, Socket>,
    closed: BTreeMap<SocketId, Socket>,
    named: BTreeMap<SocketId, BTreeSet<ProcessId>>,
    counts: Counts,
    events: Vec<ConnectionEvent>,
}

impl Consumer {
    fn take(&mut self, tick: TableTick) {
        let mut seen = BTreeSet::new();
        for id in tick
            .opened
            .iter()
            .chain(&tick.changed)
            .chain(&tick.closed)
            .map(|socket| socket.id)
            .chain(tick.forgotten.iter().copied())
        {
            assert!(seen.insert(id), "{id:?} is in the tick twice");
            assert!(!self.closed.contains_key(&id), "{id:?} closed before");
        }
        for socket in tick.opened.iter().chain(&tick.changed).chain(&tick.closed) {
            assert_eq!(socket.owners.is_empty(), socket.owner_source == OwnerSource::Unknown, "{socket:?}");
            let named = self.named.entry(socket.id).or_default();
            for &owner in &socket.owners {
                if named.insert(owner) {
                    assert!(tick.newly_named.contains(&owner), "{owner:?} is new to {socket:?}");
                }
            }
        }
        for socket in tick.opened {
            assert!(!socket.state.is_over(), "{socket:?}");
            assert!(self.open.insert(socket.id, socket).is_none(), "opened twice");
        }
        for socket in tick.changed {
            assert!(!socket.state.is_over(), "{socket:?}");
            let before = self.open.insert(socket.id, socket.clone()).expect("changed but not open");
            assert_ne!(before, socket, "told as changed");
        }
        for id in tick.forgotten {
            assert!(self.open.remove(&id).is_some(), "{id:?} was not there");
        }
        for socket in tick.closed {
            assert!(socket.state.is_over(), "{socket:?}");
            self.open.remove(&socket.id);
            self.closed.insert(socket.id, socket);
        }
        self.counts.connects += tick.counts.connects;
        self.counts.accepts += tick.counts.accepts;
        self.counts.closes += tick.counts.closes;
        self.counts.fails += tick.counts.fails;
    }

    fn take_events(&mut self, events: Vec<ConnectionEvent>) {
        for event in events {
            let told =
                self.events.iter().any(|before| before.kind == event.kind && before.socket == event.socket);
            assert!(!told, "told twice: {event:?}");
            self.events.push(event);
        }
    }
}

/// Hands everything to a table, then a final scan.
fn play(items: Vec<Item>, world: &mut World, lost: bool) -> Consumer {
    let mut table = ConnectionTable::new(true);
    let mut consumer = Consumer::default();
    for item in items {
        match item {
            Item::Event(event) => table.apply(&event),
            Item::Scan(scan) => table.apply_scan(&scan, true, false),
            Item::Tick(at) => {
                consumer.take(table.tick(at));
                consumer.take_events(table.take_events(Timestamp(at.0.saturating_sub(50))));
            }
        }
    }
    let scan = world.final_scan();
    table.apply_scan(&scan, true, lost);
    consumer.take(table.tick(scan.ended_at));
    consumer.take_events(table.take_events(Timestamp(u64::MAX)));
    // All is told: nothing is left.
    assert_eq!(table.tick(scan.ended_at), TableTick::default());
    consumer
}

fn world(steps: &[Step], names: Names) -> World {
    let mut world = World { names, ..World::default() };
    if names != Names::Addresses {
        // As the tracker does before its first tick. It finds nothing but a socket that is over: from here on the
        // table knows that there are two names for each.
        let at = Timestamp(0);
        let over = ScanRow {
            at,
            kernel_socket: 0,
            netns: NetnsId(1),
            protocol: Protocol::Tcp,
            local: address(9, 9).into(),
            remote: Some(address(9, 9).into()),
            state: State::Closed,
            actor: None,
            counters: None,
            sequence: None,
        };
        world.items.push(Item::Scan(Scan {
            began_at: at,
            ended_at: at,
            complete: false,
            rows: vec![over],
            unix: Vec::new(),
        }));
    }
    for &step in steps {
        world.step(step);
    }
    world
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0_u8..16, any::<u8>(), 1_u32..4).prop_map(|(what, pick, pid)| Step { what, pick, pid }), 0..120)
}

fn names() -> impl Strategy<Value = Names> {
    prop_oneof![2 => Just(Names::Addresses), 1 => Just(Names::Cookies), 1 => Just(Names::Inodes)]
}

/// What happens to an item on its way.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// By how many places it is late.
    late: usize,
    /// How late it comes once more.
    again: Option<usize>,
    dropped: bool,
}

fn fates(can_drop: bool) -> impl Strategy<Value = Vec<Fate>> {
    let late = prop_oneof![4 => Just(0_usize), 2 => 0_usize..4, 1 => 0_usize..60];
    let again = prop_oneof![3 => Just(None), 1 => (0_usize..60).prop_map(Some)];
    let fate = (late, again, 0_u8..5);
    vec(fate.prop_map(move |(late, again, drop)| Fate { late, again, dropped: can_drop && drop == 0 }), 120)
}

/// Gives the items in another order, some twice, some not at all; and whether any was lost. Ticks stay in place
/// and scans in order: the table's owner makes those itself. Where a scan's names are its own, so do the events of one
/// socket, as the kernel tells them, and none is later than the second scan behind it: nothing else would be left to
/// tell two connects apart.
fn disturb(items: &[Item], fates: &[Fate], names: Names) -> (Vec<Item>, bool) {
    let mut lost = false;
    let mut last_scan = 0;
    let mut last_event: BTreeMap<u64, usize> = BTreeMap::new();
    let mut disturbed = Vec::new();
    for (place, (item, fate)) in items.iter().zip(fates.iter().cycle()).enumerate() {
        match item {
            Item::Event(event) => {
                let mut told = place + fate.late;
                if names != Names::Addresses {
                    let scans = items.iter().enumerate().skip(place);
                    let mut scans = scans.filter(|(_, item)| matches!(item, Item::Scan(_)));
                    let newest = last_event.entry(event.kernel_socket).or_default();
                    told = told.min(scans.nth(1).map_or(told, |(place, _)| place)).max(*newest);
                    *newest = told;
                }
                if fate.dropped {
                    lost = true;
                } else {
                    disturbed.push((told, item));
                }
                // What was lost does not come again: a table cannot know that it was not.
                if let Some(again) = fate.again.filter(|_| !fate.dropped) {
                    disturbed.push((told + again, item));
                }
            }
            Item::Scan(_) => {
                let late = if names == Names::Addresses { fate.late } else { 0 };
                last_scan = last_scan.max(place + late);
                disturbed.push((last_scan, item));
            }
            Item::Tick(_) => disturbed.push((place, item)),
        }
    }
    disturbed.sort_by_key(|(place, _)| *place);
    (disturbed.into_iter().map(|(_, item)| item.clone()).collect(), lost)
}

/// After the final scan the open sockets are those of the world.
fn check_against_truth(world: &World, consumer: &Consumer, lost: bool) {
    let mut open: BTreeMap<_, _> = BTreeMap::new();
    // Connects whose port nobody told.
    let mut pending = Vec::new();
    for socket in consumer.open.values() {
        if socket.local.port().is_none() && world.names != Names::Addresses {
            pending.push(socket);
            continue;
        }
        assert!(open.insert(tuple(socket), socket).is_none(), "twice: {socket:?}");
    }
    let mut without = Vec::new();
    for life in world.lives.iter().filter(|life| life.is_alive()) {
        let found = open.remove(&(Some(life.local), life.remote));
        if life.holders.is_empty() && world.names == Names::Addresses {
            // A scan does not see it. After a loss it counts as gone until it is heard of.
            assert!(!lost || found.is_none(), "{found:?} was not shown");
            continue;
        }
        if found.is_none() && life.state == State::SynSent {
            without.push(life);
            continue;
        }
        let found = found.unwrap_or_else(|| panic!("missing: {life:?}"));
        assert_eq!(found.state, life.state, "{found:?} is {life:?}");
        if life.holders.is_empty() {
            continue;
        }
        let owners: BTreeSet<ProcessId> = found.owners.iter().copied().collect();
        assert_eq!((&owners, found.owners.len()), (&life.holders, life.holders.len()), "{found:?}");
        assert_eq!(found.owner_source, OwnerSource::Seen, "{found:?} is {life:?}");
    }
    assert!(open.is_empty(), "ghosts: {open:?}");
    assert_eq!(pending.len(), without.len(), "{pending:?} are {without:?}");
    assert!(pending.iter().all(|socket| socket.state == State::SynSent), "{pending:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_order_and_without_loss_everything_is_told_once_and_right(steps in steps(), names in names()) {
        let mut world = world(&steps, names);
        let consumer = play(world.items.clone(), &mut world, false);
        check_against_truth(&world, &consumer, false);
        prop_assert_eq!(consumer.counts, world.counts);
        for life in &world.lives {
            let all: Vec<&Socket> = consumer
                .open
                .values()
                .chain(consumer.closed.values())
                .filter(|socket| tuple(socket) == (Some(life.local), life.remote))
                .collect();
            if all.is_empty() && life.state == State::SynSent && names != Names::Addresses {
                // Its port is not known; that it is there once was checked above.
                continue;
            }
            prop_assert_eq!(all.len(), 1, "{:?} is told as {:?}", life, all);
            let socket = all[0];
            prop_assert_eq!(socket.state, life.state);
            let direction = if life.outbound { Direction::Outbound } else { Direction::Inbound };
            prop_assert_eq!(socket.direction, direction);
            prop_assert!(socket.opened_at.is_some());
            prop_assert_eq!(socket.closed_at.is_some(), !life.is_alive());
            let told = |kind| consumer.events.iter().filter(move |event| event.kind == kind && event.socket == socket.id);
            let opening = match (life.outbound, life.remote) {
                (true, _) => ConnectionEventKind::Connect,
                (false, Some(_)) => ConnectionEventKind::Accept,
                (false, None) => ConnectionEventKind::Listen,
            };
            prop_assert_eq!(told(opening).count(), usize::from(!life.outbound || life.connected));
            let closes = life.state == State::Closed && life.remote.is_some();
            prop_assert_eq!(told(ConnectionEventKind::Close).count(), usize::from(closes));
            prop_assert_eq!(told(ConnectionEventKind::Fail).count(), usize::from(life.state == State::Failed));
            if opening == ConnectionEventKind::Accept && closes {
                let order: Vec<ConnectionEventKind> = consumer
                    .events
                    .iter()
                    .filter(|event| event.socket == socket.id)
                    .map(|event| event.kind)
                    .collect();
                prop_assert_eq!(order, vec![ConnectionEventKind::Accept, ConnectionEventKind::Close]);
            }
            // One that was taken out of the queue after its last tick stays with what was known.
            if let Some(user) = life.only_user.filter(|_| !life.in_queue) {
                prop_assert_eq!(&socket.owners, &vec![user]);
                for event in told(ConnectionEventKind::Connect).chain(told(ConnectionEventKind::Close)) {
                    prop_assert_eq!(event.process, Some(user));
                }
            }
        }
    }

    #[test]
    fn in_any_order_and_twice_a_final_scan_finds_the_truth(steps in steps(), names in names(), fates in fates(false)) {
        let mut world = world(&steps, names);
        let (items, lost) = disturb(&world.items, &fates, names);
        prop_assert!(!lost);
        let consumer = play(items, &mut world, false);
        check_against_truth(&world, &consumer, false);
    }

    #[test]
    fn after_any_loss_a_final_scan_finds_the_truth(steps in steps(), names in names(), fates in fates(true)) {
        let mut world = world(&steps, names);
        let (items, lost) = disturb(&world.items, &fates, names);
        let consumer = play(items, &mut world, lost);
        check_against_truth(&world, &consumer, lost);
    }
}
