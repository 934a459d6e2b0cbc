//! The tracker's thread: reads records and scans, keeps the table, tells ticks and events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashSet;
use tokio::sync::mpsc;

use super::Update;
use super::alarm::Alarm;
use super::departures::Departures;
use super::memory;
use super::networks::Networks;
use super::schedule::Schedule;
use super::translations::Translations;
use crate::connection::flow::{FlowId, FlowTable, Traffic};
use crate::connection::{ConnectionEvent, ConnectionTable, Socket, TableTick};
use crate::container::engine::Engines;
use crate::identity::{HostId, NetnsId, Timestamp};
use crate::kernel::clock::Clock;
use crate::kernel::convert::{self, News};
use crate::kernel::flow_map::FlowMap;
use crate::kernel::probes::Probes;
use crate::kernel::scan::Scanner;
use crate::namespace::NamespaceNames;
use crate::process::{Process, ProcessTable};
use crate::resolver::Resolver;
use crate::text::Text;
use crate::tick::{Namespace, RemoteName, Source, Tick, Translation};

/// How many records are read at most before the clock is looked at again.
const DRAIN_AT_MOST: usize = 65_536;
/// How long an accepted socket may be without a known owner before a scan is made for it.
const OWNER_PATIENCE: Duration = Duration::from_millis(200);
/// How long an accept waits for its owner before it is told without.
const ACCEPT_PATIENCE: Duration = Duration::from_secs(1);
/// Events that wait for a consumer that does not take them: beyond that they are lost, and counted.
const EVENTS_AT_MOST: usize = 1 << 20;
/// Sockets that ended while the consumer takes no tick: beyond that the ring buffer is left to fill, which counts what
/// it loses, so that a consumer that stands still costs a bounded amount of memory.
const ENDED_AT_MOST: usize = 1 << 18;
/// How long the end of a tick waits at most for what the kernel tells of addresses, routes and translation: it answers
/// from memory, and what comes later is in the next tick.
/// The first tick waits longer, for it asks every namespace.
const KERNEL_PATIENCE: Duration = Duration::from_millis(20);
const FIRST_PATIENCE: Duration = Duration::from_millis(60);
/// After a tick of so many sockets the memory that it took is given back.
const BIG_TICK: usize = 10_000;
/// After so many ticks processes that own nothing any more are looked for.
const FORGET_EVERY: u64 = 8;

pub(super) struct Worker {
    pub(super) clock: Clock,
    pub(super) probes: Option<Probes>,
    pub(super) scanner: Scanner,
    pub(super) table: ConnectionTable,
    pub(super) flows: FlowTable,
    pub(super) processes: ProcessTable,
    pub(super) namespaces: NamespaceNames,
    pub(super) engines: Engines,
    pub(super) networks: Networks,
    pub(super) translations: Translations,
    pub(super) departures: Departures,
    /// `None` where nobody asked for names.
    pub(super) resolver: Option<Resolver>,
    pub(super) schedule: Schedule,
    pub(super) host: HostId,
    pub(super) kernel: Text,
    /// What was refused at the start.
    pub(super) lasting_reasons: Vec<Text>,
    pub(super) source: Source,
    pub(super) tell_events: bool,
    pub(super) sender: mpsc::Sender<Update>,
    pub(super) alarm: Alarm,
    pub(super) state: State,
}

/// What the worker remembers from one round to the next.
#[derive(Default)]
pub(super) struct State {
    sequence: u64,
    ticked_at: Option<Timestamp>,
    /// Losses up to the newest scan; more than that ask for another.
    lost_at_scan: u64,
    /// The tick at whose end free memory is given back; also once after the start, which reads all of the kernel's
    /// types.
    give_back_at: u64,
    /// Events that the consumer did not take.
    dropped: u64,
    pending: Vec<ConnectionEvent>,
    told_namespaces: FxHashSet<NetnsId>,
    /// The containers that the engines were asked for, and those that the namespaces are called after, by the
    /// table's revision.
    asked_containers: u64,
    named_containers: u64,
    /// Why containers have no names.
    engine_reasons: Vec<Text>,
}

/// Takes flows out of the kernel's map, where there is one.
fn taking(map: &mut Option<FlowMap>) -> impl FnMut(FlowId) -> Option<Traffic> {
    |flow| map.as_mut()?.take(flow)
}

impl Worker {
    /// Works until the tracker is dropped.
    pub(super) fn run(mut self) {
        self.state.ticked_at = Some(self.clock.now());
        self.scan();
        self.drain();
        self.ask_engines();
        self.end_tick();
        self.schedule.begin(Instant::now());
        loop {
            let now = Instant::now();
            if !self.alarm.sleep(self.schedule.sleep(now)) || self.sender.is_closed() {
                return;
            }
            self.processes.refresh_cgroups();
            let records = self.drain();
            self.schedule.drained(records);
            self.ask_engines();
            let now = Instant::now();
            if self.misses_something() && self.schedule.urgent_scan_is_due(now) {
                self.scan();
            }
            self.tell_events();
            // A consumer that is slow gets a longer tick.
            if self.schedule.tick_is_due(now) && self.sender.capacity() > 0 {
                if self.schedule.refresh_is_due(now) {
                    self.scan();
                    self.drain();
                }
                self.tell_events();
                self.end_tick();
                self.schedule.ticked(Instant::now());
            }
        }
    }

    /// Reads what waits in the ring buffer; returns how many records that were.
    fn drain(&mut self) -> usize {
        let Some(probes) = &mut self.probes else { return 0 };
        if self.table.ended() + self.flows.ended() > ENDED_AT_MOST {
            self.source.lost_events = probes.lost() + self.state.dropped;
            return 0;
        }
        let mut count = 0;
        let mut newcomers = Vec::new();
        while count < DRAIN_AT_MOST
            && let Some(item) = probes.ring.next()
        {
            count += 1;
            let Some(news) = convert::news(&item, self.clock) else { continue };
            drop(item);
            let actor = match &news {
                News::Socket(event) => event.actor,
                News::Flow(event) => event.actor,
                News::Unix(used) => used.actor,
                News::Gone(..) => None,
            };
            if let Some(actor) = &actor {
                if self.processes.get(&actor.id).is_none() {
                    newcomers.push(actor.id);
                }
                self.processes.observe(actor);
            }
            match news {
                News::Socket(event) => self.table.apply(&event),
                News::Flow(event) => self.flows.apply(&event),
                News::Gone(cookie, at) => self.flows.apply_gone(cookie, at, taking(&mut probes.flows)),
                News::Unix(used) if self.scanner.names_by_address() => self.table.apply_unix(&used),
                // The scan has other names for them.
                News::Unix(_) => {}
            }
        }
        // At once: in a moment many of them are gone.
        if !newcomers.is_empty() {
            self.processes.explain(newcomers);
        }
        self.source.lost_events = probes.lost() + self.state.dropped;
        count
    }

    /// Tells the engines which containers there are now, and takes in what they told. It never waits.
    fn ask_engines(&mut self) {
        let revision = self.processes.containers_revision();
        if self.state.asked_containers != revision {
            let wanted = self.processes.containers().filter(|container| container.may_be_in_an_engine());
            self.engines.want(wanted.map(|container| container.id.clone()).collect());
        }
        while let Some(told) = self.engines.take_told() {
            for (id, facts) in told.containers {
                self.processes.learn_container(&id, facts);
            }
            self.state.engine_reasons = told.reasons;
        }
        // Names do not change which containers are wanted.
        self.state.asked_containers = self.processes.containers_revision();
    }

    /// Whether events were lost since the newest scan, or sockets wait for their owner.
    fn misses_something(&self) -> bool {
        let Some(probes) = &self.probes else { return false };
        let patience = OWNER_PATIENCE.as_nanos() as u64;
        probes.lost() > self.state.lost_at_scan
            || self.table.has_unowned(Timestamp(self.clock.now().0.saturating_sub(patience)))
    }

    /// Scans, and takes the rows in.
    fn scan(&mut self) {
        let began = Instant::now();
        let lost_before = self.probes.as_ref().map_or(0, Probes::lost);
        let scanned = self.scanner.scan(self.probes.as_mut(), self.clock);
        self.source.scan = Text::from(self.scanner.name());
        self.source.scan_us = began.elapsed().as_micros() as u64;
        if let Some((scan, udp)) = scanned {
            // Events from before the scan's end that still wait are older or newer than each row by their times.
            self.drain();
            let unix = scan.unix.iter().filter_map(|row| row.actor.as_ref());
            for actor in scan.rows.iter().filter_map(|row| row.actor.as_ref()).chain(unix) {
                self.processes.observe(actor);
            }
            let lost = lost_before > self.state.lost_at_scan;
            self.table.apply_scan(&scan, self.probes.is_some(), lost);
            if let Some(udp) = udp {
                for actor in udp.rows.iter().filter_map(|row| row.actor.as_ref()) {
                    self.processes.observe(actor);
                }
                let mut nothing = None;
                let counters = self.probes.as_mut().map_or(&mut nothing, |probes| &mut probes.flows);
                self.flows.apply_scan(&udp, taking(counters));
            }
            if scan.complete {
                self.state.lost_at_scan = lost_before;
                if scan.rows.iter().any(|row| row.counters.is_some()) {
                    self.source.counters_at = Some(scan.began_at);
                }
            }
        }
        // What follows from it is part of its price.
        let took = began.elapsed();
        self.schedule.scanned(took, Instant::now());
    }

    /// Reads what the kernel counted of UDP's flows, and ends those that are over. `networks`: the namespaces of which
    /// something else is known since the tick before.
    fn settle_flows(&mut self, networks: &[NetnsId], now: Timestamp) {
        let Some(flow_map) = self.probes.as_mut().map(|probes| &mut probes.flows) else { return };
        for &netns in networks {
            self.flows.set_addresses(netns, self.networks.of(netns).map(|network| &network.addresses[..]));
        }
        if self.flows.has_flows()
            && let Some(map) = flow_map
            && let Err(error) = map.read(|flow, traffic| self.flows.count(flow, traffic, now))
        {
            let reason = format!("the counters of UDP's flows cannot be read: {error}");
            if !self.lasting_reasons.iter().any(|known| **known == *reason) {
                self.lasting_reasons.push(Text::from(reason.as_str()));
            }
        }
        self.flows.settle(now, taking(flow_map));
    }

    /// Hands over the events since the last time.
    fn tell_events(&mut self) {
        if !self.tell_events {
            return;
        }
        let patience = ACCEPT_PATIENCE.as_nanos() as u64;
        let now = self.clock.now().0;
        self.state.pending.extend(self.table.take_events(Timestamp(now.saturating_sub(patience))));
        self.state.pending.extend(self.flows.take_events());
        if self.state.pending.len() > EVENTS_AT_MOST {
            self.state.dropped += (self.state.pending.len() - EVENTS_AT_MOST) as u64;
            self.state.pending.truncate(EVENTS_AT_MOST);
        }
        // One place is left for ticks.
        if self.state.pending.is_empty() || self.sender.capacity() < 2 {
            return;
        }
        let events = std::mem::take(&mut self.state.pending);
        self.processes.explain(events.iter().filter_map(|event| event.process));
        let told = events
            .into_iter()
            .map(|event| {
                let process = event.process.and_then(|id| self.processes.get(&id));
                let process = process.map(|process| as_it_was(process, &event));
                (event, process)
            })
            .collect();
        // A closed channel ends the loop at its next turn.
        let _ = self.sender.try_send(Update::Events(told));
    }

    /// Ends the tick and hands it over.
    fn end_tick(&mut self) {
        let now = self.clock.now();
        self.departures.see(&mut self.table, &self.processes, now);
        let mut told = self.table.tick(now);
        let strangers = self.flows.strangers();
        self.networks.see(told.opened.iter().chain(&told.closed).chain(&strangers), Instant::now());
        self.processes.explain(told.newly_named.iter().copied());
        self.ask_engines();
        let patience = if self.state.sequence == 0 { FIRST_PATIENCE } else { KERNEL_PATIENCE };
        let until = Instant::now() + patience;
        self.networks.hear(until);
        let networks = self.networks.take_changed();
        self.settle_flows(&networks, now);
        let flows = self.flows.tick(now);
        self.processes.explain(flows.newly_named.iter().copied());
        told.extend(flows);
        self.translations.see(&told.opened, &told.changed, &told.closed, || self.networks.routers());
        let mut translations = self.translations.hear(until);
        if let Some(probes) = self.probes.as_mut().filter(|_| !translations.is_empty()) {
            let later = self.flows.translate(&mut translations, now, taking(&mut probes.flows));
            self.processes.explain(later.newly_named.iter().copied());
            told.amend(later);
        }
        let TableTick { opened, changed, closed, forgotten, counts, newly_named } = told;
        let mut processes: Vec<Arc<_>> = newly_named.iter().filter_map(|id| self.processes.get(id)).collect();
        processes.extend(self.processes.take_changed());
        processes.sort_by_key(|process| process.id);
        processes.dedup_by_key(|process| process.id);
        let namespaces = self.name_namespaces(opened.iter().chain(&closed), networks);
        if self.state.sequence % FORGET_EVERY == FORGET_EVERY - 1 {
            let mut owners = self.table.owners();
            owners.extend(self.flows.owners());
            self.processes.end_tick(|id| owners.contains(id));
        }
        if opened.len() + closed.len() > BIG_TICK {
            // By the tick after the next the consumer has let go of this one.
            self.state.give_back_at = self.state.sequence + 2;
        } else if self.state.sequence == self.state.give_back_at {
            memory::give_back();
        }
        let remote_names = self.name_addresses(opened.iter().chain(&closed), &translations);
        self.source.reasons = (self.lasting_reasons.iter())
            .chain(self.scanner.reasons())
            .chain(&self.state.engine_reasons)
            .cloned()
            .chain(self.networks.reasons())
            .chain(self.translations.reasons())
            .collect();
        let duration = now.since(self.state.ticked_at.unwrap_or(now));
        let tick = Tick {
            host: self.host.clone(),
            kernel: self.kernel.clone(),
            sequence: self.state.sequence,
            at: now,
            duration,
            opened,
            changed,
            closed,
            forgotten,
            processes: processes.into_iter().map(Arc::unwrap_or_clone).collect(),
            containers: self.processes.take_changed_containers(),
            namespaces,
            translations,
            remote_names,
            counts,
            source: self.source.clone(),
        };
        self.state.sequence += 1;
        self.state.ticked_at = Some(now);
        let _ = self.sender.try_send(Update::Tick(Box::new(tick)));
    }

    /// The names of addresses found since the last time; those of these sockets are looked up next, unless they are this
    /// host's own.
    fn name_addresses<'a>(
        &mut self,
        sockets: impl Iterator<Item = &'a Socket>,
        translations: &[Translation],
    ) -> Vec<RemoteName> {
        let Some(resolver) = &mut self.resolver else { return Vec::new() };
        let remotes = sockets.filter_map(|socket| socket.remote.as_ref()?.ip());
        let remotes = remotes.chain(translations.iter().map(|translation| translation.remote.ip()));
        for address in remotes {
            if !address.is_loopback() && !address.is_unspecified() && !self.networks.own(address) {
                resolver.want(address);
            }
        }
        resolver.take()
    }

    /// The namespaces that these sockets name for the first time, and those whose names or networks changed.
    fn name_namespaces<'a>(
        &mut self,
        sockets: impl Iterator<Item = &'a Socket>,
        networks: Vec<NetnsId>,
    ) -> Vec<Namespace> {
        let now = Instant::now();
        let mut told = Vec::new();
        for socket in sockets {
            if self.state.told_namespaces.insert(socket.netns) {
                let names = self.namespaces.names(socket.netns, now);
                told.push(Namespace { id: socket.netns, names, network: None });
            }
        }
        self.namespaces.refresh(now);
        let revision = self.processes.containers_revision();
        if self.state.named_containers != revision {
            self.state.named_containers = revision;
            self.namespaces.set_inhabitants(self.processes.containers());
        }
        told.extend(self.namespaces.take_changed());
        for id in networks {
            if !told.iter().any(|namespace| namespace.id == id) {
                told.push(Namespace { id, names: self.namespaces.names(id, now), network: None });
            }
        }
        for namespace in &mut told {
            namespace.network = self.networks.of(namespace.id).cloned();
        }
        told
    }
}

/// The process of an event under the name that it had then. What else is known of it by another name may be another
/// program's.
fn as_it_was(process: Arc<Process>, event: &ConnectionEvent) -> Arc<Process> {
    // Nearly always it has the same name, of usual characters, still.
    let is_same = |comm: &[u8; 16]| comm.split(|&byte| byte == 0).next() == Some(process.comm.as_bytes());
    match event.comm.filter(|comm| !is_same(comm)).map(|comm| Text::from_c_field(&comm)) {
        Some(comm) if comm != process.comm => {
            Arc::new(Process { comm, cmdline: None, exe: None, ..Arc::unwrap_or_clone(process) })
        }
        _ => process,
    }
}
