//! All that is known of an edge: its sums, its two ends, its connections.

use scopetop_tracker::identity::ProcessId;
use scopetop_tracker::topology::{HostIndex, Node, NodeKey, Service};

use super::model::{Details, Facts, Place, Section};
use super::{Known, charts, connections, facts, touching, wanted};
use crate::human;
use crate::view::{EdgeKey, ShownKey};

pub(super) fn details(known: Known<'_>, key: &EdgeKey) -> Option<Details> {
    let view = known.view;
    let shown = view.edges.get(view.edge_place(key)?)?;
    let (client, server) = (view.nodes.get(shown.client)?, view.nodes.get(shown.server)?);
    let connections = touching::connections_of(known.topology, view, known.look, key);

    let mut sums = Facts::default();
    let mut counts = vec![format!("{} open", human::count(shown.open as usize))];
    for (number, what) in [(shown.new, "new"), (shown.closed, "closed"), (shown.failed, "failed")] {
        if number > 0 {
            counts.push(format!("{} {what}", human::count(number as usize)));
        }
    }
    let mut counts = vec![counts.join(", ")];
    counts.extend(shown.since.map(|since| format!("oldest {}", human::age(known.now().since(since)))));
    counts.extend(shown.error.map(|error| format!("last failure: {}", human::errno(error))));
    sums.add(key.service.protocol().name(), counts.join("   "));
    let mut flow =
        vec![format!("→ {}   ← {}", human::rate(shown.rate.to_server), human::rate(shown.rate.to_client))];
    flow.extend(shown.rtt_us.map(|rtt| format!("rtt {}", human::micros(rtt))));
    let retransmits = connections::retransmits(&connections);
    flow.extend(retransmits.map(|segments| format!("retransmits {}", human::bytes(segments))));
    sums.add("flow", flow.join("   "));
    if let Service::Unix(name) = &key.service {
        // The label is only the end of it.
        sums.add("socket", name.to_string());
    }
    let heading = if shown.directed { "edge" } else { "edge, who began is not known" };

    let is_group = |key: &ShownKey| matches!(key, ShownKey::Group(_));
    let from = connections::From::Edge { client: is_group(&key.client), server: is_group(&key.server) };
    let mut sections =
        vec![sums.section(heading, Place::Left), charts::of_edge(known, known.trends.edge(key))];
    sections.extend(connections::sections(known, connections, from));
    sections.extend([
        end(known, "from", Place::Left, &client.label, &key.client),
        end(known, "to", Place::Right, &server.label, &key.server),
    ]);
    let way = if shown.directed { "→" } else { "↔" };
    Some(Details {
        title: format!("{} {way} {} {}", client.label, server.label, shown.service),
        sections,
        wanted: wanted([&key.client, &key.server].into_iter().filter_map(process_of)),
    })
}

fn process_of(key: &ShownKey) -> Option<(HostIndex, ProcessId)> {
    match key {
        ShownKey::Node(NodeKey::Process(host, process)) => Some((*host, *process)),
        _ => None,
    }
}

/// One end of an edge: who it is, whose, where it runs, and what it is.
fn end(known: Known<'_>, heading: &'static str, place: Place, label: &str, key: &ShownKey) -> Section {
    let topology = known.topology;
    let mut told = Facts::default();
    let node = match key {
        ShownKey::Node(key) => topology.node(key).map(|index| (key, index)),
        ShownKey::Group(_) => None,
    };
    match node.map(|(key, index)| (key, index, topology.graph().node_weight(index))) {
        Some((NodeKey::Process(host, id), index, Some(Node::Process(process)))) => {
            told.add("process", format!("{label}   user {}", facts::user(process)));
            told.add("uses", facts::usage(known, *id));
            match (&process.cmdline, &process.exe) {
                (None, Some(program)) => told.add("program", program.to_string()),
                _ => told.add("command", facts::command_line(known, process)),
            }
            told.add(
                "netns",
                process.netns.map(|netns| facts::namespace(topology, *host, netns)).unwrap_or_default(),
            );
            let container = facts::container_at(topology, index).map(facts::container_line);
            told.add("container", container.unwrap_or_default());
        }
        Some((NodeKey::Unknown(host, netns), ..)) => {
            told.add("process", "not known");
            told.add("netns", facts::namespace(topology, *host, *netns));
        }
        Some((NodeKey::Remote(scope, _), ..)) => {
            told.add("address", label);
            let netns = scope.map(|(host, netns)| facts::namespace(topology, host, netns));
            told.add("netns", netns.unwrap_or_default());
        }
        _ => told.add("group", label),
    }
    told.section(heading, place)
}
