//! The tracker: kernel in, ticks out.

mod schedule;
mod worker;

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::mpsc;

use crate::connection::{ConnectionEvent, ConnectionTable};
use crate::identity::HostId;
use crate::kernel::cgroup_hierarchy::CgroupHierarchy;
use crate::kernel::clock::Clock;
use crate::kernel::probes::{self, Probes};
use crate::kernel::scan::Scanner;
use crate::namespace::{self, NamespaceNames};
use crate::process::{Process, ProcessTable};
use crate::report::{Outcome, Part, Report, Step};
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
            privileged: rustix::process::geteuid().is_root(),
            steps: Vec::new(),
        };
        let probes = attach(options.backend, &hierarchy, &mut report.steps)?;
        let scanner = Scanner::choose(probes.as_ref(), &mut report.steps);
        let source = Source {
            events: Text::from(probes.as_ref().map_or("none", |probes| probes.events)),
            owners: Text::from(probes.as_ref().map_or("scan", |probes| probes.owners)),
            scan: Text::from(scanner.name()),
            reasons: what_is_missing(&report),
            ..Source::default()
        };

        let io = |what| move |error: rustix::io::Errno| StartError::Io { what, source: error.into() };
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(io("an eventfd cannot be made"))?);
        let (sender, updates) = mpsc::channel(UPDATES_AT_MOST);
        let worker = worker::Worker {
            clock,
            schedule: schedule::Schedule::new(options.tick, probes.is_some(), Instant::now()),
            probes,
            scanner,
            table: ConnectionTable::new(options.tell_events),
            processes: ProcessTable::new(clock, hierarchy.mount.unwrap_or_else(|| "/sys/fs/cgroup".into())),
            namespaces: NamespaceNames::new(namespace::DIRECTORY),
            host: HostId(report.host.clone()),
            kernel: report.kernel.clone(),
            lasting_reasons: source.reasons.clone(),
            source,
            tell_events: options.tell_events,
            sender,
            stop: stop.clone(),
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
) -> Result<Option<Probes>, StartError> {
    if backend == Backend::Proc {
        steps.push(probes::refused(
            Part::Events,
            "ebpf",
            "--backend proc was asked for",
            "leave the option out",
        ));
        return Ok(None);
    }
    match Probes::attach(hierarchy, steps) {
        Ok(probes) => Ok(Some(probes)),
        Err(error) if backend == Backend::Ebpf => {
            let remedy = steps.iter().rev().find_map(|step| step.remedy.as_ref());
            let remedy = remedy.map_or(String::new(), |remedy| format!("; {remedy}"));
            Err(StartError::EbpfRefused { reason: format!("{error}{remedy}") })
        }
        Err(_) => Ok(None),
    }
}

/// What the user should know about what this picture lacks, a sentence each.
fn what_is_missing(report: &Report) -> Vec<Text> {
    let refusal = |part: Part| {
        report
            .steps
            .iter()
            .find(|step| step.outcome == Outcome::Refused && (step.part == part || step.part == Part::Types))
    };
    let mut missing = Vec::new();
    if report.chosen(Part::Events).is_none() {
        let (reason, remedy) = refusal(Part::Events).map_or(("", ""), |step| {
            (step.reason.as_deref().unwrap_or_default(), step.remedy.as_deref().unwrap_or_default())
        });
        missing.push(Text::from(
            format!("no events, so connections shorter than a tick are missed: {reason}; {remedy}").as_str(),
        ));
    }
    missing
}
