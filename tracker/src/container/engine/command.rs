//! What engines are told to do with a container, and questions about one.

use std::io::{BufRead, BufReader, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use serde::Deserialize;

use super::connection::Connection;
use super::http::{self, Length};
use super::{EngineError, PATIENCE};
use crate::identity::ContainerId;
use crate::text::Text;

/// An engine gives a container ten seconds to stop before it kills it, and then starts it again if that is asked.
const COMMAND_PATIENCE: Duration = Duration::from_secs(45);

/// How long an engine's reason for a refusal may be, in bytes.
const REASON_AT_MOST: u64 = 8 << 10;

/// What can be done with a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Stop it: its first process is asked to end, and killed after ten seconds.
    Stop,
    /// Stop it and start it again.
    Restart,
}

impl Command {
    /// Its name in the interface, which is also that of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }
}

/// Tells the first engine that knows a container what to do with it, and waits until it is done.
pub(crate) fn command(sockets: &[PathBuf], id: &ContainerId, deed: Command) -> Result<(), EngineError> {
    let target = format!("/containers/{}/{}", in_a_path(id)?, deed.name());
    let never = eventfd(0, EventfdFlags::CLOEXEC).map_err(EngineError::Io)?;
    first_that_knows(sockets, |path| {
        let mut connection = Connection::open(path, never.as_fd(), Instant::now() + COMMAND_PATIENCE)?;
        http::send(&mut connection, "POST", &target)?;
        let mut stream = BufReader::new(connection);
        match http::head(&mut stream)? {
            // Done, or it was so already.
            (204 | 304, _) => Ok(()),
            (status, length) => Err(refusal(&mut stream, status, length)),
        }
    })
}

/// Whether a container has a terminal: its output is then one stream, else several in one.
pub(super) fn has_terminal(path: &Path, id: &str, stop: BorrowedFd<'_>) -> Result<bool, EngineError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Config {
        #[serde(default)]
        tty: bool,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Inspected {
        config: Config,
    }
    let mut connection = Connection::open(path, stop, Instant::now() + PATIENCE)?;
    http::request(&mut connection, &format!("/containers/{id}/json"))?;
    let body = http::read_answer(connection)?;
    let inspected: Inspected = serde_json::from_slice(&body).map_err(|_| EngineError::NotContainers)?;
    Ok(inspected.config.tty)
}

/// Asks one engine after the other until one knows the container. Where none does: why not, of the first that failed
/// for another reason.
pub(super) fn first_that_knows<T>(
    sockets: &[PathBuf],
    mut ask: impl FnMut(&Path) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let mut why = EngineError::Absent;
    for path in sockets {
        match ask(path) {
            Err(EngineError::Absent | EngineError::Status(404) | EngineError::Says(404, _)) => {}
            Err(error) if why == EngineError::Absent => why = error,
            Err(_) => {}
            done => return done,
        }
    }
    Err(why)
}

/// A container's id as a part of a request's path. Ids come from the paths of cgroups, which anybody names; no engine
/// has one of other characters.
pub(super) fn in_a_path(id: &ContainerId) -> Result<&str, EngineError> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let id = id.0.as_str();
    let is_one = !id.is_empty() && id.bytes().all(safe) && !id.bytes().all(|byte| byte == b'.');
    if is_one { Ok(id) } else { Err(EngineError::Absent) }
}

/// Why an engine refused: `{"message": "…"}`, or the status alone.
pub(super) fn refusal(stream: &mut impl BufRead, status: u16, length: Length) -> EngineError {
    #[derive(Deserialize)]
    struct Reason {
        message: Text,
    }
    let mut body = Vec::new();
    // Whatever comes of it before it breaks.
    let _ = match length {
        Length::Chunked => http::Chunked::new(stream).take(REASON_AT_MOST).read_to_end(&mut body),
        Length::Bytes(bytes) => stream.take(REASON_AT_MOST.min(bytes as u64)).read_to_end(&mut body),
        Length::ToEnd => stream.take(REASON_AT_MOST).read_to_end(&mut body),
    };
    match serde_json::from_slice::<Reason>(&body) {
        Ok(reason) if !reason.message.is_empty() => EngineError::Says(status, reason.message),
        _ => EngineError::Status(status),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// An engine that answers one request, and what it was asked.
    fn engine(name: &str, answer: &'static str) -> (PathBuf, thread::JoinHandle<String>) {
        let path = std::env::temp_dir().join(format!("scopetop-act-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let thread = thread::spawn({
            let path = path.clone();
            move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                std::fs::remove_file(path).unwrap();
                String::from_utf8_lossy(&asked[..length]).lines().next().unwrap().to_owned()
            }
        });
        (path, thread)
    }

    fn id(text: &str) -> ContainerId {
        ContainerId(Text::from(text))
    }

    #[test]
    fn the_first_engine_that_knows_it_is_told() {
        let (unknowing, first) = engine(
            "a",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 27\r\n\r\n{\"message\":\"no such thing\"}",
        );
        let (knowing, second) = engine("b", "HTTP/1.1 204 No Content\r\n\r\n");
        let sockets = [PathBuf::from("/nonexistent/engine.sock"), unknowing, knowing];
        assert_eq!(command(&sockets, &id("a1b2"), Command::Restart), Ok(()));
        assert_eq!(first.join().unwrap(), "POST /containers/a1b2/restart HTTP/1.1");
        assert_eq!(second.join().unwrap(), "POST /containers/a1b2/restart HTTP/1.1");
    }

    #[test]
    fn a_container_that_stands_already_is_stopped() {
        let (path, engine) = engine("c", "HTTP/1.1 304 Not Modified\r\n\r\n");
        assert_eq!(command(&[path], &id("a1"), Command::Stop), Ok(()));
        engine.join().unwrap();
    }

    #[test]
    fn a_refusal_has_the_engines_words() {
        let answer = "HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n{\"message\":\"no\\u001b\"}\r\n0\r\n\r\n";
        let (path, engine) = engine("d", answer);
        let refused = command(&[path], &id("a1"), Command::Stop);
        assert_eq!(refused, Err(EngineError::Says(409, Text::from("no\\x1b"))));
        engine.join().unwrap();
    }

    #[test]
    fn what_no_engine_knows_is_nobodys() {
        assert_eq!(command(&[], &id("a1"), Command::Stop), Err(EngineError::Absent));
        // No engine is asked for what cannot be an id.
        for strange in ["", "..", "a/../../images/x", "a b", "a?force=1", "a\r\nX: y", "é"] {
            assert_eq!(in_a_path(&id(strange)), Err(EngineError::Absent), "{strange}");
        }
        assert_eq!(in_a_path(&id("nginx.service")), Ok("nginx.service"));
    }
}
