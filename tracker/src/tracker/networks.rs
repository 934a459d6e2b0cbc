//! Which namespaces' addresses and routes are known, how old that is, and when to ask again.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::connection::Socket;
use crate::identity::NetnsId;
use crate::kernel::errand::Errand;
use crate::kernel::network::{self, Question, Told, Wanted};
use crate::kernel::visits::Ways;
use crate::network::Network;
use crate::text::Text;

/// How old the facts may get while sockets open. Where none open nothing is asked.
const REFRESH: Duration = Duration::from_secs(30);
/// How soon all namespaces may be asked again because of a new one, which others may be connected to.
const REST_FOR_ALL: Duration = Duration::from_secs(2);
/// How soon a namespace may be asked again because a socket has an address that it did not tell of.
const REST: Duration = Duration::from_secs(1);

/// The addresses and routes of the namespaces that have sockets.
#[derive(Debug)]
pub(super) struct Networks {
    /// `None` where there is no thread to spare: then nothing is known.
    errand: Option<Errand<Question, Vec<Told>>>,
    known: FxHashMap<NetnsId, Known>,
    changed: FxHashSet<NetnsId>,
    refreshed_at: Option<Instant>,
    /// When all namespaces were asked, also those without sockets.
    all_asked_at: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    asked_at: Instant,
    told: Option<Told>,
}

impl Networks {
    /// Those of the namespaces that have a process, or a name in `directory`.
    pub(super) fn new(directory: &'static str) -> Self {
        let mut ways = Ways::new(directory);
        Self::asking(Errand::start("networks", move |question| network::ask(&mut ways, question)))
    }

    fn asking(errand: std::io::Result<Errand<Question, Vec<Told>>>) -> Self {
        Self {
            errand: errand.ok(),
            known: FxHashMap::default(),
            changed: FxHashSet::default(),
            refreshed_at: None,
            all_asked_at: None,
        }
    }

    /// Asks what these new sockets give reason to ask. It does not wait.
    pub(super) fn see<'a>(&mut self, sockets: impl Iterator<Item = &'a Socket>, now: Instant) {
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut others = false;
        let mut sockets = sockets.peekable();
        if sockets.peek().is_some()
            && self.refreshed_at.is_none_or(|at| now.saturating_duration_since(at) >= REFRESH)
        {
            self.refreshed_at = Some(now);
            others = true;
            // A namespace that is gone is asked again only if a socket in it opens.
            let (known, changed) = (&mut self.known, &mut self.changed);
            known.retain(|netns, known| {
                let stays = known.told.as_ref().is_none_or(|told| told.network.is_some());
                if stays {
                    known.asked_at = now;
                    wanted.push(Wanted { netns: *netns, pid: None });
                } else {
                    changed.remove(netns);
                }
                stays
            });
        }
        for socket in sockets {
            let asks = match self.known.get(&socket.netns) {
                None => {
                    others = true;
                    true
                }
                Some(Known { asked_at, told }) => {
                    let network = told.as_ref().and_then(|told| told.network.as_ref());
                    let is_strange = network.zip(socket.local.ip()).is_some_and(|(network, address)| {
                        !address.is_unspecified() && !network.owns(address)
                    });
                    is_strange && now.saturating_duration_since(*asked_at) >= REST
                }
            };
            if asks {
                let pid = socket.owners.first().map(|owner| owner.pid);
                wanted.push(Wanted { netns: socket.netns, pid });
                let known = self.known.entry(socket.netns);
                known.or_insert(Known { asked_at: now, told: None }).asked_at = now;
            }
        }
        others &= self.all_asked_at.is_none_or(|at| now.saturating_duration_since(at) >= REST_FOR_ALL);
        // One that does not answer is not asked more.
        if let Some(errand) = self.errand.as_mut().filter(|_| others || !wanted.is_empty())
            && errand.open() < 4
        {
            if others {
                self.all_asked_at = Some(now);
            }
            errand.ask(Question { wanted, others });
        }
    }

    /// Takes in what was told; waits for what is asked until then.
    pub(super) fn hear(&mut self, until: Instant) {
        while let Some(told) = self.errand.as_mut().and_then(|errand| errand.take_until(until)) {
            for told in told {
                let known = self.known.entry(told.netns);
                let known = known.or_insert_with(|| Known { asked_at: Instant::now(), told: None });
                let before = known.told.as_ref().and_then(|told| told.network.as_ref());
                if before != told.network.as_ref() {
                    self.changed.insert(told.netns);
                }
                known.told = Some(told);
            }
        }
    }

    /// What is known of a namespace.
    pub(super) fn of(&self, netns: NetnsId) -> Option<&Network> {
        self.known.get(&netns)?.told.as_ref()?.network.as_ref()
    }

    /// Whether an address is this host's own, in whatever namespace.
    pub(super) fn own(&self, address: IpAddr) -> bool {
        self.known.keys().any(|&netns| self.of(netns).is_some_and(|network| network.owns(address)))
    }

    /// The namespaces of which something else is known since the last time, in order.
    pub(super) fn take_changed(&mut self) -> Vec<NetnsId> {
        let mut changed: Vec<_> = self.changed.drain().collect();
        changed.sort_unstable();
        changed
    }

    /// The namespaces that may pass packets on, and so translate addresses: those with several links.
    pub(super) fn routers(&self) -> Vec<NetnsId> {
        let several = |known: &Known| known.told.as_ref().is_some_and(|told| told.links > 1);
        let mut routers: Vec<_> =
            self.known.iter().filter(|(_, known)| several(known)).map(|(&id, _)| id).collect();
        routers.sort_unstable();
        routers
    }

    /// What could not be had, each reason once.
    pub(super) fn reasons(&self) -> Vec<Text> {
        let mut reasons: Vec<_> =
            (self.known.values()).filter_map(|known| known.told.as_ref()?.reason.clone()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::connection::{Direction, OwnerSource, Protocol, State};
    use crate::identity::{ProcessId, SocketId};

    const SECOND: Duration = Duration::from_secs(1);

    fn socket(netns: u32, local: &str) -> Socket {
        Socket {
            id: SocketId(0),
            netns: NetnsId(netns),
            protocol: Protocol::Tcp,
            local: local.parse().unwrap(),
            remote: None,
            state: State::Listen,
            direction: Direction::Inbound,
            owners: vec![ProcessId { pid: 7, started: 1 }],
            owner_source: OwnerSource::Seen,
            opened_at: None,
            closed_at: None,
            counters: None,
            sequence: None,
            peer: None,
            error: None,
        }
    }

    /// The namespaces and processes of one question.
    type Asked = Vec<(u32, Option<u32>)>;

    /// Namespace 1 has 10.0.0.1, the next time 10.0.0.2 as well, and so on; namespace 9 is gone.
    fn networks() -> (Networks, Receiver<Asked>) {
        let (teller, asked) = channel();
        let mut times = 0;
        let errand = Errand::start("test", move |Question { wanted, .. }| {
            times += 1;
            teller.send(wanted.iter().map(|wanted| (wanted.netns.0, wanted.pid)).collect()).unwrap();
            let network = Network {
                addresses: (1..=times).map(|last| [10, 0, 0, last].into()).collect(),
                ..Network::default()
            };
            let told = wanted.into_iter().map(|Wanted { netns, .. }| Told {
                netns,
                network: (netns.0 != 9).then(|| network.clone()),
                links: 1,
                reason: None,
            });
            told.collect()
        });
        (Networks::asking(errand), asked)
    }

    fn see(networks: &mut Networks, socket: &Socket, now: Instant) {
        networks.see(std::iter::once(socket), now);
        networks.hear(Instant::now() + 600 * SECOND);
    }

    #[test]
    fn a_namespace_is_asked_when_it_is_new_strange_or_old() {
        let (mut networks, asked) = networks();
        let start = Instant::now();
        let one = socket(1, "10.0.0.1:80");
        see(&mut networks, &one, start);
        assert_eq!(asked.try_recv().unwrap(), [(1, Some(7))]);
        assert_eq!(networks.take_changed(), [NetnsId(1)]);
        see(&mut networks, &one, start + 2 * SECOND);
        see(&mut networks, &socket(1, "0.0.0.0:80"), start + 2 * SECOND);
        assert!(asked.try_recv().is_err(), "nothing is new");
        let two = socket(1, "10.0.0.2:80");
        see(&mut networks, &two, start + SECOND / 2);
        assert!(asked.try_recv().is_err(), "it was asked just now");
        see(&mut networks, &two, start + SECOND);
        assert_eq!(asked.try_recv().unwrap(), [(1, Some(7))]);
        assert!(networks.of(NetnsId(1)).unwrap().owns([10, 0, 0, 2].into()));
        see(&mut networks, &one, start + REFRESH);
        assert_eq!(asked.try_recv().unwrap(), [(1, None)]);
        assert_eq!(networks.take_changed(), [NetnsId(1)]);
        networks.see([].iter(), start + 9 * REFRESH);
        assert!(asked.try_recv().is_err(), "where nothing opens nothing is asked");
    }

    #[test]
    fn one_that_is_gone_is_asked_when_a_socket_opens_in_it_later() {
        let (mut networks, asked) = networks();
        let start = Instant::now();
        see(&mut networks, &socket(9, "10.0.0.1:80"), start);
        see(&mut networks, &socket(9, "10.0.0.1:80"), start + 2 * SECOND);
        assert_eq!(asked.try_iter().count(), 1);
        assert_eq!(networks.take_changed(), []);
        assert_eq!(networks.of(NetnsId(9)), None);
        see(&mut networks, &socket(1, "10.0.0.1:80"), start + REFRESH);
        assert_eq!(asked.try_recv().unwrap(), [(1, Some(7))]);
        see(&mut networks, &socket(9, "10.0.0.1:80"), start + REFRESH);
        assert_eq!(asked.try_recv().unwrap(), [(9, Some(7))]);
    }
}
