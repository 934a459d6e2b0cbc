//! What is bright, normal and dim: by what is selected, or by what is searched for.

use rustc_hash::FxHashSet;

use super::lines::Light;
use super::links::Links;
use super::route::Routes;
use crate::view::{Selection, View};

/// What the eye is led to: nodes, and the wires that belong to them.
#[derive(Debug)]
pub(super) struct Focus {
    nodes: Nodes,
    /// How bright each wire is; all are as usual where this is empty.
    wires: Vec<Light>,
}

#[derive(Debug)]
enum Nodes {
    /// None in particular.
    All,
    /// Those that a search text is found in.
    Found,
    /// These.
    Some(FxHashSet<usize>),
}

impl Focus {
    pub(super) fn new(
        view: &View,
        selection: Option<&Selection>,
        (links, routes): (&Links, &Routes),
    ) -> Self {
        if view.has_match() {
            let found = view.edges.iter().enumerate().filter(|(_, edge)| edge.matched_by_search);
            return Self::of(Nodes::Found, routes, found.map(|(edge, _)| edge), Light::Normal);
        }
        let selected = match selection {
            Some(Selection::Node(key)) => view.node_place(key).map(|node| {
                let at = node as u32;
                let mine = links.ends().iter().enumerate();
                let mine = mine.filter(|(_, ends)| ends.0 == at || ends.1 == at);
                let others = mine.clone().flat_map(|(_, ends)| [ends.0 as usize, ends.1 as usize]);
                let nodes = Nodes::Some(others.chain([node]).collect());
                Self::of(nodes, routes, mine.map(|(edge, _)| edge), Light::Normal)
            }),
            Some(Selection::Edge(key)) => view.edge_place(key).map(|edge| {
                let ends = FxHashSet::from_iter([view.edges[edge].client, view.edges[edge].server]);
                Self::of(Nodes::Some(ends), routes, [edge].into_iter(), Light::Bright)
            }),
            None => None,
        };
        selected.unwrap_or(Self { nodes: Nodes::All, wires: Vec::new() })
    }

    /// Some nodes, and some edges of that light.
    fn of(nodes: Nodes, routes: &Routes, edges: impl Iterator<Item = usize>, light: Light) -> Self {
        let mut wires = vec![Light::Dim; routes.wires.len()];
        for wire in edges.filter_map(|edge| routes.bundles.line(edge)) {
            wires[wire] = light;
        }
        Self { nodes, wires }
    }

    /// How bright a node is. The selected one is drawn as selected, whatever this says.
    pub(super) fn node(&self, node: usize, view: &View) -> Light {
        let normal = match &self.nodes {
            Nodes::All => true,
            Nodes::Found => view.nodes[node].matched_by_search,
            Nodes::Some(nodes) => nodes.contains(&node),
        };
        if normal { Light::Normal } else { Light::Dim }
    }

    /// How bright a wire is.
    pub(super) fn wire(&self, wire: usize) -> Light {
        self.wires.get(wire).copied().unwrap_or(Light::Normal)
    }
}
