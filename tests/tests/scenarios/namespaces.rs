//! Equal addresses in different namespaces are different; one connection may span two.

use scopetop_lab::actor::Actor;
use scopetop_lab::picture::{Ends, Picture, address_of};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;

use crate::{ACTOR, Pair};

#[test]
fn the_same_loopback_tuple_in_two_namespaces_is_two_connections() {
    require!(Namespaces);
    let namespaces = [Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap()];
    let (client_address, server_address) = ("127.0.0.1:40001", "127.0.0.1:6379");
    let pairs: Vec<Pair> = namespaces
        .iter()
        .map(|namespace| {
            let (mut client, mut server) = (Actor::inside(namespace), Actor::inside(namespace));
            server.listens("listener", server_address);
            server.begin("accept listener end");
            client.does(&format!("connect-from end {client_address} {server_address}"));
            assert_eq!(server.answer()["remote"], client_address);
            let (client_address, server_address) =
                (client_address.parse().unwrap(), server_address.parse().unwrap());
            Pair { client, server, client_address, server_address }
        })
        .collect();

    let picture = Picture::take(&["--for", "0"]);
    for (namespace, pair) in namespaces.iter().zip(&pairs) {
        let connection = picture.connection_of(pair.ends());
        assert_eq!(connection["client"]["netns"], namespace.inode(), "{connection:#}");
        assert_eq!(connection["server"]["netns"], namespace.inode(), "{connection:#}");
        picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    }
}

#[test]
fn a_connection_between_two_namespaces_is_one() {
    require!(Namespaces, Ebpf);
    let (near, far) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    near.wire(&["10.78.0.1/24", "fd78::1/64"], &far, &["10.78.0.2/24", "fd78::2/64"]).unwrap();
    let pairs = ["10.78.0.2:0", "[fd78::2]:0"]
        .map(|address| Pair::between(Actor::inside(&near), Actor::inside(&far), address));
    let picture = Picture::take(&["--for", "0"]);
    for pair in &pairs {
        let connection = picture.connection_of(pair.ends());
        assert_eq!(address_of(&connection["server"]), Some(pair.server_address), "{connection:#}");
        assert_eq!(connection["client"]["netns"], near.inode(), "{connection:#}");
        assert_eq!(connection["server"]["netns"], far.inode(), "{connection:#}");
        picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    }
}

#[test]
fn equal_private_addresses_never_join_by_accident() {
    require!(Namespaces, Ebpf);
    // Two separate networks with the same addresses; and the same two ports on both.
    let networks = [0, 1].map(|_| {
        let ends = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
        ends.0.wire(&["10.79.0.1/24"], &ends.1, &["10.79.0.2/24"]).unwrap();
        ends
    });
    let mut actors = Vec::new();
    for (near, far) in &networks {
        let (mut client, mut server) = (Actor::inside(near), Actor::inside(far));
        server.listens("listener", "10.79.0.2:5432");
        server.begin("accept listener end");
        client.does("connect-from end 10.79.0.1:40002 10.79.0.2:5432");
        server.answer();
        actors.push((client, server));
    }
    let picture = Picture::take(&["--for", "0"]);
    let (client_address, server_address) =
        ("10.79.0.1:40002".parse().unwrap(), "10.79.0.2:5432".parse().unwrap());
    for ((near, far), (client, server)) in networks.iter().zip(&actors) {
        let ends = Ends { netns: near.inode(), client: client_address, server: server_address };
        let connection = picture.connection_of(ends);
        assert_eq!(connection["server"]["netns"], far.inode(), "{connection:#}");
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    }
}
