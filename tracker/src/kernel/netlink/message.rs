//! Messages and attributes: what every family of netlink has in common.

use rustix::io::Errno;

/// Why the kernel's answer is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetlinkError {
    /// The kernel refused.
    #[error("{0}")]
    Refused(#[from] Errno),
    /// The answer did not come, or did not end, in time.
    #[error("the kernel's answer did not end in time")]
    TimedOut,
    /// The answer is longer than any that can be true.
    #[error("the kernel's answer has no end: given up after {0} messages")]
    Endless(usize),
    /// The answer is cut short.
    #[error("the kernel's answer is cut short: {0}")]
    Truncated(&'static str),
    /// The answer is not one to this question.
    #[error("the kernel's answer is not to this question: {0}")]
    Unexpected(&'static str),
}

// include/uapi/linux/netlink.h
pub(crate) const HEADER: usize = 16;
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const NLM_F_DUMP_INTR: u16 = 0x010;
const NLA_TYPE_MASK: u16 = 0x3fff;
/// The flag of a question.
pub(crate) const REQUEST: u16 = 0x001;
/// The flag of a question for all there is.
pub(crate) const DUMP: u16 = 0x300;
/// The flag of an attribute that holds attributes.
pub(crate) const NESTED: u16 = 0x8000;

/// What a message of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind<'a> {
    /// One thing, of that kind, with what it is.
    Item(u16, &'a [u8]),
    /// The end of the answer to a question for all there is.
    Done,
    /// The end of the answer to a question for one thing: why there is none, or that it was heard.
    Ended(Option<Errno>),
}

/// The messages of one datagram. An error ends it.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Whether a message said that the kernel's list changed while it was read.
    pub(crate) interrupted: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, interrupted: false }
    }

    /// The next message: the number of the question that it answers, and what it is.
    fn read(&mut self) -> Result<Option<(u32, AnswerKind<'a>)>, NetlinkError> {
        while !self.rest.is_empty() {
            let length = u32_at(self.rest, 0).ok_or(NetlinkError::Truncated("a message's header"))? as usize;
            let message = self
                .rest
                .get(..length)
                .filter(|message| message.len() >= HEADER)
                .ok_or(NetlinkError::Truncated("a message"))?;
            // Messages begin at multiples of four; behind the last there may be no filling.
            self.rest = self.rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            let (kind, flags) =
                (u16_at(message, 4).unwrap_or_default(), u16_at(message, 6).unwrap_or_default());
            let sequence = u32_at(message, 8).unwrap_or_default();
            self.interrupted |= flags & NLM_F_DUMP_INTR != 0;
            let body = &message[HEADER..];
            let answer = match kind {
                NLMSG_NOOP => continue,
                NLMSG_OVERRUN => return Err(NetlinkError::Truncated("the kernel dropped a part")),
                NLMSG_DONE => match ended(body)? {
                    Some(error) => return Err(NetlinkError::Refused(error)),
                    None => AnswerKind::Done,
                },
                NLMSG_ERROR => AnswerKind::Ended(ended(body)?),
                kind => AnswerKind::Item(kind, body),
            };
            return Ok(Some((sequence, answer)));
        }
        Ok(None)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<(u32, AnswerKind<'a>), NetlinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        read.transpose()
    }
}

/// The end of an answer carries an error as a negative number, or 0.
fn ended(body: &[u8]) -> Result<Option<Errno>, NetlinkError> {
    match u32_at(body, 0).map_or(0, u32::cast_signed) {
        0.. => Ok(None),
        // Only these are errors' numbers; others may not even be put into an `Errno`.
        error @ -4095..0 => Ok(Some(Errno::from_raw_os_error(-error))),
        _ => Err(NetlinkError::Unexpected("an error that is none")),
    }
}

/// An attribute: its kind, without flags, and its value.
pub(crate) type Attribute<'a> = (u16, &'a [u8]);

/// The attributes in these bytes. One that is cut short ends them with an error.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = Result<Attribute<'_>, NetlinkError>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let read = (|| {
            let (Some(length), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) else {
                return Err(NetlinkError::Truncated("an attribute's header"));
            };
            let length = usize::from(length);
            let value = rest.get(4..length).ok_or(NetlinkError::Truncated("an attribute"))?;
            Ok(((kind & NLA_TYPE_MASK, value), length.next_multiple_of(4)))
        })();
        rest = read.as_ref().ok().and_then(|&(_, next)| rest.get(next..)).unwrap_or_default();
        Some(read.map(|(attribute, _)| attribute))
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Begins a message at the end of `message`. Its length is that of `body` and of `attributes` bytes more.
pub(crate) fn push_header(
    message: &mut Vec<u8>,
    kind: u16,
    flags: u16,
    sequence: u32,
    body: &[u8],
    attributes: usize,
) {
    let length = HEADER + body.len() + attributes;
    message.extend((length as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend(body);
}

/// Puts an attribute at the end of `message`, filled up to a multiple of four.
pub(crate) fn push_attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(((4 + value.len()) as u16).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        push_header(&mut message, kind, 0, 7, body, 0);
        message.resize(message.len().next_multiple_of(4), 0);
        message
    }

    fn read(datagram: &[u8]) -> Vec<Result<(u32, AnswerKind<'_>), NetlinkError>> {
        Reader::new(datagram).collect()
    }

    #[test]
    fn each_message_is_told_for_what_it_is() {
        let datagram = [
            message(1, b"nothing"),
            message(20, b"it"),
            message(2, &(-2_i32).to_ne_bytes()),
            message(2, &0_i32.to_ne_bytes()),
            message(3, &0_i32.to_ne_bytes()),
        ]
        .concat();
        let told = read(&datagram);
        assert_eq!(
            told,
            [
                Ok((7, AnswerKind::Item(20, b"it"))),
                Ok((7, AnswerKind::Ended(Some(Errno::NOENT)))),
                Ok((7, AnswerKind::Ended(None))),
                Ok((7, AnswerKind::Done)),
            ]
        );
    }

    #[test]
    fn what_is_wrong_ends_a_datagram() {
        let good = message(20, b"it");
        for (wrong, error) in [
            (vec![9; 4], NetlinkError::Truncated("a message")),
            ([[4, 0, 0, 0], [0; 4], [0; 4], [0; 4]].concat(), NetlinkError::Truncated("a message")),
            (message(4, &[]), NetlinkError::Truncated("the kernel dropped a part")),
            (message(3, &(-1_i32).to_ne_bytes()), NetlinkError::Refused(Errno::PERM)),
            (message(2, &i32::MIN.to_ne_bytes()), NetlinkError::Unexpected("an error that is none")),
        ] {
            let datagram = [good.as_slice(), &wrong, &good].concat();
            let told = read(&datagram);
            assert_eq!(told.len(), 2, "{wrong:?}");
            assert_eq!(told.last(), Some(&Err(error)));
        }
        let cut = [good.as_slice(), &[9; 3]].concat();
        assert_eq!(read(&cut).last(), Some(&Err(NetlinkError::Truncated("a message's header"))));
    }

    #[test]
    fn a_list_that_changed_says_so() {
        let mut datagram = message(20, b"it");
        datagram[6] = NLM_F_DUMP_INTR as u8;
        let mut reader = Reader::new(&datagram);
        assert!(reader.next().is_some());
        assert!(reader.interrupted);
    }

    #[test]
    fn attributes_are_read_until_one_is_cut() {
        let mut bytes = Vec::new();
        push_attribute(&mut bytes, NESTED | 3, b"abc");
        push_attribute(&mut bytes, 4, &[]);
        let read: Vec<_> = attributes(&bytes).collect();
        assert_eq!(read, [Ok((3, &b"abc"[..])), Ok((4, &[][..]))]);
        bytes.extend([5, 0]);
        assert_eq!(attributes(&bytes).last(), Some(Err(NetlinkError::Truncated("an attribute's header"))));
        // A length of 0 would never get on.
        assert_eq!(attributes(&[0; 64]).count(), 1);
    }
}
