//! A selected thing as a line of text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use scopetop_tracker::topology::{Connection, Node, NodeKey, Topology};

use crate::view::{EdgeKey, Look, Selection, ShownKey, View, connections_of};

/// How many addresses and connections a line names before it says how many more there are.
const NAMED: usize = 20;

/// What is selected in a line: who it is, its pid, its container, its addresses; of an edge its connections. `None`
/// where the view does not have it.
pub fn line(topology: &Topology, view: &View, look: Look<'_>, selection: &Selection) -> Option<String> {
    match selection {
        Selection::Node(key) => node_line(topology, view, key),
        Selection::Edge(key) => edge_line(topology, view, look, key),
    }
}

fn node_line(topology: &Topology, view: &View, key: &ShownKey) -> Option<String> {
    let shown = view.node(key)?;
    let mut words = vec![shown.label.clone()];
    if let ShownKey::Node(key) = key {
        let node = topology.node(key);
        match node.and_then(|node| topology.graph().node_weight(node)) {
            Some(Node::Process(process)) => {
                words[0] = format!("{} pid {}", process.comm, process.id.pid);
                words.extend(process.user.as_ref().map(|user| format!("user {user}")));
                words.extend(process.netns.map(|netns| format!("netns {netns}")));
            }
            Some(Node::Container(container)) => words.push(format!("id {}", container.id.0)),
            _ => {}
        }
        let container = node.and_then(|node| topology.container_of(node));
        if let Some(Node::Container(container)) =
            container.and_then(|node| topology.graph().node_weight(node))
        {
            let name = container.name.as_ref().unwrap_or(&container.id.0);
            words.push(format!("container {name}"));
            words.extend(container.image.as_ref().map(|image| format!("image {image}")));
        }
        let addresses = listens_on(topology, key);
        if !addresses.is_empty() {
            words.push(format!("listens on {}", some_of(addresses)));
        }
    } else {
        words.push(format!("in {}", shown.group_label));
        if !shown.detail.is_empty() {
            words.push(format!("listens on {}", shown.detail));
        }
    }
    Some(words.join("  "))
}

fn listens_on(topology: &Topology, key: &NodeKey) -> BTreeSet<String> {
    let Some(node) = topology.node(key) else { return BTreeSet::new() };
    let own = topology.listeners().filter(|listener| !listener.closed && listener.nodes.contains(&node));
    own.map(|listener| format!("{} {}", listener.protocol, listener.address)).collect()
}

fn edge_line(topology: &Topology, view: &View, look: Look<'_>, key: &EdgeKey) -> Option<String> {
    let shown = view.edges.get(view.edge_place(key)?)?;
    let (client, server) = (view.nodes.get(shown.client)?, view.nodes.get(shown.server)?);
    let way = if shown.directed { "→" } else { "↔" };
    let pair = |connection: &Connection| {
        let way = if connection.directed { "→" } else { "↔" };
        format!("{} {way} {}", connection.client.address, connection.server.address)
    };
    let mut connections = connections_of(topology, view, look, key);
    connections.sort_unstable_by_key(|connection| connection.id);
    Some(format!(
        "{} {way} {}  {} {}  {}",
        client.label,
        server.label,
        key.service.protocol(),
        shown.service,
        some_of(connections.into_iter().map(pair).collect::<Vec<_>>())
    ))
}

fn some_of(all: impl IntoIterator<Item = String, IntoIter: ExactSizeIterator>) -> String {
    let all = all.into_iter();
    let more = all.len().saturating_sub(NAMED);
    let mut named = all.take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(named, ", +{more} more");
    }
    named
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::output::fixture::{topology, view};
    use crate::view::Look;
    use scopetop_tracker::topology::grouping::{Grouping, Sieve};

    fn lines(service: &str) -> [String; 3] {
        let (topology, view) = (topology(), view());
        let grouping = Grouping::default();
        let look = Look { grouping: &grouping, sieve: Sieve::default() };
        let edge = view.edges.iter().find(|edge| *edge.service == *service).unwrap();
        let key = view.edge_key(edge).unwrap();
        [Selection::Node(key.client.clone()), Selection::Edge(key.clone()), Selection::Node(key.server)]
            .map(|selection| line(&topology, &view, look, &selection).unwrap())
    }

    #[test]
    fn a_process_a_connection_and_a_server_in_a_container() {
        assert_eq!(
            lines(":80"),
            [
                "curl pid 900  netns 4026531840",
                "curl 900 → nginx 4122  tcp :80  172.17.0.1:40000 → 172.17.0.2:80",
                "nginx pid 4122  user www-data  netns 4026532200  container web \"x\"  listens on tcp 0.0.0.0:80",
            ]
        );
    }

    #[test]
    fn what_is_over_is_told_as_long_as_it_is_shown() {
        let [_, edge, server] = lines(":8443");
        assert_eq!(edge, "curl 900 → 10.0.3.7  tcp :8443  10.0.0.5:0 → 10.0.3.7:8443");
        assert_eq!(server, "10.0.3.7");
    }

    #[test]
    fn of_very_many_the_number_is_told() {
        let all: Vec<_> = (0..23).map(|number| number.to_string()).collect();
        assert!(some_of(all).ends_with("18, 19, +3 more"));
    }
}
