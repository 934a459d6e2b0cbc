//! A connection to an engine that never blocks for longer than it may.

use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};

/// A stream that ends at a moment, and at once when `stop` becomes readable. A timeout for each read alone would let
/// an engine that sends a byte now and then go on for ever.
pub(super) struct Connection<'stop> {
    socket: OwnedFd,
    stop: BorrowedFd<'stop>,
    deadline: Instant,
}

impl<'stop> Connection<'stop> {
    /// Connects; all reading and writing together must be done by the deadline.
    pub(super) fn open(path: &Path, stop: BorrowedFd<'stop>, deadline: Instant) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        Ok(Self { socket, stop, deadline })
    }

    /// Sets another deadline.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// The socket itself; it does not block.
    pub(super) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// Waits until the socket is ready.
    fn wait(&self, flags: PollFlags) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let timeout =
            Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) };
        let mut fds = [PollFd::new(&self.socket, flags), PollFd::from_borrowed_fd(self.stop, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if fds[1].revents().is_empty() { Ok(()) } else { Err(Errno::CANCELED.into()) }
    }

    fn retry<T>(&self, flags: PollFlags, mut work: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
        loop {
            // Also for one that has always something to say the deadline holds.
            self.wait(flags)?;
            match work() {
                Err(Errno::AGAIN | Errno::INTR) => {}
                done => return Ok(done?),
            }
        }
    }
}

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.retry(PollFlags::IN, || {
            recv(&self.socket, &mut *buffer, RecvFlags::empty()).map(|(read, _)| read)
        })
    }
}

impl Write for Connection<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retry(PollFlags::OUT, || send(&self.socket, bytes, SendFlags::NOSIGNAL))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
