//! The messages of rtnetlink that tell of addresses and routes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::block::Block;
use crate::kernel::address::{IPV4, IPV6};
use crate::kernel::netlink::{DUMP, NetlinkError, REQUEST, attributes, push_header, u32_at};

// include/uapi/linux/rtnetlink.h, if_addr.h
pub(super) const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
pub(super) const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const ADDRESS_BODY: usize = 8;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const ROUTE_BODY: usize = 12;
const RTA_DST: u16 = 1;
const RTA_GATEWAY: u16 = 5;
const RTA_MULTIPATH: u16 = 9;
const RTA_VIA: u16 = 18;
const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;

/// The question for all addresses.
pub(super) fn ask_addresses(sequence: u32) -> Vec<u8> {
    let mut question = Vec::new();
    push_header(&mut question, RTM_GETADDR, REQUEST | DUMP, sequence, &[0; ADDRESS_BODY], 0);
    question
}

/// The question for all routes of all tables.
pub(super) fn ask_routes(sequence: u32) -> Vec<u8> {
    let mut question = Vec::new();
    push_header(&mut question, RTM_GETROUTE, REQUEST | DUMP, sequence, &[0; ROUTE_BODY], 0);
    question
}

/// An address of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnAddress {
    pub(super) address: IpAddr,
    /// The link that has it.
    pub(super) link: u32,
}

/// Reads a `struct ifaddrmsg` and its attributes; `None` for one that is neither IPv4 nor IPv6.
pub(super) fn parse_address(body: &[u8]) -> Result<Option<OwnAddress>, NetlinkError> {
    let (head, rest) =
        body.split_first_chunk::<ADDRESS_BODY>().ok_or(NetlinkError::Truncated("an address"))?;
    let (mut address, mut local) = (None, None);
    for attribute in attributes(rest) {
        match attribute? {
            (IFA_ADDRESS, value) => address = ip_address(head[0], value),
            (IFA_LOCAL, value) => local = ip_address(head[0], value),
            _ => {}
        }
    }
    // Where a link has a peer, `IFA_ADDRESS` is the peer's.
    let link = u32_at(head, 4).unwrap_or_default();
    Ok(local.or(address).map(|address| OwnAddress { address, link }))
}

/// What a route says of the block that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// All of it is this namespace's own.
    Local(Block),
    /// No gateway is on the way.
    Connected(Block),
}

/// Reads a `struct rtmsg` and its attributes; `None` for a route that says neither.
pub(super) fn parse_route(body: &[u8]) -> Result<Option<Route>, NetlinkError> {
    let (head, rest) = body.split_first_chunk::<ROUTE_BODY>().ok_or(NetlinkError::Truncated("a route"))?;
    let &[family, prefix, _, _, _, _, _, kind, ..] = head;
    if !matches!(kind, RTN_UNICAST | RTN_LOCAL) {
        return Ok(None);
    }
    let mut destination = None;
    for attribute in attributes(rest) {
        match attribute? {
            (RTA_DST, value) => destination = ip_address(family, value),
            (RTA_GATEWAY | RTA_VIA | RTA_MULTIPATH, _) if kind == RTN_UNICAST => return Ok(None),
            _ => {}
        }
    }
    // Without a destination it is a default route.
    let Some(block) = destination.and_then(|destination| Block::new(destination, prefix)) else {
        return Ok(None);
    };
    Ok(match kind {
        RTN_LOCAL => Some(Route::Local(block)),
        _ => is_a_network(block, destination).then_some(Route::Connected(block)),
    })
}

/// Whether a block may be a network of neighbours. A tunnel's routes may have no gateway and lead to half the internet.
fn is_a_network(block: Block, destination: Option<IpAddr>) -> bool {
    block.prefix() >= if destination.is_some_and(|destination| destination.is_ipv4()) { 8 } else { 32 }
}

fn ip_address(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match u16::from(family) {
        IPV4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes))),
        IPV6 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use proptest::prelude::*;

    use super::*;
    use crate::kernel::netlink::{AnswerKind, Reader, push_attribute};

    fn address(family: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = vec![family, 24, 0, 0, 3, 0, 0, 0];
        for &(kind, value) in attributes {
            push_attribute(&mut body, kind, value);
        }
        body
    }

    fn route(family: u8, prefix: u8, kind: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = vec![family, prefix, 0, 0, 254, 2, 253, kind, 0, 0, 0, 0];
        for &(kind, value) in attributes {
            push_attribute(&mut body, kind, value);
        }
        body
    }

    fn block(block: &str) -> Block {
        Block::parse(block).unwrap()
    }

    #[test]
    fn the_own_address_is_read_and_not_the_peers() {
        let own = |told: &[u8]| parse_address(told).unwrap().map(|own| (own.address.to_string(), own.link));
        let peer = address(2, &[(IFA_ADDRESS, &[10, 0, 0, 9]), (IFA_LOCAL, &[10, 0, 0, 5]), (3, b"eth0\0")]);
        assert_eq!(own(&peer), Some((String::from("10.0.0.5"), 3)));
        let six = address(10, &[(IFA_ADDRESS, &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])]);
        assert_eq!(own(&six), Some((String::from("fd00::1"), 3)));
        assert_eq!(own(&address(7, &[(IFA_ADDRESS, &[1, 2, 3, 4])])), None);
        assert_eq!(own(&address(2, &[(IFA_ADDRESS, &[1, 2, 3])])), None);
        assert_eq!(own(&address(2, &[])), None);
    }

    #[test]
    fn a_route_without_a_gateway_leads_to_neighbours() {
        let told = |told: &[u8]| parse_route(told).unwrap();
        let ten: (u16, &[u8]) = (RTA_DST, &[10, 9, 0, 0]);
        assert_eq!(told(&route(2, 16, 1, &[ten])), Some(Route::Connected(block("10.9.0.0/16"))));
        assert_eq!(told(&route(2, 32, 2, &[ten])), Some(Route::Local(block("10.9.0.0"))));
        for gateway in [RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH] {
            assert_eq!(told(&route(2, 16, 1, &[ten, (gateway, &[10, 0, 0, 1])])), None);
        }
        assert_eq!(told(&route(2, 16, 6, &[ten])), None, "a black hole");
        assert_eq!(told(&route(2, 0, 1, &[])), None, "a default route of a tunnel");
        assert_eq!(told(&route(2, 1, 1, &[(RTA_DST, &[128, 0, 0, 0])])), None, "half the internet");
        assert_eq!(told(&route(10, 3, 1, &[(RTA_DST, &[0x20; 16])])), None, "all of it");
        assert_eq!(told(&route(2, 33, 1, &[ten])), None, "more bits than there are");
        assert_eq!(told(&route(28, 20, 1, &[ten])), None, "MPLS");
    }

    #[test]
    fn what_is_cut_anywhere_is_an_error_or_less() {
        let whole = address(2, &[(IFA_ADDRESS, &[10, 0, 0, 9]), (IFA_LOCAL, &[10, 0, 0, 5])]);
        for end in 0..ADDRESS_BODY {
            assert!(parse_address(&whole[..end]).is_err());
        }
        let whole = route(2, 16, 1, &[(RTA_DST, &[10, 9, 0, 0])]);
        for end in (0..whole.len()).filter(|&end| end != ROUTE_BODY) {
            assert!(parse_route(&whole[..end]).is_err(), "{end}");
        }
    }

    /// Addresses, own blocks, neighbours.
    type Lists = [Vec<String>; 3];

    /// What is read of a datagram.
    fn parse_all(datagram: &[u8]) -> Lists {
        let (mut addresses, mut local, mut connected) = (Vec::new(), Vec::new(), Vec::new());
        for (_, answer) in Reader::new(datagram).filter_map(Result::ok) {
            let AnswerKind::Item(kind, body) = answer else { continue };
            match kind {
                RTM_NEWADDR => {
                    let own = parse_address(body).ok().flatten();
                    addresses.extend(own.map(|own| own.address.to_string()));
                }
                RTM_NEWROUTE => match parse_route(body) {
                    Ok(Some(Route::Local(block))) => local.push(block.to_string()),
                    Ok(Some(Route::Connected(block))) => connected.push(block.to_string()),
                    _ => {}
                },
                _ => {}
            }
        }
        [addresses, local, connected]
    }

    #[test]
    fn the_answers_of_a_real_kernel_are_read() {
        let told: Vec<_> = crate::fuzz::corpus("rtnetlink").iter().map(|answer| parse_all(answer)).collect();
        let has =
            |list: usize, text: &str| told.iter().any(|lists| lists[list].iter().any(|told| told == text));
        for own in ["127.0.0.1", "10.0.0.5", "::1", "fd00::5"] {
            assert!(has(0, own), "{own}: {told:?}");
        }
        for own in ["127.0.0.0/8", "10.0.0.5", "192.0.2.0/28", "fd00::5"] {
            assert!(has(1, own), "{own}: {told:?}");
        }
        for near in ["10.0.0.0/24", "10.9.0.0/16", "fd00::/64"] {
            assert!(has(2, near), "{near}: {told:?}");
        }
        for far in ["10.8.0.0/16", "2001:db8::/32", "0.0.0.0/0"] {
            assert!(!has(2, far), "{far}: {told:?}");
        }
    }

    #[test]
    fn no_answer_does_harm() {
        crate::fuzz::run("rtnetlink", 16, |answer| _ = parse_all(answer));
    }

    proptest! {
        #[test]
        fn nonsense_does_no_harm(body: Vec<u8>, family in prop_oneof![Just(2_u8), Just(10)]) {
            let mut body = body;
            if let Some(first) = body.first_mut() {
                *first = family;
            }
            let _ = parse_address(&body);
            if let Some(kind) = body.get_mut(7) {
                *kind = 1 + *kind % 2;
            }
            let _ = parse_route(&body);
        }
    }
}
