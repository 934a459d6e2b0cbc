//! Behind address translation: ends that do not name each other.

use crate::world::{SECOND, World};

/// What conntrack tells of the two ends of a container's question to its name server: the packets of process 1 to
/// 127.0.0.11:53 arrive at another port, those of process 2 seem to come from there.
const OF_CLIENT: (u32, &str, &str, bool) = (1, "127.0.0.1:40000", "127.0.0.11:35737", true);
const OF_SERVER: (u32, &str, &str, bool) = (2, "127.0.0.11:53", "127.0.0.1:40000", false);

const BOTH: [&str; 2] =
    ["127.0.0.11:35737 > 127.0.0.1:40000 2 inbound", "127.0.0.1:40000 > 127.0.0.11:53 1 outbound"];

/// A name server of a container and who asks it.
fn name_server(world: &mut World) -> (u64, u64) {
    (world.unbound(7, 1, "0.0.0.0:40000"), world.unbound(7, 2, "127.0.0.11:35737"))
}

fn ask(world: &mut World, (client, server): (u64, u64)) {
    world.send(client, Some("127.0.0.11:53"), 30);
    world.arrives(server, "127.0.0.1:40000", 30);
}

fn answer(world: &mut World, (client, server): (u64, u64)) {
    world.receive(server);
    world.send(server, Some("127.0.0.1:40000"), 90);
    world.discard(client);
    world.arrives(client, "127.0.0.11:53", 90);
    world.receive(client);
}

fn sorted(lines: Vec<String>) -> Vec<String> {
    let mut lines = lines;
    lines.sort();
    lines
}

#[test]
fn translated_ends_end_together() {
    for answers in [&[OF_CLIENT, OF_SERVER][..], &[OF_CLIENT], &[OF_SERVER]] {
        let mut world = World::watched();
        let pair = name_server(&mut world);
        ask(&mut world, pair);
        answer(&mut world, pair);
        world.tick();
        assert_eq!(world.translate(answers), []);
        assert_eq!(world.flows(), BOTH, "{answers:?}");
        assert_eq!((world.bytes(1), world.bytes(2)), (Some((30, 90)), Some((90, 30))));
        world.close(pair.0);
        world.tick();
        assert_eq!((world.flows(), world.over()), (vec![], BOTH.map(String::from).to_vec()), "{answers:?}");
    }
}

#[test]
fn what_came_and_went_in_a_tick_leaves_nothing() {
    for answers in [&[OF_CLIENT, OF_SERVER][..], &[OF_CLIENT], &[OF_SERVER]] {
        let mut world = World::watched();
        let pair = name_server(&mut world);
        ask(&mut world, pair);
        answer(&mut world, pair);
        world.close(pair.0);
        world.tick();
        assert_eq!(world.flows().len(), 1, "nobody knows yet whose question this answers");
        let added = world.translate(answers);
        assert_eq!((world.flows(), sorted(world.over())), (vec![], BOTH.map(String::from).to_vec()));
        // Where only the server's end is known to conntrack, the client's follows from it.
        let is_of_client = |added: &scopetop_tracker::tick::Translation| {
            world.closed.iter().any(|socket| socket.id == added.socket && socket.owners[0].pid == 1)
        };
        assert_eq!(added.len(), usize::from(answers == [OF_SERVER]), "{answers:?}");
        assert!(added.iter().all(is_of_client), "{added:?}");
        world.pass(SECOND);
        world.tick();
        assert_eq!((world.flows(), world.over()), (vec![], vec![]));
        assert_eq!(world.table.take_events().len(), 4);
    }
}

#[test]
fn what_is_received_after_its_sender_is_gone_is_told_with_it() {
    let mut world = World::watched();
    let pair = name_server(&mut world);
    ask(&mut world, pair);
    world.close(pair.0);
    world.tick();
    world.pass(SECOND);
    world.receive(pair.1);
    world.tick();
    let added = world.translate(&[OF_SERVER]);
    assert_eq!((world.flows(), sorted(world.over())), (vec![], BOTH.map(String::from).to_vec()));
    let [added] = added[..] else { panic!("{added:?}") };
    let (local, remote) = (added.local.to_string(), added.remote.to_string());
    assert_eq!((&*local, &*remote, added.outbound), ("127.0.0.1:40000", "127.0.0.11:35737", true));
}

/// A client at 10.0.0.1 talks to a port of 10.0.0.9, which is sent on to a container.
fn published(world: &mut World) -> (u64, u64) {
    for (netns, address) in [(1, "10.0.0.1"), (2, "10.0.0.9"), (3, "172.17.0.2")] {
        world.addresses.insert(netns, vec![address.parse().unwrap()]);
        world.learn(netns);
    }
    let (client, server) = (world.unbound(1, 1, "0.0.0.0:40000"), world.bound(3, 2, "0.0.0.0:53"));
    world.send(client, Some("10.0.0.9:5353"), 30);
    world.arrives(server, "10.0.0.1:40000", 30);
    world.receive(server);
    (client, server)
}

const OF_PUBLISHED: (u32, &str, &str, bool) = (1, "10.0.0.1:40000", "172.17.0.2:53", true);

#[test]
fn ends_are_joined_through_a_third_namespace() {
    let mut world = World::watched();
    let (client, _) = published(&mut world);
    world.tick();
    world.translate(&[OF_PUBLISHED]);
    let line = |line: &&String| line.ends_with("outbound");
    assert_eq!(world.flows().iter().filter(line).count(), 1, "{:?}", world.flows());
    world.close(client);
    world.tick();
    assert_eq!((world.flows(), world.over().len()), (vec![], 2));
}

#[test]
fn where_two_namespaces_have_the_address_neither_is_meant() {
    let mut world = World::watched();
    let (client, _) = published(&mut world);
    world.addresses.insert(4, vec!["172.17.0.2".parse().unwrap()]);
    world.learn(4);
    world.tick();
    let before = world.flows();
    world.translate(&[OF_PUBLISHED]);
    assert_eq!(world.flows(), before);
    world.close(client);
    world.tick();
    // What the server sends must reach the client's socket, so that was thought to be its other end.
    assert_eq!((before.len(), world.flows().len(), world.over().len()), (3, 0, 3));
}
