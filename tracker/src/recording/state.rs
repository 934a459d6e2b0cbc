//! All that is there, gathered from ticks: what a key tells.

use rustc_hash::{FxHashMap, FxHashSet};

use super::wire::{Constants, Known, learn};
use crate::connection::{Address, SequencePair, Socket};
use crate::container::Container;
use crate::identity::{ContainerId, NetnsId, ProcessId, SocketId, Timestamp};
use crate::process::Process;
use crate::tick::{Counts, Namespace, RemoteName, Source, Tick, Translation};

/// For how many ticks a process is remembered that no socket names. The tracker explains one anew that nothing named for
/// [`TICKS_REMEMBERED`](crate::process::TICKS_REMEMBERED) ticks; the ticks of another reach further.
const PATIENCE: u64 = 2 * crate::process::TICKS_REMEMBERED as u64;

/// How many names of addresses are remembered that no socket has: as many as the topology remembers.
const SPARE_NAMES: usize = 4096;

/// A socket's own address and the other end's, without what the two ends may tell differently.
type Pair = (Plain, Plain);
type Plain = (Option<(std::net::IpAddr, u16)>, Option<crate::connection::UnixName>);

/// What is there after some ticks.
#[derive(Debug)]
pub(super) struct State {
    pub(super) constants: Constants,
    sequence: u64,
    at: Timestamp,
    duration: u64,
    known: Known,
    /// Sockets that are over and may be one end of a connection that is not: only with them its other end is known.
    halves: Known,
    translations: FxHashMap<SocketId, Translation>,
    processes: FxHashMap<ProcessId, Remembered<Process>>,
    containers: FxHashMap<ContainerId, Container>,
    namespaces: FxHashMap<NetnsId, Namespace>,
    names: FxHashMap<std::net::IpAddr, Remembered<RemoteName>>,
    source: Option<Source>,
    /// Counts the ticks.
    round: u64,
}

/// A fact, and the last tick in which it was of use.
#[derive(Debug)]
struct Remembered<T> {
    fact: T,
    used: u64,
}

impl State {
    /// Nothing yet, of the host of that tick.
    pub(super) fn new(tick: &Tick) -> Self {
        Self {
            constants: Constants { host: tick.host.clone(), kernel: tick.kernel.clone() },
            sequence: 0,
            at: Timestamp(0),
            duration: 0,
            known: Known::default(),
            halves: Known::default(),
            translations: FxHashMap::default(),
            processes: FxHashMap::default(),
            containers: FxHashMap::default(),
            namespaces: FxHashMap::default(),
            names: FxHashMap::default(),
            source: None,
            round: 0,
        }
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// What the newest tick said of where facts come from.
    pub(super) fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// How many sockets a key would tell of.
    pub(super) fn sockets(&self) -> usize {
        self.known.len() + self.halves.len()
    }

    /// Takes the next tick.
    pub(super) fn apply(&mut self, tick: &Tick) {
        self.round += 1;
        (self.sequence, self.at, self.duration) = (tick.sequence, tick.at, tick.duration);
        learn(&mut self.known, tick);
        for socket in tick.opened.iter().chain(&tick.changed) {
            self.halves.remove(&socket.id);
        }
        for socket in &tick.closed {
            if socket.remote.is_some() {
                self.halves.insert(socket.id, socket.clone());
            } else {
                self.translations.remove(&socket.id);
            }
        }
        for id in &tick.forgotten {
            self.halves.remove(id);
            self.translations.remove(id);
        }
        for translation in &tick.translations {
            self.translations.insert(translation.socket, *translation);
        }
        let used = self.round;
        for process in &tick.processes {
            self.processes.insert(process.id, Remembered { fact: process.clone(), used });
        }
        for container in &tick.containers {
            self.containers.insert(container.id.clone(), container.clone());
        }
        for namespace in &tick.namespaces {
            self.namespaces.insert(namespace.id, namespace.clone());
        }
        for name in &tick.remote_names {
            self.names.insert(name.address, Remembered { fact: name.clone(), used });
        }
        // Where all is short-lived, this is what grows between two keys.
        if self.round.is_multiple_of(PATIENCE) {
            self.forget();
        }
        if self.source.as_ref() != Some(&tick.source) {
            self.source = Some(tick.source.clone());
        }
    }

    /// All that is there, as a tick that tells a topology that knows nothing.
    pub(super) fn recap(&mut self) -> Tick {
        self.forget();
        let sorted = |known: &Known| {
            let mut sockets: Vec<Socket> = known.values().cloned().collect();
            sockets.sort_unstable_by_key(|socket| socket.id);
            sockets
        };
        let mut processes: Vec<Process> =
            self.processes.values().map(|process| process.fact.clone()).collect();
        processes.sort_unstable_by_key(|process| process.id);
        let mut containers: Vec<Container> = self.containers.values().cloned().collect();
        containers.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        let mut namespaces: Vec<Namespace> = self.namespaces.values().cloned().collect();
        namespaces.sort_unstable_by_key(|namespace| namespace.id);
        let mut translations: Vec<Translation> = self.translations.values().copied().collect();
        translations.sort_unstable_by_key(|translation| translation.socket);
        let mut remote_names: Vec<RemoteName> = self.names.values().map(|name| name.fact.clone()).collect();
        remote_names.sort_unstable_by_key(|name| name.address);
        Tick {
            host: self.constants.host.clone(),
            kernel: self.constants.kernel.clone(),
            sequence: self.sequence,
            at: self.at,
            duration: self.duration,
            opened: sorted(&self.known),
            changed: Vec::new(),
            closed: sorted(&self.halves),
            forgotten: Vec::new(),
            processes,
            containers,
            namespaces,
            translations,
            remote_names,
            counts: Counts::default(),
            source: self.source.clone().unwrap_or_default(),
        }
    }

    /// Forgets what nothing can ask for any more.
    fn forget(&mut self) {
        self.forget_halves();
        let Self { known, halves, round, .. } = self;
        self.translations.retain(|id, _| known.contains_key(id) || halves.contains_key(id));
        for socket in known.values().chain(halves.values()) {
            for owner in &socket.owners {
                if let Some(process) = self.processes.get_mut(owner) {
                    process.used = *round;
                }
            }
        }
        self.processes.retain(|_, process| process.used + PATIENCE >= *round);
        let mut inhabited: FxHashSet<&ContainerId> = FxHashSet::default();
        for mut id in self.processes.values().filter_map(|process| process.fact.container.as_ref()) {
            // A container may run in another.
            while inhabited.insert(id)
                && let Some(parent) = self.containers.get(id).and_then(|container| container.parent.as_ref())
            {
                id = parent;
            }
        }
        let inhabited: FxHashSet<ContainerId> = inhabited.into_iter().cloned().collect();
        self.containers.retain(|id, _| inhabited.contains(id));
        if self.names.len() > SPARE_NAMES {
            let translated = self.translations.values().map(|translation| translation.remote.ip());
            let remotes = known.values().filter_map(|socket| socket.remote.as_ref()?.ip()).chain(translated);
            for address in remotes {
                if let Some(name) = self.names.get_mut(&address) {
                    name.used = *round;
                }
            }
            self.names.retain(|_, name| name.used == *round);
        }
    }

    /// Of what is over keeps the sockets whose other end may be there.
    fn forget_halves(&mut self) {
        if self.halves.is_empty() {
            return;
        }
        let (known, translations) = (&self.known, &self.translations);
        let sequences: FxHashSet<SequencePair> =
            known.values().filter_map(|socket| socket.sequence).collect();
        // As each sees itself, and as its other end sees it.
        let both_pairs = |socket: &Socket| {
            let translation = translations.get(&socket.id);
            let beyond = translation.map(|told| (plain(&told.local.into()), plain(&told.remote.into())));
            pair(socket).into_iter().chain(beyond)
        };
        let pairs: FxHashSet<Pair> = known.values().flat_map(both_pairs).collect();
        self.halves.retain(|_, socket| {
            let by_sequence = socket.sequence.is_some_and(|own| {
                let passive = SequencePair { sent: own.received, received: own.sent.wrapping_add(1) };
                let active = SequencePair { sent: own.received.wrapping_sub(1), received: own.sent };
                sequences.contains(&passive) || sequences.contains(&active)
            });
            by_sequence
                || socket.peer.is_some_and(|peer| known.contains_key(&peer))
                || both_pairs(socket).any(|(local, remote)| pairs.contains(&(remote, local)))
        });
    }
}

fn pair(socket: &Socket) -> Option<Pair> {
    Some((plain(&socket.local), plain(socket.remote.as_ref()?)))
}

fn plain(address: &Address) -> Plain {
    let (inet, unix) = address.plain();
    (inet, unix.cloned())
}
