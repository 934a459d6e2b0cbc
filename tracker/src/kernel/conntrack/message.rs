//! The messages of ctnetlink: the look-up of one connection, and how full the table is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::connection::Protocol;
use crate::kernel::address::{IPV4, IPV6, unmapped};
use crate::kernel::netlink::{NESTED, NetlinkError, REQUEST, attributes, push_attribute, push_header};

// include/uapi/linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h
const SUBSYSTEM: u16 = 1 << 8;
const CT_NEW: u16 = SUBSYSTEM;
const CT_GET: u16 = SUBSYSTEM | 1;
const CT_GET_STATS: u16 = SUBSYSTEM | 5;
/// The head of a message's body: family, version, resource.
const BODY: usize = 4;
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V4_DST: u16 = 2;
const CTA_IP_V6_SRC: u16 = 3;
const CTA_IP_V6_DST: u16 = 4;
const CTA_PROTO_NUM: u16 = 1;
const CTA_PROTO_SRC_PORT: u16 = 2;
const CTA_PROTO_DST_PORT: u16 = 3;
const CTA_STATS_GLOBAL_ENTRIES: u16 = 1;
const CTA_STATS_GLOBAL_MAX_ENTRIES: u16 = 2;
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;

/// One direction of a connection: where its packets come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flow {
    pub(crate) protocol: Protocol,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
}

impl Flow {
    pub(super) fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }
}

/// An entry of the table: the packets of both directions as they come in, which is what translation makes of each
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The direction of the first packet.
    pub(super) original: Flow,
    pub(super) reply: Flow,
}

/// How full the table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) entries: u32,
    /// 0 where the kernel did not say.
    pub(super) room: u32,
}

/// Puts the question for the entry of a flow, in either direction, at the end of `message`. `false` for what the table has
/// no entries of.
pub(super) fn push_look_up(message: &mut Vec<u8>, flow: &Flow, sequence: u32) -> bool {
    let protocol = match flow.protocol {
        Protocol::Tcp => IPPROTO_TCP,
        Protocol::Udp => IPPROTO_UDP,
        Protocol::Unix => return false,
    };
    let mut addresses = Vec::with_capacity(40);
    let family = match (flow.source.ip(), flow.destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            push_attribute(&mut addresses, CTA_IP_V4_SRC, &source.octets());
            push_attribute(&mut addresses, CTA_IP_V4_DST, &destination.octets());
            IPV4
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            push_attribute(&mut addresses, CTA_IP_V6_SRC, &source.octets());
            push_attribute(&mut addresses, CTA_IP_V6_DST, &destination.octets());
            IPV6
        }
        _ => return false,
    };
    let mut ports = Vec::with_capacity(24);
    push_attribute(&mut ports, CTA_PROTO_NUM, &[protocol]);
    push_attribute(&mut ports, CTA_PROTO_SRC_PORT, &flow.source.port().to_be_bytes());
    push_attribute(&mut ports, CTA_PROTO_DST_PORT, &flow.destination.port().to_be_bytes());
    let mut tuple = Vec::with_capacity(72);
    push_attribute(&mut tuple, NESTED | CTA_TUPLE_IP, &addresses);
    push_attribute(&mut tuple, NESTED | CTA_TUPLE_PROTO, &ports);
    let head = [family as u8, 0, 0, 0];
    push_header(message, CT_GET, REQUEST, sequence, &head, 4 + tuple.len());
    push_attribute(message, NESTED | CTA_TUPLE_ORIG, &tuple);
    true
}

/// Puts the question how full the table is at the end of `message`.
pub(super) fn push_ask_fill(message: &mut Vec<u8>, sequence: u32) {
    push_header(message, CT_GET_STATS, REQUEST, sequence, &[0; BODY], 0);
}

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// An entry; `None` where it is of a kind that is not asked for.
    Entry(Option<Entry>),
    Fill(Fill),
}

/// Reads a message of that kind.
pub(super) fn parse(kind: u16, body: &[u8]) -> Result<Told, NetlinkError> {
    let (&[family, ..], rest) =
        body.split_first_chunk::<BODY>().ok_or(NetlinkError::Truncated("a message's head"))?;
    match kind {
        CT_NEW => parse_entry(family, rest).map(Told::Entry),
        CT_GET_STATS => parse_fill(rest).map(Told::Fill),
        _ => Err(NetlinkError::Unexpected("another kind of message")),
    }
}

fn parse_entry(family: u8, bytes: &[u8]) -> Result<Option<Entry>, NetlinkError> {
    let (mut original, mut reply) = (None, None);
    for attribute in attributes(bytes) {
        match attribute? {
            (CTA_TUPLE_ORIG, value) => original = parse_flow(family, value)?,
            (CTA_TUPLE_REPLY, value) => reply = parse_flow(family, value)?,
            _ => {}
        }
    }
    let entry = original.zip(reply).filter(|(original, reply)| original.protocol == reply.protocol);
    Ok(entry.map(|(original, reply)| Entry { original, reply }))
}

fn parse_flow(family: u8, bytes: &[u8]) -> Result<Option<Flow>, NetlinkError> {
    let (mut addresses, mut ports) = ([None; 2], [None; 2]);
    let mut protocol = None;
    for attribute in attributes(bytes) {
        match attribute? {
            (CTA_TUPLE_IP, value) => {
                for attribute in attributes(value) {
                    match attribute? {
                        (CTA_IP_V4_SRC | CTA_IP_V6_SRC, value) => addresses[0] = ip_address(family, value),
                        (CTA_IP_V4_DST | CTA_IP_V6_DST, value) => addresses[1] = ip_address(family, value),
                        _ => {}
                    }
                }
            }
            (CTA_TUPLE_PROTO, value) => {
                for attribute in attributes(value) {
                    match attribute? {
                        (CTA_PROTO_NUM, [IPPROTO_TCP]) => protocol = Some(Protocol::Tcp),
                        (CTA_PROTO_NUM, [IPPROTO_UDP]) => protocol = Some(Protocol::Udp),
                        (CTA_PROTO_SRC_PORT, value) => ports[0] = port(value),
                        (CTA_PROTO_DST_PORT, value) => ports[1] = port(value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let [source, destination] =
        [0, 1].map(|end| Some(unmapped(SocketAddr::new(addresses[end]?, ports[end]?))));
    Ok(protocol.zip(source.zip(destination)).map(|(protocol, (source, destination))| Flow {
        protocol,
        source,
        destination,
    }))
}

fn parse_fill(bytes: &[u8]) -> Result<Fill, NetlinkError> {
    let mut fill = Fill::default();
    for attribute in attributes(bytes) {
        let (kind, value) = attribute?;
        let number = value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        match (kind, number) {
            (CTA_STATS_GLOBAL_ENTRIES, Some(number)) => fill.entries = number,
            (CTA_STATS_GLOBAL_MAX_ENTRIES, Some(number)) => fill.room = number,
            _ => {}
        }
    }
    Ok(fill)
}

fn ip_address(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match u16::from(family) {
        IPV4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes))),
        IPV6 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes))),
        _ => None,
    }
}

fn port(bytes: &[u8]) -> Option<u16> {
    <[u8; 2]>::try_from(bytes).ok().map(u16::from_be_bytes)
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
