//! Ports that containers publish, and what leaves through the host: translated by the kernel or served by a proxy, both
//! ends of a connection are one edge, and both addresses are known.

use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::docker::{self, Daemon, Network};
use scopetop_lab::picture::{Picture, address_of, edges_where};
use scopetop_lab::world::Namespace;
use scopetop_lab::{need, require, wait};
use serde_json::{Value, json};

use crate::{container_of, snapshot};

const PUBLISHED: u16 = 15_432;

/// The host's address, and one outside, on a cable between the two.
const HOST: &str = "10.86.0.1";
const OUTSIDE: &str = "10.86.0.2";

#[test]
fn a_published_port_with_a_proxy() {
    require!(Root, Namespaces, Ebpf);
    if let Some(world) = World::build(Network::Proxied, "published::a_published_port_with_a_proxy") {
        world.comes_from_outside();
        world.comes_from_the_host_by_proxy();
        world.comes_from_a_container_by_proxy();
        world.leaves_for_the_outside();
    }
}

#[test]
fn a_published_port_without_a_proxy() {
    require!(Root, Namespaces, Ebpf);
    if let Some(world) = World::build(Network::Translated, "published::a_published_port_without_a_proxy") {
        world.comes_from_outside();
        world.comes_from_the_host_by_translation();
        world.comes_from_a_container_to_another_by_translation();
        world.comes_from_a_container_to_itself();
        world.leaves_for_the_outside();
    }
}

/// `db` serves and publishes its port; `web` can be entered. Outside is another namespace, which only the host reaches.
struct World {
    daemon: Daemon,
    outside: Namespace,
    db: String,
    db_address: SocketAddr,
    web: String,
}

/// An actor's connection, ended with it.
struct Connected {
    actor: Actor,
    local: SocketAddr,
    remote: SocketAddr,
}

impl Connected {
    /// To the published port, from a namespace.
    fn open(namespace: &Namespace, address: &str) -> Self {
        let mut actor = Actor::inside(namespace);
        let remote = format!("{address}:{PUBLISHED}").parse().unwrap();
        let local = actor.connects("end", remote);
        // It is through to the server, not to a proxy alone.
        actor.does("send end 4");
        actor.does("receive end 4");
        Self { actor, local, remote }
    }
}

impl World {
    fn build(network: Network, test: &str) -> Option<Self> {
        if let Some(reason) = docker::missing() {
            need::skip(test, &reason);
            return None;
        }
        let daemon = Daemon::start(network);
        let outside = Namespace::anonymous().unwrap();
        daemon.namespace.wire(&[&format!("{HOST}/24")], &outside, &[&format!("{OUTSIDE}/24")]).unwrap();
        let publish = format!("{PUBLISHED}:5432");
        let db =
            daemon.run(&["--name", "db", "--publish", &publish], &["nc", "-ll", "-p", "5432", "-e", "cat"]);
        let web = daemon.run(&["--name", "web"], &["sleep", "100000"]);
        let db_address = format!("{}:5432", daemon.address_of("db")).parse().unwrap();
        Some(Self { daemon, outside, db, db_address, web })
    }

    /// Everything that has to do with `db` or its published port, once there are so many connections.
    fn picture(&self, count: usize) -> Picture {
        let filter = self.filter();
        wait::until("the connections", || {
            let picture = snapshot(&self.daemon, &["--for", "0", "--filter", &filter]);
            let connections = picture.list("connections");
            let settled = connections.len() == count
                && connections.iter().all(|connection| {
                    // The server forks and becomes another program.
                    !connection["client"]["pids"].as_array().unwrap().is_empty()
                        && picture.node_of(&connection["server"])["comm"] != "nc"
                });
            settled.then_some(picture)
        })
    }

    fn filter(&self) -> String {
        // Of this world, whatever the others do: the server's port and its own namespaces.
        let (host, outside) = (self.daemon.namespace.inode(), self.outside.inode());
        let db = self.netns_of("db");
        format!("(netns={host} or netns={outside} or netns={db}) and port=5432,{PUBLISHED}")
    }

    fn netns_of(&self, container: &str) -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        let pid = self.daemon.docker(&["inspect", "--format", "{{.State.Pid}}", container]);
        std::fs::metadata(format!("/proc/{pid}/ns/net")).unwrap().ino()
    }

    /// Lets a container connect; it does until `stop_all`.
    fn enter(&self, container: &str, address: &str) {
        let client = format!("sleep 100000 | nc {address} {PUBLISHED}");
        self.daemon.docker(&["exec", "--detach", container, "sh", "-c", &client]);
    }

    /// Ends what [`World::enter`] began: both ends are gone when this returns.
    fn stop_all(&self, container: &str) {
        self.daemon.docker(&["restart", "--time", "0", container]);
        self.picture(0);
    }

    fn assert_served_by_db(&self, picture: &Picture, server: &Value) {
        assert_eq!(address_of(server), Some(self.db_address), "{server:#}");
        assert_eq!(container_of(picture, server)["container_id"], self.db.as_str(), "{server:#}");
        assert_eq!(picture.node_of(server)["comm"], "cat");
    }

    /// The one connection of an actor to `db`, in one piece.
    fn assert_translated(&self, connected: &Connected, client_seen_as: Option<&str>) {
        let picture = self.picture(1);
        let connection = &picture.list("connections")[0];
        let (client, server) = (&connection["client"], &connection["server"]);
        assert_eq!(client["pids"], json!([connected.actor.pid()]), "{connection:#}");
        assert_eq!(address_of(client), Some(connected.local), "{connection:#}");
        self.assert_served_by_db(&picture, server);
        // What the one end sees of the other.
        assert_eq!(address_of(&server["nat"]), Some(connected.remote), "{connection:#}");
        match client_seen_as {
            None => assert_eq!(client["nat"], Value::Null, "{connection:#}"),
            Some(address) => assert_eq!(client["nat"]["address"], address, "{connection:#}"),
        }
        assert_eq!(edges_where(&self.filter()), 1);
    }

    /// A client's connection to the proxy, and the proxy's to `db`.
    fn assert_proxied(&self, picture: &Picture) -> Value {
        let connections = picture.list("connections");
        let to = |port: u16| {
            let found: Vec<&Value> =
                connections.iter().filter(|connection| connection["server"]["port"] == port).collect();
            assert_eq!(found.len(), 1, "{:#}", picture.0);
            found[0]
        };
        let (first, second) = (to(PUBLISHED), to(5432));
        assert_eq!(picture.node_of(&first["server"])["comm"], "docker-proxy", "{first:#}");
        assert_eq!(first["server"]["node"], second["client"]["node"], "{:#}", picture.0);
        assert_eq!(second["client"]["netns"], self.daemon.namespace.inode(), "{second:#}");
        self.assert_served_by_db(picture, &second["server"]);
        for end in [&first["client"], &first["server"], &second["client"], &second["server"]] {
            assert_eq!(end["nat"], Value::Null, "{:#}", picture.0);
        }
        assert_eq!(edges_where(&self.filter()), 2);
        first.clone()
    }

    fn comes_from_outside(&self) {
        let connected = Connected::open(&self.outside, HOST);
        self.assert_translated(&connected, None);
        connected.actor.ends();
        self.picture(0);
    }

    fn comes_from_the_host_by_proxy(&self) {
        let connected = Connected::open(&self.daemon.namespace, "127.0.0.1");
        let first = self.assert_proxied(&self.picture(2));
        assert_eq!(first["client"]["pids"], json!([connected.actor.pid()]), "{first:#}");
        assert_eq!(address_of(&first["client"]), Some(connected.local), "{first:#}");
        connected.actor.ends();
        self.picture(0);
    }

    fn comes_from_the_host_by_translation(&self) {
        let connected = Connected::open(&self.daemon.namespace, "127.0.0.1");
        let bridge = self.daemon.docker(&["inspect", "--format", "{{.NetworkSettings.Gateway}}", "db"]);
        self.assert_translated(&connected, Some(&bridge));
        connected.actor.ends();
        self.picture(0);
    }

    fn comes_from_a_container_by_proxy(&self) {
        self.enter("web", HOST);
        let picture = self.picture(2);
        let first = self.assert_proxied(&picture);
        assert_eq!(container_of(&picture, &first["client"])["container_id"], self.web.as_str());
        self.stop_all("web");
    }

    /// Checks the one connection of a container to `db` by the host's address.
    fn assert_hairpin(&self, client_container: &str, client_seen_as: Option<&str>) {
        let picture = self.picture(1);
        let connection = &picture.list("connections")[0];
        let (client, server) = (&connection["client"], &connection["server"]);
        assert_eq!(container_of(&picture, client)["container_id"], client_container, "{connection:#}");
        assert_eq!(picture.node_of(client)["comm"], "nc", "{connection:#}");
        self.assert_served_by_db(&picture, server);
        let published = format!("{HOST}:{PUBLISHED}").parse().unwrap();
        assert_eq!(address_of(&server["nat"]), Some(published), "{connection:#}");
        assert_eq!(client["nat"]["address"].as_str(), client_seen_as, "{connection:#}");
        assert_eq!(edges_where(&self.filter()), 1);
    }

    fn comes_from_a_container_to_another_by_translation(&self) {
        self.enter("web", HOST);
        self.assert_hairpin(&self.web, None);
        self.stop_all("web");
    }

    fn comes_from_a_container_to_itself(&self) {
        self.enter("db", HOST);
        let bridge = self.daemon.docker(&["inspect", "--format", "{{.NetworkSettings.Gateway}}", "db"]);
        self.assert_hairpin(&self.db, Some(&bridge));
    }

    fn leaves_for_the_outside(&self) {
        let mut server = Actor::inside(&self.outside);
        let address = server.listens("listener", &format!("{OUTSIDE}:0"));
        let client = format!("sleep 100000 | nc {OUTSIDE} {}", address.port());
        server.begin("accept listener end");
        self.daemon.docker(&["exec", "--detach", "web", "sh", "-c", &client]);
        let seen_as = server.answer().address("remote");
        assert_eq!(seen_as.ip().to_string(), HOST, "it is masqueraded");
        let filter = format!("netns={}", self.outside.inode());
        let picture = snapshot(&self.daemon, &["--for", "0", "--filter", &filter]);
        let [connection] = picture.list("connections") else { panic!("{:#}", picture.0) };
        let (client, server_end) = (&connection["client"], &connection["server"]);
        assert_eq!(container_of(&picture, client)["container_id"], self.web.as_str(), "{connection:#}");
        assert_eq!(client["address"], self.daemon.address_of("web"), "{connection:#}");
        assert_eq!(address_of(&client["nat"]), Some(seen_as), "{connection:#}");
        picture.assert_owner(server_end, server.pid(), "lab-actor");
        assert_eq!((address_of(server_end), &server_end["nat"]), (Some(address), &Value::Null));
        assert_eq!(edges_where(&filter), 1);
    }
}
