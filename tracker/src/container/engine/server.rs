//! One engine: what it lists, and whether anything about it changed.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::connection::Connection;
use super::{EngineError, EngineFacts, PATIENCE, http, list, missing};
use crate::identity::ContainerId;
use crate::text::Text;

/// An engine that failed is not asked again for so long, twice as long after the next failure, …
const FIRST_REST: Duration = Duration::from_secs(1);
/// … and never longer than this.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// How soon the stream of events is asked for again.
const REST_FOR_EVENTS: Duration = Duration::from_secs(10);

/// All containers, also those that stopped: their processes' last sockets may still be there.
const LIST: &str = "/containers/json?all=1";

/// Tells when a container got another name: `{"type":["container"],"event":["rename"]}`.
const EVENTS: &str =
    "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22rename%22%5D%7D";

/// What is remembered of one engine.
pub(super) struct Server {
    path: PathBuf,
    /// The stream of its events. What they say is not looked at: that something comes is the news, and the list is
    /// asked for again. So nothing there can be misread.
    events: Option<OwnedFd>,
    /// Whether something came since the last question: what else comes makes no difference.
    has_news: bool,
    watched_at: Option<Instant>,
    is_there: bool,
    failures: u32,
    rests_until: Option<Instant>,
    /// Why its containers have no names.
    reason: Option<Text>,
}

impl Server {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            events: None,
            has_news: false,
            watched_at: None,
            is_there: false,
            failures: 0,
            rests_until: None,
            reason: None,
        }
    }

    /// What becomes readable when it has news.
    pub(super) fn events(&self) -> Option<&OwnedFd> {
        // Not again before it was asked: one that talks without end would keep the thread from sleeping.
        self.events.as_ref().filter(|_| !self.has_news)
    }

    /// Whether it answers and nobody would notice its news.
    pub(super) fn is_unwatched(&self) -> bool {
        self.is_there && self.events.is_none()
    }

    /// Takes what waits in the stream of its events. Whether that is any; an engine that restarts ends the stream.
    pub(super) fn hear(&mut self) -> bool {
        let Some(socket) = &self.events else { return false };
        match rustix::io::read(socket, &mut [0; 16 << 10]) {
            Ok(1..) => self.has_news = true,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(0) | Err(_) => self.events = None,
        }
        self.has_news
    }

    /// Why its containers have no names; `None` where they have, and where there is no such engine.
    pub(super) fn reason(&self) -> Option<&Text> {
        self.reason.as_ref()
    }

    /// Until when it should not be asked: it failed.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// Its containers; nothing where it rests, fails or is not there.
    pub(super) fn ask(&mut self, stop: BorrowedFd<'_>) -> Vec<(ContainerId, EngineFacts)> {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Vec::new();
        }
        // Before the list is asked for, or what changes in between would be missed.
        self.keep_watching(stop);
        let listed = list(&self.path, stop);
        // An engine can take long to fail.
        self.note(listed.as_ref().err(), Instant::now());
        listed.unwrap_or_default()
    }

    fn note(&mut self, error: Option<&EngineError>, now: Instant) {
        match error {
            Some(error) if *error != EngineError::Absent => {
                let rest = FIRST_REST.saturating_mul(1 << self.failures.min(16)).min(LONGEST_REST);
                self.failures += 1;
                self.rests_until = Some(now + rest);
                let reason = format!("{}: {}", self.path.display(), missing(error));
                self.reason = Some(Text::from(reason.as_str()));
                self.events = None;
            }
            _ => {
                self.is_there = error.is_none();
                self.failures = 0;
                self.rests_until = None;
                self.reason = None;
            }
        }
    }

    /// Opens the stream of its events where there is none.
    fn keep_watching(&mut self, stop: BorrowedFd<'_>) {
        // Everything up to here the list will have.
        self.hear();
        self.has_news = false;
        let now = Instant::now();
        // An engine that ends it at once is not asked for it all the time.
        let rested = self.watched_at.is_none_or(|at| now.saturating_duration_since(at) >= REST_FOR_EVENTS);
        if self.events.is_some() || !rested {
            return;
        }
        let watched = Connection::open(&self.path, stop, now + PATIENCE).and_then(|mut connection| {
            self.watched_at = Some(now);
            http::request(&mut connection, EVENTS)?;
            Ok(connection.into_socket())
        });
        // Why it fails, the list will tell.
        self.events = watched.ok();
    }
}

/// Asks the engine at `path` for its containers.
pub(super) fn list(
    path: &Path,
    stop: BorrowedFd<'_>,
) -> Result<Vec<(ContainerId, EngineFacts)>, EngineError> {
    let mut connection = Connection::open(path, stop, Instant::now() + PATIENCE)?;
    http::request(&mut connection, LIST)?;
    list::containers(&http::read_answer(connection)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    #[test]
    fn an_engine_that_fails_rests_longer_each_time_until_it_answers() {
        let now = Instant::now();
        let mut server = Server::new("/x/engine.sock".into());
        let rests: Vec<_> = (0..6)
            .map(|_| {
                server.note(Some(&EngineError::Silent), now);
                (server.rests_until().unwrap() - now).as_secs()
            })
            .collect();
        assert_eq!(rests, [1, 2, 4, 8, 10, 10]);
        assert_eq!(
            server.reason().unwrap().as_str(),
            "/x/engine.sock: names, images and labels of its containers are missing (no answer within 2 s)"
        );
        server.note(None, now);
        assert_eq!((server.reason(), server.rests_until()), (None, None));
    }

    #[test]
    fn an_engine_that_is_not_there_is_no_reason() {
        let mut server = Server::new("/nonexistent/engine.sock".into());
        let never = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
        assert_eq!(server.ask(std::os::fd::AsFd::as_fd(&never)), []);
        assert_eq!((server.reason(), server.rests_until()), (None, None));
        assert!(server.events().is_none());
    }
}
