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
enum Length {
    Bytes(usize),
    Chunked,
    ToEnd,
}

/// Sends the request for `target`.
pub(super) fn request(stream: &mut impl Write, target: &str) -> io::Result<()> {
    // The API without a version in the path is the one that every engine's release still has.
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: scopetop\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())
}

/// Reads the body of an answer that says 200.
pub(super) fn read_answer(stream: impl Read) -> Result<Vec<u8>, EngineError> {
    let mut stream = BufReader::new(stream);
    let head = head(&mut stream)?;
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_AT_MOST];
    let mut response = httparse::Response::new(&mut fields);
    if !response.parse(&head).is_ok_and(|status| status.is_complete()) {
        return Err(EngineError::NotHttp);
    }
    match response.code {
        Some(200) => {}
        Some(status) => return Err(EngineError::Status(status)),
        None => return Err(EngineError::NotHttp),
    }
    match length(response.headers)? {
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

/// Everything up to the first empty line.
fn head(stream: &mut impl BufRead) -> Result<Vec<u8>, EngineError> {
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
        let mut size = Vec::new();
        line(stream, CHUNK_LINE_AT_MOST, &mut size)?;
        let Ok(httparse::Status::Complete((_, size))) = httparse::parse_chunk_size(&size) else {
            return Err(EngineError::NotHttp);
        };
        if size == 0 {
            // The connection is closed now: nobody needs what may follow.
            return Ok(body);
        }
        exactly(stream, usize::try_from(size).unwrap_or(usize::MAX), &mut body)?;
        let mut end = Vec::new();
        line(stream, 2, &mut end)?;
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
