//! From what a terminal tells of the mouse to what the user does with it: two presses soon after each other are one double
//! click.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;
use tokio::time::Instant;

use crate::app::{Gesture, Mouse};

/// Two presses are a double click if there is no more time between them.
const DOUBLE: Duration = Duration::from_millis(400);

/// The last press.
#[derive(Debug, Default)]
pub(crate) struct Clicks(Option<(Position, Instant)>);

impl Clicks {
    /// What an event of the mouse means; `None` where it means nothing.
    pub(crate) fn take(&mut self, event: MouseEvent, now: Instant) -> Option<Mouse> {
        let at = Position::new(event.column, event.row);
        let sideways = event.modifiers.contains(KeyModifiers::SHIFT);
        let gesture = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                // The third press begins anew.
                let before = self.0.take();
                if before.is_some_and(|(place, then)| place == at && now.duration_since(then) <= DOUBLE) {
                    Gesture::DoublePress
                } else {
                    self.0 = Some((at, now));
                    Gesture::Press
                }
            }
            MouseEventKind::Down(MouseButton::Right) => Gesture::Inspect,
            MouseEventKind::Drag(MouseButton::Left) => Gesture::Drag,
            MouseEventKind::Up(MouseButton::Left) => Gesture::Release,
            MouseEventKind::ScrollUp if sideways => Gesture::Wheel(-1, 0),
            MouseEventKind::ScrollDown if sideways => Gesture::Wheel(1, 0),
            MouseEventKind::ScrollUp => Gesture::Wheel(0, -1),
            MouseEventKind::ScrollDown => Gesture::Wheel(0, 1),
            MouseEventKind::ScrollLeft => Gesture::Wheel(-1, 0),
            MouseEventKind::ScrollRight => Gesture::Wheel(1, 0),
            _ => return None,
        };
        Some(Mouse { gesture, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: MouseEventKind, column: u16) -> MouseEvent {
        MouseEvent { kind, column, row: 3, modifiers: KeyModifiers::NONE }
    }

    #[test]
    fn two_presses_on_one_place_soon_after_each_other_are_a_double_click() {
        const LEFT: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
        let start = Instant::now();
        let mut clicks = Clicks::default();
        let mut press = |column, millisecond| {
            clicks
                .take(event(LEFT, column), start + Duration::from_millis(millisecond))
                .map(|mouse| mouse.gesture)
        };
        assert_eq!(press(7, 0), Some(Gesture::Press));
        assert_eq!(press(7, 400), Some(Gesture::DoublePress));
        assert_eq!(press(7, 500), Some(Gesture::Press), "the third is not a double click again");
        assert_eq!(press(7, 901), Some(Gesture::Press), "too late");
        assert_eq!(press(8, 902), Some(Gesture::Press), "elsewhere");
        assert_eq!(press(8, 903), Some(Gesture::DoublePress));
    }

    #[test]
    fn the_wheel_goes_sideways_with_shift() {
        let mut clicks = Clicks::default();
        let down = event(MouseEventKind::ScrollDown, 0);
        let sideways = MouseEvent { modifiers: KeyModifiers::SHIFT, ..down };
        let mut gesture = |event| clicks.take(event, Instant::now()).map(|mouse| mouse.gesture);
        assert_eq!(gesture(down), Some(Gesture::Wheel(0, 1)));
        assert_eq!(gesture(sideways), Some(Gesture::Wheel(1, 0)));
        assert_eq!(gesture(event(MouseEventKind::Moved, 0)), None);
    }
}
