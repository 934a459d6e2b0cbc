//! The focus: one node with what is around it, the rest of the graph left out until the user returns.
//!
//! It is not a filter: it chooses nodes, not connections, and follows them from tick to tick.

use rustc_hash::FxHashSet;
use scopetop_tracker::topology::NodeKey;
use scopetop_tracker::topology::Topology;

use super::App;
use crate::graph::GraphState;
use crate::view::{self, LeftOut, Selection, ShownKey, Thing, View};

/// How many edges away from the focused node things are shown.
const STEPS: usize = 2;

/// The nodes that the user focused on, each from within the one before, and what is left out by the last of them.
#[derive(Debug, Default)]
pub(super) struct Focuses {
    stack: Vec<Focus>,
    /// The whole, while a part is shown.
    whole: Option<View>,
    left_out: LeftOut,
    /// Whether the part that is shown is not that of the last focus.
    pub(super) stale: bool,
}

#[derive(Debug)]
struct Focus {
    /// The focused node, whatever it is shown as.
    center: NodeKey,
    /// What it is shown as, or was when it was last there.
    shown: ShownKey,
    /// What it is called, or was.
    label: String,
    /// What is around it; what was, while it is gone.
    around: FxHashSet<ShownKey>,
    /// The places of what was shown before: all is back where it was on return.
    before: GraphState,
}

impl Focuses {
    /// The whole, if only a part is shown.
    pub(super) fn take_whole(&mut self) -> Option<View> {
        self.whole.take()
    }
}

impl App {
    /// Shows only the selected node and what is around it.
    pub(super) fn focus(&mut self) {
        let Some(Selection::Node(shown @ ShownKey::Node(center))) = &self.selection else { return };
        let is_focused = self.focuses.stack.last().is_some_and(|last| last.center == *center);
        let Some(node) = self.view.node(shown).filter(|_| !is_focused) else { return };
        let label = node.label.clone();
        let (center, shown) = (center.clone(), shown.clone());
        let before = std::mem::take(&mut self.graph);
        self.focuses.stack.push(Focus { center, shown, label, around: FxHashSet::default(), before });
        self.focuses.stale = true;
    }

    /// Returns to what was shown before the last focus. Returns whether there was one.
    pub(super) fn leave_focus(&mut self) -> bool {
        let Some(last) = self.focuses.stack.pop() else { return false };
        self.graph = last.before;
        self.focuses.stale = true;
        true
    }

    /// The focused nodes, the first one first, with what they are called, or were when they were last there.
    pub fn focused(&self) -> impl ExactSizeIterator<Item = (&ShownKey, &str)> + DoubleEndedIterator {
        self.focuses.stack.iter().map(|focus| (&focus.shown, focus.label.as_str()))
    }

    /// What the focus leaves out.
    pub fn left_out(&self) -> LeftOut {
        self.focuses.left_out
    }

    /// The view with all that the focus leaves out.
    pub fn whole(&self) -> &View {
        self.focuses.whole.as_ref().unwrap_or(&self.view)
    }

    /// The places of the graph of everything, whatever the focus.
    pub(super) fn graph_of_all(&mut self) -> &mut GraphState {
        self.focuses.stack.first_mut().map_or(&mut self.graph, |focus| &mut focus.before)
    }

    /// Forgets the places of all parts of the graph: they are of another grouping.
    pub(super) fn forget_parts(&mut self) {
        if !self.focuses.stack.is_empty() {
            self.graph = GraphState::default();
        }
        for focus in self.focuses.stack.iter_mut().skip(1) {
            focus.before = GraphState::default();
        }
    }

    /// Shows the part of the view that is focused. `is_new`: the view was just built, and is the whole.
    pub(super) fn narrow(&mut self, topology: &Topology, is_new: bool) {
        let stale = std::mem::take(&mut self.focuses.stale);
        if !is_new && !stale {
            return;
        }
        if let Some(whole) = self.focuses.take_whole() {
            self.view = whole;
        }
        self.focuses.left_out = LeftOut::default();
        let Some(focus) = self.focuses.stack.last_mut() else { return };
        let center = Thing::Node(focus.center.clone());
        if is_new && let Some(Selection::Node(shown)) = center.shown(topology, &self.grouping) {
            focus.shown = shown;
        }
        if let Some(node) = self.view.node(&focus.shown) {
            focus.label.clone_from(&node.label);
            focus.around = view::around(&self.view, &focus.shown, STEPS);
        }
        let (part, left_out) = view::part(&self.view, &focus.around);
        self.focuses.left_out = left_out;
        self.focuses.whole = Some(std::mem::replace(&mut self.view, part));
    }
}

#[cfg(test)]
mod tests;
