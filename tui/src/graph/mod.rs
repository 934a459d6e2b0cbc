//! The graph panel: processes, containers and remote addresses in boxes, their connections as lines between them.
//!
//! Left to right is *calls → is called*. A node keeps its place while it lives ([`GraphState`] remembers it); only
//! [`GraphState::relayout`] and another width of the panel lay out afresh. Layout and drawing are plain functions of the
//! view, the memory and the panel's size.

mod bundle;
mod canvas;
mod cut;
mod draw;
mod focus;
mod fresh;
mod glyph;
mod groups;
mod hit;
mod keep;
mod label;
mod lanes;
mod lines;
mod links;
mod lists;
mod overview;
mod place;
mod plan;
mod rank;
mod roster;
mod route;
mod seat;
mod settle;
mod spread;
mod text;
mod tracks;
mod walk;

use std::hash::{Hash, Hasher};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustc_hash::FxHasher;

use crate::theme::Theme;
use crate::trend::Trends;
use crate::view::{Direction, Selection, ShownKey, View};

use draw::Scene;
use focus::Focus;
use groups::Groups;
use lines::Window;
use plan::Plan;

pub use hit::Spots;

/// What is said of a host on which there is not one connection.
pub const QUIET: &str = "no connections right now";

/// How much of each thing is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zoom {
    /// Each group as one node, the edges between two groups added up.
    Groups,
    /// Each node in a row.
    #[default]
    Nodes,
    /// Each node in two rows: below its name how much flows.
    Detail,
}

impl Zoom {
    /// One step nearer; the same where there is none.
    #[must_use]
    pub fn nearer(self) -> Self {
        match self {
            Self::Groups => Self::Nodes,
            Self::Nodes | Self::Detail => Self::Detail,
        }
    }

    /// One step back; the same where there is none.
    #[must_use]
    pub fn farther(self) -> Self {
        match self {
            Self::Groups | Self::Nodes => Self::Groups,
            Self::Detail => Self::Nodes,
        }
    }

    /// The rows of a node.
    fn tall(self) -> i32 {
        if self == Self::Detail { 2 } else { 1 }
    }
}

/// The memory of positions, and the layout of the newest view: for each zoom its own.
#[derive(Debug, Default)]
pub struct GraphState {
    zoom: Zoom,
    plans: [Plan; 3],
    /// The groups of the newest view, where they are what is drawn.
    groups: Option<Groups>,
    /// The time that places are remembered by, in nanoseconds: the lengths of the ticks that passed.
    clock: u64,
    /// The number of the tick that the clock was last moved by.
    sequence: Option<u64>,
    /// What was selected when the graph was drawn last.
    selected: Option<Selection>,
    /// Whether the user moved the panel since something was selected: it is not moved back then.
    panned: bool,
    /// Whether the whole picture is drawn small.
    overview: bool,
    /// The size of the panel when it was drawn last.
    size: (i32, i32),
    /// What was not on the panel when it was drawn last.
    beyond: Beyond,
}

/// How many nodes are beyond each side of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Above its upper side.
    pub above: usize,
    /// Below its lower side.
    pub below: usize,
    /// Beyond its left side.
    pub left: usize,
    /// Beyond its right side.
    pub right: usize,
}

impl GraphState {
    /// How much of each thing is drawn.
    pub fn zoom(&self) -> Zoom {
        self.zoom
    }

    /// Draws more or less of each thing. Each zoom has places of its own.
    pub fn set_zoom(&mut self, zoom: Zoom) {
        if zoom != self.zoom {
            self.zoom = zoom;
            self.groups = None;
            self.panned = false;
            self.plans[zoom as usize].seen = None;
        }
    }

    /// Whether the whole picture is drawn small, the part that the panel shows framed.
    pub fn overview(&self) -> bool {
        self.overview
    }

    /// Draws the whole picture small, or its part as usual.
    pub fn set_overview(&mut self, overview: bool) {
        self.overview = overview;
    }

    /// How many nodes were not on the panel when it was drawn last.
    pub fn beyond(&self) -> Beyond {
        self.beyond
    }

    /// The node in a direction of another, as they stood when the graph was last laid out: up and down its column, or
    /// to the next column, there rather one that it is linked with. `None` at the end of the picture and for a node
    /// that is not in it. Where groups are drawn, the one with most connections of the next group.
    pub fn neighbour(&self, from: &ShownKey, direction: Direction) -> Option<ShownKey> {
        match (&self.groups, self.zoom) {
            (Some(groups), Zoom::Groups) => {
                let next = self.plan().neighbour(groups.group(from)?, direction)?;
                groups.busiest(&next).cloned()
            }
            _ => self.plan().neighbour(from, direction),
        }
    }

    /// Moves the panel over the picture by cells, as far as there is anything to see. It stays there until something
    /// else is selected.
    pub fn pan_by(&mut self, columns: i32, rows: i32) {
        let plan = &mut self.plans[self.zoom as usize];
        if let Some((x, y)) = plan.pan {
            plan.pan = Some((x.saturating_add(columns), y.saturating_add(rows)));
            self.panned = true;
        }
    }

    /// The same by a quarter of the panel.
    pub fn pan_step(&mut self, direction: Direction) {
        let (columns, rows) = ((self.size.0 / 4).max(1), (self.size.1 / 4).max(1));
        match direction {
            Direction::Up => self.pan_by(0, -rows),
            Direction::Down => self.pan_by(0, rows),
            Direction::Left => self.pan_by(-columns, 0),
            Direction::Right => self.pan_by(columns, 0),
        }
    }

    /// Where a node stands among the others: its column, and how far down it. `None` for one that is not in the picture.
    /// Where groups are drawn, where its group stands.
    pub fn position(&self, key: &ShownKey) -> Option<(usize, usize)> {
        match (&self.groups, self.zoom) {
            (Some(groups), Zoom::Groups) => self.plan().position(groups.group(key)?),
            _ => self.plan().position(key),
        }
    }

    /// Forgets all positions: the next layout starts from nothing.
    pub fn relayout(&mut self) {
        for plan in &mut self.plans {
            plan.stale = true;
            plan.seen = None;
        }
        self.panned = false;
    }

    /// Takes the next view in, whatever it is: as if a tick had passed.
    #[cfg(test)]
    fn look_again(&mut self) {
        self.plans[self.zoom as usize].seen = None;
    }

    fn plan(&self) -> &Plan {
        &self.plans[self.zoom as usize]
    }

    /// Moves the clock on to the tick of a view. Where it has none, each view is a second later.
    fn pass_time(&mut self, view: &View) {
        const SECOND: u64 = 1_000_000_000;
        let Some(host) = &view.host else {
            self.clock = self.clock.saturating_add(SECOND);
            return;
        };
        let ticks = match self.sequence {
            // A step back in time forgets nothing.
            Some(before) => host.sequence.saturating_sub(before),
            None => 1,
        };
        self.clock = self.clock.saturating_add(host.duration.saturating_mul(ticks));
        self.sequence = Some(host.sequence);
    }
}

/// Takes a view in: new nodes get a place, those that were there keep theirs. Does nothing if the view's graph is the
/// one that was laid out last.
pub fn layout(state: &mut GraphState, view: &View, area: Rect) {
    let size = (i32::from(area.width), i32::from(area.height));
    state.size = size;
    let seen = fingerprint(view, area);
    if state.plan().seen == Some(seen) {
        return;
    }
    state.pass_time(view);
    let zoom = state.zoom;
    state.groups = (zoom == Zoom::Groups).then(|| Groups::new(view));
    let view = state.groups.as_ref().map_or(view, |groups| &groups.view);
    let plan = &mut state.plans[zoom as usize];
    plan.take(view, size, zoom.tall(), state.clock);
    plan.seen = Some(seen);
}

/// A hash of all that layout depends on.
fn fingerprint(view: &View, area: Rect) -> u64 {
    let mut hasher = FxHasher::default();
    (area.width, area.height, view.lineage.number).hash(&mut hasher);
    if view.lineage.number != 0 {
        // No other view has its number.
        return hasher.finish();
    }
    view.host.as_ref().map(|host| host.sequence).hash(&mut hasher);
    for node in &view.nodes {
        (&node.key, &node.label, &node.detail, &node.group_label, node.connections).hash(&mut hasher);
    }
    for edge in &view.edges {
        (edge.client, edge.server, &edge.service, edge.connections()).hash(&mut hasher);
    }
    hasher.finish()
}

/// A name in at most so many cells, cut where that loses least: of `long-name 4121` the number stays.
pub fn cut_name(name: &str, cells: usize) -> String {
    text::cut_middle(name, i32::try_from(cells).unwrap_or(i32::MAX))
}

/// A list of services in at most so many cells: none is half there but a name, of which both ends are told.
pub fn cut_ports(list: &str, cells: usize) -> String {
    text::ports(list, i32::try_from(cells).unwrap_or(i32::MAX))
}

/// Draws the graph, moved so that the selected node can be seen. Lays it out first where that is still to do. Returns what
/// is where.
pub fn render(
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    state: &mut GraphState,
    selection: Option<&Selection>,
    (trends, theme): (&Trends, &Theme),
) -> Spots {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return Spots::default();
    }
    layout(state, view, area);
    state.beyond = Beyond::default();
    if view.nodes.is_empty() {
        draw::nothing(buffer, area, view, theme);
        return Spots::default();
    }
    if selection != state.selected.as_ref() {
        state.selected = selection.cloned();
        state.panned = false;
    }
    let zoom = state.zoom;
    let whole = view;
    let (view, selection) = match &state.groups {
        Some(groups) => (&groups.view, selection.and_then(|selection| groups.selection(selection))),
        None => (view, selection.cloned()),
    };
    let selection = selection.as_ref();
    let selected = match selection {
        Some(Selection::Node(key)) => view.node_place(key),
        _ => None,
    };
    let shown: Vec<usize> = match selection {
        _ if state.panned => Vec::new(),
        Some(Selection::Edge(key)) => view
            .edge_place(key)
            .map(|edge| vec![view.edges[edge].client, view.edges[edge].server])
            .unwrap_or_default(),
        _ => selected.into_iter().collect(),
    };
    let plan = &mut state.plans[zoom as usize];
    let corner = plan.pan_to(area, &shown, shown.is_empty() && !state.panned);
    let plan = &*plan;
    let window = Window { area, pan: corner };
    let focus = Focus::new(view, selection, (&plan.links, &plan.routes));
    if state.overview {
        overview::draw(buffer, area, plan, (&focus, selected), theme);
        return Spots::default();
    }
    let seen = lines::draw(buffer, window, &plan.routes, &focus, theme);
    cut::draw(buffer, window, (&plan.routes, view), &focus, theme);
    let scene =
        Scene { window, view, places: &plan.places, at: &plan.at, focus: &focus, selected, trends, theme };
    scene.boxes(buffer);
    lines::draw_loops(buffer, window, &plan.routes, &focus, theme);
    if view.edges.is_empty() {
        scene.quiet(buffer);
    }
    state.beyond = scene.beyond();
    // Of several edges in one line the first: the keys lead to the others.
    let first = |wire| plan.routes.bundles.edges(wire).next();
    let groups = state.groups.as_ref();
    let mut spots = Spots::of_lines(window, &seen, plan.routes.wires.len(), |wire| match groups {
        Some(groups) => groups.edge(whole, first(wire)?),
        None => view.edge_key(view.edges.get(first(wire)?)?).map(Selection::Edge),
    });
    spots.add_nodes(window, (&plan.places, &plan.at), |node| match groups {
        Some(groups) => groups.node(node),
        None => view.nodes.get(node).map(|node| Selection::Node(node.key.clone())),
    });
    spots
}

#[cfg(test)]
mod tests;
