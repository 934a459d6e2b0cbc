//! Many threads of one process that do the same at once.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::Outcome;

/// So many threads sleep in accept on one listener; each takes one connection and ends.
pub fn accept(listener: &TcpListener, threads: usize) -> Outcome<Vec<TcpStream>> {
    all(threads, || listener.accept().map(|(stream, _)| stream))
}

/// So many threads, none of them the first, connect.
pub fn connect(address: SocketAddr, threads: usize) -> Outcome<Vec<TcpStream>> {
    all(threads, || TcpStream::connect(address))
}

/// What so many threads made, each of which has a name of its own that is not the process's.
fn all(
    threads: usize,
    connection: impl Fn() -> std::io::Result<TcpStream> + Sync,
) -> Outcome<Vec<TcpStream>> {
    let all: std::io::Result<Vec<_>> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|number| {
                thread::Builder::new().name(format!("worker-{number}")).spawn_scoped(scope, &connection)
            })
            .collect::<std::io::Result<_>>()?;
        let joined = started.into_iter().map(|thread| match thread.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    });
    Ok(all?)
}
