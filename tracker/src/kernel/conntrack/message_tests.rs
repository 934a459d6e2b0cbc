#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::kernel::netlink::{AnswerKind, Reader};

fn flow(protocol: Protocol, source: &str, destination: &str) -> Flow {
    Flow { protocol, source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

/// A question is built as an entry is: what is asked for comes back as it was.
fn tuple(flow: &Flow) -> Vec<u8> {
    let mut message = Vec::new();
    assert!(push_look_up(&mut message, flow, 7));
    let (number, answer) = Reader::new(&message).next().unwrap().unwrap();
    let AnswerKind::Item(CT_GET, body) = answer else { panic!("{answer:?}") };
    assert_eq!(number, 7);
    let (kind, value) = attributes(&body[BODY..]).next().unwrap().unwrap();
    assert_eq!(kind, CTA_TUPLE_ORIG);
    value.to_vec()
}

fn entry(family: u16, original: &[u8], reply: &[u8]) -> Vec<u8> {
    let mut body = vec![family as u8, 0, 0, 0];
    push_attribute(&mut body, NESTED | CTA_TUPLE_ORIG, original);
    push_attribute(&mut body, NESTED | CTA_TUPLE_REPLY, reply);
    push_attribute(&mut body, 3, &[0, 0, 0, 8]);
    body
}

#[test]
fn an_entry_is_read_as_it_was_asked_for() {
    for (family, protocol, here, there) in [
        (IPV4, Protocol::Tcp, "10.0.0.5:4000", "198.51.100.7:443"),
        (IPV4, Protocol::Udp, "10.0.0.5:4000", "198.51.100.7:53"),
        (IPV6, Protocol::Tcp, "[fd00::5]:4000", "[2001:db8::7]:443"),
    ] {
        let original = flow(protocol, here, there);
        let reply = original.reversed();
        let body = entry(family, &tuple(&original), &tuple(&reply));
        assert_eq!(parse(CT_NEW, &body), Ok(Told::Entry(Some(Entry { original, reply }))));
        // Addresses of the other family are none.
        let other = if family == IPV4 { IPV6 } else { IPV4 };
        assert_eq!(parse(CT_NEW, &entry(other, &tuple(&original), &tuple(&reply))), Ok(Told::Entry(None)));
    }
    let tcp = flow(Protocol::Tcp, "10.0.0.5:1", "10.0.0.6:2");
    let udp = Flow { protocol: Protocol::Udp, ..tcp };
    assert_eq!(parse(CT_NEW, &entry(IPV4, &tuple(&tcp), &tuple(&udp))), Ok(Told::Entry(None)));
    assert_eq!(parse(CT_NEW, &entry(IPV4, &tuple(&tcp), &[])), Ok(Told::Entry(None)));
}

#[test]
fn what_has_no_entry_is_not_asked_for() {
    let unix = Flow { protocol: Protocol::Unix, ..flow(Protocol::Tcp, "10.0.0.5:1", "10.0.0.6:2") };
    let mixed = flow(Protocol::Tcp, "10.0.0.5:1", "[fd00::6]:2");
    let mut message = Vec::new();
    assert!(!push_look_up(&mut message, &unix, 1) && !push_look_up(&mut message, &mixed, 1));
    assert!(message.is_empty());
}

#[test]
fn an_entry_cut_anywhere_is_an_error_or_none() {
    let original = flow(Protocol::Tcp, "10.0.0.5:4000", "198.51.100.7:443");
    let whole = entry(IPV4, &tuple(&original), &tuple(&original.reversed()));
    // Without its last attribute, which nobody asked for, it is still whole.
    for end in 0..whole.len() - 8 {
        assert!(!matches!(parse(CT_NEW, &whole[..end]), Ok(Told::Entry(Some(_)))), "{end} bytes");
    }
}

#[test]
fn the_fill_is_in_network_order() {
    let mut body = vec![0; BODY];
    push_attribute(&mut body, CTA_STATS_GLOBAL_ENTRIES, &300_u32.to_be_bytes());
    push_attribute(&mut body, CTA_STATS_GLOBAL_MAX_ENTRIES, &262_144_u32.to_be_bytes());
    assert_eq!(parse(CT_GET_STATS, &body), Ok(Told::Fill(Fill { entries: 300, room: 262_144 })));
    assert_eq!(parse(CT_GET_STATS, &[0; BODY]), Ok(Told::Fill(Fill::default())));
    assert!(parse(99, &body).is_err());
}

fn parse_all(datagram: &[u8]) -> Vec<Told> {
    let items = Reader::new(datagram).filter_map(Result::ok);
    let told = items.filter_map(|(_, answer)| match answer {
        AnswerKind::Item(kind, body) => parse(kind, body).ok(),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_answers_of_real_kernels_are_read() {
    for answer in crate::fuzz::corpus("conntrack") {
        let told = parse_all(&answer);
        assert!(!told.is_empty() && !told.contains(&Told::Entry(None)), "{told:?}");
    }
}

#[test]
fn no_answer_does_harm() {
    crate::fuzz::run("conntrack", 8, |answer| _ = parse_all(answer));
}

proptest! {
    #[test]
    fn nonsense_does_no_harm(body: Vec<u8>, kind in prop::sample::select(vec![CT_NEW, CT_GET_STATS])) {
        let _ = parse(kind, &body);
    }
}
