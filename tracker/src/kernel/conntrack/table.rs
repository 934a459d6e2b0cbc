//! The tables of the kernel.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::netlink::NETFILTER;

use super::message::{Entry, Fill, Flow, Told, parse, push_ask_fill, push_look_up};
use super::undo::LookUp;
use crate::identity::NetnsId;
use crate::kernel::netlink::{AnswerKind, NetlinkError, NetlinkSocket, Patience, Reader};
use crate::kernel::probes;
use crate::kernel::visits::{Visit, Visits, Ways};
use crate::report::{Part, Step};
use crate::text::Text;

/// Where connection tracking tells that it is there.
const LOADED: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
/// So many questions are sent at once: their answers, of some 4 KiB each as the kernel counts, fit a socket's buffer.
const BATCH: usize = 32;
/// An answer is a message of a few hundred bytes.
const BUFFER: usize = 8 * 1024;
/// How long the answers to a batch may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// A table is full, for all that comes, when no more than one in so many of its places is free.
const FREE_SHARE: u32 = 20;
const NEEDS: &str = "run it with sudo, or give the file CAP_NET_ADMIN and CAP_SYS_ADMIN as well";

/// The tables of all namespaces that a way leads into, for one round of questions.
pub(crate) struct Tables<'a> {
    visits: Visits<'a>,
    buffer: Vec<u8>,
    /// What could not be looked up, and why: one sentence each.
    reasons: Vec<Text>,
    /// No namespace can be asked.
    refused: bool,
}

impl<'a> Tables<'a> {
    /// It moves the thread into the namespaces, and home when it is dropped.
    pub(crate) fn new(ways: &'a mut Ways) -> Self {
        // The question alone would load the module. Where nothing is tracked nothing is translated by it.
        let refused = !Path::new(LOADED).exists();
        Self { visits: Visits::new(ways), buffer: vec![0; BUFFER], reasons: Vec::new(), refused }
    }

    /// What could not be looked up, and why: one sentence each.
    pub(crate) fn into_reasons(self) -> Vec<Text> {
        self.reasons.clone()
    }

    fn note(&mut self, reason: &str) {
        let reason = Text::from(reason);
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// Asks the table of the namespace that this thread is in.
    fn ask(&mut self, netns: NetnsId, flows: &[Flow]) -> Result<Vec<Option<Entry>>, NetlinkError> {
        let nothing = vec![None; flows.len()];
        let socket = NetlinkSocket::open(Some(NETFILTER), Patience::SHORT)?;
        let fill = ask_fill(&socket, &mut self.buffer)?;
        if fill.entries == 0 {
            return Ok(nothing);
        }
        if fill.is_full() {
            self.note(&format!(
                "network namespace {netns}: the table of tracked connections is full ({} of {}): connections fail, and \
                 where they lead behind address translation may not be known",
                fill.entries, fill.room
            ));
        }
        let mut entries = nothing;
        for (batch, flows) in flows.chunks(BATCH).enumerate() {
            let base = batch * BATCH;
            let mut message = Vec::with_capacity(BATCH * 128);
            let asked = (flows.iter().enumerate())
                .filter(|(place, flow)| push_look_up(&mut message, flow, sequence(base + place)))
                .count();
            if asked == 0 {
                continue;
            }
            socket.send(&message)?;
            let until = Instant::now() + PATIENCE;
            read_answers(
                asked,
                &mut self.buffer,
                |buffer| socket.receive(buffer, until),
                |of, told| {
                    let place = (of as usize).wrapping_sub(sequence(0) as usize);
                    if let (Some(entry), Some(Told::Entry(found))) = (entries.get_mut(place), told) {
                        *entry = found;
                    }
                },
            )?;
        }
        Ok(entries)
    }
}

impl LookUp for Tables<'_> {
    fn look_up(&mut self, netns: NetnsId, pid: Option<u32>, flows: &[Flow]) -> Vec<Option<Entry>> {
        let nothing = vec![None; flows.len()];
        if self.refused {
            return nothing;
        }
        match self.visits.enter(netns, pid) {
            Ok(Visit::Inside) => {}
            Ok(Visit::Gone) => return nothing,
            Err(Errno::PERM | Errno::ACCESS) => {
                self.note(
                    "address translation in other namespaces is not known: entering needs CAP_SYS_ADMIN",
                );
                return nothing;
            }
            Err(error) => {
                self.note(&format!("network namespace {netns}: address translation not seen: {error}"));
                return nothing;
            }
        }
        match self.ask(netns, flows) {
            Ok(entries) => entries,
            Err(error) => {
                self.refused = is_general(&error);
                self.note(&explained(netns, &error));
                nothing
            }
        }
    }
}

/// The number of the question in that place; 1 asks how full the table is.
fn sequence(place: usize) -> u32 {
    place as u32 + 2
}

impl Fill {
    fn is_full(self) -> bool {
        self.room > 0 && self.entries >= self.room - self.room / FREE_SHARE
    }
}

/// Whether no other namespace would answer either.
fn is_general(error: &NetlinkError) -> bool {
    matches!(
        error,
        NetlinkError::Refused(Errno::PERM | Errno::PROTONOSUPPORT | Errno::INVAL | Errno::OPNOTSUPP)
    )
}

fn explained(netns: NetnsId, error: &NetlinkError) -> String {
    match error {
        NetlinkError::Refused(Errno::PERM) => {
            String::from("address translation not seen: asking for tracked connections needs CAP_NET_ADMIN")
        }
        error if is_general(error) => {
            String::from("address translation not seen: this kernel has no nf_conntrack_netlink")
        }
        error => format!("network namespace {netns}: address translation not seen: {error}"),
    }
}

fn ask_fill(socket: &NetlinkSocket, buffer: &mut [u8]) -> Result<Fill, NetlinkError> {
    let mut message = Vec::new();
    push_ask_fill(&mut message, 1);
    socket.send(&message)?;
    let until = Instant::now() + PATIENCE;
    let mut fill = Fill::default();
    read_answers(
        1,
        buffer,
        |buffer| socket.receive(buffer, until),
        |_, told| {
            if let Some(Told::Fill(told)) = told {
                fill = told;
            }
        },
    )?;
    Ok(fill)
}

/// Reads answers until as many came as were asked for, each the number of its question and what it tells: nothing where
/// there is no such entry. A reader of nonsense gives up after as many messages again.
fn read_answers(
    asked: usize,
    buffer: &mut [u8],
    mut receive: impl FnMut(&mut [u8]) -> Result<usize, NetlinkError>,
    mut each: impl FnMut(u32, Option<Told>),
) -> Result<(), NetlinkError> {
    let (mut answered, mut read) = (0, 0);
    while answered < asked {
        let length = receive(buffer)?;
        let datagram = buffer.get(..length).ok_or(NetlinkError::Truncated("a datagram"))?;
        read += 1;
        for message in Reader::new(datagram) {
            let (of, answer) = message?;
            read += 1;
            answered += 1;
            match answer {
                AnswerKind::Item(kind, body) => each(of, Some(parse(kind, body)?)),
                AnswerKind::Ended(None | Some(Errno::NOENT)) => each(of, None),
                AnswerKind::Ended(Some(error)) => return Err(NetlinkError::Refused(error)),
                AnswerKind::Done => return Err(NetlinkError::Unexpected("the end of a list")),
            }
        }
        if read > 4 * asked {
            return Err(NetlinkError::Endless(read));
        }
    }
    Ok(())
}

/// Whether tracked connections can be looked up here: for the report of what works.
pub(crate) fn step() -> Step {
    const WAY: &str = "conntrack";
    if !Path::new(LOADED).exists() {
        let reason = "nf_conntrack is not loaded: this host tracks no connections, so it translates no addresses with it";
        return probes::refused(Part::Translation, WAY, reason);
    }
    let asked = NetlinkSocket::open(Some(NETFILTER), Patience::SHORT)
        .and_then(|socket| ask_fill(&socket, &mut vec![0; BUFFER]));
    match asked {
        Ok(fill) if fill.is_full() => Step {
            remedy: Some(Text::from("raise net.netfilter.nf_conntrack_max")),
            ..probes::refused(
                Part::Translation,
                WAY,
                &format!("the table is full: {} of {}", fill.entries, fill.room),
            )
        },
        Ok(_) => probes::chosen(Part::Translation, WAY),
        Err(error) => {
            let reason = match error {
                NetlinkError::Refused(Errno::PERM) => String::from("asking needs CAP_NET_ADMIN"),
                error if is_general(&error) => String::from("this kernel has no nf_conntrack_netlink"),
                error => error.to_string(),
            };
            let reason = format!(
                "where connections lead behind address translation is known only by sequence numbers ({reason})"
            );
            Step { remedy: Some(Text::from(NEEDS)), ..probes::refused(Part::Translation, WAY, &reason) }
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
