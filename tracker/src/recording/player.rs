//! Any tick of a recording or of a history becomes a topology again.

use std::borrow::Cow;
use std::ops::Range;

use super::codec::Decoder;
use super::error::PlayError;
use super::frame::{Head, Kind};
use crate::identity::HostId;
use crate::text::Text;
use crate::tick::Tick;
use crate::topology::Topology;

/// Going back, so many ticks at least are played before the one that is asked for: what a tick alone does not tell (what
/// is fast, what is new) comes out of the difference to those before.
const RUN_UP: u64 = 3;

/// Frames by the numbers of their ticks.
pub trait Log {
    /// Whose ticks these are, and that host's kernel release.
    fn host(&self) -> (&HostId, &Text);

    /// The ticks that are there. The first has a key, or is the first of all.
    fn ticks(&self) -> Range<u64>;

    /// Whether there is a key before a tick.
    fn has_key(&self, tick: u64) -> bool;

    /// A tick's frame, or that of its key.
    fn frame(&self, tick: u64, kind: Kind) -> Result<(Head, Cow<'_, [u8]>), PlayError>;
}

/// The topology at one tick of a log, which moves from tick to tick.
#[derive(Debug, Default)]
pub struct Player {
    shown: Option<Shown>,
    hides_arguments: bool,
}

#[derive(Debug)]
struct Shown {
    tick: u64,
    decoder: Decoder,
    topology: Topology,
    hides_arguments: bool,
}

impl Player {
    /// Stands nowhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, but the arguments of processes are unknown to its topologies, whatever was recorded: what is never
    /// there cannot get out, in no way.
    #[must_use]
    pub fn without_arguments(self) -> Self {
        Self { shown: None, hides_arguments: true }
    }

    /// The tick that it stands at.
    pub fn tick(&self) -> Option<u64> {
        self.shown.as_ref().map(|shown| shown.tick)
    }

    /// The topology after that tick.
    pub fn topology(&self) -> Option<&Topology> {
        self.shown.as_ref().map(|shown| &shown.topology)
    }

    /// The same, for good.
    pub fn into_topology(self) -> Option<Topology> {
        self.shown.map(|shown| shown.topology)
    }

    /// Goes to a tick. Where that fails on the way, it stands at the last tick before that place, if there is one.
    pub fn go_to(&mut self, log: &impl Log, tick: u64) -> Result<(), PlayError> {
        let ticks = log.ticks();
        if !ticks.contains(&tick) {
            return Err(PlayError::Missing { tick });
        }
        let start = (ticks.start..=tick.saturating_sub(RUN_UP).max(ticks.start))
            .rev()
            .find(|&tick| tick == ticks.start || log.has_key(tick))
            .unwrap_or(ticks.start);
        // A key costs about as much as the ticks up to the next one.
        let worth = 2 * (tick - start).max(RUN_UP);
        let mut shown = match self.shown.take() {
            Some(shown)
                if shown.tick <= tick && shown.tick + 1 >= ticks.start && tick - shown.tick <= worth =>
            {
                shown
            }
            _ => Shown::at(log, start, self.hides_arguments)?,
        };
        while shown.tick < tick {
            let next = shown.tick + 1;
            if let Err(error) = shown.step(log, next) {
                self.shown = Some(shown);
                return Err(error);
            }
        }
        self.shown = Some(shown);
        Ok(())
    }

    /// Stands nowhere any more.
    pub fn leave(&mut self) {
        self.shown = None;
    }
}

impl Shown {
    /// At a tick that has a key, or is the first.
    fn at(log: &impl Log, tick: u64, hides_arguments: bool) -> Result<Self, PlayError> {
        let (host, kernel) = log.host();
        let decoder = Decoder::new(host.clone(), kernel.clone());
        let mut shown = Self { tick, decoder, topology: Topology::new(), hides_arguments };
        if log.has_key(tick) {
            let key = shown.decode(log, tick, Kind::Key)?;
            shown.topology.apply(&key);
        }
        shown.step(log, tick)?;
        Ok(shown)
    }

    fn step(&mut self, log: &impl Log, tick: u64) -> Result<(), PlayError> {
        let told = self.decode(log, tick, Kind::Tick)?;
        self.topology.apply(&told);
        self.tick = tick;
        Ok(())
    }

    fn decode(&mut self, log: &impl Log, tick: u64, kind: Kind) -> Result<Tick, PlayError> {
        let (head, body) = log.frame(tick, kind)?;
        let mut told =
            self.decoder.decode(&head, &body).map_err(|source| PlayError::Decode { tick, source })?;
        if self.hides_arguments {
            for process in &mut told.processes {
                process.cmdline = None;
            }
        }
        Ok(told)
    }
}
