//! Reading what `scopetop snapshot --format json` printed.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use crate::binary;
use crate::world::Namespace;

/// What tells one connection from all others: an address alone is in use in many namespaces, and in one namespace for
/// connections to several servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The client's network namespace.
    pub netns: u32,
    /// The client's address.
    pub client: SocketAddr,
    /// The server's address.
    pub server: SocketAddr,
}

/// One picture, by the schema `scopetop/1`.
#[derive(Clone, Debug)]
pub struct Picture(pub Value);

impl Picture {
    /// Takes one with these arguments.
    pub fn take(arguments: &[&str]) -> Self {
        Self(binary::snapshot(arguments))
    }

    /// Takes one of what a namespace has a part in. It stays small however many sockets others hold.
    pub fn inside(namespace: &Namespace, arguments: &[&str]) -> Self {
        let filter = format!("netns={}", namespace.inode());
        Self::take(&[arguments, &["--filter", &filter]].concat())
    }

    /// The list under `key`.
    pub fn list(&self, key: &str) -> &[Value] {
        self.0[key].as_array().unwrap_or_else(|| panic!("{key} is no list in {self:?}"))
    }

    /// All connections between these ends, whichever of them is taken for the client.
    pub fn connections_of(&self, ends: Ends) -> Vec<&Value> {
        let has = |connection: &&Value| {
            [("client", "server"), ("server", "client")].iter().any(|(near, far)| {
                connection[near]["netns"] == ends.netns
                    && address_of(&connection[near]) == Some(ends.client)
                    && address_of(&connection[far]) == Some(ends.server)
            })
        };
        self.list("connections").iter().filter(has).collect()
    }

    /// The one connection between these ends.
    pub fn connection_of(&self, ends: Ends) -> &Value {
        match self.connections_of(ends).as_slice() {
            [connection] => connection,
            others => panic!("{} connections of {ends:?}: {others:#?}\n{:#}", others.len(), self.0),
        }
    }

    /// The node of an end of a connection (or of a listener).
    pub fn node_of(&self, end: &Value) -> &Value {
        let id = &end["node"];
        assert!(!id.is_null(), "no node: {end}");
        let found: Vec<&Value> = self.list("nodes").iter().filter(|node| node["id"] == *id).collect();
        match found.as_slice() {
            [node] => node,
            others => panic!("{} nodes have the id {id}", others.len()),
        }
    }

    /// Checks that an end of a connection belongs to a process: by its node and by its list of pids.
    pub fn assert_owner(&self, end: &Value, pid: u32, comm: &str) {
        let node = self.node_of(end);
        assert_eq!(node["kind"], "process", "{end}");
        assert_eq!(node["pid"], pid, "{end}");
        assert_eq!(node["comm"], comm, "{end}");
        assert_eq!(end["pids"], serde_json::json!([pid]), "{end}");
    }
}

/// How many edges the graph has of what these namespaces have a part in, by TCP.
pub fn edges(namespaces: &[&Namespace]) -> usize {
    let of_one = |namespace: &&Namespace| format!("netns={}", namespace.inode());
    let any: Vec<String> = namespaces.iter().map(of_one).collect();
    edges_where(&any.join(" or "))
}

/// How many edges the graph has of what a filter lets through, by TCP.
pub fn edges_where(filter: &str) -> usize {
    let arguments =
        ["snapshot", "--format", "dot", "--for", "0", "--filter", "proto=tcp", "--filter", filter];
    binary::run(&arguments).succeeded().text().matches("->").count()
}

/// The address and port of an end of a connection, of a listener, or of an event's `local` or `remote`.
pub fn address_of(end: &Value) -> Option<SocketAddr> {
    let address: IpAddr = end["address"].as_str()?.parse().ok()?;
    let port = u16::try_from(end["port"].as_u64()?).ok()?;
    Some(SocketAddr::new(address, port))
}
