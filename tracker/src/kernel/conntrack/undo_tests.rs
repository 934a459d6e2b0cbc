#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::*;
use crate::connection::Protocol;

fn flow(text: &str) -> Flow {
    let (source, destination) = text.split_once(" > ").unwrap();
    let [source, destination] = [source, destination].map(|address| address.parse().unwrap());
    Flow { protocol: Protocol::Tcp, source, destination }
}

/// Tables by namespace: each entry's two directions.
struct Written(Vec<(u32, &'static str, &'static str)>);

impl LookUp for Written {
    fn look_up(&mut self, netns: NetnsId, _: Option<u32>, flows: &[Flow]) -> Vec<Option<Entry>> {
        let entries: Vec<_> = (self.0.iter())
            .filter(|(namespace, ..)| *namespace == netns.0)
            .map(|&(_, original, reply)| Entry { original: flow(original), reply: flow(reply) })
            .collect();
        let is_of = |entry: &&Entry, flow| entry.original == flow || entry.reply == flow;
        flows.iter().map(|&flow| entries.iter().find(|entry| is_of(entry, flow)).copied()).collect()
    }
}

const CLIENT: u32 = 1;
const HOST: u32 = 10;
const OTHER: u32 = 11;

/// What is told of these sockets, by their namespaces.
fn told(sockets: &[(u32, &str)], tables: &[(u32, &'static str, &'static str)]) -> Vec<(u64, String, bool)> {
    let questions = sockets.iter().zip(0..).map(|(&(netns, text), number)| Question {
        socket: SocketId(number),
        netns: NetnsId(netns),
        pid: None,
        flow: flow(text),
    });
    let request = Request { questions: questions.collect(), routers: vec![NetnsId(HOST), NetnsId(OTHER)] };
    undo(&request, &mut Written(tables.to_vec()))
        .into_iter()
        .map(|told| (told.socket.0, format!("{} > {}", told.local, told.remote), told.outbound))
        .collect()
}

fn one(told: &str, outbound: bool) -> Vec<(u64, String, bool)> {
    vec![(0, told.to_owned(), outbound)]
}

#[test]
fn each_kind_of_translation_is_undone() {
    let out = (CLIENT, "10.0.0.5:4000 > 10.96.0.1:443");
    for (tables, expected) in [
        // Tracked, and not translated; or not even that.
        (vec![(HOST, "10.0.0.5:4000 > 10.96.0.1:443", "10.96.0.1:443 > 10.0.0.5:4000")], vec![]),
        (vec![], vec![]),
        // Destination, source, both; in its own namespace, in another, one after the other.
        (
            vec![(CLIENT, "10.0.0.5:4000 > 10.96.0.1:443", "10.1.0.9:6443 > 10.0.0.5:4000")],
            one("10.0.0.5:4000 > 10.1.0.9:6443", true),
        ),
        (
            vec![(HOST, "10.0.0.5:4000 > 10.96.0.1:443", "10.96.0.1:443 > 192.0.2.1:6000")],
            one("192.0.2.1:6000 > 10.96.0.1:443", true),
        ),
        (
            vec![
                (CLIENT, "10.0.0.5:4000 > 10.96.0.1:443", "10.1.0.9:6443 > 10.0.0.5:4000"),
                (HOST, "10.0.0.5:4000 > 10.1.0.9:6443", "10.1.0.9:6443 > 192.0.2.1:6000"),
                (OTHER, "192.0.2.1:6000 > 10.1.0.9:6443", "10.2.0.9:1 > 192.0.2.2:2"),
            ],
            one("192.0.2.2:2 > 10.2.0.9:1", true),
        ),
    ] {
        assert_eq!(told(&[out], &tables), expected, "{tables:?}");
    }
    // The server behind a published port; with the client masqueraded as well.
    let inside = (CLIENT, "172.17.0.2:80 > 203.0.113.9:5000");
    let published = (HOST, "203.0.113.9:5000 > 192.0.2.1:8080", "172.17.0.2:80 > 203.0.113.9:5000");
    assert_eq!(told(&[inside], &[published]), one("192.0.2.1:8080 > 203.0.113.9:5000", false));
    let inside = (CLIENT, "172.17.0.2:80 > 172.17.0.1:5000");
    let published = (HOST, "203.0.113.9:5000 > 192.0.2.1:8080", "172.17.0.2:80 > 172.17.0.1:5000");
    assert_eq!(told(&[inside], &[published]), one("192.0.2.1:8080 > 203.0.113.9:5000", false));
}

#[test]
fn what_may_mean_two_things_is_not_told() {
    let out = "10.0.0.5:4000 > 10.96.0.1:443";
    let translated = |netns| (netns, out, "10.1.0.9:6443 > 10.0.0.5:4000");
    // Two namespaces translate the same packets: one of them another network's.
    assert_eq!(told(&[(CLIENT, out)], &[translated(HOST), translated(OTHER)]), []);
    // Two namespaces send the same packets: a third one's table tells of one of them.
    assert_eq!(told(&[(1, out), (2, out)], &[translated(HOST)]), []);
    assert_eq!(told(&[(1, out), (2, "10.0.0.6:4000 > 10.96.0.1:443")], &[translated(HOST)]).len(), 1);
    // One translator has it that this end began, the next that the other did.
    let tables = [
        (CLIENT, out, "10.1.0.9:6443 > 10.0.0.5:4000"),
        (HOST, "192.0.2.9:1 > 192.0.2.1:2", "10.0.0.5:4000 > 10.1.0.9:6443"),
    ];
    assert_eq!(told(&[(CLIENT, out)], &tables), []);
}

#[test]
fn loopback_is_translated_in_its_own_namespace_only() {
    let out = "172.18.0.2:4000 > 127.0.0.11:53";
    let own = (CLIENT, out, "127.0.0.11:40123 > 172.18.0.2:4000");
    assert_eq!(told(&[(CLIENT, out)], &[own]), one("172.18.0.2:4000 > 127.0.0.11:40123", true));
    assert_eq!(told(&[(CLIENT, out)], &[(HOST, own.1, own.2)]), []);
}

#[test]
fn a_way_in_circles_ends() {
    let tables = [
        (HOST, "10.0.0.1:1 > 10.0.0.2:2", "10.0.0.3:3 > 10.0.0.1:1"),
        (OTHER, "10.0.0.1:1 > 10.0.0.3:3", "10.0.0.2:2 > 10.0.0.1:1"),
    ];
    // Back where it was: nothing is translated in the end.
    assert_eq!(told(&[(CLIENT, "10.0.0.1:1 > 10.0.0.2:2")], &tables), []);
}
