//! `events --format ndjson`: one JSON object a line. Fields may be added to it, none leaves or changes.
//!
//! A busy host has ten thousand of these a second. A line is put together by hand, in a buffer that is used again:
//! that takes a third of the time of a serialised struct, whose keys are looked through for quotes each time.

use scopetop_tracker::connection::{Address, ConnectionEvent, ConnectionEventKind, Protocol};
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::process::Process;
use scopetop_tracker::text::Text;
use serde::Serialize;

use super::errno::Errno;
use super::json::{self, Short};

/// How many events were told, and how many could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connects that got through.
    pub connects: u64,
    /// Connections accepted.
    pub accepts: u64,
    /// Ends of connections closed.
    pub closes: u64,
    /// Events that the kernel could not hand over.
    pub lost: u64,
}

impl Summary {
    /// Counts one event.
    pub fn count(&mut self, kind: ConnectionEventKind) {
        match kind {
            ConnectionEventKind::Connect => self.connects += 1,
            ConnectionEventKind::Accept => self.accepts += 1,
            ConnectionEventKind::Close => self.closes += 1,
            ConnectionEventKind::Listen | ConnectionEventKind::Fail => {}
        }
    }
}

/// Appends an event's line.
pub fn write_event(
    buffer: &mut Vec<u8>,
    event: &ConnectionEvent,
    process: Option<&Process>,
) -> serde_json::Result<()> {
    buffer.extend_from_slice(b"{\"kind\":\"");
    buffer.extend_from_slice(event.kind.name().as_bytes());
    buffer.extend_from_slice(b"\",\"at\":");
    moment(buffer, Some(event.at));
    buffer.extend_from_slice(b",\"proto\":\"");
    buffer.extend_from_slice(event.protocol.name().as_bytes());
    buffer.extend_from_slice(b"\",\"pid\":");
    number(buffer, event.process.map(|process| process.pid.into()));
    buffer.extend_from_slice(b",\"comm\":");
    text(buffer, process.map(|process| &process.comm).filter(|comm| !comm.is_empty()))?;
    buffer.extend_from_slice(b",\"netns\":");
    number(buffer, Some(event.netns.0.into()));
    buffer.extend_from_slice(b",\"container\":");
    text(buffer, process.and_then(|process| process.container.as_ref()).map(|container| &container.0))?;
    buffer.extend_from_slice(b",\"local\":");
    address(buffer, Some(&event.local))?;
    buffer.extend_from_slice(b",\"remote\":");
    address(buffer, event.remote.as_ref())?;
    if event.kind == ConnectionEventKind::Close {
        let counters = event.counters;
        buffer.extend_from_slice(b",\"opened_at\":");
        moment(buffer, event.opened_at);
        buffer.extend_from_slice(b",\"bytes_sent\":");
        number(buffer, counters.map(|counters| counters.bytes_sent));
        buffer.extend_from_slice(b",\"bytes_received\":");
        number(buffer, counters.map(|counters| counters.bytes_received));
        buffer.extend_from_slice(b",\"rtt_us\":");
        number(buffer, counters.and_then(|counters| counters.rtt_us).map(u64::from));
        buffer.extend_from_slice(b",\"retransmits\":");
        let retransmits = counters.filter(|_| event.protocol == Protocol::Tcp);
        number(buffer, retransmits.map(|counters| counters.retransmits.into()));
    }
    if event.kind == ConnectionEventKind::Fail || event.error.is_some() {
        buffer.extend_from_slice(b",\"error\":");
        serde_json::to_writer(&mut *buffer, &event.error.map(Errno))?;
    }
    buffer.extend_from_slice(b"}\n");
    Ok(())
}

fn moment(buffer: &mut Vec<u8>, moment: Option<Timestamp>) {
    let Some(moment) = moment else { return buffer.extend_from_slice(b"null") };
    buffer.push(b'"');
    buffer.extend_from_slice(&json::rfc3339(moment));
    buffer.push(b'"');
}

fn number(buffer: &mut Vec<u8>, number: Option<u64>) {
    let Some(number) = number else { return buffer.extend_from_slice(b"null") };
    let mut digits = Short::<20>::new();
    digits.push_number(number);
    buffer.extend_from_slice(digits.as_bytes());
}

fn text(buffer: &mut Vec<u8>, text: Option<&Text>) -> serde_json::Result<()> {
    serde_json::to_writer(buffer, &text)
}

fn address(buffer: &mut Vec<u8>, address: Option<&Address>) -> serde_json::Result<()> {
    let Some(address) = address else {
        buffer.extend_from_slice(b"null");
        return Ok(());
    };
    buffer.extend_from_slice(b"{\"address\":");
    match address {
        Address::Inet(address) => {
            let mut ip = Short::<48>::new();
            ip.push_ip(address.ip());
            buffer.push(b'"');
            buffer.extend_from_slice(ip.as_bytes());
            buffer.push(b'"');
        }
        Address::Unix(_) => serde_json::to_writer(&mut *buffer, &json::Place(address))?,
    }
    buffer.extend_from_slice(b",\"port\":");
    number(buffer, address.port().map(u64::from));
    buffer.push(b'}');
    Ok(())
}

/// Appends the last line.
pub fn write_summary(buffer: &mut Vec<u8>, summary: &Summary) -> serde_json::Result<()> {
    #[derive(Serialize)]
    struct Line {
        kind: &'static str,
        connects: u64,
        accepts: u64,
        closes: u64,
        lost: u64,
    }
    let Summary { connects, accepts, closes, lost } = *summary;
    serde_json::to_writer(&mut *buffer, &Line { kind: "summary", connects, accepts, closes, lost })?;
    buffer.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::output::fixture::{assert_harmless, events};

    fn lines() -> String {
        let mut buffer = Vec::new();
        for (event, process) in events() {
            write_event(&mut buffer, &event, process.as_deref()).unwrap();
        }
        write_summary(&mut buffer, &Summary { connects: 1, accepts: 2, closes: 3, lost: 4 }).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn each_event_is_one_line() {
        assert_harmless(&lines());
        insta::assert_snapshot!(lines());
    }

    #[test]
    fn each_line_has_the_fields_of_its_kind() {
        let base = ["kind", "at", "proto", "pid", "comm", "netns", "container", "local", "remote"];
        let close = ["opened_at", "bytes_sent", "bytes_received", "rtt_us", "retransmits"];
        for line in lines().lines() {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
            let mut expected: Vec<_> = match object["kind"].as_str().unwrap() {
                "summary" => vec!["kind", "connects", "accepts", "closes", "lost"],
                "close" => base.into_iter().chain(close).collect(),
                "fail" => base.into_iter().chain(["error"]).collect(),
                _ => base.to_vec(),
            };
            if object["kind"] == "close" && object.contains_key("error") {
                expected.push("error");
            }
            let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
            keys.sort_unstable();
            expected.sort_unstable();
            assert_eq!(keys, expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_null() {
        let lines = lines();
        let close = lines.lines().find(|line| line.contains(r#""pid":null"#)).unwrap();
        let object: serde_json::Value = serde_json::from_str(close).unwrap();
        for field in
            ["pid", "comm", "container", "opened_at", "bytes_sent", "bytes_received", "rtt_us", "retransmits"]
        {
            assert!(object[field].is_null(), "{field} in {close}");
        }
        let fail = lines.lines().find(|line| line.contains(r#""kind":"fail""#)).unwrap();
        let object: serde_json::Value = serde_json::from_str(fail).unwrap();
        assert!(object["local"]["port"].is_null() && object["comm"].is_null(), "{fail}");
        assert_eq!(object["error"], "ETIMEDOUT");
    }
}
