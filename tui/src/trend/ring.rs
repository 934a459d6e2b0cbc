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

/// The samples of the newest [`LENGTH`] ticks.
#[derive(Debug)]
pub(super) struct Ring {
    /// The newest tick that was written.
    last: u64,
    /// Of which ticks something is known: the lowest bit is of `last`, the next one of the tick before.
    known: u64,
    /// Every sample, as long as all are the same: most connections of a host are idle.
    same: Sample,
    /// Else each one, at its tick's number modulo the length.
    samples: Option<Box<[Sample; LENGTH]>>,
}

impl Ring {
    /// One of which nothing is known yet.
    pub(super) fn new(first: Sample) -> Self {
        Self { last: 0, known: 0, same: first, samples: None }
    }

    /// Notes a tick's sample.
    pub(super) fn write(&mut self, tick: Tick, sample: Sample) {
        let mut before = self.known_at(tick.sequence) & !1;
        if tick.skipped && before & 0b110 == 0b100 {
            before |= 0b10;
        }
        self.last = tick.sequence;
        self.known = before | 1;
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

    /// Of which ticks something is known: the lowest bit is of `now`.
    pub(super) fn known_at(&self, now: u64) -> u64 {
        let shift = u32::try_from(self.last.abs_diff(now)).unwrap_or(u32::MAX);
        let known =
            if now >= self.last { self.known.checked_shl(shift) } else { self.known.checked_shr(shift) };
        known.unwrap_or(0) & ALL
    }

    /// Gives back memory that tells nothing.
    pub(super) fn shrink(&mut self) {
        if let Some(samples) = &self.samples
            && samples.iter().all(|sample| *sample == samples[0])
        {
            (self.same, self.samples) = (samples[0], None);
        }
    }

    pub(super) fn values(&self, now: u64, value: impl Fn(Sample) -> Option<f32>) -> Values {
        let known = self.known_at(now);
        std::array::from_fn(|place| {
            let age = LENGTH - 1 - place;
            if known >> age & 1 == 0 {
                return None;
            }
            let tick = now.wrapping_sub(age as u64);
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
