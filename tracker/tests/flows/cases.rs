//! Single situations, written down.

use scopetop_tracker::connection::flow::UdpScan;
use scopetop_tracker::connection::{ConnectionEventKind, OwnerSource};
use scopetop_tracker::identity::Timestamp;

use crate::world::{SECOND, World, process};

/// A client of process 1 and a server of process 2.
fn exchange(world: &mut World) -> (u64, u64) {
    let server = world.bound(7, 2, "0.0.0.0:53");
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("127.0.0.1:53"), 30);
    world.receive(server);
    world.send(server, Some("127.0.0.1:40000"), 90);
    world.receive(client);
    (client, server)
}

const EXCHANGE: [&str; 2] =
    ["127.0.0.1:40000 > 127.0.0.1:53 1 outbound", "127.0.0.1:53 > 127.0.0.1:40000 2 inbound"];

#[test]
fn an_exchange_is_two_ends_that_name_each_other() {
    let mut world = World::watched();
    exchange(&mut world);
    world.tick();
    assert_eq!(world.flows(), EXCHANGE);
    assert_eq!(world.listeners(), ["0.0.0.0:53 2 inbound"]);
    assert_eq!(world.bytes(1), Some((30, 90)));
    assert_eq!(world.bytes(2), Some((90, 30)));
}

#[test]
fn an_exchange_within_a_tick_is_shown_closed_once() {
    let mut world = World::watched();
    let (client, _) = exchange(&mut world);
    world.close(client);
    let counts = world.tick().counts;
    assert_eq!((counts.connects, counts.accepts, counts.closes), (1, 1, 2));
    assert_eq!(world.flows(), [""; 0]);
    assert_eq!(world.over(), EXCHANGE);
    world.tick();
    assert_eq!(world.over(), [""; 0]);
}

#[test]
fn an_unconnected_server_has_an_end_for_each_client() {
    let mut world = World::watched();
    let server = world.bound(7, 2, "127.0.0.1:53");
    for index in 0..50 {
        let client = world.unbound(7, 100 + index, &format!("0.0.0.0:{}", 40_000 + index));
        world.send(client, Some("127.0.0.1:53"), 1);
        assert!(world.receive(server));
    }
    world.tick();
    let mut expected: Vec<String> = (0..50)
        .flat_map(|index| {
            let port = 40_000 + index;
            [
                format!("127.0.0.1:{port} > 127.0.0.1:53 {} outbound", 100 + index),
                format!("127.0.0.1:53 > 127.0.0.1:{port} 2 inbound"),
            ]
        })
        .collect();
    expected.sort();
    assert_eq!(world.flows(), expected);
}

#[test]
fn the_same_loopback_addresses_in_two_namespaces_are_two_exchanges() {
    let mut world = World::watched();
    for (netns, pids) in [(7, (1, 2)), (8, (3, 4))] {
        let server = world.bound(netns, pids.1, "0.0.0.0:53");
        let client = world.unbound(netns, pids.0, "0.0.0.0:40000");
        world.send(client, Some("127.0.0.1:53"), 1);
        if netns == 7 {
            // The other's server says nothing: this one's end must not be taken for its.
            world.receive(server);
        } else {
            world.swallow(server);
        }
    }
    world.tick();
    assert_eq!(
        world.flows(),
        [
            "127.0.0.1:40000 > 127.0.0.1:53 1 outbound",
            "127.0.0.1:40000 > 127.0.0.1:53 3 outbound",
            "127.0.0.1:53 > 127.0.0.1:40000 2 inbound",
        ]
    );
    world.scan();
    world.tick();
    // Now it is known who listens in the other namespace.
    assert_eq!(world.flows().last().unwrap(), "127.0.0.1:53 > 127.0.0.1:40000 4 inbound");
    assert_eq!(world.flows().len(), 4);
}

#[test]
fn a_socket_that_only_receives_is_found_by_its_address() {
    let mut world = World::watched();
    let sink = world.bound(7, 2, "0.0.0.0:514");
    world.scan();
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("127.0.0.1:514"), 10);
    world.swallow(sink);
    world.tick();
    let both = ["127.0.0.1:40000 > 127.0.0.1:514 1 outbound", "127.0.0.1:514 > 127.0.0.1:40000 2 inbound"];
    assert_eq!(world.flows(), both);
    let stand_in =
        world.shown.values().find(|socket| socket.owners == [process(2)] && socket.remote.is_some());
    let number = stand_in.map(|socket| (socket.id, socket.owner_source));
    assert_eq!(number.unwrap().1, OwnerSource::Listener);
    // It says something after all: that is the same end.
    world.send(sink, Some("127.0.0.1:40000"), 20);
    world.tick();
    assert_eq!(world.flows(), both);
    let real = world.shown.values().find(|socket| {
        socket.owner_source == OwnerSource::Seen && socket.remote.is_some() && socket.owners == [process(2)]
    });
    assert_eq!(real.map(|socket| socket.id), number.map(|(id, _)| id));
    // With the sink both ends are gone, and what is sent next is sent to nobody.
    world.close(sink);
    world.tick();
    assert_eq!(world.over(), both);
    world.send(client, Some("127.0.0.1:514"), 10);
    world.tick();
    assert_eq!(world.flows(), both[..1]);
}

#[test]
fn who_of_several_processes_receives_is_not_guessed() {
    let mut world = World::watched();
    world.bound(7, 2, "0.0.0.0:514");
    world.bound(7, 3, "0.0.0.0:514");
    world.scan();
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("127.0.0.1:514"), 10);
    world.tick();
    assert_eq!(world.flows(), ["127.0.0.1:40000 > 127.0.0.1:514 1 outbound"]);
}

#[test]
fn what_is_sent_by_one_that_is_gone_is_still_its() {
    for in_one_tick in [true, false] {
        let mut world = World::watched();
        let server = world.bound(7, 2, "0.0.0.0:514");
        if !in_one_tick {
            world.scan();
        }
        let client = world.unbound(7, 1, "0.0.0.0:40000");
        world.send(client, Some("127.0.0.1:514"), 10);
        world.close(client);
        let both =
            ["127.0.0.1:40000 > 127.0.0.1:514 1 outbound", "127.0.0.1:514 > 127.0.0.1:40000 2 inbound"];
        if !in_one_tick {
            world.tick();
            assert_eq!(world.over(), both);
        }
        world.receive(server);
        // A tick may be long.
        world.pass(10 * SECOND);
        world.tick();
        // Once, in whichever tick it ended.
        assert_eq!(world.over(), if in_one_tick { both.to_vec() } else { vec![] });
        assert_eq!(world.flows(), [""; 0]);
        assert_eq!(world.table.take_events().len(), 4);
        // Somebody else with the same port is somebody else.
        world.pass(SECOND);
        let next = world.unbound(7, 9, "0.0.0.0:40000");
        world.send(next, Some("127.0.0.1:514"), 10);
        world.receive(server);
        world.tick();
        assert_eq!(
            world.flows(),
            ["127.0.0.1:40000 > 127.0.0.1:514 9 outbound", "127.0.0.1:514 > 127.0.0.1:40000 2 inbound"]
        );
    }
}

#[test]
fn a_flow_that_is_quiet_ends() {
    let mut world = World::watched();
    exchange(&mut world);
    let lonely = world.unbound(7, 3, "0.0.0.0:40001");
    world.send(lonely, Some("192.0.2.1:53"), 1);
    world.tick();
    world.pass(29 * SECOND);
    world.tick();
    assert_eq!(world.flows().len(), 3);
    world.pass(2 * SECOND);
    world.tick();
    assert_eq!(world.over(), ["0.0.0.0:40001 > 192.0.2.1:53 3 outbound"]);
    assert_eq!(world.flows(), EXCHANGE);
    world.pass(90 * SECOND);
    world.tick();
    assert_eq!(world.over(), EXCHANGE);
    assert_eq!(world.flows(), [""; 0]);
    // Nothing is left in the kernel, so the next datagram is told.
    assert!(world.counted.borrow().is_empty());
    world.send(lonely, Some("192.0.2.1:53"), 1);
    world.tick();
    assert_eq!(world.flows().len(), 1);
}

#[test]
fn a_flow_that_moves_does_not_end() {
    let mut world = World::watched();
    let (client, server) = exchange(&mut world);
    for _ in 0..10 {
        world.pass(119 * SECOND);
        world.send(client, Some("127.0.0.1:53"), 5);
        world.receive(server);
        world.tick();
        assert_eq!(world.flows(), EXCHANGE);
    }
    assert_eq!(world.bytes(1), Some((80, 90)));
}

#[test]
fn what_moves_between_the_reading_and_the_end_keeps_it_alive() {
    let mut world = World::watched();
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("192.0.2.1:53"), 5);
    world.tick();
    world.pass(40 * SECOND);
    // Counted after the tick's reading: `settle` finds it in the map.
    world.send(client, Some("192.0.2.1:53"), 7);
    let now = Timestamp(world.now);
    let counted = &world.counted;
    world.table.settle(now, |id| counted.borrow_mut().remove(&id));
    let tick = world.table.tick(now);
    assert!(tick.closed.is_empty(), "{tick:?}");
    assert_eq!(tick.changed[0].counters.unwrap().bytes_sent, 12);
    world.send(client, Some("192.0.2.1:53"), 1);
    world.tick();
    assert_eq!(world.bytes(1), Some((13, 0)));
}

#[test]
fn counters_that_the_kernel_gave_up_are_not_lost() {
    let mut world = World::watched();
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("192.0.2.1:53"), 5);
    world.tick();
    world.counted.borrow_mut().clear();
    world.send(client, Some("192.0.2.1:53"), 2);
    world.tick();
    assert_eq!(world.bytes(1), Some((7, 0)));
    assert_eq!(world.table.take_events().len(), 1, "it connected once");
}

#[test]
fn of_two_bound_ends_the_first_sender_is_the_client() {
    let mut world = World::watched();
    let one = world.bound(7, 1, "127.0.0.1:5000");
    let other = world.bound(7, 2, "127.0.0.1:4000");
    world.send(one, Some("127.0.0.1:4000"), 1);
    world.receive(other);
    world.tick();
    assert_eq!(
        world.flows(),
        ["127.0.0.1:4000 > 127.0.0.1:5000 2 inbound", "127.0.0.1:5000 > 127.0.0.1:4000 1 outbound"]
    );
}

#[test]
fn of_two_bound_ends_that_were_there_before_neither_is_the_client() {
    let mut world = World::new();
    let one = world.bound(7, 1, "127.0.0.1:5000");
    let other = world.bound(7, 2, "127.0.0.1:4000");
    world.scan();
    world.send(one, Some("127.0.0.1:4000"), 1);
    world.receive(other);
    world.tick();
    assert_eq!(
        world.flows(),
        ["127.0.0.1:4000 > 127.0.0.1:5000 2 unknown", "127.0.0.1:5000 > 127.0.0.1:4000 1 unknown"]
    );
}

#[test]
fn ends_in_two_namespaces_are_joined_by_addresses_that_are_theirs_alone() {
    let mut world = World::watched();
    world.addresses.insert(7, vec!["10.0.0.1".parse().unwrap()]);
    world.addresses.insert(8, vec!["10.0.0.2".parse().unwrap()]);
    let server = world.bound(8, 2, "0.0.0.0:53");
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("10.0.0.2:53"), 1);
    world.receive(server);
    world.tick();
    // Nothing is known of the namespaces: each end knows the other's address and not its own.
    assert_eq!(
        world.flows(),
        ["0.0.0.0:40000 > 10.0.0.2:53 1 outbound", "0.0.0.0:53 > 10.0.0.1:40000 2 inbound"]
    );
    world.learn(7);
    world.learn(8);
    world.tick();
    let joined = ["10.0.0.1:40000 > 10.0.0.2:53 1 outbound", "10.0.0.2:53 > 10.0.0.1:40000 2 inbound"];
    assert_eq!(world.flows(), joined);
}

#[test]
fn an_address_that_two_other_namespaces_have_means_neither() {
    let mut world = World::watched();
    world.addresses.insert(7, vec!["10.0.0.1".parse().unwrap()]);
    for netns in [8, 9] {
        world.addresses.insert(netns, vec!["10.0.0.2".parse().unwrap()]);
        world.bound(netns, netns, "0.0.0.0:514");
    }
    for netns in [7, 8, 9] {
        world.learn(netns);
    }
    world.scan();
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("10.0.0.2:514"), 1);
    world.tick();
    assert_eq!(world.flows(), ["0.0.0.0:40000 > 10.0.0.2:514 1 outbound"]);
}

#[test]
fn both_families_meet() {
    let mut world = World::watched();
    let server = world.bound(7, 2, "[::]:53");
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("127.0.0.1:53"), 1);
    world.receive(server);
    let client = world.unbound(7, 3, "[::]:40001");
    world.send(client, Some("[::1]:53"), 1);
    world.receive(server);
    world.tick();
    assert_eq!(
        world.flows(),
        [
            "127.0.0.1:40000 > 127.0.0.1:53 1 outbound",
            "127.0.0.1:53 > 127.0.0.1:40000 2 inbound",
            "[::1]:40001 > [::1]:53 3 outbound",
            "[::1]:53 > [::1]:40001 2 inbound",
        ]
    );
}

#[test]
fn a_socket_that_was_connected_before_is_shown_until_it_is_quiet() {
    let mut world = World::new();
    let server = world.bound(7, 2, "127.0.0.1:53");
    let client = world.unbound(7, 1, "127.0.0.1:40000");
    world.connect(client, "127.0.0.1:53");
    world.scan();
    world.tick();
    let both = ["127.0.0.1:40000 > 127.0.0.1:53 1 outbound", "127.0.0.1:53 > 127.0.0.1:40000 2 inbound"];
    assert_eq!(world.flows(), both);
    assert!(world.shown.values().all(|socket| socket.opened_at.is_none()));
    world.send(client, None, 1);
    world.receive(server);
    world.tick();
    assert_eq!(world.flows(), both);
    let kinds: Vec<_> = world.table.take_events().iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [ConnectionEventKind::Accept], "the client was connected before");
    for _ in 0..3 {
        world.pass(20 * SECOND);
        world.scan();
        world.tick();
    }
    assert_eq!(world.flows(), [""; 0]);
    assert_eq!(world.listeners(), ["127.0.0.1:53 2 inbound"]);
}

#[test]
fn a_socket_whose_end_nobody_told_goes_with_the_second_scan_that_misses_it() {
    let mut world = World::watched();
    let (client, _) = exchange(&mut world);
    world.scan();
    world.tick();
    world.vanish(client);
    world.scan();
    world.tick();
    assert_eq!(world.flows(), EXCHANGE);
    world.scan();
    world.tick();
    assert_eq!(world.over(), EXCHANGE);
    assert!(world.closed.iter().all(|socket| socket.closed_at.is_none()));
}

#[test]
fn what_waits_to_be_received_is_its_senders_as_long_as_a_flow_may_be_quiet() {
    for (seconds, expected) in [(29, &[][..]), (31, &["127.0.0.1:514 > 127.0.0.1:40000 2 inbound"])] {
        let mut world = World::watched();
        let server = world.bound(7, 2, "0.0.0.0:514");
        world.scan();
        let client = world.unbound(7, 1, "0.0.0.0:40000");
        world.send(client, Some("127.0.0.1:514"), 10);
        world.close(client);
        world.tick();
        assert_eq!(world.over().len(), 2);
        for _ in 0..seconds {
            world.pass(SECOND);
            world.tick();
        }
        world.receive(server);
        world.tick();
        // Who sends was told before; after so long it is not known any more.
        assert_eq!(
            (world.over(), world.flows()),
            (vec![], expected.iter().map(ToString::to_string).collect())
        );
    }
}

#[test]
fn a_scan_does_not_bring_a_socket_back() {
    let mut world = World::watched();
    let (client, server) = exchange(&mut world);
    let late = UdpScan { began_at: Timestamp(world.now), complete: true, rows: world.rows() };
    world.close(client);
    world.close(server);
    world.scan_shows(&late);
    world.tick();
    assert_eq!((world.flows(), world.listeners()), (vec![], vec![]));
}

#[test]
fn a_connected_socket_takes_over_what_its_listener_began() {
    let mut world = World::watched();
    let listener = world.bound(7, 2, "127.0.0.1:443");
    let client = world.unbound(7, 1, "0.0.0.0:40000");
    world.send(client, Some("127.0.0.1:443"), 1);
    world.receive(listener);
    world.tick();
    let own = world.bound(7, 2, "127.0.0.1:443");
    world.connect(own, "127.0.0.1:40000");
    world.send(own, None, 100);
    world.receive(client);
    world.tick();
    assert_eq!(
        world.flows(),
        ["127.0.0.1:40000 > 127.0.0.1:443 1 outbound", "127.0.0.1:443 > 127.0.0.1:40000 2 inbound"]
    );
    assert_eq!(world.bytes(2), Some((100, 1)));
    world.close(own);
    world.tick();
    assert_eq!(world.flows(), [""; 0]);
    assert_eq!(world.listeners(), ["127.0.0.1:443 2 inbound"]);
}

#[test]
fn of_several_holders_the_one_that_was_seen_comes_first() {
    let mut world = World::watched();
    let (_, server) = exchange(&mut world);
    let mut rows = world.rows();
    let shared = rows.iter().find(|row| row.socket.cookie == server).unwrap();
    let mut parent = *shared;
    parent.actor = parent.actor.map(|actor| scopetop_tracker::connection::Actor { id: process(1), ..actor });
    rows.push(parent);
    world.scan_shows(&UdpScan { began_at: Timestamp(world.now), complete: true, rows });
    world.tick();
    assert_eq!(world.flows()[1], "127.0.0.1:53 > 127.0.0.1:40000 2,1 inbound");
    assert_eq!(world.listeners(), ["0.0.0.0:53 1,2 inbound"]);
}
