//! `snapshot --format json`: schema `scopetop/1`, one object. Fields may be added to it, none leaves or changes.
//!
//! Everything is borrowed from the topology and written straight through: a host may have tens of thousands of
//! sockets.

use std::collections::BTreeMap;
use std::io::{self, Write};

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::connection::State;
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::{Connection, Listener, Node, NodeKey, Side};
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use super::errno::Errno;
use super::json::{AddressAndPort, Ip, Moment, Place};
use super::picture::{NodeId, Picture};

/// Writes the picture as one JSON object and a line's end.
pub fn write(out: &mut impl Write, picture: &Picture<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Snapshot::of(picture))?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Snapshot<'a> {
    schema: &'static str,
    taken_at: Option<Moment>,
    host: Host<'a>,
    source: Source<'a>,
    nodes: Nodes<'a>,
    listeners: Listeners<'a>,
    connections: Connections<'a>,
}

#[derive(Serialize)]
struct Host<'a> {
    name: Option<&'a Text>,
    kernel: Option<&'a Text>,
}

#[derive(Serialize)]
struct Source<'a> {
    events: &'a str,
    owners: &'a str,
    scan: &'a str,
    lost_events: Option<u64>,
    scan_ms: Option<f64>,
    reasons: &'a [Text],
}

impl<'a> Snapshot<'a> {
    fn of(picture: &'a Picture<'a>) -> Self {
        let host = picture.host();
        let source = host.map(|host| &host.source);
        let way =
            |way: Option<&'a Text>| way.map(Text::as_str).filter(|way| !way.is_empty()).unwrap_or("none");
        Self {
            schema: "scopetop/1",
            taken_at: host.map(|host| Moment(host.at)),
            host: Host {
                name: host.map(|host| &host.id.0).filter(|name| !name.is_empty()),
                kernel: host.map(|host| &host.kernel).filter(|kernel| !kernel.is_empty()),
            },
            source: Source {
                events: way(source.map(|source| &source.events)),
                owners: way(source.map(|source| &source.owners)),
                scan: way(source.map(|source| &source.scan)),
                lost_events: source.map(|source| source.lost_events),
                scan_ms: source.map(|source| source.scan_us as f64 / 1000.0),
                reasons: source.map(|source| source.reasons.as_slice()).unwrap_or_default(),
            },
            nodes: Nodes(picture),
            listeners: Listeners(picture),
            connections: Connections(picture),
        }
    }
}

struct Nodes<'a>(&'a Picture<'a>);

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for &node in &self.0.nodes {
            if let (Some(id), Some(weight)) = (self.0.id(node), self.0.node(node)) {
                list.serialize_element(&NodeObject::of(self.0, node, id, weight))?;
            }
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum NodeObject<'a> {
    Process {
        id: NodeId<'a>,
        kind: &'static str,
        pid: u32,
        started_at: Option<Moment>,
        comm: Option<&'a Text>,
        cmdline: Option<&'a [Text]>,
        exe: Option<&'a Text>,
        uid: Option<u32>,
        user: Option<&'a Text>,
        netns: Option<u32>,
        container: Option<NodeId<'a>>,
    },
    Container {
        id: NodeId<'a>,
        kind: &'static str,
        runtime: Option<&'a Text>,
        container_id: &'a Text,
        parent: Option<&'a Text>,
        name: Option<&'a Text>,
        image: Option<&'a Text>,
        labels: &'a BTreeMap<Text, Text>,
        netns: Option<u32>,
    },
    Remote {
        id: NodeId<'a>,
        kind: &'static str,
        address: Ip,
        scope: &'static str,
        name: Option<&'a Text>,
        /// The namespace in which the address has this meaning, where it has another in others.
        netns: Option<u32>,
    },
}

impl<'a> NodeObject<'a> {
    fn of(picture: &'a Picture<'a>, index: NodeIndex, id: NodeId<'a>, node: &'a Node) -> Option<Self> {
        Some(match node {
            Node::Process(process) => Self::Process {
                id,
                kind: "process",
                pid: process.id.pid,
                started_at: process.started_at.map(Moment),
                comm: Some(&process.comm).filter(|comm| !comm.is_empty()),
                cmdline: process.cmdline.as_deref(),
                exe: process.exe.as_ref(),
                uid: process.uid,
                user: process.user.as_ref(),
                netns: process.netns.map(|netns| netns.0),
                container: picture.topology.container_of(index).and_then(|container| picture.id(container)),
            },
            Node::Container(container) => Self::Container {
                id,
                kind: "container",
                runtime: container.runtime.as_ref(),
                container_id: &container.id.0,
                parent: container.parent.as_ref().map(|parent| &parent.0),
                name: container.name.as_ref(),
                image: container.image.as_ref(),
                labels: &container.labels,
                netns: container.netns.map(|netns| netns.0),
            },
            Node::Remote { address, scope, name } => Self::Remote {
                id,
                kind: "remote",
                address: Ip(*address),
                scope: scope.name(),
                name: name.as_ref(),
                netns: match id.0 {
                    NodeKey::Remote(Some((_, netns)), _) => Some(netns.0),
                    _ => None,
                },
            },
            Node::Unknown { .. } => return None,
        })
    }
}

struct Listeners<'a>(&'a Picture<'a>);

impl Serialize for Listeners<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.listeners.iter().map(|listener| ListenerObject::of(self.0, listener)))
    }
}

#[derive(Serialize)]
struct ListenerObject<'a> {
    /// The first of `nodes`: most sockets have one.
    node: Option<NodeId<'a>>,
    nodes: Vec<NodeId<'a>>,
    proto: &'static str,
    address: Place<'a>,
    port: Option<u16>,
    netns: u32,
    closed: bool,
}

impl<'a> ListenerObject<'a> {
    fn of(picture: &'a Picture<'a>, listener: &'a Listener) -> Self {
        let mut nodes = listener.nodes.iter().filter_map(|&node| picture.id(node));
        Self {
            node: nodes.clone().next(),
            nodes: nodes.by_ref().collect(),
            proto: listener.protocol.name(),
            address: Place(&listener.address),
            port: listener.address.port(),
            netns: listener.netns.0,
            closed: listener.closed,
        }
    }
}

struct Connections<'a>(&'a Picture<'a>);

impl Serialize for Connections<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.0.connections.iter().map(|connection| ConnectionObject::of(self.0, connection)))
    }
}

#[derive(Serialize)]
struct ConnectionObject<'a> {
    id: u64,
    proto: &'static str,
    state: State,
    /// Whether it is known who began; where it is not, `client` is the end on this host.
    directed: bool,
    client: SideObject<'a>,
    server: SideObject<'a>,
    opened_at: Option<Moment>,
    closed_at: Option<Moment>,
    bytes_to_server: Option<u64>,
    bytes_to_client: Option<u64>,
    rtt_us: Option<u32>,
    retransmits: Option<u32>,
    error: Option<Errno>,
}

impl<'a> ConnectionObject<'a> {
    fn of(picture: &'a Picture<'a>, connection: &'a Connection) -> Self {
        Self {
            id: connection.id.0,
            proto: connection.protocol.name(),
            state: connection.state,
            directed: connection.directed,
            client: SideObject::of(picture, &connection.client),
            server: SideObject::of(picture, &connection.server),
            opened_at: connection.opened_at.map(Moment),
            closed_at: connection.closed_at.map(Moment),
            bytes_to_server: connection.bytes_to_server,
            bytes_to_client: connection.bytes_to_client,
            rtt_us: connection.rtt_us,
            retransmits: connection.retransmits,
            error: connection.error.map(Errno),
        }
    }
}

#[derive(Serialize)]
struct SideObject<'a> {
    node: Option<NodeId<'a>>,
    pids: Pids<'a>,
    address: Place<'a>,
    port: Option<u16>,
    netns: Option<u32>,
    nat: Option<AddressAndPort>,
}

impl<'a> SideObject<'a> {
    fn of(picture: &'a Picture<'a>, side: &'a Side) -> Self {
        Self {
            node: picture.id(side.node),
            pids: Pids(side),
            address: Place(&side.address),
            port: side.address.port(),
            netns: side.netns.map(|netns| netns.0),
            nat: side.nat.map(AddressAndPort),
        }
    }
}

struct Pids<'a>(&'a Side);

impl Serialize for Pids<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.owners.iter().map(|owner| owner.pid))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::filter::Filter;
    use scopetop_tracker::topology::Topology;
    use serde_json::{Value, json};

    use super::*;
    use crate::output::fixture::{CONTAINER, EVIL_NAME, assert_harmless, everything, topology};

    fn told(topology: &Topology, filter: &Filter) -> Value {
        let mut out = Vec::new();
        write(&mut out, &Picture::new(topology, filter)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_harmless(&text);
        assert_eq!(text.lines().count(), 1);
        serde_json::from_str(&text).unwrap()
    }

    fn by<'a>(picture: &'a Value, list: &str, field: &str, value: &Value) -> &'a Value {
        let list = picture[list].as_array().unwrap();
        list.iter()
            .find(|entry| entry.pointer(field) == Some(value))
            .unwrap_or_else(|| panic!("{value} in {list:#?}"))
    }

    fn keys(object: &Value) -> Vec<&str> {
        object.as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn assert_has(object: &Value, fields: &[&str]) {
        for field in fields {
            assert!(keys(object).contains(field), "{field} in {object:#}");
        }
    }

    #[test]
    fn the_whole_picture() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&told(&topology(), &everything())).unwrap());
    }

    #[test]
    fn every_object_has_every_field_of_the_contract() {
        let picture = told(&topology(), &everything());
        assert_has(&picture, &["schema", "taken_at", "host", "source", "nodes", "listeners", "connections"]);
        assert_eq!(picture["schema"], "scopetop/1");
        assert_has(&picture["host"], &["name", "kernel"]);
        assert_has(&picture["source"], &["events", "scan", "lost_events", "scan_ms", "reasons"]);
        for node in picture["nodes"].as_array().unwrap() {
            assert_has(node, &["id", "kind"]);
            let fields: &[&str] = match node["kind"].as_str().unwrap() {
                "process" => {
                    &["pid", "started_at", "comm", "cmdline", "exe", "uid", "user", "netns", "container"]
                }
                "container" => &["runtime", "container_id", "name", "image", "labels", "netns"],
                "remote" => &["address", "name"],
                other => panic!("{other}"),
            };
            assert_has(node, fields);
        }
        for listener in picture["listeners"].as_array().unwrap() {
            assert_has(listener, &["node", "proto", "address", "port", "netns"]);
        }
        let fields =
            ["id", "proto", "state", "client", "server", "opened_at", "closed_at", "bytes_to_server"];
        for connection in picture["connections"].as_array().unwrap() {
            assert_has(connection, &fields);
            assert_has(connection, &["bytes_to_client", "rtt_us", "retransmits"]);
            for side in ["client", "server"] {
                assert_has(&connection[side], &["node", "pids", "address", "port", "netns", "nat"]);
            }
        }
    }

    #[test]
    fn nothing_unknown_is_zero_or_empty() {
        fn check(value: &Value, path: &str) {
            match value {
                Value::String(text) => assert_ne!(text, "", "{path}"),
                Value::Array(list) => list.iter().for_each(|value| check(value, path)),
                Value::Object(object) => {
                    object.iter().for_each(|(key, value)| check(value, &format!("{path}/{key}")));
                }
                _ => {}
            }
        }
        let picture = told(&topology(), &everything());
        check(&picture, "");
        let evil = by(&picture, "nodes", "/pid", &json!(666));
        for field in ["started_at", "cmdline", "exe", "uid", "user", "netns", "container"] {
            assert!(evil[field].is_null(), "{field}: {evil:#}");
        }
        let unowned = by(&picture, "connections", "/server/port", &json!(22));
        assert_eq!((&unowned["server"]["node"], &unowned["server"]["pids"]), (&Value::Null, &json!([])));
        for field in ["opened_at", "closed_at", "bytes_to_server", "bytes_to_client", "rtt_us", "retransmits"]
        {
            assert!(unowned[field].is_null(), "{field}: {unowned:#}");
        }
        let failed = by(&picture, "connections", "/state", &json!("failed"));
        assert_eq!((&failed["client"]["port"], &failed["error"]), (&Value::Null, &json!("ECONNREFUSED")));
        // A kernel thread's arguments are known: there are none.
        assert_eq!(by(&picture, "nodes", "/pid", &json!(900))["cmdline"], json!([]));
    }

    #[test]
    fn a_connection_inside_the_host_is_one_object() {
        let picture = told(&topology(), &everything());
        let joined = by(&picture, "connections", "/client/node", &json!("process:900@5000"));
        assert_eq!(joined["server"]["node"], "process:4122@4001");
        assert_eq!(joined["server"]["pids"], json!([4122]));
        assert_eq!((&joined["bytes_to_server"], &joined["bytes_to_client"]), (&json!(640), &json!(70_000)));
        let ports =
            picture["connections"].as_array().unwrap().iter().filter(|one| one["server"]["port"] == 80);
        assert_eq!(ports.count(), 1);
        let worker = by(&picture, "nodes", "/pid", &json!(4122));
        assert_eq!(worker["container"], json!(format!("container:{CONTAINER}")));
        assert_eq!(by(&picture, "nodes", "/id", &worker["container"])["labels"], json!({"app": "shop"}));
    }

    #[test]
    fn names_are_told_safe() {
        let picture = told(&topology(), &everything());
        let evil = by(&picture, "nodes", "/pid", &json!(666));
        assert_eq!(evil["comm"], json!(Text::from_bytes(EVIL_NAME).as_str()));
    }

    #[test]
    fn every_node_that_is_named_is_there() {
        for filter in [everything(), Filter::parse("port=80").unwrap(), Filter::parse("comm=nginx").unwrap()]
        {
            let picture = told(&topology(), &filter);
            let nodes = picture["nodes"].as_array().unwrap();
            let ids: Vec<_> = nodes.iter().map(|node| &node["id"]).collect();
            let sides = picture["connections"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|one| [&one["client"], &one["server"]]);
            let named = sides.map(|side| &side["node"]).chain(nodes.iter().map(|node| &node["container"]));
            for id in named.filter(|id| !id.is_null()) {
                assert!(ids.contains(&id), "{id} in {picture:#}");
            }
            assert!(nodes.len() > 2, "{picture:#}");
        }
    }

    #[test]
    fn a_filter_leaves_what_matches() {
        let picture = told(&topology(), &Filter::parse("port=8443").unwrap());
        assert_eq!(picture["connections"].as_array().unwrap().len(), 1);
        assert_eq!(picture["listeners"], json!([]));
        let ids: Vec<_> = picture["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
        assert_eq!(ids, ["process:900@5000", "remote:10.0.3.7"]);
    }

    #[test]
    fn before_the_first_tick_everything_is_unknown() {
        let picture = told(&Topology::new(), &everything());
        assert_eq!(picture["host"], json!({"name": null, "kernel": null}));
        assert_eq!(picture["source"]["events"], "none");
        assert!(picture["taken_at"].is_null() && picture["source"]["lost_events"].is_null());
    }
}
