//! `events --format text`: for people, one aligned line an event.

use std::io::{self, Write};

use scopetop_tracker::connection::{ConnectionEvent, ConnectionEventKind};
use scopetop_tracker::process::Process;
use unicode_width::UnicodeWidthStr as _;

use super::errno::Errno;
use super::events_ndjson::Summary;
use super::units;

/// Appends an event's line: when, what, who, its own end, the other end, and what is known of it.
pub fn write_event(
    buffer: &mut Vec<u8>,
    event: &ConnectionEvent,
    process: Option<&Process>,
) -> io::Result<()> {
    write!(buffer, "{}  {:<7}  {:<4}  ", event.at.to_rfc3339(), event.kind.name(), event.protocol)?;
    let who = match (process, event.process) {
        (Some(process), _) => format!("{} {}", process.comm, process.id.pid),
        (None, Some(id)) => format!("? {}", id.pid),
        (None, None) => String::from("?"),
    };
    padded(buffer, &who, 23)?;
    let Some(remote) = &event.remote else {
        return writeln!(buffer, "{}  netns {}{}", units::address(&event.local), event.netns, Whose(process));
    };
    padded(buffer, &units::address(&event.local), 21)?;
    let arrow = match event.kind {
        ConnectionEventKind::Connect | ConnectionEventKind::Fail => "→",
        ConnectionEventKind::Accept => "←",
        ConnectionEventKind::Close | ConnectionEventKind::Listen => "–",
    };
    write!(buffer, "{arrow}  ")?;
    padded(buffer, &units::address(remote), 21)?;
    write!(buffer, "netns {}{}", event.netns, Whose(process))?;
    if let Some(opened) = event.opened_at {
        write!(buffer, "  after {}", units::microseconds(event.at.since(opened) / 1000))?;
    }
    if let Some(counters) = event.counters.filter(|_| event.kind == ConnectionEventKind::Close) {
        let (sent, received) = (units::bytes(counters.bytes_sent), units::bytes(counters.bytes_received));
        write!(buffer, "  sent {sent}  received {received}")?;
        if let Some(rtt) = counters.rtt_us {
            write!(buffer, "  rtt {}", units::microseconds(rtt.into()))?;
        }
        if counters.retransmits > 0 {
            write!(buffer, "  retransmits {}", counters.retransmits)?;
        }
    }
    match event.error {
        Some(error) => writeln!(buffer, "  {}", Errno(error)),
        None => writeln!(buffer),
    }
}

/// Appends the last line.
pub fn write_summary(buffer: &mut Vec<u8>, summary: &Summary) -> io::Result<()> {
    let Summary { connects, accepts, closes, lost } = summary;
    writeln!(buffer, "connects {connects}  accepts {accepts}  closes {closes}  lost {lost}")
}

/// The text and two spaces, in a column that wide where it fits.
fn padded(buffer: &mut Vec<u8>, text: &str, width: usize) -> io::Result<()> {
    write!(buffer, "{text}{:1$}  ", "", width.saturating_sub(text.width()))
}

/// The process's container, shortened as the engines shorten it.
struct Whose<'a>(Option<&'a Process>);

impl std::fmt::Display for Whose<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.and_then(|process| process.container.as_ref()) {
            Some(container) => write!(formatter, "  container {:.12}", container.0),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::output::fixture::{assert_harmless, events};

    #[test]
    fn each_event_is_one_line() {
        let mut buffer = Vec::new();
        for (event, process) in events() {
            write_event(&mut buffer, &event, process.as_deref()).unwrap();
        }
        write_summary(&mut buffer, &Summary { connects: 1, accepts: 2, closes: 3, lost: 4 }).unwrap();
        let text = String::from_utf8(buffer).unwrap();
        assert_harmless(&text);
        insta::assert_snapshot!(text);
    }
}
