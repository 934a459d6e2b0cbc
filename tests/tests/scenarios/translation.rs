//! Address translation: both addresses are told, and both ends are one connection.
//!
//! A home network, a router that translates, and what stands for the outside:
//! `home 10.90.0.2 — 10.90.0.1 router 198.51.100.1 — 198.51.100.9 outside`. Public addresses behind the outside
//! (203.0.113.0/24) are routed there and answered by nobody.

use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::picture::{Picture, address_of};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use crate::ACTOR;

/// What the kernel tells of a connection comes with its tick or the one after.
const TWO_TICKS: [&str; 4] = ["--tick", "500", "--for", "1"];

struct World {
    home: Namespace,
    router: Namespace,
    outside: Namespace,
}

impl World {
    /// Where the router translates by these rules of a table for `ip`.
    fn translating(rules: &str) -> Self {
        // Named, for a namespace without a process is found by its name alone.
        let [home, router, outside] = [(); 3].map(|()| Namespace::named().unwrap());
        home.wire(&["10.90.0.2/24"], &router, &["10.90.0.1/24"]).unwrap();
        router.wire(&["198.51.100.1/24"], &outside, &["198.51.100.9/24"]).unwrap();
        home.ip("route add default via 10.90.0.1").unwrap();
        router.ip("route add default via 198.51.100.9").unwrap();
        outside.ip("route add 10.90.0.0/24 via 198.51.100.1").unwrap();
        for (namespace, forwards) in [(&home, "0"), (&router, "1"), (&outside, "0")] {
            namespace.set("ipv4/ip_forward", forwards).unwrap();
        }
        if !rules.is_empty() {
            router.nft(rules).unwrap();
        }
        Self { home, router, outside }
    }

    fn inodes(&self) -> [u32; 3] {
        [&self.home, &self.router, &self.outside].map(Namespace::inode)
    }
}

/// Rules that put `to` in the place of the destination `from` of TCP.
fn destination(from: &str, to: &str) -> String {
    let (address, port) = from.split_once(':').unwrap();
    format!(
        "add table ip lab; add chain ip lab pre {{ type nat hook prerouting priority -100; }}; \
         add rule ip lab pre ip daddr {address} tcp dport {port} dnat to {to};"
    )
}

/// Rules by which the router's own address takes the place of the source.
const MASQUERADE: &str = "add table ip lab; add chain ip lab post { type nat hook postrouting priority 100; }; \
                          add rule ip lab post masquerade;";

/// The only connection of these namespaces.
fn only<'p>(picture: &'p Picture, world: &World) -> &'p Value {
    let inodes = world.inodes();
    let is_here = |end: &Value| end["netns"].as_u64().is_some_and(|netns| inodes.contains(&(netns as u32)));
    let connections: Vec<_> = (picture.list("connections").iter())
        .filter(|connection| is_here(&connection["client"]) || is_here(&connection["server"]))
        .collect();
    match connections.as_slice() {
        [connection] => connection,
        others => panic!("{} connections: {others:#?}", others.len()),
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// An end's own address, and the one under which its other end sees it.
fn addresses(end: &Value) -> (SocketAddr, Option<SocketAddr>) {
    (address_of(end).unwrap(), address_of(&end["nat"]))
}

/// An end without a socket here: its address as it has it, as the other end sees it, and how far away it is.
fn assert_remote(picture: &Picture, end: &Value, own: &str, seen_as: Option<&str>, scope: &str) {
    assert_eq!(addresses(end), (address(own), seen_as.map(address)), "{end:#}");
    assert_eq!((&end["netns"], end["pids"].as_array().unwrap().len()), (&Value::Null, 0), "{end:#}");
    let node = picture.node_of(end);
    assert_eq!(node["kind"], "remote", "{node:#}");
    assert_eq!(node["address"], address(own).ip().to_string(), "{node:#}");
    assert_eq!(node["scope"], scope, "{node:#}");
}

/// A client that began to connect, and gets no answer; its own address.
fn pending(world: &World, to: &str) -> (Actor, SocketAddr) {
    let mut client = Actor::inside(&world.home);
    let local = client.does(&format!("connect-pending end {to}")).address("local");
    (client, local)
}

#[test]
fn a_routed_public_address_is_the_internet() {
    require!(Namespaces, Nft, Ebpf);
    let world = World::translating("");
    let (client, local) = pending(&world, "203.0.113.9:443");
    let picture = Picture::take(&TWO_TICKS);
    let connection = only(&picture, &world);
    assert_eq!(connection["state"], "syn_sent", "{connection:#}");
    assert_eq!(addresses(&connection["client"]), (local, None));
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    assert_remote(&picture, &connection["server"], "203.0.113.9:443", None, "internet");
}

#[test]
fn an_address_of_another_namespace_is_this_hosts_own() {
    require!(Namespaces, Nft, Ebpf);
    let world = World::translating("");
    world
        .outside
        .nft("add table ip f; add chain ip f in { type filter hook input priority 0; policy drop; };")
        .unwrap();
    let (_client, local) = pending(&world, "198.51.100.9:443");
    let picture = Picture::take(&TWO_TICKS);
    let connection = only(&picture, &world);
    assert_eq!(addresses(&connection["client"]), (local, None));
    assert_remote(&picture, &connection["server"], "198.51.100.9:443", None, "host");
    let neighbour =
        Picture::take(&[&TWO_TICKS[..], &["--filter", "scope=host and ip=198.51.100.9"]].concat());
    only(&neighbour, &world);
    let internet =
        Picture::take(&[&TWO_TICKS[..], &["--filter", "scope=internet and ip=198.51.100.9"]].concat());
    assert!(internet.list("connections").is_empty(), "{internet:?}");
}

#[test]
fn an_outgoing_connection_leads_to_where_it_is_sent_on() {
    require!(Namespaces, Nft, Ebpf);
    let world = World::translating(&(destination("10.90.0.1:8080", "203.0.113.9:443") + MASQUERADE));
    let (client, local) = pending(&world, "10.90.0.1:8080");
    let picture = Picture::take(&TWO_TICKS);
    let connection = only(&picture, &world);
    let masqueraded = SocketAddr::new("198.51.100.1".parse().unwrap(), local.port());
    assert_eq!(addresses(&connection["client"]), (local, Some(masqueraded)), "{connection:#}");
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    assert_remote(&picture, &connection["server"], "203.0.113.9:443", Some("10.90.0.1:8080"), "internet");
    for filter in ["port=8080", "ip=10.90.0.1", "ip=203.0.113.9", "ip=198.51.100.1"] {
        only(&Picture::take(&[&TWO_TICKS[..], &["--filter", filter]].concat()), &world);
    }
}

/// The client outside is gone without a word, so that only the server's end is left; which tells where the client was and
/// what it had connected to.
fn inbound(rules: &str, client_seen_as: impl Fn(u16) -> Option<String>) {
    let world = World::translating(&(destination("198.51.100.1:8080", "10.90.0.2:80") + rules));
    let (mut client, mut server) = (Actor::inside(&world.outside), Actor::inside(&world.home));
    server.listens("listener", "10.90.0.2:80");
    server.begin("accept listener end");
    let client_address = client.connects("end", address("198.51.100.1:8080"));
    server.answer();
    world
        .outside
        .nft("add table ip f; add chain ip f out { type filter hook output priority 0; policy drop; };")
        .unwrap();
    client.ends();
    let picture = Picture::take(&TWO_TICKS);
    let connection = only(&picture, &world);
    let server_end = &connection["server"];
    assert_eq!(addresses(server_end), (address("10.90.0.2:80"), Some(address("198.51.100.1:8080"))));
    picture.assert_owner(server_end, server.pid(), ACTOR);
    let seen_as = client_seen_as(client_address.port());
    let own = client_address.to_string();
    assert_remote(&picture, &connection["client"], &own, seen_as.as_deref(), "host");
}

#[test]
fn a_client_of_a_published_port_is_told_by_its_own_address() {
    require!(Namespaces, Nft, Ebpf);
    inbound("", |_| None);
    inbound(MASQUERADE, |port| Some(format!("10.90.0.1:{port}")));
}

/// Both ends here, through a router with these rules: they are one connection, each with the address under which the other
/// sees it.
fn joined(
    rules: &str,
    client_at: fn(&World) -> &Namespace,
    arguments: &[&str],
    to: &str,
    server_at: &str,
) -> Value {
    let world = World::translating(rules);
    let server_namespace = if server_at.starts_with("10.90") { &world.home } else { &world.outside };
    let (mut client, mut server) = (Actor::inside(client_at(&world)), Actor::inside(server_namespace));
    server.listens("listener", server_at);
    server.begin("accept listener end");
    let client_address = client.connects("end", address(to));
    let seen_as = server.answer().address("remote");
    let picture = Picture::take(&[&TWO_TICKS[..], arguments].concat());
    let connection = only(&picture, &world).clone();
    let nat = |is: SocketAddr, seen: SocketAddr| (is, (is != seen).then_some(seen));
    assert_eq!(addresses(&connection["client"]), nat(client_address, seen_as), "{connection:#}");
    assert_eq!(addresses(&connection["server"]), nat(address(server_at), address(to)), "{connection:#}");
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    connection
}

#[test]
fn translated_ends_are_one_connection() {
    require!(Namespaces, Nft, Ebpf);
    let source = "add table ip lab; add chain ip lab post { type nat hook postrouting priority 100; }; \
                  add rule ip lab post ip saddr 10.90.0.2 tcp dport 1-65535 snat to 198.51.100.1:7000-7100;";
    let back = destination("198.51.100.1:8080", "10.90.0.2:80");
    let away = destination("10.90.0.1:8080", "198.51.100.9:80");
    joined(&away, |world| &world.home, &[], "10.90.0.1:8080", "198.51.100.9:80");
    joined(MASQUERADE, |world| &world.home, &[], "198.51.100.9:80", "198.51.100.9:80");
    joined(source, |world| &world.home, &[], "198.51.100.9:80", "198.51.100.9:80");
    joined(&(away + source), |world| &world.home, &[], "10.90.0.1:8080", "198.51.100.9:80");
    joined(&back, |world| &world.outside, &[], "198.51.100.1:8080", "10.90.0.2:80");
    // Out of its namespace and back into it.
    joined(&(back + MASQUERADE), |world| &world.home, &[], "198.51.100.1:8080", "10.90.0.2:80");
}

#[test]
fn without_sequence_numbers_the_translators_table_joins_them() {
    require!(Namespaces, Nft);
    let rules = destination("10.90.0.1:8080", "198.51.100.9:80") + MASQUERADE;
    joined(&rules, |world| &world.home, &["--backend", "proc"], "10.90.0.1:8080", "198.51.100.9:80");
    let rules = destination("198.51.100.1:8080", "10.90.0.2:80") + MASQUERADE;
    joined(&rules, |world| &world.home, &["--backend", "proc"], "198.51.100.1:8080", "10.90.0.2:80");
}
