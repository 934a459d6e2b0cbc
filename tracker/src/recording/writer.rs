//! A recording is written.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::codec::{Encoder, Frame};
use super::error::WriteError;
use super::{MAGIC, VERSION};
use crate::tick::Tick;

/// What the header says beside the version, in postcard's encoding.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HeaderBody<'t> {
    /// What wrote it.
    pub(super) program: &'t str,
    pub(super) host: &'t str,
    pub(super) kernel: &'t str,
}

/// Writes the ticks of one host, each whole and at once.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    encoder: Encoder,
    /// The checksum of the head before, or of the header.
    chain: u32,
    ticks: u64,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// A recording that begins with its first tick. `out` should not keep anything back: a tick is there once
    /// [`push`](Self::push) returns.
    pub fn new(out: W) -> Self {
        Self { out, encoder: Encoder::new(), chain: 0, ticks: 0, bytes: 0 }
    }

    /// Appends a tick. After an error the end of the file is no longer whole: nothing more should be appended.
    pub fn push(&mut self, tick: &Tick) -> Result<(), WriteError> {
        let encoded = self.encoder.encode(tick)?;
        let mut bytes = Vec::new();
        if self.ticks == 0 {
            self.chain = put_header(&mut bytes, tick);
        }
        for Frame { head, body } in encoded.key.iter().chain([&encoded.tick]) {
            let (head, chain) = head.to_bytes(self.chain);
            self.chain = chain;
            bytes.extend_from_slice(&head);
            bytes.extend_from_slice(body);
        }
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        self.ticks += 1;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// How many ticks it has.
    pub const fn ticks(&self) -> u64 {
        self.ticks
    }

    /// How many bytes it has.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The end: what was written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Magic, version, the body's length and the body; then the checksum of all that, which is returned too.
fn put_header(bytes: &mut Vec<u8>, tick: &Tick) -> u32 {
    let body = HeaderBody {
        program: concat!("scopetop ", env!("CARGO_PKG_VERSION")),
        host: &tick.host.0,
        kernel: &tick.kernel,
    };
    // Into memory that grows as it must nothing can go wrong. A host's name has 64 bytes at most.
    let body = postcard::to_stdvec(&body).unwrap_or_default();
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&body);
    let sum = crc32fast::hash(bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    sum
}
