//! One long film: thousands of nodes and edges come and go while the picture is zoomed and moved about.

use std::collections::{HashMap, HashSet};

use ratatui::layout::Rect;

use super::build::draw;
use super::properties::{Film, Step, check_boxes, check_lines};
use crate::graph::{GraphState, Zoom};
use crate::view::{Direction, Selection, ShownKey, View};

/// How many nodes and edges come or go.
const CHANGES: usize = 10_000;
/// How many of them come with one tick.
const AT_ONCE: usize = 2;
/// How many more films there are, a fifth as long.
const FILMS: u64 = 5;

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

const SECOND: u64 = 1_000_000_000;
/// For how many seconds a place stays free in any case.
const KEPT_FREE: u64 = 5;
/// For how many seconds it is remembered.
const REMEMBERED: u64 = 600;

/// Where a node stands: the first column and the row, and the first row of its box.
type Place = (i32, i32, i32);

fn stands(state: &GraphState, view: &View) -> HashMap<ShownKey, Place> {
    let (places, at) = (&state.plan().places, &state.plan().at);
    let own = view.nodes.iter().zip(at).filter_map(|(node, at)| Some((node, at.filter(|at| at.own)?)));
    own.map(|(node, at)| (node.key.clone(), (places.columns[at.column].x, at.y, places.blocks[at.block].top)))
        .collect()
}

/// What is remembered of one zoom.
#[derive(Default)]
struct Memory {
    places: HashMap<ShownKey, Place>,
    /// Where those stood that went, and when (in seconds) they did.
    gone: HashMap<ShownKey, (Place, u64)>,
    /// Those that had no row of their own.
    crowd: HashSet<ShownKey>,
}

impl Memory {
    /// Tells of those that stand elsewhere although they were there before, or came back within ten minutes to a place that
    /// nobody was given, and of those whose place was given away too soon.
    fn moved(&mut self, state: &GraphState, view: &View, second: u64) -> Vec<String> {
        let now = stands(state, view);
        let there = |key: &ShownKey| view.node_place(key).is_some();
        let mut known = self.places.keys().chain(self.gone.keys()).chain(&self.crowd);
        if !view.nodes.is_empty() && !known.any(there) {
            // Nobody who is there stood anywhere: this is another picture, and there is nobody who could move.
            *self = Self::default();
        }
        let mut wrong = Vec::new();
        for (key, place) in &self.places {
            if !there(key) {
                self.gone.insert(key.clone(), (*place, second));
            } else if now.get(key) != Some(place) {
                wrong.push(format!("{key:?} stands at {:?}, not at {place:?}", now.get(key)));
            }
        }
        // A freed place stays free for a while, not for ever. Then it may be another's, and who had it has none to come
        // back to: nor where another box stands between the border of its own and the row after it.
        let places = &state.plan().places;
        self.gone.retain(|key, (place, since)| {
            let ((x, y, top), away) = (*place, second - *since);
            let taken = now.iter().find(|(other, (at, row, _))| *other != key && (*at, *row) == (x, y));
            let covered = places.blocks.iter().any(|block| {
                let is_its_own = block.slots.iter().any(|slot| slot.key.as_ref() == Some(key));
                let near = places.columns[block.column].x == x && block.height() > 0;
                near && !is_its_own && block.top <= y + 1 + block.tall && block.top + block.height() >= top
            });
            if let Some((other, _)) = taken.filter(|_| away < KEPT_FREE) {
                wrong.push(format!("{other:?} was given the place of {key:?} after {away} s"));
            }
            away < KEPT_FREE || away < REMEMBERED && taken.is_none() && !covered
        });
        for (key, (place, since)) in &self.gone {
            if let Some(now) = now.get(key).filter(|now| *now != place) {
                let away = second - since;
                wrong.push(format!("{key:?} came back to {now:?}, not to {place:?}, after {away} s"));
            }
        }
        self.gone.retain(|key, _| !there(key));
        let keys = view.nodes.iter().map(|node| &node.key);
        self.crowd = keys.filter(|key| !now.contains_key(*key)).cloned().collect();
        self.places = now;
        wrong
    }
}

/// Plays a film; returns how many of its pictures each zoom has shown.
fn play(seed: u64, changes: usize) -> [usize; 3] {
    let mut dice = Dice(seed);
    let mut film = Film::default();
    let mut state = GraphState::default();
    let mut memories: [Memory; 3] = Default::default();
    let mut looks = [0; 3];
    for second in 0..changes / AT_ONCE {
        for _ in 0..AT_ONCE {
            film.step(&dice.step());
        }
        // Now and then nothing is let through, for a moment.
        let view = if dice.roll(50) == 0 { View::default() } else { film.view() };
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
        state.look_again();
        // Drawing lays out; on all but a few ticks only that is done.
        if dice.roll(10) == 0 {
            draw(&mut state, &view, (area.width, area.height), selected.as_ref());
        } else {
            crate::graph::layout(&mut state, &view, area);
        }
        let zoom = state.zoom() as usize;
        looks[zoom] += 1;
        let shown = state.groups.as_ref().map_or(&view, |groups| &groups.view);
        let moved = memories[zoom].moved(&state, shown, state.clock / SECOND);
        assert!(moved.is_empty(), "seed {seed}, second {second}: {moved:#?}");
        let check = check_boxes(&state, shown).and_then(|()| check_lines(&state, shown));
        assert!(check.is_ok(), "seed {seed}, second {second}: {}", check.unwrap_err());
    }
    looks
}

#[test]
fn nobody_moves_in_ten_thousand_changes() {
    let looks = play(7, CHANGES);
    assert!(looks.iter().all(|&looks| looks > 200), "all zooms were looked at: {looks:?}");
}

#[test]
fn nobody_moves_in_other_films() {
    for seed in 100..100 + FILMS {
        play(seed, CHANGES / 5);
    }
}
