//! The last minutes in memory: the ticks as frames, as a recording has them, so that any of them can be shown again.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use scopetop_tracker::Tick;
use scopetop_tracker::identity::HostId;
use scopetop_tracker::recording::{EncodeError, Encoded, Encoder, Frame, Head, Kind, Log, Moment, PlayError};
use scopetop_tracker::text::Text;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So long at least; what is older goes.
    pub span: Duration,
    /// In so many bytes at most; what is oldest goes.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { span: Duration::from_mins(10), bytes: 64 << 20 }
    }
}

/// The newest ticks of one host, numbered from 0 on in the order in which they came.
#[derive(Debug)]
pub struct History {
    limits: Limits,
    encoder: Encoder,
    /// The number of the oldest tick that is kept.
    first: u64,
    kept: VecDeque<Encoded>,
    bytes: usize,
    none: (HostId, Text),
}

impl History {
    /// Nothing yet.
    pub fn new(limits: Limits) -> Self {
        let none = (HostId(Text::default()), Text::default());
        Self { limits, encoder: Encoder::new(), first: 0, kept: VecDeque::new(), bytes: 0, none }
    }

    /// Keeps a tick, and lets go of what is beyond the limits: the oldest ticks up to a key, since those behind it cannot
    /// be told without it.
    pub fn push(&mut self, tick: &Tick) -> Result<(), EncodeError> {
        let encoded = self.encoder.encode(tick)?;
        self.bytes += bytes(&encoded);
        self.kept.push_back(encoded);
        while let Some(key) = self.second_key()
            && (self.bytes > self.limits.bytes || self.is_long_enough_from(key))
        {
            self.bytes -= self.kept.drain(..key).map(|encoded| bytes(&encoded)).sum::<usize>();
            self.first += key as u64;
        }
        Ok(())
    }

    /// How many bytes the kept frames have.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn second_key(&self) -> Option<usize> {
        (1..self.kept.len()).find(|&place| self.kept[place].key.is_some())
    }

    /// Whether what is there from the tick in that place on is as long as is to be kept.
    fn is_long_enough_from(&self, place: usize) -> bool {
        let at = |encoded: &Encoded| encoded.tick.head.moment.at;
        let (Some(from), Some(newest)) = (self.kept.get(place), self.kept.back()) else { return false };
        u128::from(at(newest).since(at(from))) >= self.limits.span.as_nanos()
    }
}

fn bytes(encoded: &Encoded) -> usize {
    let own = size_of::<Encoded>();
    own + encoded.key.iter().chain([&encoded.tick]).map(|frame| frame.body.len()).sum::<usize>()
}

impl Log for History {
    fn host(&self) -> (&HostId, &Text) {
        self.encoder.host().unwrap_or((&self.none.0, &self.none.1))
    }

    fn ticks(&self) -> Range<u64> {
        self.first..self.first + self.kept.len() as u64
    }

    fn has_key(&self, tick: u64) -> bool {
        let place = tick.checked_sub(self.first).and_then(|place| self.kept.get(place as usize));
        place.is_some_and(|encoded| encoded.key.is_some())
    }

    fn frame(&self, tick: u64, kind: Kind) -> Result<(Head, Cow<'_, [u8]>), PlayError> {
        let place = tick.checked_sub(self.first).and_then(|place| self.kept.get(place as usize));
        let frame = place.and_then(|encoded| match kind {
            Kind::Tick => Some(&encoded.tick),
            Kind::Key => encoded.key.as_ref(),
        });
        let Frame { head, body } = frame.ok_or(PlayError::Missing { tick })?;
        Ok((*head, Cow::Borrowed(body)))
    }
}

/// The moment of the newest tick.
impl History {
    /// When the newest tick was, and what fell into it.
    pub fn newest(&self) -> Option<Moment> {
        self.kept.back().map(|encoded| encoded.tick.head.moment)
    }
}

#[cfg(test)]
mod tests;
