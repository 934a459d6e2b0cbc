//! Ticks to a file and back: recordings, and the same frames in memory for whoever keeps a history.
//!
//! # The format
//!
//! A recording begins with a header (magic, version, what wrote it, which host) and goes on with frames, one after the
//! other, only ever appended. A frame is a [`Head`] of fixed size and a body. The body of a tick's frame is the tick,
//! its sockets told by what changed in them; from time to time a *key* goes before it, a frame with all that was there
//! before that tick, so that reading can begin there.
//!
//! Every head has a checksum over itself and the checksum of the head before (of the header, for the first), and one of
//! its body: a frame that is damaged, missing, repeated or out of another recording is noticed at that very place, and
//! what stands before it plays. Each tick is handed to the operating system whole, in one write: when scopetop is killed,
//! at most the tick being written is lost, and a frame that is cut off at the end is no damage, only the end. A length is
//! believed only after its head's checksum and only up to a limit.
//!
//! # Versions
//!
//! Version 1 is what `wire` says. Its bodies are not self-describing: whatever changes there, or in a type of
//! [`tick`](crate::tick) that it carries as it is, is a new version. A later scopetop keeps the types of the older
//! versions beside its own and fills in what they did not have; it reads every version up to its own. A recording of a
//! newer version is refused by that number. `fuzz/recording/` has recordings of every version that was ever released.

mod codec;
mod error;
mod frame;
mod player;
mod reader;
mod state;
mod wire;
mod writer;

pub use codec::{Decoder, Encoded, Encoder, Frame};
pub use error::{DecodeError, EncodeError, OpenError, PlayError, WriteError};
pub use frame::{Head, Kind, Moment};
pub use player::{Log, Player};
pub use reader::{Flaw, Header, Recording};
pub use writer::Writer;

/// The newest version of the format: the one that is written.
pub const VERSION: u16 = 1;

/// What a recording begins with. The first byte is no text and the line ends are of both kinds, so that a file that went
/// through a change of text is foreign.
const MAGIC: [u8; 8] = *b"\x8ascope\r\n";

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
