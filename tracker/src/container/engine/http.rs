//! One request by HTTP/1.1 and its answer.
//!
//! `httparse` takes the head and the sizes of chunks apart. What joins them is written here: the clients that speak
//! HTTP over a Unix socket bring an asynchronous runtime, or (ureq) a dozen crates and a transport interface without
//! a promise to stay, for one request that reads one answer.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::{ANSWER_AT_MOST, EngineError};

/// How large the head of an answer may be, in bytes.
const HEAD_AT_MOST: usize = 64 << 10;

/// How many fields it may have.
const FIELDS_AT_MOST: usize = 128;

/// How long the line before a chunk may be, in bytes.
const CHUNK_LINE_AT_MOST: usize = 256;

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// After so many bytes.
    Bytes(usize),
    /// With its last chunk.
    Chunked,
    /// With the connection.
    ToEnd,
}

/// Asks for `target`.
pub(super) fn request(stream: &mut impl Write, target: &str) -> io::Result<()> {
    send(stream, "GET", target)
}

/// Sends a request without a body.
pub(super) fn send(stream: &mut impl Write, method: &str, target: &str) -> io::Result<()> {
    // The API without a version in the path is the one that every engine's release still has.
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: scopetop\r\nAccept: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())
}

/// Reads the body of an answer that says 200.
pub(super) fn read_answer(stream: impl Read) -> Result<Vec<u8>, EngineError> {
    let mut stream = BufReader::new(stream);
    let (status, length) = head(&mut stream)?;
    if status != 200 {
        return Err(EngineError::Status(status));
    }
    match length {
        Length::Bytes(bytes) => {
            let mut body = Vec::new();
            exactly(&mut stream, bytes, &mut body)?;
            Ok(body)
        }
        Length::Chunked => chunks(&mut stream),
        Length::ToEnd => {
            let mut body = Vec::new();
            stream.take(ANSWER_AT_MOST as u64 + 1).read_to_end(&mut body)?;
            if body.len() > ANSWER_AT_MOST { Err(EngineError::TooLarge) } else { Ok(body) }
        }
    }
}

/// Reads an answer's head: its status, and how its body ends.
pub(super) fn head(stream: &mut impl BufRead) -> Result<(u16, Length), EngineError> {
    let head = lines(stream)?;
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_AT_MOST];
    let mut response = httparse::Response::new(&mut fields);
    if !response.parse(&head).is_ok_and(|status| status.is_complete()) {
        return Err(EngineError::NotHttp);
    }
    match response.code {
        Some(200) => Ok((200, length(response.headers)?)),
        // What a refusal looks like is not worth a refusal.
        Some(status) => Ok((status, length(response.headers).unwrap_or(Length::ToEnd))),
        None => Err(EngineError::NotHttp),
    }
}

/// Everything up to the first empty line.
fn lines(stream: &mut impl BufRead) -> Result<Vec<u8>, EngineError> {
    let mut head = Vec::new();
    loop {
        let start = head.len();
        line(stream, HEAD_AT_MOST - start, &mut head)?;
        if matches!(&head[start..], b"\r\n" | b"\n") {
            return Ok(head);
        }
    }
}

/// Appends a line with its end to `text`.
fn line(stream: &mut impl BufRead, at_most: usize, text: &mut Vec<u8>) -> Result<(), EngineError> {
    let read = stream.take(at_most as u64).read_until(b'\n', text)?;
    match text.last() {
        Some(b'\n') if read > 0 => Ok(()),
        _ if read == at_most => Err(EngineError::NotHttp),
        _ => Err(EngineError::CutShort),
    }
}

fn length(fields: &[httparse::Header<'_>]) -> Result<Length, EngineError> {
    let field = |name: &str| {
        let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| String::from_utf8_lossy(field.value).trim().to_ascii_lowercase())
    };
    match (field("transfer-encoding"), field("content-length")) {
        (Some(encoding), _) if encoding == "chunked" => Ok(Length::Chunked),
        (None, Some(bytes)) if bytes.bytes().all(|byte| byte.is_ascii_digit()) && !bytes.is_empty() => {
            // A number that is too large for this machine is too large.
            Ok(Length::Bytes(bytes.parse().unwrap_or(usize::MAX)))
        }
        (Some(_), _) | (None, Some(_)) => Err(EngineError::NotHttp),
        (None, None) => Ok(Length::ToEnd),
    }
}

/// Appends so many bytes to `body`; memory grows with what comes, not with what was announced.
fn exactly(stream: &mut impl Read, bytes: usize, body: &mut Vec<u8>) -> Result<(), EngineError> {
    if bytes > ANSWER_AT_MOST - body.len() {
        return Err(EngineError::TooLarge);
    }
    let read = stream.take(bytes as u64).read_to_end(body)?;
    if read < bytes { Err(EngineError::CutShort) } else { Ok(()) }
}

fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>, EngineError> {
    let mut body = Vec::new();
    loop {
        let size = chunk_size(stream)?;
        if size == 0 {
            // The connection is closed now: nobody needs what may follow.
            return Ok(body);
        }
        exactly(stream, size, &mut body)?;
        line(stream, 2, &mut Vec::new())?;
    }
}

/// The size of the chunk that comes next; 0 for the end.
fn chunk_size(stream: &mut impl BufRead) -> Result<usize, EngineError> {
    let mut size = Vec::new();
    line(stream, CHUNK_LINE_AT_MOST, &mut size)?;
    match httparse::parse_chunk_size(&size) {
        Ok(httparse::Status::Complete((_, size))) => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
        _ => Err(EngineError::NotHttp),
    }
}

/// A body in chunks, read as it comes.
pub(super) struct Chunked<R> {
    stream: R,
    /// What is to come of the current chunk.
    left: usize,
    /// Whether a chunk was begun: a line's end follows it.
    begun: bool,
    ended: bool,
}

impl<R: BufRead> Chunked<R> {
    pub(super) const fn new(stream: R) -> Self {
        Self { stream, left: 0, begun: false, ended: false }
    }
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            let mut next = || -> Result<usize, EngineError> {
                if self.begun {
                    line(&mut self.stream, 2, &mut Vec::new())?;
                }
                chunk_size(&mut self.stream)
            };
            self.left = next().map_err(io::Error::from)?;
            self.begun = true;
            self.ended = self.left == 0;
            if self.ended {
                return Ok(0);
            }
        }
        let room = buffer.len().min(self.left);
        let read = self.stream.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(EngineError::CutShort.into());
        }
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
