//! What is bright, normal and dim: by what is selected, or by what is searched for.

use rustc_hash::FxHashSet;

use super::lines::Light;
use super::route::Wire;
use crate::view::{Selection, View};

/// What the eye is led to.
#[derive(Debug)]
pub(super) enum Focus {
    /// Nothing in particular.
    All,
    /// What a search text is found in.
    Found,
    /// A node, and those that it is linked with.
    Node(usize, FxHashSet<usize>),
    /// An edge, with the nodes at its ends.
    Edge(usize, [usize; 2]),
}

impl Focus {
    pub(super) fn new(view: &View, selection: Option<&Selection>) -> Self {
        if view.has_match() {
            return Self::Found;
        }
        match selection {
            Some(Selection::Node(key)) => view.node_place(key).map_or(Self::All, |node| {
                let linked = view.edges.iter().filter(|edge| edge.client == node || edge.server == node);
                Self::Node(node, linked.flat_map(|edge| [edge.client, edge.server]).collect())
            }),
            Some(Selection::Edge(key)) => view.edge_place(key).map_or(Self::All, |edge| {
                Self::Edge(edge, [view.edges[edge].client, view.edges[edge].server])
            }),
            None => Self::All,
        }
    }

    /// How bright a node is. The selected one is drawn as selected, whatever this says.
    pub(super) fn node(&self, node: usize, view: &View) -> Light {
        let normal = match self {
            Self::All => true,
            Self::Found => view.nodes[node].matched_by_search,
            Self::Node(selected, linked) => *selected == node || linked.contains(&node),
            Self::Edge(_, ends) => ends.contains(&node),
        };
        if normal { Light::Normal } else { Light::Dim }
    }

    /// How bright a wire is.
    pub(super) fn wire(&self, wire: &Wire, view: &View) -> Light {
        let mut edges = wire.edges.iter().map(|&edge| (edge, &view.edges[edge]));
        let normal = match self {
            Self::All => true,
            Self::Found => edges.any(|(_, edge)| edge.matched_by_search),
            Self::Node(selected, _) => {
                edges.any(|(_, edge)| edge.client == *selected || edge.server == *selected)
            }
            Self::Edge(selected, _) => {
                return if edges.any(|(edge, _)| edge == *selected) { Light::Bright } else { Light::Dim };
            }
        };
        if normal { Light::Normal } else { Light::Dim }
    }
}
