//! Without IPv6.

use scopetop_lab::actor::Actor;
use scopetop_lab::picture::{Picture, address_of, edges};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;

use crate::{ACTOR, Pair};

#[test]
fn where_ipv6_is_switched_off_ipv4_is_as_ever() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    for scope in ["all", "default", "lo"] {
        namespace.set(&format!("ipv6/conf/{scope}/disable_ipv6"), "1").unwrap();
    }
    let mut nobody = Actor::inside(&namespace);
    assert!(nobody.attempt("listen listener [::1]:0")["error"].is_string());
    let plain = Pair::connected(Some(&namespace), "127.0.0.1:0");
    // A server for both families listens all the same, and only one of them comes.
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let port = server.listens("listener", "[::]:0").port();
    let server_address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    server.begin("accept listener end");
    let client_address = client.connects("end", server_address);
    server.answer();
    let clothed = Pair { client, server, client_address, server_address };
    for backend in ["ebpf", "proc"] {
        let picture = Picture::inside(&namespace, &["--for", "0", "--backend", backend]);
        for pair in [&plain, &clothed] {
            let connection = picture.connection_of(pair.ends());
            assert_eq!(address_of(&connection["client"]), Some(pair.client_address), "{connection:#}");
            picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
            picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
        }
        assert_eq!(picture.list("connections").len(), 2, "{backend}: {:#}", picture.0);
    }
    assert_eq!(edges(&[&namespace]), 2);
}
