//! Unix sockets of each kind.

use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::Outcome;

/// A listener at a path or an abstract `@name`.
///
/// # Errors
/// Where there is no such kind, or the kernel refuses.
pub fn listening(kind: &str, name: &str) -> Outcome<OwnedFd> {
    let socket = bound(kind, name)?;
    rustix::net::listen(&socket, 16)?;
    Ok(socket)
}

/// A socket that is bound to a name.
///
/// # Errors
/// As with [`listening`].
pub fn bound(kind: &str, name: &str) -> Outcome<OwnedFd> {
    let socket = socket(kind)?;
    rustix::net::bind(&socket, &address(name)?)?;
    Ok(socket)
}

/// A socket that is connected to whoever has that name.
///
/// # Errors
/// As with [`listening`].
pub fn connected(kind: &str, name: &str) -> Outcome<OwnedFd> {
    let socket = socket(kind)?;
    rustix::net::connect(&socket, &address(name)?)?;
    Ok(socket)
}

/// Two sockets that are connected to each other.
///
/// # Errors
/// As with [`listening`].
pub fn pair(kind: &str) -> Outcome<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, type_of(kind)?, SocketFlags::CLOEXEC, None)?)
}

fn socket(kind: &str) -> Outcome<OwnedFd> {
    Ok(rustix::net::socket_with(AddressFamily::UNIX, type_of(kind)?, SocketFlags::CLOEXEC, None)?)
}

fn type_of(kind: &str) -> Outcome<SocketType> {
    match kind {
        "stream" => Ok(SocketType::STREAM),
        "datagram" => Ok(SocketType::DGRAM),
        "seqpacket" => Ok(SocketType::SEQPACKET),
        _ => Err(format!("no kind of socket: {kind}").into()),
    }
}

fn address(name: &str) -> rustix::io::Result<SocketAddrUnix> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()),
        None => SocketAddrUnix::new(name),
    }
}
