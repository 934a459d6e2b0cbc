//! The tick: the one currency of everything after the tracker.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::connection::Socket;
use crate::container::Container;
use crate::identity::{HostId, NetnsId, SocketId, Timestamp};
use crate::network::Network;
use crate::process::Process;
use crate::text::Text;

/// What changed on one host since its tick before, and the processes, containers and namespaces that explain it.
///
/// The first tick of a host has all that was there in `opened`. A consumer that applies every tick in order
/// knows everything; nothing else reaches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The host that it tells of.
    pub host: HostId,
    /// The host's kernel release.
    pub kernel: Text,
    /// Its number: the ticks of one tracker count up from 0.
    pub sequence: u64,
    /// When it ends.
    pub at: Timestamp,
    /// How long it is, in nanoseconds: from the tick before (or the tracker's start) to `at`.
    pub duration: u64,
    /// Sockets that are there now and were not in the tick before.
    pub opened: Vec<Socket>,
    /// Sockets that were there already and of which anything changed.
    pub changed: Vec<Socket>,
    /// Sockets that closed or failed since the tick before, in their last state; also those that opened since,
    /// which are in no other list.
    pub closed: Vec<Socket>,
    /// Sockets that turned out not to have been there at all (or whose end was missed and is not known): they are
    /// removed without having closed in this tick.
    pub forgotten: Vec<SocketId>,
    /// Every process that a socket above names for the first time, and each whose facts changed.
    pub processes: Vec<Process>,
    /// Every container that a process above names for the first time, and each whose facts changed.
    pub containers: Vec<Container>,
    /// Every namespace that a socket above names for the first time, and each whose names or network changed.
    pub namespaces: Vec<Namespace>,
    /// What address translation makes of the connections of sockets that are or were there: in the tick in which they open,
    /// or soon after.
    #[serde(default)]
    pub translations: Vec<Translation>,
    /// The names of remote addresses that were found by reverse lookup since the last tick.
    #[serde(default)]
    pub remote_names: Vec<RemoteName>,
    /// How many events of each kind fell into the tick.
    pub counts: Counts,
    /// Where all this comes from, and what was missing.
    pub source: Source,
}

impl Tick {
    /// A tick of which nothing is told but whose it is and when: no changes, no counts, no source.
    pub fn empty(host: HostId, kernel: Text, sequence: u64, at: Timestamp, duration: u64) -> Self {
        Self {
            host,
            kernel,
            sequence,
            at,
            duration,
            opened: Vec::new(),
            changed: Vec::new(),
            closed: Vec::new(),
            forgotten: Vec::new(),
            processes: Vec::new(),
            containers: Vec::new(),
            namespaces: Vec::new(),
            translations: Vec::new(),
            remote_names: Vec::new(),
            counts: Counts::default(),
            source: Source::default(),
        }
    }
}

/// How many events of each kind fell into a tick. A connection between two processes of the host has one connect,
/// one accept and two closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Connects that got through.
    pub connects: u64,
    /// Connections accepted.
    pub accepts: u64,
    /// Ends of connections closed.
    pub closes: u64,
    /// Connects that failed.
    pub fails: u64,
}

/// A network namespace, what people call it, and what it has of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Which.
    pub id: NetnsId,
    /// Its names: `host` for the first process's, those under `/run/netns`, those of its containers.
    pub names: Vec<Text>,
    /// Its addresses and routes; `None` where they are not known: not yet, not any more, or for a reason that
    /// [`Source::reasons`] gives.
    #[serde(default)]
    pub network: Option<Network>,
}

/// How a connection reads behind the address translation on its way: at its other end, as far as this host sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// The socket of this end.
    pub socket: SocketId,
    /// This end's address as the other end sees it.
    pub local: SocketAddr,
    /// The other end's own address.
    pub remote: SocketAddr,
    /// Whether this end sent the first packet.
    pub outbound: bool,
}

/// The name of a remote address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteName {
    /// The address.
    pub address: IpAddr,
    /// What its reverse lookup gave: whoever answers for the address chose it.
    pub name: Text,
}

/// Where a tick's facts come from. What was not used has its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The hook that tells of state changes: `tp_btf`, `raw_tp`, or `none`.
    pub events: Text,
    /// How accepted sockets find their owner, in the order of preference: `fexit`, `sock_length`, `sys_exit`, …
    pub owners: Text,
    /// How what was there before was found: `iter`, `sock_diag`, `procfs`.
    pub scan: Text,
    /// Events that the kernel could not hand over, since the tracker's start.
    pub lost_events: u64,
    /// How long the newest scan took, in microseconds.
    pub scan_us: u64,
    /// When the newest complete scan began that read the counters of all sockets it saw; `None` where none does: then
    /// counters are as new as the tick. Events read the counters of single sockets in between.
    #[serde(default)]
    pub counters_at: Option<Timestamp>,
    /// What was tried and did not work, and what that costs: one sentence each.
    pub reasons: Vec<Text>,
    /// What the user can do about it.
    pub remedy: Option<Text>,
}
