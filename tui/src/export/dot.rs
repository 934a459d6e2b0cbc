//! For Graphviz.

use std::fmt;
use std::io::{self, Write};

use super::diagram::{Diagram, Edge, Node};
use crate::view::{EdgeState, NodeKind};

/// Writes a directed graph: groups are clusters, an edge is all connections to one service, or to many.
pub fn write(out: &mut impl Write, diagram: &Diagram<'_>) -> io::Result<()> {
    writeln!(out, "digraph scopetop {{")?;
    if let Some(title) = &diagram.title {
        writeln!(out, "  label={};", Label(title))?;
    }
    writeln!(out, "  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\"];")?;
    for group in &diagram.groups {
        writeln!(out, "  subgraph {} {{", Quoted(format_args!("cluster_{}", group.id)))?;
        writeln!(out, "    label={};", Label(group.label))?;
        for node in &group.nodes {
            write_node(out, node)?;
        }
        writeln!(out, "  }}")?;
    }
    for edge in &diagram.edges {
        write_edge(out, edge)?;
    }
    writeln!(out, "}}")
}

fn write_node(out: &mut impl Write, node: &Node<'_>) -> io::Result<()> {
    let label = [node.label, node.detail].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    write!(out, "    {} [label={}", Quoted(&node.id), Label(label.join("\n")))?;
    out.write_all(match node.kind {
        NodeKind::Process => b"" as &[u8],
        NodeKind::Container | NodeKind::Group => b", shape=box3d, style=solid",
        NodeKind::Remote => b", shape=ellipse, style=solid",
        NodeKind::Unknown => b", style=dashed",
    })?;
    if node.closed {
        out.write_all(b", color=gray, fontcolor=gray")?;
    }
    writeln!(out, "];")
}

fn write_edge(out: &mut impl Write, edge: &Edge) -> io::Result<()> {
    write!(out, "  {} -> {} [label={}", Quoted(&edge.from.1), Quoted(&edge.to.1), Label(&edge.label))?;
    out.write_all(match edge.state {
        EdgeState::Failed => b", style=dotted, color=red" as &[u8],
        EdgeState::Closed => b", style=dashed, color=gray",
        EdgeState::Busy => b", penwidth=2",
        EdgeState::New | EdgeState::Steady => b"",
    })?;
    writeln!(out, "{}];", if edge.directed { "" } else { ", dir=none" })
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
    use crate::output::fixture::{assert_harmless, view};

    #[test]
    fn the_graph_has_clusters_nodes_and_edges() {
        let mut out = Vec::new();
        write(&mut out, &Diagram::of(&view())).unwrap();
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
