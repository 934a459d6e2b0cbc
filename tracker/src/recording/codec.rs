//! Ticks into frames and back.

use std::borrow::Cow;

use super::error::{DecodeError, EncodeError};
use super::frame::{HEAD, Head, Kind, MOST_RAW, MOST_STORED, Moment, Packing};
use super::state::State;
use super::wire::{Body, Constants, Known, learn};
use crate::identity::HostId;
use crate::text::Text;
use crate::tick::{Source, Tick};

/// A shorter body is not packed: there is nothing to gain.
const WORTH_PACKING: usize = 64;

/// A key comes when the ticks since the last one told of so many times the sockets that a key tells of: a jump costs that
/// much at most, and keys take no more room than a third of the ticks do.
const TICKS_OF_A_KEY: usize = 3;
/// Never sooner than after so many ticks: where all sockets change all the time, keys would take all the room.
const KEY_AT_LEAST: usize = 10;
/// Never later than after so many.
const KEY_AT_MOST: usize = 120;

/// A frame, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its head.
    pub head: Head,
    /// Its body as it is stored.
    pub body: Box<[u8]>,
}

impl Frame {
    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        HEAD + self.body.len()
    }

    fn pack(kind: Kind, moment: Moment, body: &[u8]) -> Result<Self, EncodeError> {
        let packed = (body.len() >= WORTH_PACKING).then(|| lz4_flex::block::compress(body));
        let (packing, stored) = match packed.filter(|packed| packed.len() < body.len()) {
            Some(packed) => (Packing::Lz4, packed.into_boxed_slice()),
            None => (Packing::Plain, body.into()),
        };
        if body.len() > MOST_RAW || stored.len() > MOST_STORED {
            return Err(EncodeError::TooLarge { bytes: body.len() });
        }
        let head = Head {
            kind,
            moment,
            packing,
            body_sum: crc32fast::hash(&stored),
            // Both are below the limits just looked at.
            stored: stored.len() as u32,
            raw: body.len() as u32,
        };
        Ok(Self { head, body: stored })
    }
}

/// What a tick became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// What goes before it: all that was there, where it is time to tell that again.
    pub key: Option<Frame>,
    /// The tick.
    pub tick: Frame,
}

/// Makes frames of the ticks of one host, in their order.
#[derive(Debug, Default)]
pub struct Encoder {
    state: Option<State>,
    /// How many ticks there were since the last key, and how many sockets they told of.
    since_key: (usize, usize),
}

impl Encoder {
    /// Nothing was told yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The host whose ticks it takes, and its kernel release; `None` before the first.
    pub fn host(&self) -> Option<(&HostId, &Text)> {
        self.state.as_ref().map(|state| (&state.constants.host, &state.constants.kernel))
    }

    /// Takes the next tick.
    pub fn encode(&mut self, tick: &Tick) -> Result<Encoded, EncodeError> {
        let moment = Moment::of(tick);
        let mut key = None;
        if let Some(state) = &mut self.state {
            if state.constants.host != tick.host {
                let expected = state.constants.host.clone();
                return Err(EncodeError::OtherHost { expected, found: tick.host.clone() });
            }
            let (ticks, told) = self.since_key;
            if ticks >= KEY_AT_MOST || ticks >= KEY_AT_LEAST && told >= TICKS_OF_A_KEY * state.sockets() {
                let recap = state.recap();
                let body = serialize(&Body::of(&recap, &Known::default(), None))?;
                key = Some(Frame::pack(Kind::Key, moment, &body)?);
                self.since_key = (0, 0);
            }
        }
        let state = self.state.get_or_insert_with(|| State::new(tick));
        // A key tells all: what follows it is told from there.
        let body = serialize(&Body::of(tick, state.known(), state.source()))?;
        let frame = Frame::pack(Kind::Tick, moment, &body)?;
        state.apply(tick);
        self.since_key.0 += 1;
        self.since_key.1 += tick.opened.len() + tick.changed.len() + tick.closed.len();
        Ok(Encoded { key, tick: frame })
    }
}

fn serialize(body: &Body<'_>) -> Result<Vec<u8>, EncodeError> {
    // Into memory that grows as it must nothing else can go wrong.
    postcard::to_stdvec(body).map_err(|_| EncodeError::TooLarge { bytes: usize::MAX })
}

/// Makes ticks of frames, in their order from the first or from a key on.
#[derive(Clone, Debug)]
pub struct Decoder {
    constants: Constants,
    known: Known,
    source: Source,
}

impl Decoder {
    /// For the frames of that host, from the first on.
    pub fn new(host: HostId, kernel: Text) -> Self {
        let constants = Constants { host, kernel };
        Self { constants, known: Known::default(), source: Source::default() }
    }

    /// Takes the next frame: a tick, or a key. A key may come at any time: it forgets all that was said before.
    pub fn decode(&mut self, head: &Head, stored: &[u8]) -> Result<Tick, DecodeError> {
        let raw = unpack(head, stored)?;
        self.decode_body(head.kind, &raw)
    }

    pub(super) fn decode_body(&mut self, kind: Kind, raw: &[u8]) -> Result<Tick, DecodeError> {
        if kind == Kind::Key {
            self.known.clear();
            self.source = Source::default();
        }
        let (body, rest) = postcard::take_from_bytes::<Body<'_>>(raw).map_err(|_| DecodeError::Body)?;
        if !rest.is_empty() {
            return Err(DecodeError::Body);
        }
        let tick = body.tick(&self.constants, &self.known, &self.source)?;
        learn(&mut self.known, &tick);
        self.source.clone_from(&tick.source);
        Ok(tick)
    }
}

pub(super) fn unpack<'b>(head: &Head, stored: &'b [u8]) -> Result<Cow<'b, [u8]>, DecodeError> {
    /// LZ4 can make no more bytes out of one.
    const MOST_OF_ONE: usize = 255;
    let raw = head.raw as usize;
    match head.packing {
        Packing::Plain if raw == stored.len() => Ok(Cow::Borrowed(stored)),
        Packing::Lz4 if raw <= MOST_RAW && raw <= stored.len().saturating_mul(MOST_OF_ONE) => {
            let body = lz4_flex::block::decompress(stored, raw).map_err(|_| DecodeError::Unpack)?;
            if body.len() == raw { Ok(Cow::Owned(body)) } else { Err(DecodeError::Unpack) }
        }
        _ => Err(DecodeError::Unpack),
    }
}
