//! The thread that asks the engines.

use std::collections::hash_map::Entry;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::EngineFacts;
use super::server::Server;
use crate::identity::ContainerId;
use crate::text::Text;

/// How soon after a question a container that is new may cause the next.
const REST_FOR_NEW: Duration = Duration::from_millis(250);
/// How soon after a question an engine's event may cause the next.
const REST_FOR_NEWS: Duration = Duration::from_secs(1);
/// How soon the engines are asked again for containers that none of them knew. Each time it is twice as long, …
const FIRST_REST_FOR_MISSING: Duration = Duration::from_secs(1);
/// … up to this: other engines than these make containers too.
const LONGEST_REST_FOR_MISSING: Duration = Duration::from_mins(1);
/// How old the names may get where an engine tells no events.
const REFRESH: Duration = Duration::from_secs(10);

/// News of containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What is new or changed, each container once.
    pub containers: Vec<(ContainerId, EngineFacts)>,
    /// Why containers have no names: a sentence for each engine that fails at the moment.
    pub reasons: Vec<Text>,
}

/// The engines of this host. Until the first container is wanted nothing runs and nothing is asked.
#[derive(Debug)]
pub struct Engines {
    sockets: Vec<PathBuf>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    wanted: Sender<FxHashSet<ContainerId>>,
    /// Taken before the thread is waited for, which may be handing something over.
    told: Option<Receiver<Told>>,
    /// Readable when something is wanted.
    wake: Arc<OwnedFd>,
    /// Readable when the thread is to end.
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Engines {
    /// Those that listen at these sockets, now or later; the first is believed most (see [`super::sockets`]).
    pub fn new(sockets: Vec<PathBuf>) -> Self {
        Self { sockets, running: None }
    }

    /// From now on these containers are to be known, and no others. Answers come when they come.
    pub fn want(&mut self, containers: FxHashSet<ContainerId>) {
        if self.running.is_none() && !containers.is_empty() && !self.sockets.is_empty() {
            // Without a thread or a descriptor to spare there are no names; the next container tries again.
            self.running = Running::start(&self.sockets).ok();
        }
        if let Some(running) = &self.running {
            // Neither fails while the thread runs, and it runs until this is dropped.
            let _ = running.wanted.send(containers);
            let _ = rustix::io::write(&running.wake, &1_u64.to_ne_bytes());
        }
    }

    /// What was told since the last time, the oldest first. It never waits.
    pub fn take_told(&mut self) -> Option<Told> {
        self.running.as_ref()?.told.as_ref()?.try_recv().ok()
    }
}

impl Running {
    fn start(sockets: &[PathBuf]) -> io::Result<Self> {
        let descriptor =
            || Ok::<_, io::Error>(Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?));
        let (wake, stop) = (descriptor()?, descriptor()?);
        let (wanted, wants) = mpsc::channel();
        // Nothing piles up for one who does not listen.
        let (teller, told) = mpsc::sync_channel(1);
        let asker = Asker {
            servers: sockets.iter().cloned().map(Server::new).collect(),
            wants,
            teller,
            wake: wake.clone(),
            stop: stop.clone(),
            wanted: FxHashSet::default(),
            known: FxHashMap::default(),
            reasons: Vec::new(),
            asked_at: None,
            due: None,
            rest_for_missing: FIRST_REST_FOR_MISSING,
        };
        let thread = std::thread::Builder::new().name("engines".to_owned()).spawn(move || asker.run())?;
        Ok(Self { wanted, told: Some(told), wake, stop, thread: Some(thread) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.told = None;
        // Every wait of the thread ends now.
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            // One that panicked has told so on standard error already.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Asker {
    servers: Vec<Server>,
    wants: Receiver<FxHashSet<ContainerId>>,
    teller: SyncSender<Told>,
    wake: Arc<OwnedFd>,
    stop: Arc<OwnedFd>,
    wanted: FxHashSet<ContainerId>,
    /// What was told, and by which server.
    known: FxHashMap<ContainerId, (usize, EngineFacts)>,
    reasons: Vec<Text>,
    asked_at: Option<Instant>,
    /// When to ask next; `None` for not until something happens.
    due: Option<Instant>,
    rest_for_missing: Duration,
}

impl Asker {
    /// Works until it is stopped.
    fn run(mut self) {
        while self.sleep() && self.take_wants() {
            let now = Instant::now();
            if self.due.is_some_and(|due| due <= now) && !self.ask() {
                return;
            }
        }
    }

    /// Sleeps until something is wanted, an engine has news, or it is time to ask. `false` when it is to end.
    fn sleep(&mut self) -> bool {
        let timeout = self.due.map(|due| {
            let left = due.saturating_duration_since(Instant::now());
            Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) }
        });
        let mut fds = vec![PollFd::new(&*self.stop, PollFlags::IN), PollFd::new(&*self.wake, PollFlags::IN)];
        let watched: Vec<_> =
            (0..self.servers.len()).filter(|&index| self.servers[index].events().is_some()).collect();
        fds.extend(self.servers.iter().filter_map(Server::events).map(|fd| PollFd::new(fd, PollFlags::IN)));
        // An interrupted sleep is a short one.
        let _ = poll(&mut fds, timeout.as_ref());
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[0] {
            return false;
        }
        if ready[1] {
            let _ = rustix::io::read(&*self.wake, &mut [0; 8]);
        }
        for (&index, _) in watched.iter().zip(&ready[2..]).filter(|(_, ready)| **ready) {
            let rest = if self.servers[index].hear() { REST_FOR_NEWS } else { REFRESH };
            if !self.wanted.is_empty() {
                self.ask_after(rest);
            }
        }
        true
    }

    /// Takes in what is wanted. `false` when nobody can want anything any more.
    fn take_wants(&mut self) -> bool {
        loop {
            match self.wants.try_recv() {
                Ok(wanted) => self.want(wanted),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn want(&mut self, wanted: FxHashSet<ContainerId>) {
        // One by one: what was not wanted for a moment has been forgotten, and is told anew.
        self.known.retain(|id, _| wanted.contains(id));
        if wanted.iter().any(|id| !self.wanted.contains(id)) {
            self.rest_for_missing = FIRST_REST_FOR_MISSING;
            self.ask_after(REST_FOR_NEW);
        }
        self.wanted = wanted;
        if self.wanted.is_empty() {
            self.due = None;
        }
    }

    /// Asks so long after the last question, if not before.
    fn ask_after(&mut self, rest: Duration) {
        let now = Instant::now();
        let at = self.asked_at.map_or(now, |asked| asked + rest);
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Asks all engines and tells what is new. `false` when nobody listens any more.
    fn ask(&mut self) -> bool {
        let mut news = Vec::new();
        for (index, server) in self.servers.iter_mut().enumerate() {
            for (id, facts) in server.ask(self.stop.as_fd()) {
                if self.wanted.contains(&id) && learn(&mut self.known, &id, index, &facts) {
                    news.push((id, facts));
                }
            }
        }
        let now = Instant::now();
        self.asked_at = Some(now);
        self.plan(now);

        let reasons: Vec<_> = self.servers.iter().filter_map(Server::reason).cloned().collect();
        if news.is_empty() && reasons == self.reasons {
            return true;
        }
        self.reasons.clone_from(&reasons);
        self.teller.send(Told { containers: news, reasons }).is_ok()
    }

    /// When to ask next, if nothing happens until then.
    fn plan(&mut self, now: Instant) {
        let mut due = self.servers.iter().filter_map(Server::rests_until).min();
        if self.wanted.len() > self.known.len() {
            let at = now + self.rest_for_missing;
            due = Some(due.map_or(at, |due| due.min(at)));
            self.rest_for_missing = (self.rest_for_missing * 2).min(LONGEST_REST_FOR_MISSING);
        }
        if self.servers.iter().any(Server::is_unwatched) {
            let at = now + REFRESH;
            due = Some(due.map_or(at, |due| due.min(at)));
        }
        self.due = due;
    }
}

/// Notes what a server told of a container. `false` where that is known, or another server is believed more: one that
/// is lying (a user's own, for one) cannot rename what the system's engine named.
fn learn(
    known: &mut FxHashMap<ContainerId, (usize, EngineFacts)>,
    id: &ContainerId,
    server: usize,
    facts: &EngineFacts,
) -> bool {
    match known.entry(id.clone()) {
        Entry::Vacant(entry) => {
            entry.insert((server, facts.clone()));
            true
        }
        Entry::Occupied(mut entry) => {
            let (before, known) = entry.get();
            let news = server <= *before && known != facts;
            if news {
                entry.insert((server, facts.clone()));
            }
            news
        }
    }
}

#[cfg(test)]
#[path = "engines_tests.rs"]
mod tests;
