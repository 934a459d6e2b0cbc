//! What holds whatever happens.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use scopetop_tracker::connection::{ConnectionEventKind, Direction};
use scopetop_tracker::identity::SocketId;

use crate::world::{SECOND, World, process};

/// Something that happens.
#[derive(Clone, Debug)]
enum Deed {
    Bind { netns: u32, port: u16, wildcard: bool, v6: bool },
    Make { netns: u32, v6: bool },
    Connect { socket: usize, port: u16 },
    Send { socket: usize, port: u16 },
    Receive { socket: usize },
    Swallow { socket: usize },
    Close { socket: usize },
    Vanish { socket: usize },
    Scan,
    Evict,
    Tick,
    Pass(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let (socket, port, netns) = (0..8_usize, 1..4_u16, 1..3_u32);
    let deed = prop_oneof![
        2 => (netns.clone(), port.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(netns, port, wildcard, v6)| Deed::Bind { netns, port, wildcard, v6 }),
        3 => (netns, any::<bool>()).prop_map(|(netns, v6)| Deed::Make { netns, v6 }),
        1 => (socket.clone(), port.clone()).prop_map(|(socket, port)| Deed::Connect { socket, port }),
        8 => (socket.clone(), port).prop_map(|(socket, port)| Deed::Send { socket, port }),
        8 => socket.clone().prop_map(|socket| Deed::Receive { socket }),
        1 => socket.clone().prop_map(|socket| Deed::Swallow { socket }),
        2 => socket.clone().prop_map(|socket| Deed::Close { socket }),
        1 => socket.prop_map(|socket| Deed::Vanish { socket }),
        2 => Just(Deed::Scan),
        1 => Just(Deed::Evict),
        3 => Just(Deed::Tick),
        2 => (0..40 * SECOND).prop_map(Deed::Pass),
    ];
    vec(deed, 1..120)
}

fn run(world: &mut World, deeds: &[Deed]) {
    let mut next = 40_000_u16;
    for deed in deeds {
        let nth = |index: usize| world.sockets.keys().copied().nth(index);
        match *deed {
            Deed::Bind { netns, port, wildcard, v6 } => {
                let ip =
                    ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"][usize::from(wildcard) + 2 * usize::from(v6)];
                let local = format!("{ip}:{port}");
                // Two sockets of one port would be two processes' by chance alone.
                if !world
                    .sockets
                    .values()
                    .any(|socket| socket.facts.netns.0 == netns && socket.facts.local.port() == port)
                {
                    world.bound(netns, 100 * netns + u32::from(port), &local);
                }
            }
            Deed::Make { netns, v6 } => {
                next += 1;
                let ip = if v6 { "[::]" } else { "0.0.0.0" };
                world.unbound(netns, u32::from(next), &format!("{ip}:{next}"));
            }
            Deed::Connect { socket, port } => {
                if let Some(cookie) = nth(socket)
                    && world.sockets[&cookie].facts.connected.is_none()
                {
                    let to = to(world, cookie, port);
                    world.connect(cookie, &to);
                }
            }
            Deed::Send { socket, port } => {
                if let Some(cookie) = nth(socket) {
                    if world.sockets[&cookie].facts.connected.is_some() {
                        world.send(cookie, None, 1);
                    } else {
                        let to = to(world, cookie, port);
                        world.send(cookie, Some(&to), 1);
                    }
                }
            }
            Deed::Receive { socket } => _ = nth(socket).map(|cookie| world.receive(cookie)),
            Deed::Swallow { socket } => {
                if let Some(cookie) = nth(socket) {
                    world.discard(cookie);
                }
            }
            Deed::Close { socket } => _ = nth(socket).map(|cookie| world.close(cookie)),
            Deed::Vanish { socket } => _ = nth(socket).map(|cookie| world.vanish(cookie)),
            Deed::Scan => world.scan(),
            Deed::Evict => _ = world.counted.borrow_mut().pop_first(),
            Deed::Tick => _ = world.tick(),
            Deed::Pass(time) => world.pass(time),
        }
    }
}

/// A server's address, in the family that the socket can speak.
fn to(world: &World, cookie: u64, port: u16) -> String {
    let v6 = world.sockets[&cookie].facts.local.is_ipv6();
    format!("{}:{port}", if v6 { "[::1]" } else { "127.0.0.1" })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Each tick fits what came before (`World::tick` asserts it), and when all is over nothing is left, neither here
    /// nor in the kernel.
    #[test]
    fn nothing_leaks(deeds in deeds()) {
        let mut world = World::new();
        run(&mut world, &deeds);
        let all: Vec<u64> = world.sockets.keys().copied().collect();
        for cookie in all {
            world.close(cookie);
        }
        world.scan();
        world.tick();
        world.scan();
        world.tick();
        world.pass(200 * SECOND);
        world.tick();
        world.scan();
        world.tick();
        prop_assert_eq!(world.flows(), Vec::<String>::new());
        prop_assert_eq!(world.listeners(), Vec::<String>::new());
        prop_assert!(!world.table.has_flows());
        prop_assert!(world.table.owners().is_empty());
        world.tick();
        prop_assert!(world.closed.is_empty());
    }

    /// No two live ends are of one process's flow to the same place, and what is an end's other end is unique: at most
    /// one live socket in its namespace has the mirrored addresses, and then one is the client and the other the server, or
    /// neither is known to be.
    #[test]
    fn ends_are_mirrored_one_to_one(deeds in deeds()) {
        let mut world = World::watched();
        run(&mut world, &deeds);
        world.tick();
        let live: Vec<_> = world.shown.values().filter(|socket| socket.remote.is_some()).collect();
        for one in &live {
            // Where one vanished and nobody knows, its successor looks like it.
            if world.has_vanished(one.netns, one.local.inet().unwrap()) {
                continue;
            }
            let same = live.iter().filter(|other| {
                (other.netns, &other.local, &other.remote) == (one.netns, &one.local, &one.remote)
            });
            prop_assert_eq!(same.count(), 1, "twice: {:?}", one);
            let others: Vec<_> = live.iter().filter(|other| {
                other.netns == one.netns
                    && Some(&other.local) == one.remote.as_ref()
                    && other.remote.as_ref() == Some(&one.local)
            }).collect();
            prop_assert!(others.len() <= 1);
            if let [other] = others[..] && other.id != one.id {
                let expected = match one.direction {
                    Direction::Outbound => Direction::Inbound,
                    Direction::Inbound => Direction::Outbound,
                    Direction::Unknown => Direction::Unknown,
                };
                prop_assert_eq!(other.direction, expected, "{:?} and {:?}", one, other);
            }
        }
    }

    /// Wherever a datagram of a live flow would be received, that socket is shown as the other end.
    #[test]
    fn every_end_that_is_known_is_joined(deeds in deeds()) {
        let mut world = World::watched();
        run(&mut world, &deeds);
        world.scan();
        world.tick();
        for socket in world.shown.values() {
            let Some(remote) = socket.remote.as_ref() else { continue };
            // Of one that vanished the table does not know yet.
            let Some(own) = world.cookie_at(socket.netns, socket.local.inet().unwrap()) else { continue };
            let far = world.receiver(own, socket.local.inet().unwrap(), remote.inet().unwrap());
            let Some(far) = far.filter(|&far| {
                let facts = world.sockets[&far].facts;
                far != own && !world.has_vanished(facts.netns, facts.local)
            }) else { continue };
            let other = world.shown.values().find(|other| {
                other.netns == socket.netns && other.local == *remote && other.remote.as_ref() == Some(&socket.local)
            });
            let owners = other.map(|other| other.owners.clone());
            prop_assert_eq!(owners, Some(vec![process(world.sockets[&far].pid)]), "{:?}", socket);
        }
    }

    /// Each flow's life is told once: it opens at most once, closes at most once, and in that order.
    #[test]
    fn events_are_told_once(deeds in deeds()) {
        let mut world = World::watched();
        run(&mut world, &deeds);
        let all: Vec<u64> = world.sockets.keys().copied().collect();
        for cookie in all {
            world.close(cookie);
        }
        world.tick();
        let (mut opened, mut closed) = (BTreeSet::<SocketId>::new(), BTreeSet::new());
        for event in world.table.take_events() {
            match event.kind {
                ConnectionEventKind::Connect | ConnectionEventKind::Accept => {
                    prop_assert!(!closed.contains(&event.socket));
                    prop_assert!(opened.insert(event.socket));
                }
                ConnectionEventKind::Close => prop_assert!(closed.insert(event.socket)),
                ConnectionEventKind::Listen | ConnectionEventKind::Fail => prop_assert!(false, "{:?}", event),
            }
        }
    }
}
