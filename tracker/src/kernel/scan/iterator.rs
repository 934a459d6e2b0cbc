//! The scan by `iter/task_file`: every socket that any process has open, in all namespaces, in one pass.

use std::io::{self, Read};

use crate::connection::flow::{UdpRow, UdpScan};
use crate::connection::{Scan, ScanRow, UnixRow};
use crate::kernel::clock::Clock;
use crate::kernel::convert::{self, RECORD_BYTES};
use crate::kernel::unix_record::{self, UNIX_RECORD_BYTES, begins_unix_record};

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
    let mut unix: Vec<UnixRow> = Vec::new();
    let mut buffer = vec![0_u8; READ_BYTES];
    let mut again = 0;
    // A record may be cut at the end of a read; its rest comes first in the next.
    let mut kept = 0;
    loop {
        match pass.read(&mut buffer[kept..]) {
            Ok(0) => break,
            Ok(count) => {
                let filled = kept + count;
                let mut whole = 0;
                while let Some((bytes, is_unix)) = next_record(&buffer[whole..filled]) {
                    if is_unix {
                        unix.extend(
                            unix_record::unix_record(bytes)
                                .and_then(|record| unix_record::unix_row(&record, clock)),
                        );
                    } else if let Some(record) = convert::record(bytes) {
                        match convert::udp_row(&record, clock) {
                            Some(row) => udp.push(row),
                            None => rows.extend(convert::scan_row(&record, clock)),
                        }
                    }
                    whole += bytes.len();
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
    Ok((Scan { began_at, ended_at: clock.now(), complete, rows, unix }, udp))
}

/// The next record, and whether it is a Unix socket's; `None` where it is not whole.
fn next_record(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let is_unix = begins_unix_record(bytes);
    let length = if is_unix { UNIX_RECORD_BYTES } else { RECORD_BYTES };
    Some((bytes.get(..length)?, is_unix))
}
