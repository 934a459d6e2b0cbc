//! The kernel's TCP sockets from `/proc/PID/net/tcp` and `tcp6`: the last resort, where netlink is refused. There
//! are no counters in it.

use std::io;
use std::path::Path;

use procfs::process::Process;
use procfs::{ProcError, net::TcpNetEntry};
use rustc_hash::FxHashSet;
use rustix::io::Errno;

use super::namespaces::Namespaces;
use super::{Found, FoundSocket, ScanError, is_whole, stable_identity, with_owners};
use crate::connection::State;
use crate::identity::NetnsId;
use crate::kernel::address::unmapped;
use crate::kernel::clock::Clock;
use crate::kernel::proc_dir::open_namespace;
use crate::text::Text;

/// Scans all network namespaces that have a process. Of those that have only a name in `netns_directory` it
/// tells how many there are: `/proc` has no way to them.
///
/// # Errors
/// `/proc`, or not one table of sockets in it, can be read.
pub fn scan(clock: Clock, netns_directory: &Path) -> Result<Found, ScanError> {
    let began_at = clock.now();
    let namespaces = Namespaces::list(netns_directory).map_err(ScanError::Proc)?;
    let mut sockets = Vec::new();
    let mut reasons = Vec::new();
    let (mut complete, mut read, mut hidden) = (true, 0, 0);
    for (&netns, entrances) in &namespaces.all {
        if entrances.pids.is_empty() {
            hidden += 1;
            continue;
        }
        match entrances.pids.iter().find_map(|&pid| tables(pid, netns).transpose()) {
            Some(Ok(entries)) => {
                read += 1;
                sockets.extend(in_namespace(entries, netns));
            }
            None if namespaces.is_gone(netns) => {}
            failed => {
                complete = false;
                let why = match failed {
                    Some(Err(error)) => error.to_string(),
                    _ => String::from("its processes changed meanwhile"),
                };
                reasons.push(Text::from(format!("network namespace {netns} not seen: {why}").as_str()));
            }
        }
    }
    if read == 0 {
        let reason = reasons.first().map_or("no process can be looked at", Text::as_str);
        return Err(ScanError::Tables(String::from(reason)));
    }
    if hidden > 0 {
        reasons.push(Text::from(
            format!("{hidden} network namespaces not seen: no process is in them").as_str(),
        ));
    }
    reasons.extend(namespaces.reason());
    with_owners(clock, began_at, sockets, complete, reasons)
}

/// The sockets of a namespace as a process in it sees them; `None` if the process ended or moved on.
fn tables(pid: u32, netns: NetnsId) -> Result<Option<Vec<TcpNetEntry>>, ProcError> {
    let read = || {
        let process = Process::new(pid.cast_signed())?;
        let mut entries = process.tcp()?;
        match process.tcp6() {
            Ok(more) => entries.extend(more),
            // A kernel without IPv6.
            Err(ProcError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        // If it is still in the namespace, it was there all the time that counts.
        let now = netns_at(pid).map_err(|error| ProcError::from(io::Error::from(error)))?;
        Ok((now == netns).then_some(entries))
    };
    match read() {
        Err(ProcError::NotFound(_)) => Ok(None),
        // A process that ended while its table was opened, or read.
        Err(ProcError::Io(error, _))
            if [Errno::SRCH, Errno::NXIO]
                .map(|errno| Some(errno.raw_os_error()))
                .contains(&error.raw_os_error()) =>
        {
            Ok(None)
        }
        told => told,
    }
}

/// The namespace that a process is in now.
fn netns_at(pid: u32) -> Result<NetnsId, Errno> {
    let (_, _, inode) = open_namespace(format!("/proc/{pid}/ns/net"))?;
    Ok(NetnsId(inode as u32))
}

fn in_namespace(entries: Vec<TcpNetEntry>, netns: NetnsId) -> Vec<FoundSocket> {
    // The table is read in pieces, and what moves in it meanwhile may be told twice.
    let mut seen = FxHashSet::default();
    entries
        .into_iter()
        .filter_map(|entry| {
            let state = State::from_kernel(entry.state.to_u8())?;
            let local = unmapped(entry.local_address);
            let remote = (state != State::Listen).then(|| unmapped(entry.remote_address));
            let kernel_socket = match entry.inode {
                0 => stable_identity((netns, local, remote)),
                inode => inode,
            };
            let whole = is_whole(state, entry.inode) && seen.insert(kernel_socket);
            whole.then_some(FoundSocket {
                netns,
                kernel_socket,
                inode: entry.inode,
                local,
                remote,
                state,
                counters: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use procfs::net::TcpNetEntries;
    use procfs::{ExplicitSystemInfo, FromBufReadSI};

    use super::*;

    const TABLE: &str = "  sl  local_address                         remote_address                        st \
tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 42 1 0 20 4 30 10 -1
   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 42 1 0 20 4 30 10 -1
   2: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:9C41 06 00000000:00000000 03:00000B3C 00000000     0        0 0 3 0
   3: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:9C42 03 00000000:00000000 01:00000B3C 00000000     0        0 0 3 0
   4: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:9C43 04 00000000:00000001 01:0000003C 00000000     0        0 0 3 0
";

    #[test]
    fn changed_tables_do_no_harm() {
        crate::fuzz::run("proc_net_tcp", 64, |table| {
            let info = ExplicitSystemInfo {
                boot_time_secs: 0,
                ticks_per_second: 100,
                page_size: 4096,
                is_little_endian: true,
            };
            let Ok(entries) = TcpNetEntries::from_buf_read(table, &info) else { return };
            let sockets = in_namespace(entries.0, NetnsId(7));
            let lines = table.split(|&byte| byte == b'\n').count();
            assert!(sockets.len() < lines, "{} sockets of {lines} lines", sockets.len());
            let names: FxHashSet<u64> = sockets.iter().map(|socket| socket.kernel_socket).collect();
            assert_eq!(names.len(), sockets.len(), "one is told twice");
        });
    }

    #[test]
    fn a_table_becomes_sockets_each_once_and_only_whole_ones() {
        let info = ExplicitSystemInfo {
            boot_time_secs: 0,
            ticks_per_second: 100,
            page_size: 4096,
            is_little_endian: true,
        };
        let entries = TcpNetEntries::from_buf_read(TABLE.as_bytes(), &info).unwrap().0;
        let told: Vec<_> = in_namespace(entries, NetnsId(7))
            .into_iter()
            .map(|socket| {
                let remote = socket.remote.map(|remote| remote.to_string()).unwrap_or_default();
                (socket.inode, socket.state.name(), socket.local.to_string(), remote)
            })
            .collect();
        let row = |inode, state, local: &str, remote: &str| (inode, state, local.into(), remote.into());
        assert_eq!(
            told,
            [
                row(41, "listen", "[::]:8080", ""),
                row(42, "established", "127.0.0.1:8080", "127.0.0.1:40000"),
                row(0, "fin_wait1", "[::1]:8080", "[::1]:40003"),
            ]
        );
    }
}
