//! The newest values of one thing, small: 50,000 edges have one each.

use scopetop_tracker::topology::Rate;

/// How many ticks are kept.
pub const LENGTH: usize = 60;

/// A value a tick, the oldest first, the last one of the newest tick; `None` where nothing is known.
pub type Values = [Option<f32>; LENGTH];

/// The bits of [`Ring::known`] that count.
const ALL: u64 = (1 << LENGTH) - 1;

/// A number in two bytes: the upper half of an `f32`, exact to 0.4 %, from 10^-38 to 10^38.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Small(u16);

impl Small {
    const ZERO: Self = Self(0);
    /// What is not known: not a number.
    const NONE: Self = Self(u16::MAX);

    fn new(number: f32) -> Self {
        // Rounded to the nearest; what would be rounded up to infinity is none of our numbers.
        if number > 0.0 && number < 1e38 {
            Self(((number.to_bits() + 0x8000) >> 16) as u16)
        } else {
            Self::ZERO
        }
    }

    fn get(self) -> Option<f32> {
        (self != Self::NONE).then(|| f32::from_bits(u32::from(self.0) << 16))
    }
}

/// What is recorded of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    to_server: Small,
    to_client: Small,
    rtt_us: Small,
}

impl Sample {
    pub(super) fn new(rate: Rate, rtt_us: Option<u32>) -> Self {
        Self {
            to_server: Small::new(rate.to_server as f32),
            to_client: Small::new(rate.to_client as f32),
            rtt_us: rtt_us.map_or(Small::NONE, |rtt| Small::new(rtt as f32)),
        }
    }

    pub(super) fn to_server(self) -> Option<f32> {
        self.to_server.get()
    }

    pub(super) fn to_client(self) -> Option<f32> {
        self.to_client.get()
    }

    pub(super) fn rtt_us(self) -> Option<f32> {
        self.rtt_us.get()
    }
}

/// The tick that is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    /// Its number.
    pub(super) sequence: u64,
    /// Whether there was no picture of the one before, but of the one before that: ticks come faster than pictures. What
    /// was there in both was there in between, and its rate is like the newer one: that is over the time since the
    /// reading before.
    pub(super) skipped: bool,
}

/// Of which ticks something is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The newest tick that was noted.
    last: u64,
    /// The lowest bit is of `last`, the next one of the tick before.
    ticks: u64,
}

impl Known {
    /// Of which ticks something is known: the lowest bit is of `now`.
    pub(super) fn at(self, now: u64) -> u64 {
        let shift = u32::try_from(self.last.abs_diff(now)).unwrap_or(u32::MAX);
        let ticks =
            if now >= self.last { self.ticks.checked_shl(shift) } else { self.ticks.checked_shr(shift) };
        ticks.unwrap_or(0) & ALL
    }

    /// The newest tick that was noted.
    pub(super) fn last(self) -> u64 {
        self.last
    }

    /// Notes a tick. What was known of later ones is so no more.
    pub(super) fn note(&mut self, tick: Tick) {
        let mut before = self.at(tick.sequence) & !1;
        if tick.skipped && before & 0b110 == 0b100 {
            before |= 0b10;
        }
        *self = Self { last: tick.sequence, ticks: before | 1 };
    }
}

/// The samples of the newest [`LENGTH`] ticks.
#[derive(Debug)]
pub(super) struct Ring {
    /// Of which ticks there is a sample.
    known: Known,
    /// Every sample, as long as all are the same: most connections of a host are idle.
    same: Sample,
    /// Whether it goes on as it is: in each tick that was recorded after the last one in `known`, its sample was as in that
    /// one. So nobody touches the ring of what does not change.
    goes_on: bool,
    /// Else each one, at its tick's number modulo the length.
    samples: Option<Box<[Sample; LENGTH]>>,
}

impl Ring {
    /// One of which nothing is known yet.
    pub(super) fn new(first: Sample) -> Self {
        Self { known: Known::default(), same: first, goes_on: false, samples: None }
    }

    /// Notes a tick's sample, after those recorded. It is the same in each tick after it, until another is written or it
    /// ends.
    pub(super) fn write(&mut self, recorded: Known, tick: Tick, sample: Sample) {
        self.settle(recorded);
        self.goes_on = true;
        let before = self.known.at(tick.sequence) & !1;
        self.known.note(tick);
        let samples = match &mut self.samples {
            None if before == 0 || self.same == sample => {
                self.same = sample;
                return;
            }
            none @ None => none.insert(Box::new([self.same; LENGTH])),
            Some(samples) => samples,
        };
        samples[slot(tick.sequence)] = sample;
        if tick.skipped {
            samples[slot(tick.sequence.wrapping_sub(1))] = sample;
        }
    }

    /// What it is of was there in the newest tick recorded, and is there no more.
    pub(super) fn end(&mut self, recorded: Known) {
        self.settle(recorded);
        self.goes_on = false;
    }

    /// Writes down what is known by its going on.
    pub(super) fn settle(&mut self, recorded: Known) {
        if !self.goes_on || self.known.last == recorded.last {
            return;
        }
        let known = Known { last: recorded.last, ticks: self.known_by(recorded) };
        if let Some(samples) = &mut self.samples {
            let (last, newest) = (self.known.last, recorded.last);
            let sample = samples[slot(last)];
            for tick in last.max(newest.saturating_sub(LENGTH as u64)) + 1..=newest {
                samples[slot(tick)] = sample;
            }
        }
        self.known = known;
    }

    /// Of which ticks there is a sample: the lowest bit is of the newest one recorded.
    fn known_by(&self, recorded: Known) -> u64 {
        let known = self.known.at(recorded.last);
        if !self.goes_on {
            return known;
        }
        let since = u32::try_from(recorded.last.saturating_sub(self.known.last)).unwrap_or(u32::MAX);
        known | recorded.ticks & !ALL.checked_shl(since).unwrap_or(0)
    }

    /// Of which ticks there is a sample that was written down: the lowest bit is of `now`.
    pub(super) fn known_at(&self, now: u64) -> u64 {
        self.known.at(now)
    }

    /// Gives back memory that tells nothing.
    pub(super) fn shrink(&mut self) {
        if let Some(samples) = &self.samples
            && samples.iter().all(|sample| *sample == samples[0])
        {
            (self.same, self.samples) = (samples[0], None);
        }
    }

    pub(super) fn values(&self, recorded: Known, value: impl Fn(Sample) -> Option<f32>) -> Values {
        let known = self.known_by(recorded);
        std::array::from_fn(|place| {
            let age = LENGTH - 1 - place;
            if known >> age & 1 == 0 {
                return None;
            }
            let mut tick = recorded.last.wrapping_sub(age as u64);
            if self.goes_on {
                tick = tick.min(self.known.last);
            }
            value(self.samples.as_ref().map_or(self.same, |samples| samples[slot(tick)]))
        })
    }

    #[cfg(test)]
    pub(super) fn is_small(&self) -> bool {
        self.samples.is_none()
    }
}

/// Where a tick's sample is. (What wraps around zero is never known.)
fn slot(sequence: u64) -> usize {
    (sequence % LENGTH as u64) as usize
}
