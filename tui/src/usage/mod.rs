//! Processor time and memory of processes that one looks at: a ring for each, of the newest ticks.
//!
//! Only what is looked at is sampled, so that what nobody asks costs nothing; of the time before, nothing is known.

mod sampler;

use rustc_hash::FxHashMap;
use scopetop_tracker::identity::ProcessId;
use scopetop_tracker::process::Variable;
use scopetop_tracker::text::Text;

pub use self::sampler::Sampler;
use crate::trend::{LENGTH, Values};

/// How many processes are sampled at most.
pub const PROCESSES: usize = 256;

/// How many processes are remembered at most.
const REMEMBERED: usize = 4 * PROCESSES;

/// After how many ticks without a reading the next one says nothing about the time in between.
const GAP: u64 = 3;

/// What of a thing is to be sampled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its processes; of too many the first ones.
    pub processes: Vec<ProcessId>,
    /// How many processes it has.
    pub of: usize,
}

/// What was read of some processes in a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// The tick.
    pub sequence: u64,
    /// What was read of those that were there.
    pub readings: Vec<Reading>,
    /// More of the process, where one alone was looked at and was there.
    pub single: Option<Single>,
}

/// What was read of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The process.
    pub process: ProcessId,
    /// When, in nanoseconds on any clock that only goes forward.
    pub at: u64,
    /// The processor time that it used in all its threads since it began, in milliseconds.
    pub cpu_ms: u64,
    /// Its resident memory in bytes.
    pub memory: u64,
}

/// What is read of a process only if it is the only one looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// The process.
    pub process: ProcessId,
    /// The pid and name of the one that it is a child of.
    pub parent: Option<(u32, Option<Text>)>,
    /// Its environment, if that is to be shown; `None` inside where it may not be read.
    pub environment: Option<Option<Vec<Variable>>>,
}

/// What was read lately.
#[derive(Debug, Default)]
pub struct UsageHistory {
    tracks: FxHashMap<ProcessId, Track>,
    single: Option<Single>,
    /// The newest tick of which something was read.
    now: u64,
}

/// What was read of one process lately.
#[derive(Debug)]
struct Track {
    newest: Reading,
    sequence: u64,
    /// At each tick's number modulo the length.
    usages: Box<[Option<(u64, Usage)>; LENGTH]>,
}

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time, in percent of one processor; `None` where only one reading is there.
    pub cpu: Option<f32>,
    /// Resident memory in bytes.
    pub memory: u64,
}

impl UsageHistory {
    /// Takes in what was read.
    pub fn record(&mut self, samples: Samples) {
        self.now = self.now.max(samples.sequence);
        for reading in samples.readings {
            let before = self.tracks.get(&reading.process).map(|track| (track.newest, track.sequence));
            let cpu = before
                .and_then(|(before, sequence)| cpu_between(before, sequence, reading, samples.sequence));
            let usage = Usage { cpu, memory: reading.memory };
            let track = self.tracks.entry(reading.process).or_insert_with(|| Track {
                newest: reading,
                sequence: samples.sequence,
                usages: Box::new([None; LENGTH]),
            });
            (track.newest, track.sequence) = (reading, samples.sequence);
            track.usages[slot(samples.sequence)] = Some((samples.sequence, usage));
        }
        self.single = samples.single;
        let now = self.now;
        self.tracks.retain(|_, track| now - track.sequence < LENGTH as u64);
        if self.tracks.len() > REMEMBERED {
            self.tracks.retain(|_, track| track.sequence == now);
        }
    }

    /// What a process used in a tick, or in the one before, where that one's reading is not there yet.
    pub fn newest(&self, process: ProcessId, sequence: u64) -> Option<Usage> {
        let track = self.tracks.get(&process)?;
        track.at(sequence).or_else(|| track.at(sequence.checked_sub(1)?))
    }

    /// What some processes used together in the ticks up to one, oldest first: processor time in percent of one
    /// processor, and memory in bytes. `None` for a tick in which none of them was read.
    pub fn together(&self, processes: &[ProcessId], sequence: u64) -> (Values, Values) {
        let (mut cpu, mut memory): (Values, Values) = ([None; LENGTH], [None; LENGTH]);
        for track in processes.iter().filter_map(|process| self.tracks.get(process)) {
            for place in 0..LENGTH {
                let age = (LENGTH - 1 - place) as u64;
                let Some(usage) = sequence.checked_sub(age).and_then(|tick| track.at(tick)) else { continue };
                if let Some(own) = usage.cpu {
                    *cpu[place].get_or_insert(0.0) += own;
                }
                *memory[place].get_or_insert(0.0) += usage.memory as f32;
            }
        }
        (cpu, memory)
    }

    /// What else was read of a process.
    pub fn single(&self, process: ProcessId) -> Option<&Single> {
        self.single.as_ref().filter(|single| single.process == process)
    }
}

impl Track {
    fn at(&self, sequence: u64) -> Option<Usage> {
        self.usages[slot(sequence)].and_then(|(tick, usage)| (tick == sequence).then_some(usage))
    }
}

/// Where a tick's reading is.
fn slot(sequence: u64) -> usize {
    (sequence % LENGTH as u64) as usize
}

/// The processor time used between two readings, in percent of one processor.
fn cpu_between(before: Reading, before_in: u64, now: Reading, now_in: u64) -> Option<f32> {
    let time = now.at.checked_sub(before.at).filter(|&time| time > 0)?;
    let is_lately = before_in < now_in && now_in - before_in <= GAP;
    let used = now.cpu_ms.saturating_sub(before.cpu_ms) as f64 * 1e6;
    is_lately.then_some((100.0 * used / time as f64) as f32)
}

#[cfg(test)]
mod tests;
