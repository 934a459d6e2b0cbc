//! All that is known of a process, an address or an unknown holder.

use rustc_hash::FxHashSet;
use scopetop_tracker::network::Scope;
use scopetop_tracker::topology::{Node, NodeKey};

use super::model::{Details, Facts, Place, Section};
use super::{Known, charts, connections, environment, facts, peers, touching, wanted};
use crate::view::ShownKey;

pub(super) fn details(known: Known<'_>, key: &NodeKey) -> Option<Details> {
    let topology = known.topology;
    let shown_key = ShownKey::Node(key.clone());
    let shown = known.view.node(&shown_key)?;
    let index = topology.node(key);
    let weight = index.and_then(|index| topology.graph().node_weight(index));

    let mut first: Vec<Section> = Vec::new();
    let mut later: Vec<Section> = Vec::new();
    let mut own = Facts::default();
    let mut network = Facts::default();
    let mut watched = None;
    match (key, weight) {
        (NodeKey::Process(host, id), Some(Node::Process(process))) => {
            facts::process(known, process, &mut own);
            first.push(own.section("process", Place::Left));
            if let Some(netns) = process.netns {
                facts::network(topology, *host, netns, &mut network);
            }
            later.extend(environment::section(known.usage.single(*id)));
            watched = Some((*host, *id));
        }
        (NodeKey::Unknown(host, netns), _) => {
            own.add("process", "not known: no process was seen holding these sockets");
            first.push(own.section("unknown", Place::Left));
            facts::network(topology, *host, *netns, &mut network);
        }
        (NodeKey::Remote(scope, address), weight) => {
            own.add("address", address.to_string());
            if let Some(Node::Remote { scope, name, .. }) = weight {
                own.add("name", name.as_ref().map(ToString::to_string).unwrap_or_default());
                own.add("where", far(*scope));
            }
            first.push(own.section("address", Place::Left));
            if let Some((host, netns)) = scope {
                network.add("netns", facts::namespace(topology, *host, *netns));
            }
        }
        _ => {}
    }
    let host = match key {
        NodeKey::Process(host, _) | NodeKey::Container(host, _) | NodeKey::Unknown(host, _) => Some(*host),
        NodeKey::Remote(..) => None,
    };
    let container = index.and_then(|index| facts::container_at(topology, index));
    let container = host.zip(container).map(|(host, container)| facts::container(topology, host, container));
    let nodes: FxHashSet<_> = index.into_iter().collect();
    let edges = touching::of_nodes(topology, &nodes);
    let wanted = wanted(watched.into_iter());

    let mut sections = first;
    sections.extend(index.map(|index| facts::listeners(topology, |node| node == index)));
    sections.push(charts::of_node(known, known.trends.node(&shown_key), &wanted));
    sections.extend(peers::sections(known, &shown_key, &edges));
    sections.push(network.section("network", Place::Left));
    sections.extend(container.into_iter().flatten());
    let all = edges.iter().flat_map(|(.., edge)| touching::connections(known, edge)).collect();
    sections.extend(connections::sections(known, all, connections::From::Nodes(&nodes)));
    sections.extend(later);
    Some(Details { title: shown.label.clone(), sections, wanted })
}

/// How far away an address is, in words.
fn far(scope: Scope) -> &'static str {
    match scope {
        Scope::Loopback => "loopback: inside the namespace",
        Scope::Host => "this host's own address; no known socket answers there",
        Scope::Private => "a private network",
        Scope::Internet => "the internet",
    }
}
