//! A recording is opened: all of it is looked at once, so that its length and its damage are known from the beginning.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::error::{OpenError, PlayError};
use super::frame::{HEAD, Head, Kind, Moment};
use super::player::Log;
use super::writer::HeaderBody;
use super::{MAGIC, VERSION};
use crate::identity::HostId;
use crate::text::Text;

/// So many bytes are read at once.
const CHUNK: usize = 64 << 10;

/// What a recording says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version of its format.
    pub version: u16,
    /// What wrote it.
    pub program: Text,
    /// The host that it is of.
    pub host: HostId,
    /// That host's kernel release.
    pub kernel: Text,
}

/// Why a recording ends where it does. What stands before that place is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The tick with this number, from 0 on, is cut off: its writer was killed, or writes it just now.
    CutOff {
        /// Its number.
        tick: u64,
        /// Where its frame begins in the file.
        offset: u64,
    },
    /// The tick with this number, from 0 on, is damaged.
    Damaged {
        /// Its number.
        tick: u64,
        /// Where the damaged frame begins in the file.
        offset: u64,
        /// How many bytes of the file cannot be used.
        lost: u64,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { tick, offset } => {
                write!(formatter, "tick {tick} is cut off (byte {offset}): it ended while that was written")
            }
            Self::Damaged { tick: 0, offset, lost } => {
                write!(
                    formatter,
                    "damaged at byte {offset} (tick 0, the first): nothing before that can be played, {lost} bytes are lost"
                )
            }
            Self::Damaged { tick, offset, lost } => {
                write!(
                    formatter,
                    "damaged at byte {offset} (tick {tick}): it plays up to there, {lost} bytes are lost"
                )
            }
        }
    }
}

/// Where the bytes are.
#[derive(Debug)]
enum Store {
    File(File),
    Bytes(Cow<'static, [u8]>),
}

/// A frame in the file.
#[derive(Clone, Copy, Debug)]
struct Place {
    head: Head,
    /// Where its body begins.
    body: u64,
}

/// A tick in the file, with the key before it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Option<Place>,
    tick: Place,
}

/// A recording that was opened. Its ticks are numbered from 0 on.
#[derive(Debug)]
pub struct Recording {
    store: Store,
    header: Header,
    entries: Vec<Entry>,
    flaw: Option<Flaw>,
}

impl Recording {
    /// Opens a file and looks at all of it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        // A pipe without a writer would make even opening it wait.
        let kind = std::fs::metadata(path)?;
        if !kind.is_file() {
            return Err(OpenError::NotAFile);
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let found = look_at(BufReader::with_capacity(CHUNK, &file), length)?;
        Ok(found.with(Store::File(file)))
    }

    /// The same for bytes in memory.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, OpenError> {
        let bytes = bytes.into();
        let found = look_at(&*bytes, bytes.len() as u64)?;
        Ok(found.with(Store::Bytes(bytes)))
    }

    /// What it says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Why it ends where it does; `None` where it is whole.
    pub const fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    /// Where a tick's frame ends.
    #[cfg(test)]
    pub(super) fn end_of(&self, tick: u64) -> u64 {
        let Place { head, body } = self.entries[tick as usize].tick;
        body + u64::from(head.stored)
    }

    /// Its ticks' moments.
    pub fn moments(&self) -> impl ExactSizeIterator<Item = Moment> {
        self.entries.iter().map(|entry| entry.tick.head.moment)
    }
}

impl Log for Recording {
    fn host(&self) -> (&HostId, &Text) {
        (&self.header.host, &self.header.kernel)
    }

    fn ticks(&self) -> std::ops::Range<u64> {
        0..self.entries.len() as u64
    }

    fn has_key(&self, tick: u64) -> bool {
        self.entries.get(tick as usize).is_some_and(|entry| entry.key.is_some())
    }

    fn frame(&self, tick: u64, kind: Kind) -> Result<(Head, Cow<'_, [u8]>), PlayError> {
        let place = self.entries.get(tick as usize).and_then(|entry| match kind {
            Kind::Tick => Some(entry.tick),
            Kind::Key => entry.key,
        });
        let Place { head, body } = place.ok_or(PlayError::Missing { tick })?;
        let length = head.stored as usize;
        let bytes = match &self.store {
            Store::Bytes(bytes) => {
                // It was looked at when it was opened.
                let at = body as usize;
                Cow::Borrowed(bytes.get(at..at + length).unwrap_or_default())
            }
            Store::File(file) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, body).map_err(|source| PlayError::Io { tick, source })?;
                Cow::Owned(bytes)
            }
        };
        if crc32fast::hash(&bytes) != head.body_sum {
            let source = io::Error::new(io::ErrorKind::InvalidData, "the file changed since it was opened");
            return Err(PlayError::Io { tick, source });
        }
        Ok((head, bytes))
    }
}

/// What looking at a recording found.
struct Found {
    header: Header,
    entries: Vec<Entry>,
    flaw: Option<Flaw>,
}

impl Found {
    fn with(self, store: Store) -> Recording {
        let Self { header, entries, flaw } = self;
        Recording { store, header, entries, flaw }
    }
}

/// How a stretch of a file reads.
enum Stretch {
    Whole,
    /// The file ends in it.
    Short,
}

/// Reads so many bytes at most as there may be.
struct Reading<R> {
    source: R,
    offset: u64,
    length: u64,
}

impl<R: Read> Reading<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<Stretch> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.source.read(&mut bytes[filled..]) {
                Ok(0) => return Ok(Stretch::Short),
                Ok(read) => {
                    filled += read;
                    self.offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Stretch::Whole)
    }

    /// The checksum of the next bytes; `None` where there are fewer.
    fn sum(&mut self, mut bytes: u64) -> io::Result<Option<u32>> {
        let mut sum = crc32fast::Hasher::new();
        let mut chunk = vec![0; CHUNK.min(bytes as usize)];
        while bytes > 0 {
            let part = CHUNK.min(bytes as usize);
            let Stretch::Whole = self.fill(&mut chunk[..part])? else { return Ok(None) };
            sum.update(&chunk[..part]);
            bytes -= part as u64;
        }
        Ok(Some(sum.finalize()))
    }

    /// Whether there is nothing but zeros from here on: room in a file that was never written to.
    fn is_blank(&mut self) -> io::Result<bool> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match self.source.read(&mut chunk) {
                Ok(0) => return Ok(true),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk[..read].iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
        }
    }
}

fn look_at(source: impl Read, length: u64) -> Result<Found, OpenError> {
    let mut reading = Reading { source, offset: 0, length };
    let (header, mut chain) = read_header(&mut reading)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut key = None;
    let flaw = loop {
        // A key that is whole says nothing without its tick: that one is missing then.
        let offset = reading.offset;
        let tick = entries.len() as u64;
        let mut bytes = [0; HEAD];
        if let Stretch::Short = reading.fill(&mut bytes)? {
            let is_end = reading.offset == offset && key.is_none();
            break (!is_end).then_some(Flaw::CutOff { tick, offset });
        }
        let damaged = |length: u64| Flaw::Damaged { tick, offset, lost: length.saturating_sub(offset) };
        let Some((head, sum)) = Head::read(&bytes, chain) else {
            let is_blank = bytes.iter().all(|&byte| byte == 0) && reading.is_blank()?;
            break Some(if is_blank { Flaw::CutOff { tick, offset } } else { damaged(reading.length) });
        };
        let body = reading.offset;
        match reading.sum(u64::from(head.stored))? {
            None => break Some(Flaw::CutOff { tick, offset }),
            Some(sum) if sum != head.body_sum => break Some(damaged(reading.length)),
            Some(_) => {}
        }
        chain = sum;
        let place = Place { head, body };
        match head.kind {
            Kind::Key if key.is_some() => break Some(damaged(reading.length)),
            Kind::Key => key = Some(place),
            Kind::Tick => entries.push(Entry { key: key.take(), tick: place }),
        }
    };
    Ok(Found { header, entries, flaw })
}

fn read_header<R: Read>(reading: &mut Reading<R>) -> Result<(Header, u32), OpenError> {
    if reading.length == 0 {
        return Err(OpenError::Empty);
    }
    let mut start = [0; 12];
    let whole = reading.fill(&mut start)?;
    let seen = (reading.offset as usize).min(MAGIC.len());
    if start[..seen] != MAGIC[..seen] {
        return Err(OpenError::Foreign);
    }
    let Stretch::Whole = whole else { return Err(OpenError::Header { offset: reading.offset }) };
    let version = u16::from_le_bytes([start[8], start[9]]);
    // Before the rest: what a newer version has there nobody knows.
    if version > VERSION {
        return Err(OpenError::Newer { found: version, known: VERSION });
    }
    let mut body = vec![0; usize::from(u16::from_le_bytes([start[10], start[11]])) + 4];
    let whole = reading.fill(&mut body)?;
    let damaged = OpenError::Header { offset: reading.offset };
    let (Stretch::Whole, Some((body, sum))) = (whole, body.split_last_chunk::<4>()) else {
        return Err(damaged);
    };
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&start);
    hasher.update(body);
    let chain = hasher.finalize();
    if version == 0 || u32::from_le_bytes(*sum) != chain {
        return Err(damaged);
    }
    let Ok(HeaderBody { program, host, kernel }) = postcard::from_bytes(body) else { return Err(damaged) };
    let host = HostId(Text::from(host));
    Ok((Header { version, program: program.into(), host, kernel: kernel.into() }, chain))
}
