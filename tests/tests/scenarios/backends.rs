//! What finds the facts makes no difference to them.

use scopetop_lab::actor::Actor;
use scopetop_lab::picture::{Ends, Picture};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use crate::Pair;

/// What every backend must know of a held connection: `None` for what only some can.
fn essence(picture: &Picture, ends: Ends) -> Value {
    let connection = picture.connection_of(ends);
    let end = |end: &Value| {
        let node = picture.node_of(end);
        serde_json::json!([
            end["address"],
            end["port"],
            end["netns"],
            end["pids"],
            node["comm"],
            node["cmdline"]
        ])
    };
    serde_json::json!([
        connection["proto"],
        connection["state"],
        end(&connection["client"]),
        end(&connection["server"])
    ])
}

#[test]
fn proc_alone_shows_held_connections_as_ebpf_does() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pairs = vec![
        Pair::connected(Some(&namespace), "127.0.0.1:65000"),
        Pair::connected(Some(&namespace), "[::1]:0"),
        Pair::connected(None, "127.0.0.1:0"),
    ];
    let (near, far) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    near.wire(&["10.80.0.1/24"], &far, &["10.80.0.2/24"]).unwrap();
    pairs.push(Pair::between(Actor::inside(&near), Actor::inside(&far), "10.80.0.2:0"));

    let by_ebpf = Picture::take(&["--for", "0", "--backend", "ebpf"]);
    let by_proc = Picture::take(&["--for", "0", "--backend", "proc"]);
    assert_eq!(by_proc.0["source"]["events"], "none");
    assert_ne!(by_ebpf.0["source"]["events"], "none");
    for pair in &pairs {
        assert_eq!(essence(&by_proc, pair.ends()), essence(&by_ebpf, pair.ends()));
    }
}

#[test]
fn proc_alone_shows_what_this_user_holds() {
    let pair = Pair::connected(None, "127.0.0.1:0");
    let picture = Picture::take(&["--for", "0", "--backend", "proc"]);
    let connection = picture.connection_of(pair.ends());
    picture.assert_owner(&connection["client"], pair.client.pid(), crate::ACTOR);
    picture.assert_owner(&connection["server"], pair.server.pid(), crate::ACTOR);
}
