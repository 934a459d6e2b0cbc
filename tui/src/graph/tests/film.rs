//! One long film: thousands of nodes and edges come and go while the picture is zoomed and moved about.

use std::collections::{HashMap, HashSet};

use ratatui::layout::Rect;

use super::build::draw;
use super::properties::{Film, Step, check_boxes, check_lines, rows_of};
use crate::graph::{GraphState, Zoom};
use crate::view::{Direction, Selection, ShownKey, View};

/// How many nodes and edges come or go.
const CHANGES: usize = 10_000;
/// How many of them come with one tick.
const AT_ONCE: usize = 2;

/// Numbers that look random and are the same on every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub(super) fn node(&mut self) -> u8 {
        u8::try_from(self.roll(60)).expect("a small number")
    }

    pub(super) fn step(&mut self) -> Step {
        match self.roll(12) {
            0..4 => Step::Come(self.node()),
            4..7 => Step::Go(self.node()),
            7..11 => Step::Link(self.node(), self.node()),
            _ => Step::Unlink(self.node()),
        }
    }
}

/// What is remembered of one zoom.
#[derive(Default)]
struct Memory {
    places: HashMap<ShownKey, (i32, i32)>,
    /// Where those stood that went, and when (in seconds) they did.
    gone: HashMap<ShownKey, ((i32, i32), usize)>,
    /// All that was in the picture.
    known: HashSet<ShownKey>,
}

impl Memory {
    /// Counts those that stand elsewhere although they were there before, or came back to a place that nobody took.
    fn moved(&mut self, state: &GraphState, view: &View, second: usize) -> usize {
        let now = rows_of(state, view);
        let there = |key: &ShownKey| view.node_place(key).is_some();
        if !self.known.iter().any(there) {
            // Nothing is left of the picture before: this is another one.
            *self = Self::default();
        }
        self.known = view.nodes.iter().map(|node| node.key.clone()).collect();
        let stayed = |(key, place): (&ShownKey, &(i32, i32))| there(key) && now.get(key) != Some(place);
        let mut moved = self.places.iter().filter(|&(key, place)| stayed((key, place))).count();
        for (key, place) in &self.places {
            if !there(key) {
                self.gone.insert(key.clone(), (*place, second));
            }
        }
        // Whoever's place another took has none to come back to; nor if the rest of its box, or the free row after that,
        // is another's.
        let places = &state.plan().places;
        self.gone.retain(|key, ((x, y), since)| {
            let taken = now.iter().any(|(other, place)| other != key && place == &(*x, *y));
            let covered = places.blocks.iter().any(|block| {
                let is_its_own = block.slots.iter().any(|slot| slot.key.as_ref() == Some(key));
                let (column, end) = (&places.columns[block.column], block.top + block.height());
                let reach = block.top - 1 - block.tall..=end;
                !is_its_own && block.height() > 0 && column.x == *x && reach.contains(y)
            });
            second - *since < 600 && !taken && !covered
        });
        moved += self
            .gone
            .iter()
            .filter(|(key, (place, _))| now.get(*key).is_some_and(|now| now != place))
            .count();
        self.gone.retain(|key, _| !there(key));
        self.places = now;
        moved
    }
}

#[test]
fn nobody_moves_in_ten_thousand_changes() {
    let mut dice = Dice(7);
    let mut film = Film::default();
    let mut state = GraphState::default();
    let mut memories: [Memory; 3] = Default::default();
    let (mut moved, mut failures, mut looks) = (0, Vec::new(), [0; 3]);
    for second in 0..CHANGES / AT_ONCE {
        for _ in 0..AT_ONCE {
            film.step(&dice.step());
        }
        let view = film.view();
        match dice.roll(40) {
            0 => state.set_zoom(Zoom::Groups),
            1 => state.set_zoom(Zoom::Detail),
            2..5 => state.set_zoom(Zoom::Nodes),
            5 => state.pan_step(Direction::Down),
            6 => state.pan_by(-7, -3),
            7 => state.set_overview(!state.overview()),
            _ => {}
        }
        let selected = view.nodes.get(usize::from(dice.node())).map(|node| Selection::Node(node.key.clone()));
        let height = if dice.roll(3) == 0 { 34 } else { 40 };
        let area = Rect::new(0, 0, 100, height);
        // Drawing lays out; on all but a few ticks only that is done.
        if dice.roll(10) == 0 {
            draw(&mut state, &view, (area.width, area.height), selected.as_ref());
        }
        state.look_again();
        crate::graph::layout(&mut state, &view, area);
        let zoom = state.zoom() as usize;
        looks[zoom] += 1;
        let shown = state.groups.as_ref().map_or(&view, |groups| &groups.view);
        if shown.nodes.is_empty() {
            memories[zoom] = Memory::default();
            continue;
        }
        moved += memories[zoom].moved(&state, shown, second);
        failures.extend(check_boxes(&state, shown).and_then(|()| check_lines(&state, shown)).err());
    }
    assert_eq!(moved, 0, "nodes moved");
    assert!(failures.is_empty(), "{} pictures are wrong: {}", failures.len(), failures[0]);
    assert!(looks.iter().all(|&looks| looks > 200), "all zooms were looked at: {looks:?}");
}
