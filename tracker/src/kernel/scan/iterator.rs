//! The scan by `iter/task_file`: every socket that any process has open, in all namespaces, in one pass.

use std::io::{self, Read};

use crate::connection::flow::{UdpRow, UdpScan};
use crate::connection::{Scan, ScanRow};
use crate::kernel::clock::Clock;
use crate::kernel::convert::{self, RECORD_BYTES};

/// The kernel returns at most 32 KiB a read.
const READ_BYTES: usize = 32 << 10;
/// After a million files that were no sockets the kernel says EAGAIN, and goes on at the next read. A host has fewer
/// files than this many millions.
const MAX_AGAIN: u32 = 1_000;

/// Reads a pass of the iterator to its end: TCP's sockets, and UDP's.
pub(crate) fn read(mut pass: impl Read, clock: Clock) -> io::Result<(Scan, UdpScan)> {
    let began_at = clock.now();
    let mut rows: Vec<ScanRow> = Vec::new();
    let mut udp: Vec<UdpRow> = Vec::new();
    let mut buffer = vec![0_u8; READ_BYTES];
    let mut again = 0;
    // A record may be cut at the end of a read; its rest comes first in the next.
    let mut kept = 0;
    loop {
        match pass.read(&mut buffer[kept..]) {
            Ok(0) => break,
            Ok(count) => {
                let filled = kept + count;
                let whole = filled - filled % RECORD_BYTES;
                for record in buffer[..whole].chunks_exact(RECORD_BYTES).filter_map(convert::record) {
                    if let Some(row) = convert::udp_row(&record, clock) {
                        udp.push(row);
                    } else {
                        rows.extend(convert::scan_row(&record, clock));
                    }
                }
                buffer.copy_within(whole..filled, 0);
                kept = filled - whole;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && again < MAX_AGAIN => again += 1,
            Err(error) => return Err(error),
        }
    }
    let complete = kept == 0;
    let udp = UdpScan { began_at, complete, rows: udp };
    Ok((Scan { began_at, ended_at: clock.now(), complete, rows }, udp))
}
