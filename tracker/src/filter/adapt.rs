//! Subjects from what the rest of the tracker knows: connections, nodes and listeners of a topology, and events.

use petgraph::stable_graph::NodeIndex;

use super::subject::{ConnectionFacts, End, Holders, Reach, Subject, container_at, container_of};
use crate::connection::{Address, ConnectionEvent, ConnectionEventKind, State};
use crate::container::Container;
use crate::identity::{NetnsId, Timestamp};
use crate::network::Scope;
use crate::process::Process;
use crate::topology::{Connection, HostIndex, Listener, Node, NodeKey, Side, Topology};

impl<'a> Subject<'a> {
    /// A connection, at the moment `now`.
    pub fn of_connection(topology: &'a Topology, connection: &'a Connection, now: Timestamp) -> Self {
        let (client, server) = (&connection.client, &connection.server);
        let reach = match (client.socket, server.socket) {
            (Some((one, _)), Some((other, _))) if one == other => Some(Reach::Local),
            (Some(_), Some(_)) => Some(Reach::Across),
            (Some(_), None) if connection.directed => Some(Reach::Outbound),
            (None, Some(_)) if connection.directed => Some(Reach::Inbound),
            _ => None,
        };
        let bytes = connection.bytes_to_server.zip(connection.bytes_to_client);
        Self {
            ends: [Some(End::of_side(topology, client)), Some(End::of_side(topology, server))],
            connection: ConnectionFacts {
                protocol: Some(connection.protocol),
                state: Some(connection.state),
                reach,
                scope: scope(topology, connection),
                age: connection.opened_at.map(|opened| connection.closed_at.unwrap_or(now).since(opened)),
                bytes: bytes.map(|(to_server, to_client)| to_server.saturating_add(to_client)),
                // Without a reading of the counters a rate of 0 means only that there was none.
                rate: bytes.map(|_| connection.rate.to_server + connection.rate.to_client),
                rtt_us: connection.rtt_us,
            },
        }
    }

    /// A node by itself, whatever its connections are.
    pub fn of_node(topology: &'a Topology, node: NodeIndex) -> Self {
        let end = End::of_node(topology, node).in_namespace(topology, host_of(topology, node));
        let scope = match topology.graph().node_weight(node) {
            Some(&Node::Remote { scope, .. }) => Some(scope),
            _ => None,
        };
        let connection = ConnectionFacts { scope, ..ConnectionFacts::default() };
        Self { ends: [Some(end), None], connection }
    }

    /// A listener, whichever process holds it.
    pub fn of_listener(topology: &'a Topology, listener: &'a Listener) -> Self {
        let first = listener.nodes.first().map(|&node| End::of_node(topology, node)).unwrap_or_default();
        let end = End {
            process: first.process,
            container: first.container,
            holders: Holders::Nodes(topology, &listener.nodes),
            netns: Some(listener.netns),
            ..End::at(&listener.address)
        };
        let state = if listener.closed { State::Closed } else { State::Listen };
        Self {
            ends: [Some(end.in_namespace(topology, Some(listener.socket.0))), None],
            connection: ConnectionFacts {
                protocol: Some(listener.protocol),
                state: Some(state),
                ..ConnectionFacts::default()
            },
        }
    }

    /// An event of a host, with what is known of its process. The topology, as far as that host's ticks were applied
    /// to it, tells of the process's container and of the namespace's names.
    ///
    /// An event is of one end. The other may be on this host too, which only the topology can tell, and only after the
    /// tick; here a connection is local if its addresses say so: loopback, or the same on both ends.
    pub fn of_event(
        topology: &'a Topology,
        host: HostIndex,
        event: &'a ConnectionEvent,
        process: Option<&'a Process>,
    ) -> Self {
        use ConnectionEventKind::{Accept, Close, Connect, Fail, Listen};
        let container = process.and_then(|process| process.container.clone());
        let container = container.and_then(|id| topology.node(&NodeKey::Container(host, id)));
        let local = End {
            process,
            container: container.and_then(|node| container_at(topology, node)),
            holders: Holders::Ids(event.process.as_slice()),
            netns: Some(event.netns),
            ..End::at(&event.local)
        };
        let local = local.in_namespace(topology, Some(host));
        let remote = event.remote.as_ref().map(End::at);
        let stays = |remote: &Address| match remote.ip() {
            Some(ip) => ip.is_loopback() || Some(ip) == event.local.ip(),
            None => true,
        };
        let reach = match event.kind {
            Listen => None,
            _ if event.remote.as_ref().is_some_and(stays) => Some(Reach::Local),
            Connect | Fail => Some(Reach::Outbound),
            Accept => Some(Reach::Inbound),
            // A close does not tell who began.
            Close => None,
        };
        let state = match event.kind {
            Connect | Accept => State::Established,
            Close => State::Closed,
            Fail => State::Failed,
            Listen => State::Listen,
        };
        let age = match event.kind {
            Connect | Accept => Some(0),
            Close | Fail => event.opened_at.map(|opened| event.at.since(opened)),
            Listen => None,
        };
        let remote_ip = event.remote.as_ref().and_then(Address::ip);
        let scope = remote_ip.map(|address| topology.scope_of(host, event.netns, address));
        let counters = event.counters.as_ref();
        Self {
            ends: if event.kind == Accept { [remote, Some(local)] } else { [Some(local), remote] },
            connection: ConnectionFacts {
                protocol: Some(event.protocol),
                state: Some(state),
                reach,
                scope,
                age,
                bytes: counters.map(|counters| counters.bytes_sent.saturating_add(counters.bytes_received)),
                rate: None,
                rtt_us: counters.and_then(|counters| counters.rtt_us),
            },
        }
    }
}

impl<'a> End<'a> {
    fn of_side(topology: &'a Topology, side: &'a Side) -> Self {
        let host = side.socket.map(|(host, _)| host);
        let node = Self::of_node(topology, side.node);
        let holders = match host {
            // One owner is the node itself; looking for more would cost a look-up each.
            Some(host) if side.owners.len() > 1 => Holders::Processes(topology, host, &side.owners),
            _ => Holders::Ids(&side.owners),
        };
        let end = Self {
            process: node.process,
            container: node.container,
            holders,
            nat: side.nat,
            name: node.name,
            netns: side.netns,
            ..Self::at(&side.address)
        };
        end.in_namespace(topology, host)
    }

    /// The end that a node alone is.
    fn of_node(topology: &'a Topology, node: NodeIndex) -> Self {
        let Some(weight) = topology.graph().node_weight(node) else { return Self::default() };
        Self::of_weight(weight, container_of(topology, node))
    }

    fn of_weight(node: &'a Node, container: Option<&'a Container>) -> Self {
        match node {
            Node::Process(process) => {
                Self { process: Some(process), container, netns: process.netns, ..Self::default() }
            }
            Node::Container(container) => {
                Self { container: Some(container), netns: container.netns, ..Self::default() }
            }
            Node::Remote { address, name, .. } => {
                Self { ip: Some(*address), name: name.as_ref(), ..Self::default() }
            }
            Node::Unknown { netns } => Self { netns: Some(*netns), ..Self::default() },
        }
    }

    /// The same with the names of its namespace.
    fn in_namespace(self, topology: &'a Topology, host: Option<HostIndex>) -> Self {
        let names = |(host, netns): (HostIndex, NetnsId)| topology.namespace_names(host, netns);
        Self { netns_names: host.zip(self.netns).map_or(&[], names), ..self }
    }
}

/// How far away the other end of a connection is.
fn scope(topology: &Topology, connection: &Connection) -> Option<Scope> {
    let sides = [&connection.client, &connection.server];
    let far = sides.iter().find(|side| side.socket.is_none());
    if let Some(&Node::Remote { scope, .. }) = far.and_then(|far| topology.graph().node_weight(far.node)) {
        return Some(scope);
    }
    let addresses = connection.client.address.ip().zip(connection.server.address.ip());
    addresses.filter(|_| far.is_none()).map(|(client, server)| {
        if client.is_loopback() && server.is_loopback() { Scope::Loopback } else { Scope::Host }
    })
}

fn host_of(topology: &Topology, node: NodeIndex) -> Option<HostIndex> {
    match topology.key(node)? {
        NodeKey::Process(host, _) | NodeKey::Container(host, _) | NodeKey::Unknown(host, _) => Some(*host),
        NodeKey::Remote(scope, _) => scope.map(|(host, _)| host),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;
    use crate::connection::{Counters, OwnerSource, Protocol};
    use crate::filter::Filter;
    use crate::identity::{ContainerId, ProcessId, SocketId};
    use crate::text::Text;
    use crate::topology::{ConnectionId, Rate};

    fn holds(subject: &Subject<'_>, filter: &str) -> bool {
        Filter::parse(filter).unwrap().matches(subject)
    }

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn side(host: Option<u16>, text: &str, owners: &[u32]) -> Side {
        Side {
            node: NodeIndex::new(0),
            socket: host.map(|host| (HostIndex(host), SocketId(1))),
            owners: owners.iter().map(|&pid| ProcessId { pid, started: 1 }).collect(),
            owner_source: OwnerSource::Seen,
            address: address(text),
            nat: None,
            netns: host.map(|_| NetnsId(7)),
        }
    }

    fn connection(client: Side, server: Side) -> Connection {
        Connection {
            id: ConnectionId(1),
            protocol: Protocol::Tcp,
            state: State::CloseWait,
            directed: true,
            client,
            server,
            opened_at: None,
            closed_at: None,
            bytes_to_server: None,
            bytes_to_client: None,
            rtt_us: None,
            retransmits: None,
            error: None,
            rate: Rate { to_server: 0.0, to_client: 0.0 },
            is_new: false,
        }
    }

    fn event(kind: ConnectionEventKind, local: &str, remote: Option<&str>) -> ConnectionEvent {
        ConnectionEvent {
            kind,
            at: Timestamp(5_000_000_000),
            socket: SocketId(1),
            protocol: Protocol::Tcp,
            netns: NetnsId(7),
            process: Some(ProcessId { pid: 42, started: 1 }),
            comm: None,
            local: address(local),
            remote: remote.map(address),
            opened_at: None,
            counters: None,
            error: None,
        }
    }

    /// The directions that hold.
    fn directions(subject: &Subject<'_>) -> String {
        let held = ["in", "out", "local"].into_iter().filter(|dir| holds(subject, &format!("dir={dir}")));
        held.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_sockets_tell_where_a_connection_leads() {
        let topology = Topology::new();
        for (client, server, directed, expected) in [
            (Some(0), Some(0), true, "local"),
            (Some(0), Some(0), false, "local"),
            (Some(0), None, true, "out"),
            (None, Some(0), true, "in"),
            (Some(0), None, false, ""),
            (None, None, true, ""),
            (Some(0), Some(1), true, "in out"),
        ] {
            let mut connection = connection(side(client, "10.0.0.1:1", &[]), side(server, "10.0.0.2:2", &[]));
            connection.directed = directed;
            let subject = Subject::of_connection(&topology, &connection, Timestamp(0));
            assert_eq!(directions(&subject), expected, "{client:?} {server:?} {directed}");
        }
    }

    #[test]
    fn a_connection_has_the_facts_of_both_its_ends() {
        let topology = Topology::new();
        let mut connection =
            connection(side(Some(0), "10.0.0.1:40000", &[42]), side(Some(0), "172.17.0.2:80", &[1, 2]));
        connection.server.nat = address("10.0.0.9:8080").inet();
        let subject = Subject::of_connection(&topology, &connection, Timestamp(0));
        let expressions = "pid=42 pid=1 pid=2 ip=10.0.0.1 ip=172.17.0.0/16 ip=10.0.0.9 port=40000 port=80 port=8080 \
                           netns=7 proto=tcp state=close_wait";
        for expression in expressions.split(' ') {
            assert!(holds(&subject, expression), "{expression}");
        }
        for expression in ["pid=3", "ip=10.0.0.2", "port=81", "netns=8"] {
            assert!(!holds(&subject, expression), "{expression}");
        }
    }

    #[test]
    fn what_was_not_read_or_seen_is_unknown() {
        let topology = Topology::new();
        let mut connection = connection(side(Some(0), "10.0.0.1:1", &[]), side(None, "10.0.0.2:2", &[]));
        let now = Timestamp(60_000_000_000);
        let subject = Subject::of_connection(&topology, &connection, now);
        for expression in ["age>=0", "bytes>=0", "rate>=0", "rtt>=0"] {
            assert!(!holds(&subject, expression), "{expression}");
        }
        connection.opened_at = Some(Timestamp(20_000_000_000));
        (connection.bytes_to_server, connection.bytes_to_client) = (Some(30), Some(12));
        connection.rate = Rate { to_server: 1.5, to_client: 2.5 };
        connection.rtt_us = Some(900);
        let subject = Subject::of_connection(&topology, &connection, now);
        assert!(holds(&subject, "age=40s bytes=42 rate=4 rtt=900us"));
        connection.closed_at = Some(Timestamp(50_000_000_000));
        assert!(holds(&Subject::of_connection(&topology, &connection, now), "age=30s"));
    }

    #[test]
    fn a_listener_listens_until_it_closed() {
        let topology = Topology::new();
        let mut listener = Listener {
            socket: (HostIndex(0), SocketId(1)),
            nodes: vec![NodeIndex::new(3)],
            protocol: Protocol::Tcp,
            address: address("0.0.0.0:9100"),
            netns: NetnsId(7),
            closed: false,
        };
        let expression = "port=9100 proto=tcp netns=7 not dir=in,out,local";
        assert!(holds(&Subject::of_listener(&topology, &listener), &format!("{expression} state=listen")));
        listener.closed = true;
        assert!(holds(&Subject::of_listener(&topology, &listener), &format!("{expression} state=closed")));
    }

    #[test]
    fn each_kind_of_node_has_its_facts() {
        let container = Container {
            id: ContainerId(Text::from("0a1b2c3d")),
            runtime: None,
            parent: None,
            name: Some(Text::from("web")),
            image: None,
            labels: [].into(),
            netns: Some(NetnsId(9)),
        };
        let process = Process {
            id: ProcessId { pid: 42, started: 1 },
            started_at: None,
            comm: Text::from("nginx"),
            cmdline: None,
            exe: None,
            uid: None,
            user: None,
            netns: Some(NetnsId(7)),
            container: Some(container.id.clone()),
        };
        let remote = Node::Remote {
            address: address("10.0.0.2:0").ip().unwrap(),
            scope: Scope::Private,
            name: Some(Text::from("box.example")),
        };
        let nodes = [
            (
                Node::Process(process.clone()),
                Some(&container),
                "pid=42 comm=nginx container=web netns=7 not netns=web",
            ),
            (Node::Process(process), None, "pid=42 container=0a1b2c3d not container=none"),
            (Node::Container(container.clone()), None, "container=web netns=9 netns=web"),
            (remote, None, "ip=10.0.0.2 not port>=0 box.exa"),
            (Node::Unknown { netns: NetnsId(8) }, None, "netns=8 not container=none"),
        ];
        for (node, container, expression) in &nodes {
            let subject =
                Subject { ends: [Some(End::of_weight(node, *container)), None], ..Subject::default() };
            assert!(holds(&subject, expression), "{expression}");
        }
    }

    #[test]
    fn an_event_tells_where_it_leads_as_far_as_it_can() {
        use ConnectionEventKind::{Accept, Close, Connect, Fail, Listen};
        let topology = Topology::new();
        for (kind, local, remote, expected) in [
            (Connect, "10.0.0.1:1", Some("10.0.0.2:2"), "out"),
            (Fail, "10.0.0.1:0", Some("10.0.0.2:2"), "out"),
            (Accept, "10.0.0.1:1", Some("10.0.0.2:2"), "in"),
            (Close, "10.0.0.1:1", Some("10.0.0.2:2"), ""),
            (Close, "127.0.0.1:1", Some("127.0.0.2:2"), "local"),
            (Connect, "10.0.0.1:1", Some("10.0.0.1:2"), "local"),
            (Listen, "127.0.0.1:1", None, ""),
        ] {
            let event = event(kind, local, remote);
            assert_eq!(
                directions(&Subject::of_event(&topology, HostIndex(0), &event, None)),
                expected,
                "{kind:?} {local}"
            );
        }
    }

    #[test]
    fn an_event_has_the_facts_of_its_socket() {
        let mut close = event(ConnectionEventKind::Close, "10.0.0.1:0", Some("10.0.0.2:2"));
        close.opened_at = Some(Timestamp(1_000_000_000));
        close.counters =
            Some(Counters { bytes_sent: 40, bytes_received: 2, rtt_us: Some(900), retransmits: 0 });
        let topology = Topology::new();
        let subject = Subject::of_event(&topology, HostIndex(0), &close, None);
        // A port of 0 is one that the socket does not have.
        let expression = "pid=42 netns=7 port=2 not port<2 state=closed age=4s bytes=42 rtt=900us";
        assert!(holds(&subject, expression));
        assert!(!holds(&subject, "rate>=0"));
    }
}
