//! Loads the eBPF object, attaches the best hooks that this kernel allows, and says what became of the others.

use std::fs;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use aya::maps::{Map, MapData, PerCpuArray, RingBuf};
use aya::programs::{BtfTracePoint, FExit, Iter, Program, ProgramError, RawTracePoint};
use aya::{Btf, Ebpf, EbpfLoader, Endianness};
use rustc_hash::FxHashMap;
use scopetop_tracker_ebpf::Setting;

use super::btf::KernelTypes;
use super::cgroup_hierarchy::CgroupHierarchy;
use super::flow_map::FlowMap;
use super::offsets::Globals;
use super::udp;
use crate::report::{Outcome, Part, Step};
use crate::text::Text;

/// The eBPF object, built by `tracker-ebpf/build.sh`.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../assets/scopetop.bpf.o");

/// The way to find owners by the lengths of sends and receives.
const LENGTHS: &str = "sock_length";

/// Where the kernel tells its types.
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";

/// The sizes of the ring buffer that are tried, in bytes. The largest holds some 45,000 records: a quarter of a
/// second of connections opened and closed as fast as one CPU can.
const RING_BYTES: [u32; 3] = [8 << 20, 1 << 20, 128 << 10];

/// The object's programs by name.
pub(super) type Programs<'a> = FxHashMap<&'a str, &'a mut Program>;

/// A way by its name, and how to try it.
type Attempt<'a> = (&'static str, &'a dyn Fn(&mut Programs<'_>) -> Result<(), ProgramError>);

/// The hooks, attached, and the way out of the kernel. The kernel detaches everything when this is dropped, or when
/// the process dies in whatever way: nothing is pinned.
pub(crate) struct Probes {
    ebpf: Ebpf,
    /// Records on their way here.
    pub(crate) ring: RingBuf<MapData>,
    lost: PerCpuArray<MapData, u64>,
    /// How state changes are told: `tp_btf` or `raw_tp`.
    pub(crate) events: &'static str,
    /// How accepted sockets find their owner; `listener` where no hook tells.
    pub(crate) owners: &'static str,
    /// Whether [`Probes::open_scan`] works.
    pub(crate) has_iterator: bool,
    /// The counters of UDP's flows; `None` where nothing counts them.
    pub(crate) flows: Option<FlowMap>,
}

/// Why there are no hooks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("{KERNEL_TYPES} cannot be read: {0}")]
    NoTypes(#[source] io::Error),
    #[error(transparent)]
    BadTypes(#[from] super::btf::BtfError),
    #[error("{KERNEL_TYPES} is not understood: {0}")]
    UnreadableTypes(#[source] aya::BtfError),
    #[error("{0}")]
    Object(String),
    #[error("--backend proc was asked for")]
    NotAsked,
    #[error("no hook on inet_sock_set_state can be attached")]
    NoEvents,
}

impl Probes {
    /// Loads and attaches. Each thing tried is added to `steps`.
    pub(crate) fn attach(hierarchy: &CgroupHierarchy, steps: &mut Vec<Step>) -> Result<Self, ProbeError> {
        let (loaded, btf) = match load(hierarchy) {
            Ok(loaded) => loaded,
            Err(error) => {
                let remedy = Text::from("use a kernel that is built with CONFIG_DEBUG_INFO_BTF");
                steps.push(Step { remedy: Some(remedy), ..refused(Part::Types, "btf", &error.to_string()) });
                return Err(error);
            }
        };
        steps.push(chosen(Part::Types, "btf"));

        let mut ebpf = match loaded {
            Ok(ebpf) => ebpf,
            Err(reason) => {
                steps.push(refused(Part::Events, "tp_btf", &reason));
                return Err(ProbeError::Object(reason));
            }
        };
        let mut programs: Programs<'_> = ebpf.programs_mut().collect();
        let names = ["state_typed", "destroy_typed", "state_raw", "destroy_raw"];
        let mut for_events: Programs<'_> =
            names.iter().filter_map(|name| programs.remove_entry(name)).collect();
        let mut event_steps = Vec::new();
        // The verifier takes milliseconds for each program, and takes two at once.
        let (events, owners, sees_udp, has_iterator) = std::thread::scope(|scope| {
            let events = scope.spawn(|| attach_events(&mut for_events, &btf, &mut event_steps));
            let owners = attach_owners(&mut programs, &btf, steps);
            let sees_udp = udp::attach(&mut programs, &btf, owners == LENGTHS, steps);
            let has_iterator = load_iterator(&mut programs, &btf, steps);
            (events.join().ok().flatten(), owners, sees_udp, has_iterator)
        });
        steps.extend(event_steps);
        // Events name a socket by the kernel's address of it, and so does no other scan.
        if has_iterator {
            attach_unix(&mut programs, &btf, steps);
        }
        let events = events.ok_or(ProbeError::NoEvents)?;

        let map_missing = |name: &str| ProbeError::Object(format!("the object has no map {name}"));
        let ring = ebpf.take_map("RECORDS").ok_or_else(|| map_missing("RECORDS"))?;
        let lost = ebpf.take_map("LOST").ok_or_else(|| map_missing("LOST"))?;
        let flows = match ebpf.take_map("FLOWS") {
            Some(Map::LruHashMap(flows)) if sees_udp => Some(FlowMap::new(flows)),
            _ => None,
        };
        Ok(Self {
            ring: RingBuf::try_from(ring).map_err(|error| ProbeError::Object(error.to_string()))?,
            lost: PerCpuArray::try_from(lost).map_err(|error| ProbeError::Object(error.to_string()))?,
            ebpf,
            events,
            owners,
            has_iterator,
            flows,
        })
    }

    /// Readable when much waits in the ring buffer.
    pub(crate) fn ring_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }

    /// How many records found no room so far, over all CPUs.
    pub(crate) fn lost(&self) -> u64 {
        // The one element is always there; a failed look-up would be told again the next time.
        self.lost.get(&0, 0).map_or(0, |cpus| cpus.iter().sum())
    }

    /// A fresh pass of the iterator over every open file of every process.
    pub(crate) fn open_scan(&mut self) -> io::Result<impl io::Read + use<>> {
        let program: &mut Iter = self
            .ebpf
            .program_mut("open_sockets")
            .ok_or_else(|| io::Error::other("the object has no iterator"))?
            .try_into()
            .map_err(io::Error::other)?;
        let link = program.attach().map_err(io::Error::other)?;
        let link = program.take_link(link).map_err(io::Error::other)?;
        link.into_file().map_err(io::Error::other)
    }
}

/// Reads the kernel's types and creates the maps; why there are none, where there are none.
fn load(hierarchy: &CgroupHierarchy) -> Result<(Result<Ebpf, String>, Btf), ProbeError> {
    // aya's loader reads and parses all of the kernel's types, whether they are needed or not, and does not hand them
    // out. That takes as long as all the rest here, so it is done meanwhile.
    std::thread::scope(|scope| {
        let loader = scope.spawn(EbpfLoader::new);
        let blob = read_types().map_err(ProbeError::NoTypes)?;
        let globals = Globals::read(&KernelTypes::parse(&blob)?, hierarchy)?;
        let btf = Btf::parse(&blob, Endianness::default()).map_err(ProbeError::UnreadableTypes)?;
        let maps = match loader.join() {
            Ok(loader) => create_maps(loader, globals),
            Err(_) => Err("the loader panicked".to_owned()),
        };
        Ok((maps, btf))
    })
}

fn read_types() -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(KERNEL_TYPES)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len() as usize);
    let mut blob = Vec::with_capacity(size + 1);
    file.read_to_end(&mut blob)?;
    Ok(blob)
}

/// Creates the maps, with the largest ring buffer that the memory limit allows.
fn create_maps(loader: EbpfLoader<'static>, globals: Globals) -> Result<Ebpf, String> {
    raise_memory_limit();
    let attempts = RING_BYTES.map(|bytes| {
        let mut globals = globals;
        globals.set(Setting::WakeAt, bytes / 4);
        (bytes, globals)
    });
    // It borrows what it is given.
    let mut loader: EbpfLoader<'_> = loader;
    // The object has no relocations against the kernel's types.
    loader.btf(None);
    let mut reason = String::new();
    for (bytes, globals) in &attempts {
        let maps = loader
            .override_global("OFFSETS", &globals.offsets[..], true)
            .override_global("SETTINGS", &globals.settings[..], true)
            .map_max_entries("RECORDS", *bytes)
            .load(OBJECT);
        match maps {
            Ok(ebpf) => return Ok(ebpf),
            Err(error) => reason = with_causes(&error),
        }
    }
    Err(reason)
}

/// Before 5.11 the kernel counts maps against `RLIMIT_MEMLOCK`. Where it may not be raised, a smaller map is tried.
fn raise_memory_limit() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
}

/// Attaches to state changes.
fn attach_events(programs: &mut Programs<'_>, btf: &Btf, steps: &mut Vec<Step>) -> Option<&'static str> {
    let ways: [Attempt<'_>; 2] = [
        ("tp_btf", &|programs| {
            attach_typed(programs, btf, "state_typed", "inet_sock_set_state")?;
            attach_typed(programs, btf, "destroy_typed", "tcp_destroy_sock")
        }),
        ("raw_tp", &|programs| {
            attach_raw(programs, "state_raw", "inet_sock_set_state")?;
            attach_raw(programs, "destroy_raw", "tcp_destroy_sock")
        }),
    ];
    try_in_order(Part::Events, &ways, programs, steps)
}

/// Attaches to what tells who accepts connections. Without any, the listener's owner is told instead.
fn attach_owners(programs: &mut Programs<'_>, btf: &Btf, steps: &mut Vec<Step>) -> &'static str {
    let ways: [Attempt<'_>; 3] = [
        ("fexit", &|programs| {
            let program: &mut FExit = program(programs, "accept_exit")?.try_into()?;
            program.load("inet_csk_accept", btf)?;
            program.attach()?;
            Ok(())
        }),
        (LENGTHS, &|programs| {
            attach_typed(programs, btf, "recv_length", "sock_recv_length")?;
            attach_typed(programs, btf, "send_length", "sock_send_length")
        }),
        ("rcv_space_adjust", &|programs| {
            attach_typed(programs, btf, "rcv_space_adjust", "tcp_rcv_space_adjust")
        }),
    ];
    try_in_order(Part::Owners, &ways, programs, steps).unwrap_or_else(|| {
        steps.push(chosen(Part::Owners, "listener"));
        "listener"
    })
}

/// Attaches to what tells who uses Unix sockets. Without it, those that live between two scans are missed.
fn attach_unix(programs: &mut Programs<'_>, btf: &Btf, steps: &mut Vec<Step>) {
    let attach = |programs: &mut Programs<'_>| -> Result<(), ProgramError> {
        attach_typed(programs, btf, "unix_received", "sock_recv_length")?;
        attach_typed(programs, btf, "unix_sent", "sock_send_length")
    };
    try_in_order(Part::Unix, &[("sock_length", &attach)], programs, steps);
}

fn load_iterator(programs: &mut Programs<'_>, btf: &Btf, steps: &mut Vec<Step>) -> bool {
    let load = |programs: &mut Programs<'_>| -> Result<(), ProgramError> {
        let program: &mut Iter = program(programs, "open_sockets")?.try_into()?;
        program.load("task_file", btf)
    };
    try_in_order(Part::Scan, &[("iter", &load)], programs, steps).is_some()
}

/// Tries one way after the other; the first that works is chosen, those after it are not needed.
fn try_in_order(
    part: Part,
    ways: &[Attempt<'_>],
    programs: &mut Programs<'_>,
    steps: &mut Vec<Step>,
) -> Option<&'static str> {
    let mut found = None;
    for (way, attach) in ways {
        steps.push(if found.is_some() {
            step(part, way, Outcome::NotNeeded)
        } else {
            match attach(programs) {
                Ok(()) => {
                    found = Some(*way);
                    chosen(part, way)
                }
                Err(error) => refused(part, way, &with_causes(&error)),
            }
        });
    }
    found
}

pub(super) fn program<'a>(
    programs: &'a mut Programs<'_>,
    name: &str,
) -> Result<&'a mut Program, ProgramError> {
    programs.get_mut(name).map(|program| &mut **program).ok_or(ProgramError::NotLoaded)
}

pub(super) fn attach_typed(
    programs: &mut Programs<'_>,
    btf: &Btf,
    name: &str,
    tracepoint: &str,
) -> Result<(), ProgramError> {
    let program: &mut BtfTracePoint = program(programs, name)?.try_into()?;
    program.load(tracepoint, btf)?;
    program.attach()?;
    Ok(())
}

fn attach_raw(programs: &mut Programs<'_>, name: &str, tracepoint: &str) -> Result<(), ProgramError> {
    let program: &mut RawTracePoint = program(programs, name)?.try_into()?;
    program.load()?;
    program.attach(tracepoint)?;
    Ok(())
}

/// An error and its causes in one line; of the verifier's log only the last words, which name the trouble.
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        next = error.source();
        let words = if let Some(ProgramError::LoadError { io_error, verifier_log }) = error.downcast_ref() {
            let log = verifier_log.to_string();
            let last = last_words(&log).map_or(String::new(), |line| format!(" (the verifier: {line})"));
            // What follows in the chain is in this line already.
            next = None;
            format!("the kernel refused the program: {io_error}{last}")
        } else {
            error.to_string()
        };
        if !text.contains(&words) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&words);
        }
    }
    text
}

/// The line of a verifier's log that says what is wrong: the last but for its statistics.
fn last_words(log: &str) -> Option<&str> {
    const STATISTICS: [&str; 3] = ["processed ", "stack depth ", "verification time "];
    let is_statistics = |line: &str| STATISTICS.iter().any(|begin| line.starts_with(begin));
    log.lines().map(str::trim).rfind(|line| !line.is_empty() && !is_statistics(line))
}

fn step(part: Part, way: &str, outcome: Outcome) -> Step {
    Step { part, way: Text::from(way), outcome, reason: None, remedy: None }
}

/// A way that works and is used.
pub(crate) fn chosen(part: Part, way: &str) -> Step {
    step(part, way, Outcome::Chosen)
}

/// A way that does not work, and why.
pub(crate) fn refused(part: Part, way: &str, reason: &str) -> Step {
    Step { reason: Some(Text::from(reason)), ..step(part, way, Outcome::Refused) }
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
