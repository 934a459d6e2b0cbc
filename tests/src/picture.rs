//! Reading what `scopetop snapshot --format json` printed.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use crate::binary;

/// One picture, by the schema `scopetop/1`.
#[derive(Clone, Debug)]
pub struct Picture(pub Value);

impl Picture {
    /// Takes one with these arguments.
    pub fn take(arguments: &[&str]) -> Self {
        Self(binary::snapshot(arguments))
    }

    /// The list under `key`.
    pub fn list(&self, key: &str) -> &[Value] {
        self.0[key].as_array().unwrap_or_else(|| panic!("{key} is no list in {self:?}"))
    }

    /// All connections of which one end has this address. More than one where the same address is in use in several
    /// namespaces.
    pub fn connections_of(&self, address: SocketAddr) -> Vec<&Value> {
        let has = |connection: &&Value| {
            ["client", "server"].iter().any(|end| address_of(&connection[end]) == Some(address))
        };
        self.list("connections").iter().filter(has).collect()
    }

    /// The one connection of which one end has this address.
    pub fn connection_of(&self, address: SocketAddr) -> &Value {
        match self.connections_of(address).as_slice() {
            [connection] => connection,
            others => panic!("{} connections of {address}: {others:#?}\n{:#}", others.len(), self.0),
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

/// The address and port of an end of a connection, of a listener, or of an event's `local` or `remote`.
pub fn address_of(end: &Value) -> Option<SocketAddr> {
    let address: IpAddr = end["address"].as_str()?.parse().ok()?;
    let port = u16::try_from(end["port"].as_u64()?).ok()?;
    Some(SocketAddr::new(address, port))
}
