//! What the mouse does. What is where, the panels told while they were drawn.

use ratatui::layout::Position;

use super::{App, Mode, Outcome, PromptKind};
use crate::input::{Action, Edit, Request, Scope, Travel};
use crate::screen::{Hit, Hits, Panel};
use crate::view::Selection;

/// How many rows a notch of the wheel scrolls, and how many columns.
const NOTCH: (i32, i32) = (6, 3);

/// What was done with the mouse, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What was done.
    pub gesture: Gesture,
    /// The cell of the screen.
    pub at: Position,
}

/// What is done with a mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The left button goes down.
    Press,
    /// It goes down again soon after, on the same place.
    DoublePress,
    /// The mouse moves with the left button down.
    Drag,
    /// The left button goes up.
    Release,
    /// The right button goes down.
    Inspect,
    /// The wheel turns: so many notches to the right, and down.
    Wheel(i8, i8),
}

/// Where the left button went down, and what has become of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grip {
    /// The place that the mouse was at last.
    at: Position,
    panel: Option<Panel>,
    /// Whether there was nothing, and the mouse has not moved since: then going up deselects.
    on_nothing: bool,
}

impl App {
    /// Does what was asked for with the mouse; `hits` is what the screen shows.
    pub fn mouse(&mut self, mouse: Mouse, hits: &Hits) -> Outcome {
        if self.help {
            return match mouse.gesture {
                Gesture::Wheel(_, down) => {
                    self.handle(Request::Act(if down > 0 { Action::PageDown } else { Action::PageUp }))
                }
                Gesture::Press | Gesture::Inspect => self.handle(Request::Act(Action::Back)),
                _ => Outcome::Nothing,
            };
        }
        let searches =
            matches!(&self.prompt, Some(prompt) if matches!(prompt.kind, PromptKind::Search { .. }));
        let is_press = matches!(mouse.gesture, Gesture::Press | Gesture::DoublePress);
        if self.scope() != Scope::Screen {
            match hits.at(mouse.at) {
                Some(Hit::Action(action)) if is_press => return self.handle(Request::Act(action)),
                // What is being searched for was found: it is taken.
                Some(Hit::Thing(_)) if is_press && searches => {
                    self.handle(Request::Act(Action::Edit(Edit::Accept)));
                }
                // A filter that is half typed must not be lost by a click.
                _ => return Outcome::Nothing,
            }
        }
        match mouse.gesture {
            Gesture::Press => self.press(mouse.at, hits),
            Gesture::DoublePress => self.double_press(mouse.at, hits),
            Gesture::Drag => self.drag(mouse.at, hits),
            Gesture::Release => self.release(),
            Gesture::Inspect => self.inspect(mouse.at, hits),
            Gesture::Wheel(right, down) => self.wheel(mouse.at, (right, down), hits),
        }
    }

    fn press(&mut self, at: Position, hits: &Hits) -> Outcome {
        let (hit, panel) = (hits.at(at), hits.panel_at(at));
        let on_nothing = hit.is_none() && matches!(panel, Some(Panel::Graph | Panel::List));
        self.grip = Some(Grip { at, panel, on_nothing });
        match hit {
            Some(Hit::Action(action)) => self.handle(Request::Act(action)),
            Some(Hit::Thing(thing)) => self.click(thing),
            Some(Hit::Step(step)) => {
                self.return_to(step);
                Outcome::Changed
            }
            Some(Hit::Tick(tick)) => self.go_to(tick),
            None => Outcome::Nothing,
        }
    }

    fn go_to(&mut self, tick: u64) -> Outcome {
        if self.time.go_to(tick) { Outcome::Changed } else { Outcome::Nothing }
    }

    fn click(&mut self, thing: Selection) -> Outcome {
        self.anchor = None;
        self.select(thing);
        Outcome::Changed
    }

    /// Opens what is there: a group, a node's surroundings, an edge's details.
    fn double_press(&mut self, at: Position, hits: &Hits) -> Outcome {
        let Some(Hit::Thing(thing)) = hits.at(at) else { return self.press(at, hits) };
        self.click(thing);
        self.handle(Request::Act(Action::Open))
    }

    fn inspect(&mut self, at: Position, hits: &Hits) -> Outcome {
        let Some(Hit::Thing(thing)) = hits.at(at) else { return Outcome::Nothing };
        self.click(thing);
        if self.details_open { Outcome::Changed } else { self.handle(Request::Act(Action::Details)) }
    }

    /// Takes the graph along, or goes along the line of time.
    fn drag(&mut self, at: Position, hits: &Hits) -> Outcome {
        let Some(grip) = &mut self.grip else { return Outcome::Nothing };
        let before = std::mem::replace(&mut grip.at, at);
        match (grip.panel, hits.at(at)) {
            _ if before == at => return Outcome::Nothing,
            (Some(Panel::Graph), _) => {}
            (Some(Panel::Timeline), Some(Hit::Tick(tick))) => return self.go_to(tick),
            _ => return Outcome::Nothing,
        }
        grip.on_nothing = false;
        let moved = |from: u16, to: u16| i32::from(from) - i32::from(to);
        self.graph.pan_by(moved(before.x, at.x), moved(before.y, at.y));
        Outcome::Changed
    }

    /// A click on nothing deselects.
    fn release(&mut self) -> Outcome {
        if self.grip.take().is_some_and(|grip| grip.on_nothing) && self.selection.is_some() {
            self.anchor = None;
            self.set_selection(None);
            return Outcome::Changed;
        }
        Outcome::Nothing
    }

    fn wheel(&mut self, at: Position, (right, down): (i8, i8), hits: &Hits) -> Outcome {
        let (columns, rows) = (i32::from(right) * NOTCH.0, i32::from(down) * NOTCH.1);
        match hits.panel_at(at) {
            Some(Panel::Graph) => self.graph.pan_by(columns, rows),
            Some(Panel::Details) => self.scroll_details_by(rows as isize),
            // Up is back, as everywhere.
            Some(Panel::Timeline) if down != 0 => {
                self.time.travel(if down < 0 { Travel::Back } else { Travel::Forward });
            }
            Some(Panel::List) if self.mode == Mode::List && rows != 0 => self.step_rows(rows as isize),
            _ => return Outcome::Nothing,
        }
        Outcome::Changed
    }
}

#[cfg(test)]
mod tests;
