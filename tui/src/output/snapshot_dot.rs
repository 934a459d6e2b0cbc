//! `snapshot --format dot`: for Graphviz.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::connection::{Protocol, State};
use scopetop_tracker::topology::{Node, NodeKey, Service};

use super::picture::{NodeId, Picture};

/// Writes the picture as a directed graph: containers are clusters, an edge is all connections to one service.
pub fn write(out: &mut impl Write, picture: &Picture<'_>) -> io::Result<()> {
    writeln!(out, "digraph scopetop {{")?;
    if let Some(host) = picture.host() {
        writeln!(out, "  label={};", Quoted(format_args!("{}  {}", host.id.0, host.at.to_rfc3339())))?;
    }
    writeln!(out, "  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\"];")?;
    nodes(out, picture)?;
    edges(out, picture)?;
    writeln!(out, "}}")
}

fn nodes(out: &mut impl Write, picture: &Picture<'_>) -> io::Result<()> {
    let mut members: BTreeMap<NodeIndex, Vec<NodeIndex>> = BTreeMap::new();
    let mut outside = Vec::new();
    for &node in &picture.nodes {
        match (picture.node(node), picture.topology.container_of(node)) {
            (Some(Node::Container(_)), _) => drop(members.entry(node).or_default()),
            (_, Some(container)) => members.entry(container).or_default().push(node),
            (_, None) => outside.push(node),
        }
    }
    for (container, members) in members {
        let (Some(key), Some(Node::Container(facts))) =
            (picture.topology.key(container), picture.node(container))
        else {
            continue;
        };
        writeln!(out, "  subgraph {} {{", Quoted(format_args!("cluster_{}", NodeId(key))))?;
        let name = facts.name.as_ref().unwrap_or(&facts.id.0);
        match &facts.image {
            Some(image) => writeln!(out, "    label={};", Label(format_args!("{name} ({image})")))?,
            None => writeln!(out, "    label={};", Label(format_args!("{name}")))?,
        }
        for node in members {
            write_node(out, picture, node, "    ")?;
        }
        writeln!(out, "  }}")?;
    }
    for node in outside {
        write_node(out, picture, node, "  ")?;
    }
    Ok(())
}

fn write_node(out: &mut impl Write, picture: &Picture<'_>, node: NodeIndex, indent: &str) -> io::Result<()> {
    let (Some(key), Some(weight)) = (picture.topology.key(node), picture.node(node)) else { return Ok(()) };
    write!(out, "{indent}{} ", Quoted(format_args!("{}", NodeId(key))))?;
    match weight {
        Node::Process(process) => {
            writeln!(out, "[label={}];", Label(format_args!("{}\n{}", process.comm, process.id.pid)))
        }
        Node::Container(container) => writeln!(out, "[label={}];", Label(format_args!("{}", container.id.0))),
        Node::Remote { address, .. } => writeln!(out, "[shape=ellipse, label=\"{address}\"];"),
        Node::Unknown { netns } => writeln!(out, "[style=dashed, label=\"unknown\\nnetns {netns}\"];"),
    }
}

/// What is added up into one line of the drawing.
#[derive(Default)]
struct Sum {
    all: usize,
    closed: usize,
    failed: usize,
}

fn edges(out: &mut impl Write, picture: &Picture<'_>) -> io::Result<()> {
    let mut sums: BTreeMap<(&NodeKey, &NodeKey, Service, bool), Sum> = BTreeMap::new();
    for connection in &picture.connections {
        let key = |node| picture.topology.key(node);
        let (Some(client), Some(server)) = (key(connection.client.node), key(connection.server.node)) else {
            continue;
        };
        let service = Service::at(connection.protocol, &connection.server.address);
        let sum = sums.entry((client, server, service, connection.directed)).or_default();
        sum.all += 1;
        sum.closed += usize::from(connection.state == State::Closed);
        sum.failed += usize::from(connection.state == State::Failed);
    }
    for ((client, server, service, directed), sum) in sums {
        let quoted = |key| Quoted(NodeId(key).to_string());
        let before = match service.protocol() {
            Protocol::Tcp => String::new(),
            other => format!("{other} "),
        };
        let at = match service {
            Service::Port(_, 0) => String::from(":?"),
            Service::Port(_, port) => format!(":{port}"),
            Service::Unix(name) => name.to_string(),
        };
        let number = if sum.all > 1 { format!(" ×{}", sum.all) } else { String::new() };
        let label = format!("{before}{at}{number}");
        write!(out, "  {} -> {} [label={}", quoted(client), quoted(server), Label(label))?;
        if sum.failed == sum.all {
            write!(out, ", style=dotted, color=red")?;
        } else if sum.closed + sum.failed == sum.all {
            write!(out, ", style=dashed, color=gray")?;
        }
        writeln!(out, "{}];", if directed { "" } else { ", dir=none" })?;
    }
    Ok(())
}

/// A name in quotes: in it a quote is escaped, and a backslash too, so that none can escape the closing quote.
struct Quoted<T>(T);

impl<T: fmt::Display> fmt::Display for Quoted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0.to_string().replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// A label in quotes. Graphviz reads HTML entities in it, and `\n` as a line's end.
struct Label<T>(T);

impl<T: fmt::Display> fmt::Display for Label<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string().replace('&', "&amp;");
        let quoted = Quoted(text).to_string().replace('\n', "\\n");
        formatter.write_str(&quoted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::output::fixture::{assert_harmless, everything, topology};

    #[test]
    fn the_graph_has_clusters_nodes_and_edges() {
        let topology = topology();
        let mut out = Vec::new();
        write(&mut out, &Picture::new(&topology, &everything())).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_harmless(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_in_a_name_ends_its_quotes() {
        assert_eq!(Quoted(r#"a"b\"#).to_string(), r#""a\"b\\""#);
        assert_eq!(Label("a\nb&lt;\\n\"").to_string(), r#""a\nb&amp;lt;\\n\"""#);
    }
}
