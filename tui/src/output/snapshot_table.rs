//! `snapshot --format table`: for people.

use std::io::{self, Write};

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::connection::State;
use scopetop_tracker::identity::{NetnsId, Timestamp};
use scopetop_tracker::topology::{Connection, HostIndex, Listener, Node, Side};

use super::errno::Errno;
use super::picture::Picture;
use super::table::{Lean, Table};
use super::units;

/// Writes the picture as two tables, connections and listeners. With `colour`, what is over is grey (it says so in
/// words, too).
pub fn write(out: &mut impl Write, picture: &Picture<'_>, colour: bool) -> io::Result<()> {
    heading(out, picture)?;
    let now = picture.host().map(|host| host.at);
    let netns = Namespaces::of(picture);

    let mut rows: Vec<_> =
        picture.connections.iter().map(|connection| (order(picture, connection), connection)).collect();
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let over = |state| rows.iter().filter(|(_, connection)| connection.state == state).count();
    let (closed, failed) = (over(State::Closed), over(State::Failed));
    writeln!(
        out,
        "\nconnections: {} ({} open, {closed} closed, {failed} failed)",
        rows.len(),
        rows.len() - closed - failed
    )?;
    if !rows.is_empty() {
        let mut table = Table::new([
            ("PROTO", Lean::Left),
            ("STATE", Lean::Left),
            ("CLIENT", Lean::Left),
            ("ADDRESS", Lean::Left),
            ("", Lean::Left),
            ("SERVER", Lean::Left),
            ("ADDRESS", Lean::Left),
            ("TO SERVER", Lean::Right),
            ("TO CLIENT", Lean::Right),
            ("RTT", Lean::Right),
            ("RETRANS", Lean::Right),
            ("AGE", Lean::Right),
            ("NETNS", Lean::Left),
            ("CONTAINER", Lean::Left),
        ]);
        for (_, connection) in &rows {
            table.push(connection.state.is_over(), cells(picture, connection, now, &netns));
        }
        table.write(out, colour)?;
    }

    let mut listeners: Vec<_> = picture.listeners.clone();
    listeners.sort_by_key(|listener| {
        (listener.protocol, listener.address.port(), listener.address.clone(), listener.netns)
    });
    writeln!(out, "\nlisteners: {}", listeners.len())?;
    if !listeners.is_empty() {
        let mut table = Table::new([
            ("PROTO", Lean::Left),
            ("STATE", Lean::Left),
            ("ADDRESS", Lean::Left),
            ("PROCESS", Lean::Left),
            ("NETNS", Lean::Left),
            ("CONTAINER", Lean::Left),
        ]);
        for listener in listeners {
            table.push(listener.closed, listener_cells(picture, listener, &netns));
        }
        table.write(out, colour)?;
    }
    Ok(())
}

fn heading(out: &mut impl Write, picture: &Picture<'_>) -> io::Result<()> {
    let Some(host) = picture.host() else { return writeln!(out, "nothing seen yet") };
    writeln!(
        out,
        "{}  kernel {}  {}  events {}  scan {} ({} ms)  lost {}",
        host.id.0,
        host.kernel,
        host.at.to_rfc3339(),
        host.source.events,
        host.source.scan,
        host.source.scan_us / 1000,
        host.source.lost_events
    )
}

/// By who calls whom, then as they came: the same picture is the same table.
fn order(picture: &Picture<'_>, connection: &Connection) -> (String, String, Option<u16>, u64) {
    let name = |side: &Side| name(picture, side.node, Some(side));
    (name(&connection.client), name(&connection.server), connection.server.address.port(), connection.id.0)
}

/// A process's name and pid, a container's name, or `unknown`; a remote node is its address, which has its own column.
fn name(picture: &Picture<'_>, node: NodeIndex, side: Option<&Side>) -> String {
    let others = side.map_or(0, |side| side.owners.len().saturating_sub(1));
    match picture.node(node) {
        Some(Node::Process(process)) if others > 0 => {
            format!("{} {} +{others}", process.comm, process.id.pid)
        }
        Some(Node::Process(process)) => format!("{} {}", process.comm, process.id.pid),
        Some(Node::Container(container)) => container.name.as_ref().unwrap_or(&container.id.0).to_string(),
        Some(Node::Remote { .. }) => String::from("-"),
        Some(Node::Unknown { .. }) | None => String::from("unknown"),
    }
}

fn address(side: &Side) -> String {
    match side.nat {
        Some(nat) => format!("{} (as {})", units::address(&side.address), units::address(&nat.into())),
        None => units::address(&side.address),
    }
}

fn container(picture: &Picture<'_>, node: NodeIndex) -> Option<String> {
    match picture.node(picture.topology.container_of(node)?)? {
        Node::Container(container) => Some(match &container.name {
            Some(name) => name.to_string(),
            // As the engines themselves shorten it.
            None => container.id.0.chars().take(12).collect(),
        }),
        _ => None,
    }
}

fn cells(
    picture: &Picture<'_>,
    connection: &Connection,
    now: Option<Timestamp>,
    netns: &Namespaces,
) -> [String; 14] {
    let (client, server) = (&connection.client, &connection.server);
    let unknown = || String::from("-");
    let age = connection.opened_at.and_then(|opened| {
        connection.closed_at.or(now).map(|end| units::microseconds(end.since(opened) / 1000))
    });
    let containers = match (container(picture, client.node), container(picture, server.node)) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(client), Some(server)) if client == server => client,
        (Some(client), Some(server)) => format!("{client} → {server}"),
    };
    let namespaces = match (client.netns, server.netns) {
        (None, None) => String::new(),
        (Some(client), Some(server)) if client != server => {
            let (client, server) = (netns.name(picture, client), netns.name(picture, server));
            if client.is_empty() { client } else { format!("{client} → {server}") }
        }
        (Some(one), _) | (None, Some(one)) => netns.name(picture, one),
    };
    [
        connection.protocol.to_string(),
        match connection.error {
            Some(error) => format!("{} ({})", connection.state, Errno(error)),
            None => connection.state.to_string(),
        },
        name(picture, client.node, Some(client)),
        address(client),
        String::from(if connection.directed { "→" } else { "–" }),
        name(picture, server.node, Some(server)),
        address(server),
        connection.bytes_to_server.map_or_else(unknown, units::bytes),
        connection.bytes_to_client.map_or_else(unknown, units::bytes),
        connection.rtt_us.map_or_else(unknown, |rtt| units::microseconds(rtt.into())),
        connection.retransmits.map_or_else(unknown, |number| number.to_string()),
        age.unwrap_or_else(unknown),
        namespaces,
        containers,
    ]
}

fn listener_cells(picture: &Picture<'_>, listener: &Listener, netns: &Namespaces) -> [String; 6] {
    let names: Vec<_> = listener.nodes.iter().map(|&node| name(picture, node, None)).collect();
    let mut containers: Vec<_> = listener.nodes.iter().filter_map(|&node| container(picture, node)).collect();
    containers.sort();
    containers.dedup();
    [
        listener.protocol.to_string(),
        String::from(if listener.closed { "closed" } else { "listen" }),
        units::address(&listener.address),
        names.join(", "),
        netns.name(picture, listener.netns),
        containers.join(", "),
    ]
}

/// The namespaces in the picture: where there is one only, it goes without saying.
struct Namespaces {
    several: bool,
}

impl Namespaces {
    fn of(picture: &Picture<'_>) -> Self {
        let mut all = picture
            .connections
            .iter()
            .flat_map(|connection| [connection.client.netns, connection.server.netns])
            .flatten()
            .chain(picture.listeners.iter().map(|listener| listener.netns));
        let first = all.next();
        Self { several: all.any(|netns| Some(netns) != first) }
    }

    fn name(&self, picture: &Picture<'_>, netns: NetnsId) -> String {
        if !self.several {
            return String::new();
        }
        match picture.topology.namespace_names(HostIndex::default(), netns).first() {
            Some(name) => name.to_string(),
            None => netns.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::filter::Filter;
    use scopetop_tracker::topology::Topology;

    use super::*;
    use crate::output::fixture::{assert_harmless, everything, topology};

    fn told(topology: &Topology, filter: &Filter, colour: bool) -> String {
        let mut out = Vec::new();
        write(&mut out, &Picture::new(topology, filter), colour).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_two_tables() {
        let text = told(&topology(), &everything(), false);
        assert_harmless(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn grey_is_what_is_over_and_nothing_else() {
        let text = told(&topology(), &everything(), true);
        let grey: Vec<_> = text.lines().filter(|line| line.contains('\x1b')).collect();
        assert_eq!(grey.len(), 2, "{text}");
        for line in grey {
            assert!(line.starts_with("\x1b[90m") && line.ends_with("\x1b[0m"), "{line:?}");
            assert!(line.contains("closed") || line.contains("failed (ECONNREFUSED)"), "{line:?}");
        }
    }

    #[test]
    fn one_namespace_goes_without_saying() {
        let filter = Filter::parse("comm=curl and port=8443").unwrap();
        let text = told(&topology(), &filter, false);
        assert!(text.contains("connections: 1 (0 open, 0 closed, 1 failed)"), "{text}");
        assert!(!text.contains("NETNS") && !text.contains("CONTAINER"), "{text}");
    }

    #[test]
    fn before_the_first_tick_there_is_nothing() {
        insta::assert_snapshot!(told(&Topology::new(), &everything(), false));
    }
}
