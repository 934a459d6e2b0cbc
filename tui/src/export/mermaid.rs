//! For Mermaid: what GitHub, GitLab and many wikis draw from a code block.

use std::fmt;
use std::io::{self, Write};

use super::diagram::{Diagram, Edge, Node};
use crate::view::{EdgeState, NodeKind};

/// Writes a flowchart from left to right: groups are subgraphs, an edge is all connections to one service, or to many.
pub fn write(out: &mut impl Write, diagram: &Diagram<'_>) -> io::Result<()> {
    if let Some(title) = &diagram.title {
        writeln!(out, "---\ntitle: \"{}\"\n---", Quotable(title))?;
    }
    writeln!(out, "flowchart LR")?;
    for (number, group) in diagram.groups.iter().enumerate() {
        writeln!(out, "  subgraph g{number}[\"{}\"]", Quotable(group.label))?;
        for node in &group.nodes {
            write_node(out, node)?;
        }
        writeln!(out, "  end")?;
    }
    for edge in &diagram.edges {
        write_edge(out, edge)?;
    }
    let closed: Vec<_> =
        diagram.groups.iter().flat_map(|group| &group.nodes).filter(|node| node.closed).collect();
    if !closed.is_empty() {
        let names: Vec<_> = closed.iter().map(|node| format!("n{}", node.place)).collect();
        writeln!(out, "  classDef closed stroke:#999,color:#999")?;
        writeln!(out, "  class {} closed", names.join(","))?;
    }
    Ok(())
}

fn write_node(out: &mut impl Write, node: &Node<'_>) -> io::Result<()> {
    let (open, close) = match node.kind {
        NodeKind::Process => ("(", ")"),
        NodeKind::Container | NodeKind::Group => ("[[", "]]"),
        NodeKind::Remote => ("([", "])"),
        NodeKind::Unknown => ("{{", "}}"),
    };
    let detail =
        if node.detail.is_empty() { String::new() } else { format!("<br/>{}", Quotable(node.detail)) };
    writeln!(out, "    n{}{open}\"{}{detail}\"{close}", node.place, Quotable(node.label))
}

fn write_edge(out: &mut impl Write, edge: &Edge) -> io::Result<()> {
    let arrow = match (edge.state, edge.directed) {
        (EdgeState::Failed, _) => "--x",
        (EdgeState::Closed, true) => "-.->",
        (EdgeState::Closed, false) => "-.-",
        (EdgeState::Busy, true) => "==>",
        (EdgeState::Busy, false) => "===",
        (EdgeState::New | EdgeState::Steady, true) => "-->",
        (EdgeState::New | EdgeState::Steady, false) => "---",
    };
    writeln!(out, "  n{} {arrow}|\"{}\"| n{}", edge.from.0, Quotable(&edge.label), edge.to.0)
}

/// A text inside quotes. Mermaid gives many characters a meaning even there (quotes, `#`, backticks, HTML, its own
/// directives in `%%{…}%%`), so only those known to have none stay as they are; the rest are its numbered entities.
struct Quotable<T>(T);

impl<T: AsRef<str>> fmt::Display for Quotable<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.as_ref().chars() {
            let plain =
                !character.is_ascii() || character.is_ascii_alphanumeric() || " .:/+-_@,".contains(character);
            if plain {
                write!(formatter, "{character}")?;
            } else {
                write!(formatter, "#{};", u32::from(character))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::output::fixture::{assert_harmless, view};

    #[test]
    fn the_flowchart_has_subgraphs_nodes_and_lines() {
        let mut out = Vec::new();
        write(&mut out, &Diagram::of(&view())).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_harmless(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nothing_in_a_name_means_anything() {
        assert_eq!(Quotable("web-1 :80").to_string(), "web-1 :80");
        assert_eq!(Quotable("\"#`<%{|日").to_string(), "#34;#35;#96;#60;#37;#123;#124;日");
    }
}
