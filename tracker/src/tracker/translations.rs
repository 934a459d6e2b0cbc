//! Which sockets are worth a look-up behind address translation, and what came of it.

use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::connection::{Protocol, SequencePair, Socket};
use crate::identity::{NetnsId, SocketId};
use crate::kernel::conntrack::{Flow, Question, Request, Tables, undo};
use crate::kernel::errand::Errand;
use crate::kernel::visits::Ways;
use crate::text::Text;
use crate::tick::Translation;

/// So many look-ups are made at most in one tick; the newest first.
const MOST_AT_ONCE: usize = 4096;
/// So many sockets wait at most for theirs.
const MOST_WAITING: usize = 1 << 16;

/// The look-ups.
#[derive(Debug)]
pub(super) struct Translations {
    /// `None` where there is no thread to spare: then nothing is known.
    errand: Option<Errand<Request, Answer>>,
    waiting: Vec<Question>,
    /// Sockets that had no whole addresses yet when they opened.
    unfinished: FxHashSet<SocketId>,
    /// The first socket of each protocol that no tick told of before; each counts its own.
    next_ids: FxHashMap<Protocol, SocketId>,
    /// Why less is known than could be.
    reasons: Vec<Text>,
    /// How many sockets were given up in this tick.
    given_up: usize,
}

#[derive(Debug, Default)]
struct Answer {
    translations: Vec<Translation>,
    reasons: Vec<Text>,
}

impl Translations {
    /// Those of this host; namespaces have their names in `directory`.
    pub(super) fn new(directory: &'static str) -> Self {
        let mut ways = Ways::new(directory);
        Self::asking(Errand::start("conntrack", move |request| {
            let mut tables = Tables::new(&mut ways);
            let translations = undo(&request, &mut tables);
            Answer { translations, reasons: tables.into_reasons() }
        }))
    }

    fn asking(errand: std::io::Result<Errand<Request, Answer>>) -> Self {
        Self {
            errand: errand.ok(),
            waiting: Vec::new(),
            unfinished: FxHashSet::default(),
            next_ids: FxHashMap::default(),
            reasons: Vec::new(),
            given_up: 0,
        }
    }

    /// Asks for the sockets of a tick that are new, and whose other end does not make itself known by its sequence
    /// numbers. It does not wait.
    pub(super) fn see(
        &mut self,
        opened: &[Socket],
        changed: &[Socket],
        closed: &[Socket],
        routers: impl FnOnce() -> Vec<NetnsId>,
    ) {
        let Some(errand) = &mut self.errand else { return };
        let first_new = self.next_ids.clone();
        for socket in opened.iter().chain(closed) {
            let next = self.next_ids.entry(socket.protocol).or_insert(SocketId(0));
            *next = (*next).max(SocketId(socket.id.0 + 1));
        }
        let new_closed = closed
            .iter()
            .filter(|socket| first_new.get(&socket.protocol).is_none_or(|&first| socket.id >= first));
        let mut candidates: Vec<&Socket> = Vec::new();
        for socket in opened.iter().chain(new_closed) {
            match flow(socket) {
                Some(_) => candidates.push(socket),
                None if socket.remote.is_some() && !socket.state.is_over() => {
                    self.unfinished.insert(socket.id);
                }
                None => {}
            }
        }
        if !self.unfinished.is_empty() {
            for socket in changed.iter().chain(closed) {
                match flow(socket) {
                    Some(_) if self.unfinished.remove(&socket.id) => candidates.push(socket),
                    None if socket.state.is_over() => _ = self.unfinished.remove(&socket.id),
                    _ => {}
                }
            }
        }
        let candidates: Vec<_> = candidates
            .into_iter()
            .filter_map(|socket| Some((socket, flow(socket).filter(is_worth)?)))
            .collect();
        let sequences: FxHashSet<SequencePair> =
            candidates.iter().filter_map(|(socket, _)| socket.sequence).collect();
        let is_joined = |own: SequencePair| {
            let passive = SequencePair { sent: own.received, received: own.sent.wrapping_add(1) };
            let active = SequencePair { sent: own.received.wrapping_sub(1), received: own.sent };
            sequences.contains(&passive) || sequences.contains(&active)
        };
        for (socket, flow) in candidates {
            if !socket.sequence.is_some_and(is_joined) {
                let pid = socket.owners.first().map(|owner| owner.pid);
                self.waiting.push(Question { socket: socket.id, netns: socket.netns, pid, flow });
            }
        }
        // The oldest have waited in vain.
        let too_many = self.waiting.len().saturating_sub(MOST_WAITING);
        self.waiting.drain(..too_many);
        self.given_up = too_many;
        // One that does not answer is not asked more.
        if !self.waiting.is_empty() && errand.open() == 0 {
            let questions = self.waiting.split_off(self.waiting.len().saturating_sub(MOST_AT_ONCE));
            errand.ask(Request { questions, routers: routers() });
        }
    }

    /// What was found out; waits for what is asked until then.
    pub(super) fn hear(&mut self, until: Instant) -> Vec<Translation> {
        let mut translations = Vec::new();
        while let Some(answer) = self.errand.as_mut().and_then(|errand| errand.take_until(until)) {
            translations.extend(answer.translations);
            self.reasons = answer.reasons;
        }
        translations.sort_unstable_by_key(|translation| translation.socket);
        translations
    }

    /// Why less is known than could be.
    pub(super) fn reasons(&self) -> Vec<Text> {
        let mut reasons = self.reasons.clone();
        if self.given_up > 0 {
            let reason =
                format!("{} connections too many to be looked up behind address translation", self.given_up);
            reasons.push(Text::from(reason.as_str()));
        }
        reasons
    }
}

/// A socket's packets as it sends them; `None` while its addresses are not whole, and for what has none.
fn flow(socket: &Socket) -> Option<Flow> {
    let (source, destination) = (socket.local.inet()?, socket.remote.as_ref()?.inet()?);
    let is_whole = |address: std::net::SocketAddr| address.port() != 0 && !address.ip().is_unspecified();
    (is_whole(source) && is_whole(destination)).then_some(Flow {
        protocol: socket.protocol,
        source,
        destination,
    })
}

/// Whether translation may be between the ends. What stays on loopback does so for TCP, or is joined by its sequence
/// numbers; UDP has none, and a container's name server is at a translated loopback address.
fn is_worth(flow: &Flow) -> bool {
    match flow.protocol {
        Protocol::Tcp => !flow.source.ip().is_loopback() && !flow.destination.ip().is_loopback(),
        Protocol::Udp => true,
        Protocol::Unix => false,
    }
}

#[cfg(test)]
#[path = "translations_tests.rs"]
mod tests;
