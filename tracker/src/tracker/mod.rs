//! The tracker: kernel in, ticks out.

mod alarm;
mod departures;
mod memory;
mod missing;
mod networks;
mod schedule;
mod translations;
mod worker;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::mpsc;

use crate::connection::flow::{FlowTable, Patience};
use crate::connection::{ConnectionEvent, ConnectionTable};
use crate::container::engine::{self, Engines};
use crate::identity::HostId;
use crate::kernel::cgroup_hierarchy::CgroupHierarchy;
use crate::kernel::clock::Clock;
use crate::kernel::conntrack;
use crate::kernel::probes::{self, ProbeError, Probes};
use crate::kernel::scan::Scanner;
use crate::namespace::{self, NamespaceNames};
use crate::process::{Process, ProcessTable};
use crate::report::{Outcome, Part, Report, Step};
use crate::resolver::Resolver;
use crate::text::Text;
use crate::tick::{Source, Tick};

/// Updates that wait for the consumer. Few: ticks get longer instead of queueing.
const UPDATES_AT_MOST: usize = 4;

/// How to track.
#[derive(Clone, Debug)]
pub struct Options {
    /// The length of a tick.
    pub tick: Duration,
    /// Where the facts may come from.
    pub backend: Backend,
    /// Whether to tell each event ([`Update::Events`]) as well.
    pub tell_events: bool,
    /// Whether to look up the names of remote addresses, which tells the name server who is talked to.
    pub resolve: bool,
    /// How long a UDP flow may be quiet before it is over.
    pub udp_patience: Patience,
    /// Whether to read the arguments of processes, which may hold what not everybody may see. Without, no tick has any.
    pub arguments: bool,
}

/// Where the facts may come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// eBPF where it works, else what /proc and netlink tell, with the reason.
    #[default]
    Auto,
    /// eBPF or nothing.
    Ebpf,
    /// /proc and netlink only.
    Proc,
}

/// Why tracking could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// eBPF was asked for and does not work here.
    #[error("eBPF does not work here: {reason}")]
    EbpfRefused {
        /// The kernel's reason, and what to do about it.
        reason: String,
    },
    /// The operating system refused something that tracking cannot do without.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The refusal.
        source: std::io::Error,
    },
}

/// What a tracker tells.
#[derive(Clone, Debug)]
pub enum Update {
    /// A tick ended. The first one, with what was there, comes as soon as the scan is done.
    Tick(Box<Tick>),
    /// Events, each with the process that it names as far as it is known.
    Events(Vec<(ConnectionEvent, Option<Arc<Process>>)>),
}

/// A running tracker. It works on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Tracker {
    report: Report,
    updates: mpsc::Receiver<Update>,
    stop: Arc<OwnedFd>,
    worker: Option<JoinHandle<()>>,
}

impl Tracker {
    /// Attaches the hooks and starts. When it returns, every event from now on is seen; the scan is the first thing
    /// that the tracker's thread does.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let clock = Clock::start();
        let hierarchy = CgroupHierarchy::find();
        let uname = rustix::system::uname();
        let mut report = Report {
            host: Text::from_bytes(uname.nodename().to_bytes()),
            kernel: Text::from_bytes(uname.release().to_bytes()),
            privileged: is_privileged(),
            steps: Vec::new(),
        };
        let attached = attach(options.backend, &hierarchy, &mut report.steps);
        advise(&mut report);
        let probes = match attached {
            Ok(probes) => Some(probes),
            Err(error) if options.backend == Backend::Ebpf => {
                let remedy = report.steps.iter().rev().find_map(|step| step.remedy.as_ref());
                let remedy = remedy.map_or(String::new(), |remedy| format!("; {remedy}"));
                return Err(StartError::EbpfRefused { reason: format!("{error}{remedy}") });
            }
            Err(_) => None,
        };
        if probes.is_none() {
            report.steps.push(probes::refused(Part::Udp, "sock_length", "without events UDP is not seen"));
        }
        let scanner = Scanner::choose(probes.as_ref(), &mut report.steps);
        report.steps.extend(process_steps());
        report.steps.push(conntrack::step());
        advise(&mut report);
        let (reasons, remedy) = missing::what_is_missing(&report);
        let source = Source {
            events: Text::from(probes.as_ref().map_or("none", |probes| probes.events)),
            owners: Text::from(probes.as_ref().map_or("scan", |probes| probes.owners)),
            scan: Text::from(scanner.name()),
            reasons,
            remedy,
            ..Source::default()
        };

        let io = |what| move |error: rustix::io::Errno| StartError::Io { what, source: error.into() };
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(io("an eventfd cannot be made"))?);
        let ring = probes.as_ref().map(Probes::ring_fd);
        let alarm = alarm::Alarm::new(stop.clone(), ring).map_err(io("an epoll instance cannot be made"))?;
        let (sender, updates) = mpsc::channel(UPDATES_AT_MOST);
        let worker = worker::Worker {
            clock,
            schedule: schedule::Schedule::new(options.tick, probes.is_some(), Instant::now()),
            probes,
            scanner,
            table: ConnectionTable::new(options.tell_events),
            flows: FlowTable::new(options.udp_patience, clock.now(), options.tell_events),
            processes: ProcessTable::new(
                clock,
                hierarchy.mount.unwrap_or_else(|| "/sys/fs/cgroup".into()),
                options.arguments,
            ),
            namespaces: NamespaceNames::new(namespace::DIRECTORY),
            engines: Engines::new(engine::sockets()),
            networks: networks::Networks::new(namespace::DIRECTORY),
            resolver: options.resolve.then(Resolver::of_the_system).flatten(),
            translations: translations::Translations::new(namespace::DIRECTORY),
            departures: departures::Departures::new(),
            host: HostId(report.host.clone()),
            kernel: report.kernel.clone(),
            lasting_reasons: source.reasons.clone(),
            source,
            tell_events: options.tell_events,
            sender,
            alarm,
            state: worker::State::default(),
        };
        let worker = std::thread::Builder::new()
            .name("tracker".to_owned())
            .spawn(move || worker.run())
            .map_err(|source| StartError::Io { what: "the tracker's thread cannot be started", source })?;
        Ok(Self { report, updates, stop, worker: Some(worker) })
    }

    /// What was tried and what was chosen.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The next update; `None` once the tracker has stopped.
    ///
    /// A consumer that is slow gets longer ticks, never a queue of old ones.
    pub async fn next(&mut self) -> Option<Update> {
        self.updates.recv().await
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.updates.close();
        // The worker's poll ends at once. Were the write to fail, it would see the closed channel a moment later.
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has told so on standard error already.
            let _ = worker.join();
        }
    }
}

fn attach(
    backend: Backend,
    hierarchy: &CgroupHierarchy,
    steps: &mut Vec<Step>,
) -> Result<Probes, ProbeError> {
    if backend == Backend::Proc {
        let remedy = Some(Text::from("leave the option out"));
        let error = ProbeError::NotAsked;
        steps.push(Step { remedy, ..probes::refused(Part::Events, "ebpf", &error.to_string()) });
        return Err(error);
    }
    Probes::attach(hierarchy, steps)
}

/// What would help against most refusals.
const NEEDS_PRIVILEGES: &str =
    "run it with sudo, or give the file CAP_BPF and CAP_PERFMON (setcap cap_bpf,cap_perfmon+ep)";

/// Whether the process has the capabilities that the hooks and the iterator need.
fn is_privileged() -> bool {
    use rustix::thread::CapabilitySet;
    rustix::thread::capabilities(None).is_ok_and(|sets| {
        sets.effective.contains(CapabilitySet::SYS_ADMIN)
            || sets.effective.contains(CapabilitySet::BPF | CapabilitySet::PERFMON)
    })
}

/// What /proc tells of processes.
fn process_steps() -> Vec<Step> {
    use rustix::thread::CapabilitySet;
    let all = rustix::thread::capabilities(None)
        .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_PTRACE));
    let mut steps = vec![probes::chosen(Part::Processes, "proc")];
    if !all {
        let reason = "without CAP_SYS_PTRACE the program, the namespace and the sockets of other users' processes \
                      cannot be read in /proc";
        let remedy = Some(Text::from("run it with sudo, or give the file CAP_SYS_PTRACE as well"));
        steps.push(Step { remedy, ..probes::refused(Part::Processes, "proc of others", reason) });
    }
    steps
}

/// Says what to do about what was refused, where something can be done.
fn advise(report: &mut Report) {
    if report.privileged {
        return;
    }
    for step in &mut report.steps {
        if step.outcome == Outcome::Refused && step.remedy.is_none() {
            step.remedy = Some(Text::from(NEEDS_PRIVILEGES));
        }
    }
}
