//! Connections that open and close while a scan of many sockets goes on.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use scopetop_lab::actor::Actor;
use scopetop_lab::binary::{companion, mortal};
use scopetop_lab::picture::{Picture, address_of};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::{Value, json};

use crate::{ACTOR, Pair};

/// How many clients with one connection after the other there are; each has addresses of its own, 127.LANE.0.0/16.
const LANES: u8 = 4;

/// Many sockets, held open; gone when dropped.
struct Held(Child);

impl Held {
    fn open(namespace: &Namespace) -> Self {
        let load = namespace.command(companion("lab-load"));
        let mut load = mortal(load, &["hold", "--processes", "200", "--sockets", "20"]);
        let mut child = load.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "READY\n");
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The holders end with the input, which they share. Both fail only where it ended already.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A client that has one connection at a time, each from an address of its own, so that the address tells the number.
struct Serial {
    client: Actor,
    server: Actor,
    address: SocketAddr,
    lane: u8,
    /// How many of its connections are over, at both ends.
    over: u16,
}

impl Serial {
    fn new(namespace: &Namespace, lane: u8) -> Self {
        let (client, mut server) = (Actor::inside(namespace), Actor::inside(namespace));
        let address = server.listens("listener", "127.0.0.1:0");
        server.begin("serve listener 65535 1");
        Self { client, server, address, lane, over: 0 }
    }

    /// One connection from first to last.
    fn turn(&mut self) {
        let [high, low] = self.over.to_be_bytes();
        let local = SocketAddr::from(([127, self.lane, high, low], 0));
        self.client.does(&format!("connect-from end {local} {}", self.address));
        self.client.does("send end 1");
        self.client.does("receive end 1");
        // A reset ends both ends at once.
        self.client.does("reset end");
        self.over += 1;
    }

    /// Its connections in a picture, by their numbers.
    fn shown<'a>(&self, picture: &'a Picture, netns: u32) -> HashMap<u16, &'a Value> {
        let mut shown = HashMap::new();
        for connection in picture.list("connections") {
            let client = address_of(&connection["client"]);
            if connection["client"]["netns"] == netns
                && let Some(IpAddr::V4(address)) = client.map(|client| client.ip())
                && let [127, lane, high, low] = Ipv4Addr::octets(&address)
                && lane == self.lane
            {
                let twice = shown.insert(u16::from_be_bytes([high, low]), connection);
                assert!(twice.is_none(), "twice: {connection:#} and {twice:#?}");
            }
        }
        shown
    }
}

/// Whether a connection is of any [`Serial`].
fn is_serial(connection: &Value) -> bool {
    let client = address_of(&connection["client"]).map(|client| client.ip());
    matches!(client, Some(IpAddr::V4(address)) if (1..=LANES).contains(&address.octets()[1]))
}

/// What a picture must and must not have, whatever the scan and the events raced for. Of connections that follow one
/// another, each over before the next begins: none that was over before scopetop started is shown; and whoever shows one,
/// however it learned of it, knows that those before it are over.
fn assert_true(picture: &Picture, serial: &Serial, netns: u32, over_before: u16) -> usize {
    let shown = serial.shown(picture, netns);
    let newest = shown.keys().copied().max();
    let oldest = shown.keys().copied().min();
    for (&number, connection) in &shown {
        assert!(number >= over_before, "{number} of {over_before} that were over: {connection:#}");
        // The client's end is over a moment before the server's: scopetop may have come in between.
        let is_half = Some(number) == oldest && connection["client"]["pids"] == json!([]);
        if is_half {
            assert_eq!(connection["state"], "closed", "{number}: {connection:#}");
        } else {
            picture.assert_owner(&connection["client"], serial.client.pid(), ACTOR);
        }
        if Some(number) != newest {
            assert_eq!(connection["state"], "closed", "{number} of {newest:?}: {connection:#}");
        }
        // The newest may still be in its listener's queue, where no scan finds the server's socket.
        let pids = &connection["server"]["pids"];
        assert!(*pids == json!([]) || *pids == json!([serial.server.pid()]), "{number}: {connection:#}");
    }
    shown.len()
}

#[test]
fn no_ghost_and_none_missing_however_long_a_scan_takes() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let _held = Held::open(&namespace);
    let steady: Vec<Pair> = (0..10).map(|_| Pair::connected(Some(&namespace), "127.0.0.1:0")).collect();
    let mut serials: Vec<Serial> = (1..=LANES).map(|lane| Serial::new(&namespace, lane)).collect();
    let mut shown = 0;
    for arguments in [&["--for", "0"][..], &["--for", "0"], &["--for", "0.2"], &["--for", "1"]] {
        let over_before: Vec<u16> = serials.iter().map(|serial| serial.over).collect();
        let done = AtomicBool::new(false);
        let picture = std::thread::scope(|scope| {
            for serial in &mut serials {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        serial.turn();
                    }
                });
            }
            let picture = std::panic::catch_unwind(|| Picture::inside(&namespace, arguments));
            // Also where there is none: the others wait for this.
            done.store(true, Ordering::SeqCst);
            picture.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        for (serial, over_before) in serials.iter().zip(over_before) {
            shown += assert_true(&picture, serial, namespace.inode(), over_before);
        }
        for pair in &steady {
            let connection = picture.connection_of(pair.ends());
            assert_eq!(connection["state"], "established", "{connection:#}");
            picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
            picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
        }
        let held = picture.list("connections").iter().filter(|connection| {
            connection["client"]["netns"] == namespace.inode()
                && !is_serial(connection)
                && picture.node_of(&connection["client"])["comm"] == "lab-load"
        });
        // A listener and nine connections of two sockets each, and one socket too few for another.
        let ends: usize = held.inspect(|connection| assert_eq!(connection["state"], "established")).count();
        assert_eq!(ends, 200 * 9, "of the held ones");
    }
    assert!(shown > 0, "no connection opened while scopetop looked");
}
