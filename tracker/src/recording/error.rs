//! What can be wrong with a recording.

use std::io;

use crate::identity::HostId;

/// Why a tick cannot be put into a frame.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// It is of another host than the ticks before: their sockets would be mixed up.
    #[error("a tick of host {} among those of {}", found.0, expected.0)]
    OtherHost {
        /// The host of the ticks before.
        expected: HostId,
        /// That of this one.
        found: HostId,
    },
    /// It is larger than a frame may be.
    #[error("a tick of {bytes} bytes is larger than a recording can hold")]
    TooLarge {
        /// How large.
        bytes: usize,
    },
}

/// Why a frame's body is no tick.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is packed in a way that this version does not know, or its packed bytes make no sense.
    #[error("it cannot be unpacked")]
    Unpack,
    /// Its bytes are not those of a tick.
    #[error("it is not what a tick looks like")]
    Body,
    /// It tells what changed in a socket that was not told of before.
    #[error("it tells of a change of socket {0}, which is not known")]
    UnknownSocket(u64),
}

/// Why a recording cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is not a file (a recording is opened at any place of it)")]
    NotAFile,
    /// It has nothing in it.
    #[error("it is empty: whatever was to record it ended before its first tick")]
    Empty,
    /// It does not begin as recordings do.
    #[error("it is not a recording of scopetop")]
    Foreign,
    /// A later scopetop wrote it.
    #[error(
        "it is a recording of version {found}; this scopetop reads versions up to {known}: a newer one is needed"
    )]
    Newer {
        /// Its version.
        found: u16,
        /// The newest that is known here.
        known: u16,
    },
    /// Its header is damaged or cut off.
    #[error("its header is damaged (byte {offset})")]
    Header {
        /// Where the header ends, or should.
        offset: u64,
    },
}

/// Why a tick of a recording or of a history cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Its frame cannot be read.
    #[error("tick {tick} cannot be read: {source}")]
    Io {
        /// The tick's number, from 0 on.
        tick: u64,
        /// The refusal.
        source: io::Error,
    },
    /// Its frame is whole and yet not a tick's: whatever wrote it was not scopetop.
    #[error("tick {tick} is not understood: {source}")]
    Decode {
        /// The tick's number, from 0 on.
        tick: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// There is no such tick.
    #[error("there is no tick {tick}")]
    Missing {
        /// The number that was asked for.
        tick: u64,
    },
}

/// Why a recording does not go on.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The tick cannot be recorded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
