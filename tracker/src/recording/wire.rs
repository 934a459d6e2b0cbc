//! Version 1 of a frame's body: a tick in [postcard](https://postcard.jamesmunns.com/wire-format.html)'s encoding, its
//! moments told from the tick's end, and of sockets that are known only what changes in the life of one.

use std::borrow::Cow;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::error::DecodeError;
use crate::connection::{
    Address, Counters, Direction, OwnerSource, Protocol, SequencePair, Socket, State, UnixName,
};
use crate::container::Container;
use crate::identity::{HostId, NetnsId, ProcessId, SocketId, Timestamp};
use crate::process::Process;
use crate::text::Text;
use crate::tick::{Counts, Namespace, RemoteName, Source, Tick, Translation};

/// The sockets that were told of and are there.
pub(super) type Known = FxHashMap<SocketId, Socket>;

/// What the frames before said and a tick's frame does not say again.
#[derive(Clone, Debug)]
pub(super) struct Constants {
    pub(super) host: HostId,
    pub(super) kernel: Text,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Body<'t> {
    sequence: u64,
    at: Timestamp,
    duration: u64,
    opened: Vec<Told<'t>>,
    changed: Vec<Told<'t>>,
    closed: Vec<Told<'t>>,
    forgotten: Cow<'t, [SocketId]>,
    processes: Cow<'t, [Process]>,
    containers: Cow<'t, [Container]>,
    namespaces: Cow<'t, [Namespace]>,
    translations: Vec<Translated>,
    remote_names: Cow<'t, [RemoteName]>,
    counts: Counts,
    source: Sources<'t>,
}

/// A socket in a list of a tick.
#[derive(Debug, Serialize, Deserialize)]
enum Told<'t> {
    /// All of it.
    Whole(Whole<'t>),
    /// One that is known and is what it was but for this.
    Known { id: SocketId, state: State, closed: Option<Ago>, counters: Option<Gain>, error: Option<u32> },
}

/// A moment before the tick's end (or, backwards, behind it) in nanoseconds: short for what has just been.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ago(i64);

impl Ago {
    const fn of(moment: Timestamp, now: Timestamp) -> Self {
        Self(now.0.wrapping_sub(moment.0).cast_signed())
    }

    const fn moment(self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.wrapping_sub(self.0.cast_unsigned()))
    }
}

/// How far counters went since they were told last.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Gain {
    sent: u64,
    received: u64,
    rtt_us: Option<u32>,
    retransmits: u32,
}

impl Gain {
    fn of(now: Counters, before: Option<Counters>) -> Self {
        let before = before.unwrap_or_default();
        Self {
            sent: now.bytes_sent.wrapping_sub(before.bytes_sent),
            received: now.bytes_received.wrapping_sub(before.bytes_received),
            rtt_us: now.rtt_us,
            retransmits: now.retransmits.wrapping_sub(before.retransmits),
        }
    }

    fn on(self, before: Option<Counters>) -> Counters {
        let before = before.unwrap_or_default();
        Counters {
            bytes_sent: before.bytes_sent.wrapping_add(self.sent),
            bytes_received: before.bytes_received.wrapping_add(self.received),
            rtt_us: self.rtt_us,
            retransmits: before.retransmits.wrapping_add(self.retransmits),
        }
    }
}

/// A socket.
#[derive(Debug, Serialize, Deserialize)]
struct Whole<'t> {
    id: SocketId,
    netns: NetnsId,
    protocol: Protocol,
    local: Place,
    remote: Option<Place>,
    state: State,
    direction: Direction,
    owners: Cow<'t, [ProcessId]>,
    owner_source: OwnerSource,
    opened: Option<Ago>,
    closed: Option<Ago>,
    counters: Option<Gain>,
    sequence: Option<SequencePair>,
    peer: Option<SocketId>,
    error: Option<u32>,
}

/// An address. Serde's own way leaves out an IPv6 address's flow label and interface.
#[derive(Debug, Serialize, Deserialize)]
enum Place {
    V4([u8; 4], u16),
    V6([u8; 16], u16, u32, u32),
    Unix(UnixName),
}

impl Place {
    fn of(address: &Address) -> Self {
        match address {
            Address::Inet(address) => Self::inet(*address),
            Address::Unix(name) => Self::Unix(name.clone()),
        }
    }

    fn inet(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => Self::V4(v4.ip().octets(), v4.port()),
            SocketAddr::V6(v6) => Self::V6(v6.ip().octets(), v6.port(), v6.flowinfo(), v6.scope_id()),
        }
    }

    fn address(self) -> Address {
        match self {
            Self::V4(ip, port) => SocketAddr::V4(SocketAddrV4::new(ip.into(), port)).into(),
            Self::V6(ip, port, flow, scope) => {
                SocketAddr::V6(SocketAddrV6::new(ip.into(), port, flow, scope)).into()
            }
            Self::Unix(name) => name.into(),
        }
    }
}

/// A translation.
#[derive(Debug, Serialize, Deserialize)]
struct Translated {
    socket: SocketId,
    local: Place,
    remote: Place,
    outbound: bool,
}

/// Where a tick's facts come from.
#[derive(Debug, Serialize, Deserialize)]
struct Sources<'t> {
    lost_events: u64,
    scan_us: u64,
    counters: Option<Ago>,
    /// The rest; `None` where it is as in the tick before.
    rest: Option<SourceTexts<'t>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SourceTexts<'t> {
    events: Cow<'t, Text>,
    owners: Cow<'t, Text>,
    scan: Cow<'t, Text>,
    reasons: Cow<'t, [Text]>,
    remedy: Cow<'t, Option<Text>>,
}

impl<'t> Body<'t> {
    /// What is written of a tick, given what was told before it.
    pub(super) fn of(tick: &'t Tick, known: &Known, source: Option<&Source>) -> Self {
        // Whatever a tick gains is a question to this format.
        let Tick {
            host: _,
            kernel: _,
            sequence,
            at,
            duration,
            opened,
            changed,
            closed,
            forgotten,
            processes,
            containers,
            namespaces,
            translations,
            remote_names,
            counts,
            source: now,
        } = tick;
        let told = |sockets: &'t [Socket]| {
            sockets.iter().map(|socket| Told::of(socket, known.get(&socket.id), *at)).collect()
        };
        let Source { events, owners, scan, lost_events, scan_us, counters_at, reasons, remedy } = now;
        let texts = |source: &Source| {
            let Source { events, owners, scan, reasons, remedy, .. } = source.clone();
            (events, owners, scan, reasons, remedy)
        };
        let same = source.is_some_and(|before| texts(before) == texts(now));
        Self {
            sequence: *sequence,
            at: *at,
            duration: *duration,
            opened: told(opened),
            changed: told(changed),
            closed: told(closed),
            forgotten: forgotten.into(),
            processes: processes.into(),
            containers: containers.into(),
            namespaces: namespaces.into(),
            translations: translations.iter().map(Translated::of).collect(),
            remote_names: remote_names.into(),
            counts: *counts,
            source: Sources {
                lost_events: *lost_events,
                scan_us: *scan_us,
                counters: counters_at.map(|moment| Ago::of(moment, *at)),
                rest: (!same).then(|| SourceTexts {
                    events: Cow::Borrowed(events),
                    owners: Cow::Borrowed(owners),
                    scan: Cow::Borrowed(scan),
                    reasons: reasons.into(),
                    remedy: Cow::Borrowed(remedy),
                }),
            },
        }
    }

    /// The tick, given what was told before it.
    pub(super) fn tick(
        self,
        constants: &Constants,
        known: &Known,
        source: &Source,
    ) -> Result<Tick, DecodeError> {
        let at = self.at;
        let sockets = |told: Vec<Told<'_>>| {
            told.into_iter().map(|told| told.socket(known, at)).collect::<Result<Vec<_>, _>>()
        };
        let texts = match self.source.rest {
            Some(texts) => Source {
                events: texts.events.into_owned(),
                owners: texts.owners.into_owned(),
                scan: texts.scan.into_owned(),
                reasons: texts.reasons.into_owned(),
                remedy: texts.remedy.into_owned(),
                ..Source::default()
            },
            None => source.clone(),
        };
        Ok(Tick {
            host: constants.host.clone(),
            kernel: constants.kernel.clone(),
            sequence: self.sequence,
            at,
            duration: self.duration,
            opened: sockets(self.opened)?,
            changed: sockets(self.changed)?,
            closed: sockets(self.closed)?,
            forgotten: self.forgotten.into_owned(),
            processes: self.processes.into_owned(),
            containers: self.containers.into_owned(),
            namespaces: self.namespaces.into_owned(),
            translations: self.translations.into_iter().filter_map(Translated::translation).collect(),
            remote_names: self.remote_names.into_owned(),
            counts: self.counts,
            source: Source {
                lost_events: self.source.lost_events,
                scan_us: self.source.scan_us,
                counters_at: self.source.counters.map(|ago| ago.moment(at)),
                ..texts
            },
        })
    }
}

impl<'t> Told<'t> {
    fn of(socket: &'t Socket, before: Option<&Socket>, now: Timestamp) -> Self {
        let counters = |before: Option<Counters>| socket.counters.map(|counters| Gain::of(counters, before));
        let closed = socket.closed_at.map(|moment| Ago::of(moment, now));
        if let Some(before) = before.filter(|before| is_same_but_for_its_life(before, socket)) {
            return Self::Known {
                id: socket.id,
                state: socket.state,
                closed,
                counters: counters(before.counters),
                error: socket.error,
            };
        }
        let Socket {
            id,
            netns,
            protocol,
            local,
            remote,
            state,
            direction,
            owners,
            owner_source,
            opened_at,
            closed_at: _,
            counters: _,
            sequence,
            peer,
            error,
        } = socket;
        Self::Whole(Whole {
            id: *id,
            netns: *netns,
            protocol: *protocol,
            local: Place::of(local),
            remote: remote.as_ref().map(Place::of),
            state: *state,
            direction: *direction,
            owners: owners.into(),
            owner_source: *owner_source,
            opened: opened_at.map(|moment| Ago::of(moment, now)),
            closed,
            counters: counters(None),
            sequence: *sequence,
            peer: *peer,
            error: *error,
        })
    }

    fn socket(self, known: &Known, now: Timestamp) -> Result<Socket, DecodeError> {
        match self {
            Self::Whole(whole) => Ok(Socket {
                id: whole.id,
                netns: whole.netns,
                protocol: whole.protocol,
                local: whole.local.address(),
                remote: whole.remote.map(Place::address),
                state: whole.state,
                direction: whole.direction,
                owners: whole.owners.into_owned(),
                owner_source: whole.owner_source,
                opened_at: whole.opened.map(|ago| ago.moment(now)),
                closed_at: whole.closed.map(|ago| ago.moment(now)),
                counters: whole.counters.map(|gain| gain.on(None)),
                sequence: whole.sequence,
                peer: whole.peer,
                error: whole.error,
            }),
            Self::Known { id, state, closed, counters, error } => {
                let before = known.get(&id).ok_or(DecodeError::UnknownSocket(id.0))?;
                Ok(Socket {
                    state,
                    closed_at: closed.map(|ago| ago.moment(now)),
                    counters: counters.map(|gain| gain.on(before.counters)),
                    error,
                    ..before.clone()
                })
            }
        }
    }
}

/// Whether all of a socket but what changes all the time is what it was.
fn is_same_but_for_its_life(before: &Socket, now: &Socket) -> bool {
    before.netns == now.netns
        && before.protocol == now.protocol
        && before.local == now.local
        && before.remote == now.remote
        && before.direction == now.direction
        && before.owners == now.owners
        && before.owner_source == now.owner_source
        && before.opened_at == now.opened_at
        && before.sequence == now.sequence
        && before.peer == now.peer
}

impl Translated {
    fn of(translation: &Translation) -> Self {
        let Translation { socket, local, remote, outbound } = *translation;
        Self { socket, local: Place::inet(local), remote: Place::inet(remote), outbound }
    }

    /// `None` for what no tick has: a translation of a Unix socket.
    fn translation(self) -> Option<Translation> {
        let (local, remote) = (self.local.address().inet()?, self.remote.address().inet()?);
        Some(Translation { socket: self.socket, local, remote, outbound: self.outbound })
    }
}

/// Takes over what a tick said of sockets.
pub(super) fn learn(known: &mut Known, tick: &Tick) {
    for socket in tick.opened.iter().chain(&tick.changed) {
        known.insert(socket.id, socket.clone());
    }
    for socket in &tick.closed {
        known.remove(&socket.id);
    }
    for id in &tick.forgotten {
        known.remove(id);
    }
}
