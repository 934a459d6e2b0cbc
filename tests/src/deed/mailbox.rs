//! Sockets passed on to another process over a Unix socket (`SCM_RIGHTS`).

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketType, bind, recvmsg, sendmsg_addr, socket,
};

use super::Outcome;

/// Where sockets arrive: a name in the abstract namespace, which each network namespace has of its own.
#[derive(Debug)]
pub struct Mailbox(OwnedFd);

impl Mailbox {
    /// Opens one.
    pub fn open(name: &str) -> Outcome<Self> {
        let letters = socket(AddressFamily::UNIX, SocketType::DGRAM, None)?;
        bind(&letters, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
        Ok(Self(letters))
    }

    /// Waits for a socket.
    pub fn take(&self) -> Outcome<OwnedFd> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut rights = RecvAncillaryBuffer::new(&mut space);
        recvmsg(&self.0, &mut [IoSliceMut::new(&mut [0])], &mut rights, RecvFlags::CMSG_CLOEXEC)?;
        let passed = rights.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        passed.ok_or_else(|| "no socket came".into())
    }

    /// Reads past a socket that came: the kernel lets go of it in this call, which looks like a read of anything else.
    pub fn discard(&self) -> Outcome<()> {
        let read = rustix::io::read(&self.0, &mut [0; 8])?;
        if read == 0 { Err("nothing came".into()) } else { Ok(()) }
    }
}

/// Passes a socket on; the own copy stays open.
pub fn pass(name: &str, passed: BorrowedFd<'_>) -> Outcome<()> {
    let letters = socket(AddressFamily::UNIX, SocketType::DGRAM, None)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    let descriptors = [passed];
    if !rights.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err("no room for a socket".into());
    }
    let to = SocketAddrUnix::new_abstract_name(name.as_bytes())?;
    sendmsg_addr(letters.as_fd(), &to, &[IoSlice::new(b"x")], &mut rights, SendFlags::empty())?;
    Ok(())
}
