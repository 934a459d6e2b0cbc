//! Reads the counters of UDP flows out of the kernel's map, many with one call.

#![allow(
    unsafe_code,
    reason = "aya has no batches: bpf(2) is called here, with buffers of the sizes that it is told"
)]

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};

use aya::maps::MapData;
use scopetop_tracker_ebpf::{FlowCounters, FlowKey};

use super::address::{IPV6, socket_address};
use crate::connection::flow::{FlowId, Traffic};

const LOOKUP_AND_DELETE: u32 = 21;
const LOOKUP_BATCH: u32 = 24;
const DELETE: u32 = 3;
/// How many flows are asked for at once; more where a single bucket of the map holds more.
const BATCH: usize = 4096;
/// No bucket holds as many as this.
const BATCH_AT_MOST: usize = 1 << 20;

/// The kernel's map of flows.
pub(crate) struct FlowMap {
    map: MapData,
    keys: Vec<FlowKey>,
    values: Vec<FlowCounters>,
}

/// `union bpf_attr` for one element.
#[repr(C)]
struct Element {
    map_fd: u32,
    _padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// `union bpf_attr` for a batch.
#[repr(C)]
struct Batch {
    start: u64,
    end: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

const EMPTY_KEY: FlowKey = FlowKey { socket: 0, remote_address: [0; 16], remote_port: 0, reserved: [0; 3] };

impl FlowMap {
    pub(crate) fn new(map: MapData) -> Self {
        Self { map, keys: Vec::new(), values: Vec::new() }
    }

    /// Calls `each` for every flow. A flow that comes or goes meanwhile may be among them or not.
    pub(crate) fn read(&mut self, mut each: impl FnMut(FlowId, Traffic)) -> io::Result<()> {
        let mut size = BATCH;
        // The kernel's place in the map: a number of four bytes.
        let mut place = 0_u32;
        let mut is_first = true;
        loop {
            self.keys.resize(size, EMPTY_KEY);
            self.values.resize(size, FlowCounters::default());
            let before = place;
            let mut batch = Batch {
                start: if is_first { 0 } else { (&raw const before) as u64 },
                end: (&raw mut place) as u64,
                keys: self.keys.as_mut_ptr() as u64,
                values: self.values.as_mut_ptr() as u64,
                count: size as u32,
                map_fd: self.fd(),
                elem_flags: 0,
                flags: 0,
            };
            // SAFETY: the buffers have room for `count` elements of the map's sizes, and live until it returns.
            let result = unsafe { bpf(LOOKUP_BATCH, &mut batch) };
            let is_last = match result {
                Ok(()) => false,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                // The next bucket holds more than was asked for.
                Err(error) if error.raw_os_error() == Some(libc::ENOSPC) && size < BATCH_AT_MOST => {
                    size *= 4;
                    place = before;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let count = (batch.count as usize).min(size);
            for (key, value) in self.keys.iter().zip(&self.values).take(count) {
                if let Some(flow) = flow_of(key) {
                    each(flow, traffic_of(value));
                }
            }
            if is_last {
                return Ok(());
            }
            is_first = false;
        }
    }

    /// Takes a flow out of the map: its last counters, if it was there. The next datagram makes it a new one.
    pub(crate) fn take(&mut self, flow: FlowId) -> Option<Traffic> {
        let key = key_of(flow);
        let mut value = FlowCounters::default();
        let mut element = Element {
            map_fd: self.fd(),
            _padding: 0,
            key: (&raw const key) as u64,
            value: (&raw mut value) as u64,
            flags: 0,
        };
        // SAFETY: key and value have the map's sizes, and live until it returns.
        match unsafe { bpf(LOOKUP_AND_DELETE, &mut element) } {
            Ok(()) => Some(traffic_of(&value)),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => None,
            Err(_) => {
                element.value = 0;
                // SAFETY: as above. Where it fails the flow stays until it is the one that was quiet longest.
                let _ = unsafe { bpf(DELETE, &mut element) };
                None
            }
        }
    }

    fn fd(&self) -> u32 {
        self.map.fd().as_fd().as_raw_fd().cast_unsigned()
    }
}

/// # Safety
/// What `attributes` points at must be as the command asks for.
unsafe fn bpf<T>(command: u32, attributes: &mut T) -> io::Result<()> {
    // SAFETY: the caller's word.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, libc::c_long::from(command), &raw mut *attributes, size_of::<T>())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn flow_of(key: &FlowKey) -> Option<FlowId> {
    let remote = socket_address(IPV6, &key.remote_address, key.remote_port)?;
    Some(FlowId { socket: key.socket, remote })
}

fn key_of(flow: FlowId) -> FlowKey {
    let remote_address = match flow.remote.ip() {
        std::net::IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        std::net::IpAddr::V6(address) => address.octets(),
    };
    FlowKey { socket: flow.socket, remote_address, remote_port: flow.remote.port(), ..EMPTY_KEY }
}

fn traffic_of(counters: &FlowCounters) -> Traffic {
    Traffic {
        bytes_sent: counters.bytes_sent,
        bytes_received: counters.bytes_received,
        sends: counters.sends,
        receives: counters.receives,
    }
}
