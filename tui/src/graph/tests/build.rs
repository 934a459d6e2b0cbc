//! Views written by hand.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::identity::{ContainerId, NetnsId, ProcessId};
use scopetop_tracker::network::Scope;
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::{HostIndex, NodeKey, Rate, Service};

use crate::graph::{GraphState, render};
use crate::theme::Theme;
use crate::trend::Trends;
use crate::view::{EdgeState, GroupKey, NodeKind, NodeState, Selection, ShownKey, View, ViewEdge, ViewNode};

/// Nodes and edges, to become a view.
#[derive(Clone, Default)]
pub(super) struct Picture {
    nodes: BTreeMap<String, ViewNode>,
    edges: Vec<(String, String, u16, u32, EdgeState)>,
}

const HOST: HostIndex = HostIndex(0);

impl Picture {
    fn node(
        mut self,
        label: &str,
        detail: &str,
        kind: NodeKind,
        key: impl Into<ShownKey>,
        group: (GroupKey, &str),
    ) -> Self {
        let node = ViewNode {
            key: key.into(),
            label: label.to_owned(),
            detail: detail.to_owned(),
            kind,
            group: group.0,
            group_label: group.1.into(),
            group_netns: None,
            state: NodeState::Steady,
            matched_by_search: false,
            connections: 0,
            inside: 0,
            rate: Rate::default(),
        };
        self.nodes.insert(label.to_owned(), node);
        self
    }

    /// A process of the host; the last word of its label is its pid.
    pub(super) fn host(self, label: &str, detail: &str) -> Self {
        self.node(label, detail, NodeKind::Process, process(label), (GroupKey::Host(HOST), "host"))
    }

    /// A process of a container.
    pub(super) fn container(self, title: &str, label: &str, detail: &str) -> Self {
        let group = GroupKey::Container(HOST, ContainerId(Text::from(title)));
        self.node(label, detail, NodeKind::Process, process(label), (group, title))
    }

    /// A process of a namespace.
    pub(super) fn namespace(self, number: u32, label: &str, detail: &str) -> Self {
        let group = GroupKey::Namespace(HOST, NetnsId(number));
        self.node(label, detail, NodeKind::Process, process(label), (group, &format!("netns {number}")))
    }

    /// A remote address.
    pub(super) fn remote(self, address: &str) -> Self {
        let parsed: IpAddr = address.parse().expect("an address");
        let local = Scope::of(parsed, &[].into_iter()) != Scope::Internet;
        let group = if local { (GroupKey::Network, "network") } else { (GroupKey::Internet, "internet") };
        self.node(address, "", NodeKind::Remote, NodeKey::Remote(None, parsed), group)
    }

    /// The unknown holder of a namespace's sockets.
    pub(super) fn unknown(self, number: u32) -> Self {
        let group = GroupKey::Namespace(HOST, NetnsId(number));
        let key = NodeKey::Unknown(HOST, NetnsId(number));
        self.node("unknown", "", NodeKind::Unknown, key, (group, &format!("netns {number}")))
    }

    /// Connections of one node to a port of another.
    pub(super) fn edge(
        mut self,
        client: &str,
        server: &str,
        port: u16,
        count: u32,
        state: EdgeState,
    ) -> Self {
        assert!(self.nodes.contains_key(client), "{client}");
        assert!(self.nodes.contains_key(server), "{server}");
        self.edges.push((client.to_owned(), server.to_owned(), port, count, state));
        self
    }

    /// Steady connections.
    pub(super) fn steady(self, client: &str, server: &str, port: u16, count: u32) -> Self {
        self.edge(client, server, port, count, EdgeState::Steady)
    }

    /// Takes a node and its edges away.
    pub(super) fn without(mut self, label: &str) -> Self {
        self.nodes.remove(label);
        self.edges.retain(|edge| edge.0 != label && edge.1 != label);
        self
    }

    /// Changes a node.
    pub(super) fn with(mut self, label: &str, change: impl FnOnce(&mut ViewNode)) -> Self {
        change(self.nodes.get_mut(label).expect("a node of that label"));
        self
    }

    /// The view of it.
    pub(super) fn view(&self) -> View {
        let mut nodes: Vec<ViewNode> = self.nodes.values().cloned().collect();
        nodes.sort_by(|a, b| a.key.cmp(&b.key));
        let place =
            |label: &str| nodes.iter().position(|node| node.label == label).expect("a node of that label");
        let edges: Vec<ViewEdge> = self
            .edges
            .iter()
            .map(|(client, server, port, count, state)| {
                let (client, server) = (place(client), place(server));
                let is_over = matches!(state, EdgeState::Closed | EdgeState::Failed);
                ViewEdge {
                    client,
                    server,
                    at: Service::Port(Protocol::Tcp, *port),
                    service: format!(":{port}").into(),
                    open: if is_over { 0 } else { *count },
                    new: u32::from(*state == EdgeState::New),
                    closed: if *state == EdgeState::Closed { *count } else { 0 },
                    failed: if *state == EdgeState::Failed { *count } else { 0 },
                    state: *state,
                    directed: true,
                    rate: Rate::default(),
                    rtt_us: None,
                    since: None,
                    error: None,
                    matched_by_search: false,
                }
            })
            .collect();
        for edge in &edges {
            nodes[edge.client].connections += edge.connections();
            if edge.server != edge.client {
                nodes[edge.server].connections += edge.connections();
            }
        }
        View { nodes, edges, ..View::default() }
    }
}

/// The key of a process, by the number at the end of its label.
pub(super) fn process(label: &str) -> ShownKey {
    let pid =
        label.rsplit(' ').next().and_then(|word| word.parse().ok()).expect("a pid at the end of the label");
    NodeKey::Process(HOST, ProcessId { pid, started: 1 }).into()
}

/// What is drawn of a view on a panel of a size.
pub(super) fn draw(
    state: &mut GraphState,
    view: &View,
    size: (u16, u16),
    selection: Option<&Selection>,
) -> Buffer {
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    render(&mut buffer, area, view, state, selection, (&Trends::default(), &Theme::plain()));
    buffer
}

/// The characters of a buffer.
pub(super) fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    buffer
        .content
        .chunks(width)
        .map(|row| {
            row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n"
        })
        .collect()
}

/// What a first look at a picture shows.
pub(super) fn look(picture: &Picture, width: u16, height: u16) -> String {
    // A first line that is not blank: leading blank rows are part of the picture.
    let picture = text(&draw(&mut GraphState::default(), &picture.view(), (width, height), None));
    format!("{width} x {height}\n{picture}")
}
