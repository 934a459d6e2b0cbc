//! From the bytes of a container's output to lines that are safe to show.

use super::EngineError;
use crate::text::Text;

/// The longest line in bytes; the rest of a longer one is left out.
const LINE_AT_MOST: usize = 4096;

/// The head of a piece: the stream's number, three zeros, the length.
const HEAD: usize = 8;

/// Where a line was written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// Standard output, or the container's terminal.
    #[default]
    Out,
    /// Standard error.
    Error,
}

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Where to.
    pub stream: LogStream,
    /// The line, without its end, without what sets colours.
    pub text: Text,
}

/// Takes output apart as it comes, in pieces of any size. It keeps two lines at most.
#[derive(Debug)]
pub(super) struct LogLines {
    /// Whether the output is of several streams, in pieces with a head each; else it is a terminal's.
    in_pieces: bool,
    head: [u8; HEAD],
    /// How much of the head is there.
    headed: usize,
    /// What is to come of the current piece, and which stream it is of.
    left: usize,
    stream: LogStream,
    unfinished: [Unfinished; 2],
}

/// A line that has no end yet.
#[derive(Debug, Default)]
struct Unfinished {
    bytes: Vec<u8>,
    /// Whether its rest is left out.
    is_cut: bool,
}

impl LogLines {
    pub(super) fn new(has_terminal: bool) -> Self {
        Self {
            in_pieces: !has_terminal,
            head: [0; HEAD],
            headed: 0,
            left: 0,
            stream: LogStream::Out,
            unfinished: Default::default(),
        }
    }

    /// Takes what came; each line that it ends is added to `lines`.
    pub(super) fn take(&mut self, mut bytes: &[u8], lines: &mut Vec<LogLine>) -> Result<(), EngineError> {
        if !self.in_pieces {
            self.text(bytes, lines);
            return Ok(());
        }
        while !bytes.is_empty() {
            if self.left == 0 {
                let missing = (HEAD - self.headed).min(bytes.len());
                self.head[self.headed..self.headed + missing].copy_from_slice(&bytes[..missing]);
                self.headed += missing;
                bytes = &bytes[missing..];
                if self.headed < HEAD {
                    return Ok(());
                }
                self.headed = 0;
                let [number, zeros @ .., a, b, c, d] = self.head;
                self.stream = match (number, zeros) {
                    (0 | 1, [0, 0, 0]) => LogStream::Out,
                    (2 | 3, [0, 0, 0]) => LogStream::Error,
                    _ => return Err(EngineError::NotLogs),
                };
                self.left = u32::from_be_bytes([a, b, c, d]) as usize;
                continue;
            }
            let (piece, rest) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= piece.len();
            bytes = rest;
            self.text(piece, lines);
        }
        Ok(())
    }

    /// The lines that have no end, at the output's.
    pub(super) fn end(&mut self, lines: &mut Vec<LogLine>) {
        for stream in [LogStream::Out, LogStream::Error] {
            if !self.unfinished[stream as usize].bytes.is_empty() {
                lines.push(self.unfinished[stream as usize].finish(stream));
            }
        }
    }

    fn text(&mut self, bytes: &[u8], lines: &mut Vec<LogLine>) {
        let stream = self.stream;
        let unfinished = &mut self.unfinished[stream as usize];
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            match part.split_last() {
                Some((b'\n', line)) => {
                    unfinished.add(line);
                    lines.push(unfinished.finish(stream));
                }
                _ => unfinished.add(part),
            }
        }
    }
}

impl Unfinished {
    fn add(&mut self, bytes: &[u8]) {
        let room = LINE_AT_MOST - self.bytes.len();
        self.is_cut |= bytes.len() > room;
        self.bytes.extend(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self, stream: LogStream) -> LogLine {
        let mut bytes = without_sequences(&self.bytes);
        if self.is_cut {
            bytes.extend("…".as_bytes());
        }
        *self = Self::default();
        LogLine { stream, text: Text::from_bytes(&bytes) }
    }
}

/// A line without the sequences that programs colour their output with, and without a carriage return at its end;
/// whatever else is no text is left for [`Text`] to make visible.
fn without_sequences(line: &[u8]) -> Vec<u8> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(sequence) = rest.strip_prefix(b"\x1b[")
            && let Some(end) = sequence.iter().position(|byte| !matches!(byte, 0x20..=0x3f))
            && sequence[end] == b'm'
        {
            rest = &sequence[end + 1..];
            continue;
        }
        // A tab would take a cell and mean several.
        plain.push(if byte == b'\t' { b' ' } else { byte });
        rest = after;
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    fn piece(stream: u8, text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], length.as_slice(), text].concat()
    }

    fn read(has_terminal: bool, pieces: &[&[u8]]) -> Result<Vec<(LogStream, String)>, EngineError> {
        let (mut log, mut lines) = (LogLines::new(has_terminal), Vec::new());
        for piece in pieces {
            log.take(piece, &mut lines)?;
        }
        log.end(&mut lines);
        Ok(lines.into_iter().map(|line| (line.stream, line.text.to_string())).collect())
    }

    fn out(text: &str) -> (LogStream, String) {
        (LogStream::Out, text.to_owned())
    }

    #[test]
    fn pieces_are_put_together_wherever_they_are_cut() {
        let output =
            [piece(1, b"one\ntw"), piece(2, b"er"), piece(1, b""), piece(1, b"o\n"), piece(2, b"ror\nlast")]
                .concat();
        let error = |text: &str| (LogStream::Error, text.to_owned());
        let expected = [out("one"), out("two"), error("error"), error("last")];
        assert_eq!(read(false, &[&output]).unwrap(), expected);
        for cut in 0..=output.len() {
            let (before, after) = output.split_at(cut);
            assert_eq!(read(false, &[before, after]).unwrap(), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = output.chunks(1).collect();
        assert_eq!(read(false, &single).unwrap(), expected);
    }

    #[test]
    fn a_terminals_output_has_no_heads() {
        assert_eq!(read(true, &[b"\x01\0\0\0 a\r\nb"]).unwrap(), [out("\\x01\\x00\\x00\\x00 a"), out("b")]);
    }

    #[test]
    fn what_has_no_head_is_refused() {
        assert_eq!(read(false, &[b"plain text\n"]), Err(EngineError::NotLogs));
        assert_eq!(read(false, &[b"\x01\0\x01\0\0\0\0\0"]), Err(EngineError::NotLogs));
        assert_eq!(read(false, &[b"\x04\0\0\0\0\0\0\0"]), Err(EngineError::NotLogs));
    }

    #[test]
    fn lines_are_safe_without_colours_and_never_too_long() {
        assert_eq!(
            read(true, &[b"\x1b[1;31mred\x1b[0m\t\x1b[2Jend\xff\x1b["]).unwrap(),
            [out("red \\x1b[2Jend\\xff\\x1b[")]
        );
        let long = vec![b'x'; 3 * LINE_AT_MOST];
        let lines = read(true, &[&long, b"\nnext\n"]).unwrap();
        assert_eq!((lines[0].1.len(), lines[1].1.as_str()), (LINE_AT_MOST + "…".len(), "next"));
        assert!(lines[0].1.ends_with("x…"));
    }

    #[test]
    fn whatever_comes_is_read_in_bounded_memory() {
        crate::fuzz::run("log", 256, |bytes| {
            for has_terminal in [false, true] {
                let (mut log, mut lines) = (LogLines::new(has_terminal), Vec::new());
                let whole = log.take(bytes, &mut lines);
                log.end(&mut lines);
                assert!(lines.iter().all(|line| line.text.len() <= 8 * LINE_AT_MOST + 3));
                // Byte by byte it says the same.
                let (mut slow, mut same) = (LogLines::new(has_terminal), Vec::new());
                let bytewise = bytes.iter().try_for_each(|byte| slow.take(&[*byte], &mut same));
                slow.end(&mut same);
                assert_eq!((whole, lines), (bytewise, same));
            }
        });
    }
}
