//! The end of connections, by the kernel's `SOCK_DESTROY`: its own end is closed with an error, the other end is told
//! (by a reset).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;

use super::ActError;
use super::process::started;
use crate::identity::{NetnsId, ProcessId};
use crate::kernel::address::{IPV4, IPV6};
use crate::kernel::netlink::{
    AnswerKind, NetlinkError, NetlinkSocket, Patience, REQUEST, Reader, push_header, u32_at,
};
use crate::kernel::proc_dir::{each_number, open_directory, open_proc, read_numbered_link};
use crate::kernel::scan::NETNS_DIRECTORY;
use crate::kernel::visits::{Visit, Visits, Ways};
use crate::text::Text;

/// One end of a TCP connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpEnd {
    /// The network namespace that its socket lives in.
    pub netns: NetnsId,
    /// Its own address, as its socket has it.
    pub local: SocketAddr,
    /// The other end's, as its socket sees it.
    pub remote: SocketAddr,
    /// The processes that are shown as holding it; none where that is not known.
    pub owners: Vec<ProcessId>,
}

// include/uapi/linux/sock_diag.h, inet_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const SOCK_DESTROY: u16 = 21;
/// The flag of a question that asks to be told when it was done.
const ACKNOWLEDGE: u16 = 0x004;
const IPPROTO_TCP: u8 = 6;
const ALL_STATES: u32 = u32::MAX;
/// "Whichever has these addresses".
const NO_COOKIE: [u8; 8] = [0xff; 8];
/// Where in an answer (struct `inet_diag_msg`) the cookie and the inode's number are.
const COOKIE: usize = 44;
const INODE: usize = 68;

/// The kernel answers from memory.
const PATIENCE: Duration = Duration::from_secs(2);

/// Closes these ends, one after the other, each only if a process that is shown as its owner still holds it (where any
/// is shown). How each went, in the same order.
///
/// It looks the socket up by its addresses, looks who holds it, and closes the very one that it looked at: the kernel
/// compares the cookie, which is never used again.
pub fn close(ends: &[TcpEnd]) -> Vec<Result<(), ActError>> {
    // On a thread of its own: it goes into other network namespaces.
    let work = || {
        let mut ways = Ways::new(NETNS_DIRECTORY);
        let mut visits = Visits::new(&mut ways);
        ends.iter().map(|end| close_in(&mut visits, end)).collect::<Vec<_>>()
    };
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(String::from("act")).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    done.unwrap_or_else(|| ends.iter().map(|_| Err(ActError::System(Errno::AGAIN))).collect())
}

fn close_in(visits: &mut Visits<'_>, end: &TcpEnd) -> Result<(), ActError> {
    let pid = end.owners.first().map(|owner| owner.pid);
    match visits.enter(end.netns, pid) {
        Ok(Visit::Inside) => {}
        Ok(Visit::Gone) => return Err(ActError::Gone),
        Err(Errno::PERM) => {
            return Err(ActError::NotPermitted("entering its network namespace needs CAP_SYS_ADMIN"));
        }
        Err(error) => return Err(ActError::System(error)),
    }
    let socket = NetlinkSocket::open(Some(SOCK_DIAG), Patience::SHORT)?;
    let (cookie, inode) = find(&socket, end)?;
    // Without an inode no process holds it any more, or none yet: it is still the connection that is meant.
    if inode != 0 && !end.owners.is_empty() && !end.owners.iter().any(|&owner| holds(owner, inode)) {
        return Err(ActError::OtherHolder);
    }
    destroy(&socket, end, cookie)
}

/// The cookie and the inode's number of the socket with these addresses.
fn find(socket: &NetlinkSocket, end: &TcpEnd) -> Result<([u8; 8], u64), ActError> {
    let question = request(SOCK_DIAG_BY_FAMILY, REQUEST, 1, end, NO_COOKIE);
    let item = ask(socket, &question, 1)?.ok_or_else(unexpected)?;
    let cookie = item.get(COOKIE..).and_then(<[u8]>::first_chunk).ok_or_else(unexpected)?;
    Ok((*cookie, u64::from(u32_at(&item, INODE).ok_or_else(unexpected)?)))
}

fn destroy(socket: &NetlinkSocket, end: &TcpEnd, cookie: [u8; 8]) -> Result<(), ActError> {
    let question = request(SOCK_DESTROY, REQUEST | ACKNOWLEDGE, 2, end, cookie);
    match ask(socket, &question, 2)? {
        None => Ok(()),
        Some(_) => Err(unexpected()),
    }
}

/// Asks for one thing: what the answer is, or nothing where it is an acknowledgement.
fn ask(socket: &NetlinkSocket, question: &[u8], sequence: u32) -> Result<Option<Vec<u8>>, ActError> {
    socket.send(question)?;
    let mut buffer = vec![0; 8192];
    let until = Instant::now() + PATIENCE;
    loop {
        let length = socket.receive(&mut buffer, until)?;
        let datagram = buffer.get(..length).ok_or(NetlinkError::Truncated("a datagram"))?;
        for message in Reader::new(datagram) {
            match message? {
                (of, AnswerKind::Item(_, body)) if of == sequence => return Ok(Some(body.to_vec())),
                (of, AnswerKind::Ended(None)) if of == sequence => return Ok(None),
                (of, AnswerKind::Ended(Some(error))) if of == sequence => {
                    return Err(NetlinkError::Refused(error).into());
                }
                _ => {}
            }
        }
    }
}

/// A message about one socket: struct `inet_diag_req_v2`.
fn request(kind: u16, flags: u16, sequence: u32, end: &TcpEnd, cookie: [u8; 8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(56);
    let family = if end.local.is_ipv4() { IPV4 } else { IPV6 };
    body.extend([family as u8, IPPROTO_TCP, 0, 0]);
    body.extend(ALL_STATES.to_ne_bytes());
    for address in [end.local, end.remote] {
        body.extend(address.port().to_be_bytes());
    }
    for address in [end.local, end.remote] {
        let mut octets = [0; 16];
        match address.ip() {
            IpAddr::V4(address) => octets[..4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => octets = address.octets(),
        }
        body.extend(octets);
    }
    // A link-local address means something on one interface only.
    let interface = match end.local {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id(),
    };
    body.extend(interface.to_ne_bytes());
    body.extend(cookie);
    let mut message = Vec::new();
    push_header(&mut message, kind, flags, sequence, &body, 0);
    message
}

/// Whether a process has a socket open.
fn holds(process: ProcessId, inode: u64) -> bool {
    let has_it = || {
        let name = std::ffi::CString::new(process.pid.to_string()).ok()?;
        let files = open_directory(open_directory(open_proc().ok()?, &name).ok()?, c"fd").ok()?;
        let mut found = false;
        each_number(&files, &mut Vec::new(), |file, _| {
            found |= read_numbered_link(&files, file, b"socket") == Ok(Some(inode));
        })
        .ok()?;
        Some(found)
    };
    // Read before and after: then it is the same process that was looked at.
    let is_it = || started(process.pid) == Some(process.started);
    is_it() && has_it() == Some(true) && is_it()
}

fn unexpected() -> ActError {
    NetlinkError::Unexpected("what the kernel says of one socket").into()
}

impl From<NetlinkError> for ActError {
    fn from(error: NetlinkError) -> Self {
        match error {
            NetlinkError::Refused(Errno::NOENT) => Self::Gone,
            NetlinkError::Refused(Errno::PERM | Errno::ACCESS) => {
                Self::NotPermitted("closing the sockets of others needs CAP_NET_ADMIN in their namespace")
            }
            NetlinkError::Refused(Errno::OPNOTSUPP | Errno::PROTONOSUPPORT) => Self::NotInKernel,
            NetlinkError::Refused(error) => Self::System(error),
            error => Self::Answer(Text::from(error.to_string().as_str())),
        }
    }
}
