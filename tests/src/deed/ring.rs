//! Sockets used through `io_uring`: no process makes a system call on them by name.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use io_uring::{IoUring, opcode, squeue, types};
use rustix::net::{AddressFamily, SocketType};

use super::Outcome;

/// Why this kernel has no `io_uring` for this user; `None` where it has.
pub fn missing() -> Option<String> {
    IoUring::new(1).err().map(|error| format!("io_uring is refused: {error}"))
}

/// Accepts a connection.
pub fn accept(listener: &TcpListener) -> Outcome<TcpStream> {
    let accept =
        opcode::Accept::new(types::Fd(listener.as_raw_fd()), std::ptr::null_mut(), std::ptr::null_mut());
    let descriptor = complete(&accept.build())?;
    #[allow(unsafe_code, reason = "the kernel gives descriptors as numbers")]
    // SAFETY: it was made by this call and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }.into())
}

/// Connects.
pub fn connect(address: SocketAddr) -> Outcome<TcpStream> {
    let SocketAddr::V4(to) = address else { return Err("only IPv4 here".into()) };
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    let to = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: to.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*to.ip()).to_be() },
        sin_zero: [0; 8],
    };
    let connect = opcode::Connect::new(
        types::Fd(socket.as_raw_fd()),
        (&raw const to).cast(),
        size_of_val(&to) as libc::socklen_t,
    );
    complete(&connect.build())?;
    Ok(socket.into())
}

/// Sends so many bytes.
pub fn send(stream: &TcpStream, bytes: usize) -> Outcome<()> {
    let mut rest = vec![b'x'; bytes];
    while !rest.is_empty() {
        let send = opcode::Send::new(types::Fd(stream.as_raw_fd()), rest.as_ptr(), rest.len() as u32);
        let count = complete(&send.build())?;
        rest.truncate(rest.len() - usize::try_from(count)?);
    }
    Ok(())
}

/// Receives so many bytes.
pub fn receive(stream: &TcpStream, count: usize) -> Outcome<()> {
    let mut rest = vec![0; count];
    while !rest.is_empty() {
        let receive = opcode::Recv::new(types::Fd(stream.as_raw_fd()), rest.as_mut_ptr(), rest.len() as u32);
        match usize::try_from(complete(&receive.build())?)? {
            0 => return Err("it ended early".into()),
            received => rest.truncate(rest.len() - received),
        }
    }
    Ok(())
}

/// Does one thing through a ring of its own and waits for it. It must own nothing that ends before this returns.
fn complete(entry: &squeue::Entry) -> Outcome<i32> {
    let mut ring = IoUring::new(1)?;
    #[allow(unsafe_code, reason = "the kernel works on memory that the entry points to")]
    // SAFETY: the callers' buffers live until this function has waited for the completion.
    unsafe { ring.submission().push(entry) }?;
    ring.submit_and_wait(1)?;
    let result = ring.completion().next().ok_or("nothing was completed")?.result();
    if result < 0 { Err(std::io::Error::from_raw_os_error(-result).into()) } else { Ok(result) }
}
