//! What is known of processes, containers and namespaces, in words.

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::container::Container;
use scopetop_tracker::identity::{NetnsId, ProcessId, Timestamp};
use scopetop_tracker::process::Process;
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::{HostIndex, Node, NodeKey, Topology};

use super::Known;
use super::model::{Facts, Place, Section};
use crate::human;

/// How many addresses of a namespace are told.
const ADDRESSES: usize = 12;

/// What is known of a process itself.
pub(super) fn process(known: Known<'_>, process: &Process, facts: &mut Facts) {
    let single = known.usage.single(process.id);
    let parent = single.and_then(|single| single.parent.as_ref()).map(|(pid, comm)| match comm {
        Some(comm) => format!("   child of {comm} {pid}"),
        None => format!("   child of {pid}"),
    });
    facts.add("pid", format!("{}{}", process.id.pid, parent.unwrap_or_default()));
    facts.add("user", user(process));
    facts.add("started", process.started_at.map(|start| started(known, start)).unwrap_or_default());
    facts.add("program", process.exe.as_ref().map(ToString::to_string).unwrap_or_default());
    facts.add("command", command_line(known, process));
}

/// What processes use at the moment, in a line; empty where it is not known.
pub(super) fn usage(known: Known<'_>, process: ProcessId) -> String {
    known.usage.newest(process, known.sequence()).map_or_else(String::new, |usage| {
        let cpu = usage.cpu.map_or_else(String::new, |cpu| format!("{} CPU   ", human::percent(cpu)));
        format!("{cpu}{} memory", human::bytes(usage.memory))
    })
}

fn started(known: Known<'_>, start: Timestamp) -> String {
    let age = human::age(known.now().since(start));
    let Ok(moment) = jiff::Timestamp::from_nanosecond(i128::from(start.0)) else {
        return format!("{age} ago");
    };
    let moment = moment.to_zoned(known.zone.clone());
    format!("{age} ago   {}", moment.strftime("%Y-%m-%d %H:%M:%S"))
}

pub(super) fn user(process: &Process) -> String {
    match (&process.user, process.uid) {
        (Some(user), Some(uid)) => format!("{user} ({uid})"),
        (Some(user), None) => user.to_string(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => String::from("not known"),
    }
}

/// A process's arguments; empty where they are not known.
pub(super) fn command_line(known: Known<'_>, process: &Process) -> String {
    match process.cmdline.as_deref() {
        None if !known.arguments => String::from("hidden (--no-args)"),
        None => String::new(),
        Some([]) => String::from("none: a kernel thread"),
        Some(words) => words.iter().map(Text::as_str).collect::<Vec<_>>().join(" "),
    }
}

/// A namespace in a line: its names and its number.
pub(super) fn namespace(topology: &Topology, host: HostIndex, netns: NetnsId) -> String {
    let names: Vec<&str> = topology.namespace_names(host, netns).iter().map(Text::as_str).collect();
    if names.is_empty() { netns.to_string() } else { format!("{} ({netns})", names.join(", ")) }
}

/// What is known of a namespace.
pub(super) fn network(topology: &Topology, host: HostIndex, netns: NetnsId, facts: &mut Facts) {
    facts.add("netns", namespace(topology, host, netns));
    let Some(network) = topology.network(host, netns) else { return };
    let listed = |all: &mut dyn Iterator<Item = String>| {
        let mut texts: Vec<String> = all.collect();
        let more = texts.len().saturating_sub(ADDRESSES);
        texts.truncate(ADDRESSES);
        if more > 0 {
            texts.push(format!("and {more} more"));
        }
        texts.join("  ")
    };
    facts.add("addresses", listed(&mut network.addresses.iter().map(ToString::to_string)));
    facts.add("networks", listed(&mut network.connected.iter().map(ToString::to_string)));
}

/// The addresses that some nodes listen on, each in its protocol's own line.
pub(super) fn listeners(topology: &Topology, is_one: impl Fn(NodeIndex) -> bool) -> Section {
    let mut listeners: Vec<(Protocol, String)> = topology
        .listeners()
        .filter(|listener| listener.nodes.iter().any(|&node| is_one(node)))
        .map(|listener| {
            let over = if listener.closed { " (closed)" } else { "" };
            (listener.protocol, format!("{}{over}", listener.address))
        })
        .collect();
    listeners.sort();
    listeners.dedup();
    let mut facts = Facts::default();
    for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Unix] {
        let own = listeners.iter().filter(|(other, _)| *other == protocol);
        facts.add(protocol.name(), own.map(|(_, address)| address.as_str()).collect::<Vec<_>>().join("  "));
    }
    facts.section("listens", Place::Left)
}

/// The container that a node is, or that it is in.
pub(super) fn container_at(topology: &Topology, index: NodeIndex) -> Option<&Container> {
    let container = topology.container_of(index).unwrap_or(index);
    match topology.graph().node_weight(container) {
        Some(Node::Container(container)) => Some(container),
        _ => None,
    }
}

/// A container in a line: its name and image, and what its engine calls it.
pub(super) fn container_line(container: &Container) -> String {
    // Twelve characters tell a container; a service's id is a path.
    let shown = if container.is_service() { usize::MAX } else { 12 };
    let id: String = container.id.0.chars().take(shown).collect();
    let engine = container.runtime.as_ref().map_or(id.clone(), |runtime| format!("({runtime} {id})"));
    let facts = [container.name.as_ref(), container.image.as_ref()].into_iter().flatten();
    facts.map(ToString::to_string).chain([engine]).collect::<Vec<_>>().join("  ")
}

/// What is known of a container, and its labels.
pub(super) fn container(topology: &Topology, host: HostIndex, container: &Container) -> [Section; 2] {
    let mut facts = Facts::default();
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    facts.add("name", text(&container.name));
    facts.add("image", text(&container.image));
    facts.add("engine", text(&container.runtime));
    facts.add("id", container.id.0.as_str());
    if let Some(parent) = &container.parent {
        let node = topology.node(&NodeKey::Container(host, parent.clone()));
        let facts_of_it = node.and_then(|node| container_at(topology, node));
        facts.add("inside of", facts_of_it.map_or_else(|| parent.0.to_string(), container_line));
    }
    let mut labels = Facts::default();
    for (name, value) in &container.labels {
        // A label may be there without a value: that is known.
        let value = if value.is_empty() { "\"\"" } else { value.as_str() };
        labels.add(name.to_string(), value);
    }
    let heading = if container.is_service() { "service" } else { "container" };
    [facts.section(heading, Place::Left), labels.section("labels", Place::Left)]
}
