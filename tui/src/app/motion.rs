//! Where the selection goes.

use super::{App, Mode};
use crate::view::{Direction, Selection, ShownKey, ViewNode};

/// How many steps a page is in the graph.
const GRAPH_PAGE: usize = 5;

/// When something is come by on the way through all: column by column in the graph, row by row in the list.
pub(super) type Stop = ((usize, usize), usize);

impl App {
    pub(crate) fn select(&mut self, selection: Selection) {
        self.set_selection(Some(selection));
    }

    pub(super) fn set_selection(&mut self, selection: Option<Selection>) {
        if self.selection != selection {
            self.selection = selection;
            self.meant = None;
            self.inspection = None;
            self.absence = None;
            self.details_offset = 0;
        }
        self.details_are_stale = true;
        self.remember_row();
        self.remember_stand();
    }

    pub(super) fn step(&mut self, direction: Direction) {
        match self.mode {
            Mode::List => self.step_list(direction),
            Mode::Graph => self.step_graph(direction),
        }
    }

    fn select_node(&mut self, key: ShownKey) {
        self.anchor = None;
        self.select(Selection::Node(key));
    }

    fn step_graph(&mut self, direction: Direction) {
        match self.selection.clone() {
            Some(Selection::Node(key)) if self.view.node(&key).is_some() => {
                if let Some(next) = self.graph.neighbour(&key, direction) {
                    self.select_node(next);
                }
            }
            Some(Selection::Edge(key)) if self.view.edge_place(&key).is_some() => match direction {
                Direction::Left => self.select_node(key.client),
                Direction::Right => self.select_node(key.server),
                Direction::Up => self.step_edge(false),
                Direction::Down => self.step_edge(true),
            },
            // Nothing is selected, or what is selected is gone.
            _ => self.select_busiest(),
        }
    }

    fn select_busiest(&mut self) {
        // Of several, the first: the order of the nodes does not change with the numbers.
        let busiest = self.view.nodes.iter().rev().max_by_key(|node| node.connections);
        if let Some(key) = busiest.map(|node| node.key.clone()) {
            self.select_node(key);
        }
    }

    /// As far as `steps` steps go that way in the graph.
    fn run(&mut self, direction: Direction, steps: usize) {
        for _ in 0..steps {
            let before = self.selection.clone();
            self.step_graph(direction);
            if self.selection == before {
                break;
            }
        }
    }

    /// Moves the details by pages, or to their beginning or end; what is drawn stays within them.
    fn scroll_details(&mut self, pages: isize) {
        let page = isize::try_from(self.details_lines.1.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        self.scroll_details_by(pages.saturating_mul(page));
    }

    /// The same by lines.
    pub(super) fn scroll_details_by(&mut self, down: isize) {
        let (lines, seen) = self.details_lines;
        let last = lines.saturating_sub(seen);
        self.details_offset = self.details_offset.saturating_add_signed(down).min(last);
    }

    pub(super) fn page_up(&mut self) {
        match self.mode {
            _ if self.details_open => self.scroll_details(-1),
            Mode::List => self.step_rows(-self.page_rows()),
            Mode::Graph => self.run(Direction::Up, GRAPH_PAGE),
        }
    }

    pub(super) fn page_down(&mut self) {
        match self.mode {
            _ if self.details_open => self.scroll_details(1),
            Mode::List => self.step_rows(self.page_rows()),
            Mode::Graph => self.run(Direction::Down, GRAPH_PAGE),
        }
    }

    /// Selects something, where nothing is: the first row; in the graph what most others are around.
    pub(super) fn begin(&mut self) {
        match self.mode {
            Mode::List => self.select_row(0, true),
            Mode::Graph => self.select_busiest(),
        }
    }

    pub(super) fn first(&mut self) {
        match self.mode {
            _ if self.details_open => self.scroll_details(isize::MIN),
            Mode::List => self.select_row(0, true),
            Mode::Graph => {
                let first = self.standing().min_by_key(|&place| self.stop(place));
                if let Some(place) = first {
                    self.select_place(place);
                }
            }
        }
    }

    pub(super) fn last(&mut self) {
        match self.mode {
            _ if self.details_open => self.scroll_details(isize::MAX),
            Mode::List => self.select_row(usize::MAX, false),
            Mode::Graph => {
                let last = self.standing().max_by_key(|&place| self.stop(place));
                if let Some(place) = last {
                    self.select_place(place);
                }
            }
        }
    }

    /// The places of the nodes that are in the picture.
    fn standing(&self) -> impl Iterator<Item = usize> {
        let is_standing = |place: &usize| {
            let node = self.view.nodes.get(*place);
            node.is_some_and(|node| self.graph.position(&node.key).is_some())
        };
        (0..self.view.nodes.len()).filter(is_standing)
    }

    /// Selects the next edge of the selected node, or of the node that the selected edge was reached from.
    pub(super) fn step_edge(&mut self, forward: bool) {
        let (anchor, current) = match &self.selection {
            Some(Selection::Node(key)) => (key.clone(), None),
            Some(Selection::Edge(key)) => {
                (self.anchor.clone().unwrap_or_else(|| key.client.clone()), self.view.edge_place(key))
            }
            None => {
                self.select_busiest();
                return;
            }
        };
        let Some(place) = self.view.node_place(&anchor) else { return };
        let edges: Vec<usize> = (0..self.view.edges.len())
            .filter(|&edge| self.view.edges[edge].ends().any(|end| end == place))
            .collect();
        let position = current.and_then(|current| edges.iter().position(|&edge| edge == current));
        let next = around(&edges, position, forward).and_then(|&edge| self.view.edges.get(edge));
        if let Some(key) = next.and_then(|edge| self.view.edge_key(edge)) {
            self.list.tell_under(&anchor);
            self.anchor = Some(anchor);
            self.select(Selection::Edge(key));
        }
    }

    /// The first match at or after what was selected before the search; what was selected, if there is none.
    pub(super) fn search_from(&mut self, before: Option<Selection>) {
        let matches = self.matches();
        let start = before.as_ref().and_then(|selection| self.place(selection)).map(|place| self.stop(place));
        let found = matches.iter().find(|&&place| Some(self.stop(place)) >= start).or(matches.first());
        match found {
            Some(&place) => self.select_place(place),
            None => self.set_selection(before),
        }
    }

    pub(super) fn next_match(&mut self, forward: bool) {
        let matches = self.matches();
        let current = self.selection.as_ref().and_then(|selection| self.place(selection));
        // What follows what is gone may have moved up to where that was.
        let (here, is_gone) = match current {
            Some(place) => (Some(self.stop(place)), false),
            None => (self.stop_of_gone(), true),
        };
        let next = match here {
            None => around(&matches, None, forward),
            Some(here) if forward => {
                let is_on = |stop: Stop| stop > here || is_gone && stop == here;
                matches.iter().find(|&&place| is_on(self.stop(place))).or(matches.first())
            }
            Some(here) => matches.iter().rev().find(|&&place| self.stop(place) < here).or(matches.last()),
        };
        if let Some(&place) = next {
            self.select_place(place);
        }
    }

    /// How many matches come before the selected thing, which is gone; `None` where it is not known where it stood.
    pub fn matches_before_gone(&self) -> Option<usize> {
        self.absence?;
        let stop = self.stop_of_gone()?;
        Some(self.matches().iter().filter(|&&place| self.stop(place) < stop).count())
    }

    /// Where the selection stands among the matches, from 1 on (0 where it is none of them), and how many there are.
    pub fn match_position(&self) -> (usize, usize) {
        let matches = self.matches();
        let here = self.selection.as_ref().and_then(|selection| self.place(selection));
        let position =
            matches.iter().position(|&place| Some(place) == here).map_or(0, |position| position + 1);
        (position, matches.len())
    }

    /// The places of what the search text is found in, in the order in which they are gone through: edges in the list,
    /// row by row; nodes in the graph as they stand, down each column and then to the next.
    fn matches(&self) -> Vec<usize> {
        let places = |matched: &mut dyn Iterator<Item = bool>| -> Vec<usize> {
            matched.enumerate().filter_map(|(place, matched)| matched.then_some(place)).collect()
        };
        match self.mode {
            Mode::List => places(&mut self.list.rows_from(0).iter().map(|&row| self.is_match(row))),
            Mode::Graph => {
                let mut places = places(&mut self.view.nodes.iter().map(|node| node.matched_by_search));
                places.sort_by_cached_key(|&place| self.stop(place));
                places
            }
        }
    }

    /// When the node that is selected, and gone, was come by.
    fn stop_of_gone(&self) -> Option<Stop> {
        self.selection.as_ref()?;
        match self.mode {
            Mode::List => Some(((0, 0), self.list.last_row())),
            Mode::Graph => self.last_stand()?.stop,
        }
    }

    /// When a node of the graph is come by.
    pub(super) fn stop_of(&self, selection: &Selection) -> Option<Stop> {
        match (self.mode, selection) {
            (Mode::Graph, Selection::Node(key)) => self.view.node_place(key).map(|place| self.stop(place)),
            _ => None,
        }
    }

    /// When a place is come by on the way through all of them. What is not in the picture comes last.
    fn stop(&self, place: usize) -> Stop {
        let position = match (self.mode, self.view.nodes.get(place)) {
            (Mode::Graph, Some(node)) => self.graph.position(&node.key).unwrap_or((usize::MAX, usize::MAX)),
            _ => (0, 0),
        };
        (position, place)
    }

    fn place(&self, selection: &Selection) -> Option<usize> {
        match (self.mode, selection) {
            (Mode::List, selection) => self.list.find(&self.view, Some(selection)),
            (Mode::Graph, Selection::Node(key)) => self.view.node_place(key),
            _ => None,
        }
    }

    fn select_place(&mut self, place: usize) {
        match self.mode {
            Mode::List => self.select_row(place, true),
            Mode::Graph => {
                if let Some(ViewNode { key, .. }) = self.view.nodes.get(place) {
                    self.select_node(key.clone());
                }
            }
        }
    }
}

/// The item after (or before) a position, around the end; the first (or last) where there is no position.
fn around<T>(items: &[T], position: Option<usize>, forward: bool) -> Option<&T> {
    let last = items.len().checked_sub(1)?;
    let next = match position {
        None if forward => 0,
        None => last,
        Some(here) if forward => {
            if here >= last {
                0
            } else {
                here + 1
            }
        }
        Some(here) => here.checked_sub(1).unwrap_or(last),
    };
    items.get(next)
}
