//! A container's output, followed in a panel.

use std::collections::VecDeque;

use scopetop_tracker::act::{LogLine, LogNews};

use super::{App, Wish};
use crate::input::Action;
use crate::view::Direction;

/// The most lines and bytes that are kept; the oldest go.
const LINES: usize = 5_000;
const BYTES: usize = 2 << 20;

/// What a container wrote lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Whose it is. Safe to show.
    pub name: String,
    /// The lines, the oldest first.
    pub lines: VecDeque<LogLine>,
    /// How many lines were let go.
    pub dropped: usize,
    /// How many lines below the panel's last one there are; 0: the newest are in sight and stay so.
    pub below: usize,
    /// How many lines the panel holds, since it was drawn last.
    pub page: usize,
    /// Why nothing more comes; `None` as long as something may.
    pub ended: Option<String>,
    bytes: usize,
}

impl Log {
    fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    fn hear(&mut self, news: LogNews) {
        match news {
            LogNews::Lines(lines) => {
                for line in lines {
                    self.bytes += line.text.len();
                    self.lines.push_back(line);
                    // Who reads further up keeps the lines in sight.
                    self.below += usize::from(self.below > 0);
                }
                while self.lines.len() > LINES || self.bytes > BYTES {
                    let Some(oldest) = self.lines.pop_front() else { break };
                    self.bytes -= oldest.text.len();
                    self.dropped += 1;
                }
                self.stay_inside();
            }
            LogNews::Ended(None) => self.ended = Some(String::from("the container stopped")),
            LogNews::Ended(Some(error)) => self.ended = Some(error.to_string()),
        }
    }

    fn scroll(&mut self, lines: isize) {
        self.below = self.below.saturating_add_signed(lines);
        self.stay_inside();
    }

    fn stay_inside(&mut self) {
        self.below = self.below.min(self.lines.len().saturating_sub(self.page.max(1)));
    }
}

impl App {
    /// Opens the panel of a container's output and wishes for it.
    pub(super) fn follow_log(&mut self, wish: Wish) {
        if let Wish::Follow { name, .. } = &wish {
            self.log = Some(Log::new(name.clone()));
        }
        self.wish(wish);
    }

    /// Takes in what came of the output that is followed.
    pub fn hear_log(&mut self, news: LogNews) {
        if let Some(log) = &mut self.log {
            log.hear(news);
        }
    }

    /// Does what a key asked for while the panel is open.
    pub(super) fn act_on_log(&mut self, action: Action) {
        let Some(log) = &mut self.log else { return };
        let page = isize::try_from(log.page.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        match action {
            Action::Move(Direction::Up) => log.scroll(1),
            Action::Move(Direction::Down) => log.scroll(-1),
            Action::PageUp => log.scroll(page),
            Action::PageDown => log.scroll(-page),
            Action::First => log.scroll(isize::MAX),
            Action::Last => log.below = 0,
            _ => {
                self.log = None;
                self.wish(Wish::StopFollowing);
            }
        }
    }
}

#[cfg(test)]
mod tests;
