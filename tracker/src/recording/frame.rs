//! The head of a frame: how long its body is, whether it is whole, and what the tick comes to.

use crate::identity::Timestamp;
use crate::tick::{Counts, Tick};

/// The length of a head in bytes.
pub(super) const HEAD: usize = 52;

/// No body is stored in more bytes.
pub(super) const MOST_STORED: usize = 64 << 20;

/// No body has more bytes once it is unpacked: some two million sockets.
pub(super) const MOST_RAW: usize = 256 << 20;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tick.
    Tick,
    /// All that was there before the tick that follows it.
    Key,
}

/// How a body is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// As it is.
    Plain,
    /// As one LZ4 block.
    Lz4,
}

/// When a tick was, and how many events fell into it: what a line of time shows without looking into ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The tick's end.
    pub at: Timestamp,
    /// Its length in nanoseconds.
    pub duration: u64,
    /// How many events fell into it; each number up to `u32::MAX`.
    pub counts: Counts,
}

impl Moment {
    /// Of a tick.
    pub fn of(tick: &Tick) -> Self {
        Self { at: tick.at, duration: tick.duration, counts: tick.counts }
    }
}

/// What stands before the body of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the frame is.
    pub kind: Kind,
    /// The tick's moment (of a key: that of the tick after it).
    pub moment: Moment,
    pub(super) packing: Packing,
    /// The checksum of the body as it is stored.
    pub(super) body_sum: u32,
    /// How many bytes of body follow.
    pub(super) stored: u32,
    /// How many bytes the body has once it is unpacked.
    pub(super) raw: u32,
}

impl Head {
    /// The head's bytes behind a head (or header) with that checksum, and its own checksum.
    pub(super) fn to_bytes(self, chain: u32) -> ([u8; HEAD], u32) {
        let mut bytes = [0; HEAD];
        let counts = self.moment.counts;
        let mut rest = &mut bytes[4..];
        let mut put = |field: &[u8]| {
            // HEAD is the sum of the fields.
            let (place, behind) = std::mem::take(&mut rest).split_at_mut(field.len());
            place.copy_from_slice(field);
            rest = behind;
        };
        put(&self.body_sum.to_le_bytes());
        put(&self.stored.to_le_bytes());
        put(&self.raw.to_le_bytes());
        put(&[
            match self.kind {
                Kind::Tick => 1,
                Kind::Key => 2,
            },
            match self.packing {
                Packing::Plain => 0,
                Packing::Lz4 => 1,
            },
            0,
            0,
        ]);
        put(&self.moment.at.0.to_le_bytes());
        put(&self.moment.duration.to_le_bytes());
        for count in [counts.connects, counts.accepts, counts.closes, counts.fails] {
            put(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        let sum = chained(chain, &bytes[4..]);
        bytes[..4].copy_from_slice(&sum.to_le_bytes());
        (bytes, sum)
    }

    /// Reads a head that stands behind one with that checksum; its own checksum comes with it. `None` if it is damaged,
    /// or something that no scopetop of this version writes.
    pub(super) fn read(bytes: &[u8; HEAD], chain: u32) -> Option<(Self, u32)> {
        let mut fields = bytes.as_slice();
        let mut word = || {
            fields.split_off(..4).map_or(0, |field| u32::from_le_bytes(field.try_into().unwrap_or_default()))
        };
        let sum = word();
        if sum != chained(chain, &bytes[4..]) {
            return None;
        }
        let (body_sum, stored, raw) = (word(), word(), word());
        let [kind, packing, 0, 0] = word().to_le_bytes() else { return None };
        let kind = match kind {
            1 => Kind::Tick,
            2 => Kind::Key,
            _ => return None,
        };
        let packing = match packing {
            0 => Packing::Plain,
            1 => Packing::Lz4,
            _ => return None,
        };
        let mut long = || u64::from(word()) | u64::from(word()) << 32;
        let (at, duration) = (Timestamp(long()), long());
        let [connects, accepts, closes, fails] = std::array::from_fn(|_| u64::from(word()));
        let counts = Counts { connects, accepts, closes, fails };
        let head = Self { kind, moment: Moment { at, duration, counts }, packing, body_sum, stored, raw };
        (stored as usize <= MOST_STORED && raw as usize <= MOST_RAW).then_some((head, sum))
    }
}

fn chained(chain: u32, bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&chain.to_le_bytes());
    sum.update(bytes);
    sum.finalize()
}
