//! A container's name server, as Docker has it: an address of loopback that rules inside the namespace send on to a port of
//! the kernel's choice.

use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::picture::address_of;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;

use crate::events::{one, watching};

const NAME_SERVER: &str = "127.0.0.11:53";

/// The client asks, and has the answer.
fn ask(client: &mut Actor, server: &mut Actor) -> SocketAddr {
    let local = client.does("udp-bind end 0.0.0.0:0").address("local");
    client.does(&format!("udp-send-to end {NAME_SERVER} 30"));
    let from = server.does("udp-receive end").address("from");
    assert_eq!(from, SocketAddr::from(([127, 0, 0, 1], local.port())));
    server.does(&format!("udp-send-to end {from} 90"));
    client.does("udp-receive end");
    from
}

#[test]
fn what_a_name_server_answered_ends_with_who_asked() {
    require!(Namespaces, Datagrams, Nft);
    let namespace = Namespace::named().unwrap();
    let mut server = Actor::inside(&namespace);
    let address = server.does("udp-bind end 127.0.0.11:0").address("local");
    let rules = format!(
        "add table ip lab; add chain ip lab out {{ type nat hook output priority -100; }}; \
         add rule ip lab out ip daddr 127.0.0.11 udp dport 53 dnat to {address};"
    );
    namespace.nft(&rules).unwrap();
    let mut events = watching(&namespace);
    let [mut stays, mut goes] = [(); 2].map(|()| Actor::inside(&namespace));
    let staying = ask(&mut stays, &mut server);
    let gone = ask(&mut goes, &mut server);
    goes.ends();
    // Its server's end can only be told with a tick: by then both ends of the other were told of.
    let asked: SocketAddr = NAME_SERVER.parse().unwrap();
    for client in [gone, staying] {
        if client == staying {
            stays.does("udp-close end");
        }
        for (local, remote) in [(client, asked), (address, client)] {
            events.wait_for("close", |event| {
                event["kind"] == "close"
                    && address_of(&event["local"]) == Some(local)
                    && address_of(&event["remote"]) == Some(remote)
            });
        }
    }
    let events = events.interrupted();
    let connect = one(&events, "connect", staying);
    assert_eq!(connect["pid"], stays.pid(), "{connect}");
    let closes = events.iter().filter(|event| event["kind"] == "close").count();
    assert_eq!(closes, 4, "{events:#?}");
}
