//! What a container writes, followed as it comes.

use std::io::{BufReader, Read};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::command::{first_that_knows, has_terminal, in_a_path, refusal};
use super::connection::Connection;
use super::http::{self, Length};
use super::log_lines::{LogLine, LogLines};
use super::{EngineError, PATIENCE};
use crate::identity::ContainerId;
use crate::text::Text;

/// How many of the lines that are there already are told.
const TAIL: usize = 500;

/// How long a stream may last, which is for ever.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// How many pieces of news wait for whoever follows; then the engine waits.
const WAITING: usize = 16;

/// How many bytes are read at once.
const READ: usize = 16 << 10;

/// What is told of a container's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogNews {
    /// Lines, in the order in which they came.
    Lines(Vec<LogLine>),
    /// It has ended: the container stopped, or the connection broke for this reason.
    Ended(Option<Text>),
}

/// A container's output, followed by a thread of its own until this is dropped.
#[derive(Debug)]
pub struct Logs {
    news: Option<Receiver<LogNews>>,
    /// Readable when the thread is to end.
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Logs {
    /// The next news; `None` after the end. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Option<LogNews> {
        self.news.as_mut()?.recv().await
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        // Whatever the thread waits for, that wait ends now.
        self.news = None;
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            // One that panicked has told so on standard error already.
            let _ = thread.join();
        }
    }
}

/// Follows the output of a container of the first engine that knows it, from its last lines on.
pub(crate) fn follow(sockets: &[PathBuf], id: &ContainerId) -> Result<Logs, EngineError> {
    let id = in_a_path(id)?;
    let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(EngineError::Io)?);
    // An engine that is silent is known before anything is opened on the screen.
    let (path, terminal) =
        first_that_knows(sockets, |path| Ok((path.to_path_buf(), has_terminal(path, id, stop.as_fd())?)))?;
    let (teller, news) = channel(WAITING);
    let (id, stopped) = (id.to_owned(), Arc::clone(&stop));
    let work = move || {
        let ended = read(&path, &id, terminal, &stopped, &teller);
        let _ = teller
            .blocking_send(LogNews::Ended(ended.err().map(|error| Text::from(error.to_string().as_str()))));
    };
    let thread = std::thread::Builder::new().name(String::from("logs")).spawn(work)?;
    Ok(Logs { news: Some(news), stop, thread: Some(thread) })
}

fn read(
    path: &Path,
    id: &str,
    terminal: bool,
    stop: &OwnedFd,
    teller: &Sender<LogNews>,
) -> Result<(), EngineError> {
    let mut connection = Connection::open(path, stop.as_fd(), Instant::now() + PATIENCE)?;
    http::request(&mut connection, &format!("/containers/{id}/logs?follow=1&stdout=1&stderr=1&tail={TAIL}"))?;
    // A container may say nothing for days, and the head of the answer may come with its first line.
    connection.set_deadline(Instant::now() + FOR_EVER);
    let mut stream = BufReader::new(connection);
    match http::head(&mut stream)? {
        (200, Length::Chunked) => pump(http::Chunked::new(stream), terminal, teller),
        (200, Length::ToEnd) => pump(stream, terminal, teller),
        (200, Length::Bytes(bytes)) => pump(stream.take(bytes as u64), terminal, teller),
        (status, length) => Err(refusal(&mut stream, status, length)),
    }
}

/// Tells what comes until nothing comes or nobody listens.
fn pump(mut output: impl Read, terminal: bool, teller: &Sender<LogNews>) -> Result<(), EngineError> {
    let mut log = LogLines::new(terminal);
    let mut buffer = vec![0; READ];
    loop {
        let mut lines = Vec::new();
        let read = output.read(&mut buffer)?;
        let taken = log.take(&buffer[..read], &mut lines);
        if read == 0 || taken.is_err() {
            log.end(&mut lines);
        }
        if !lines.is_empty() && teller.blocking_send(LogNews::Lines(lines)).is_err() {
            return Err(EngineError::Io(Errno::CANCELED));
        }
        taken?;
        if read == 0 {
            return Ok(());
        }
    }
}
