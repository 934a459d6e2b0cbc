//! What is asked of the user, what the user asks of the world outside, and what comes of it.
//!
//! The application does nothing outside itself. What is to be done there it wishes for; whoever runs it takes the
//! wishes, sees to them, and tells how it went.

use scopetop_tracker::identity::ContainerId;
use scopetop_tracker::topology::Topology;

use super::App;
use crate::act::{self, Deed};
use crate::export::Format;
use crate::input::{Action, Choose, Travel};

/// Something to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chooser {
    /// What is asked. Safe to show.
    pub question: String,
    /// What there is.
    pub choices: Vec<Choice>,
    /// The one that Enter takes.
    pub at: usize,
}

/// One of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The letter that takes it; a blank, where there are more choices than letters.
    pub key: char,
    /// What it is. Safe to show.
    pub label: String,
    /// What happens when it is taken.
    pub then: Then,
}

/// What happens when something is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is wished for.
    Wish(Wish),
    /// The saved filter of this place is used; `None`: no filter.
    Saved(Option<usize>),
    /// Something else is asked first.
    Ask(Box<Chooser>),
    /// Nothing.
    Nothing,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Write what is on the screen to a file.
    Export(Format),
    /// Copy the selected thing as a line of text.
    Copy,
    /// Change the host.
    Do(Deed),
    /// Follow a container's output.
    Follow {
        /// The container.
        id: ContainerId,
        /// What it is called. Safe to show.
        name: String,
    },
    /// Follow it no longer.
    StopFollowing,
}

/// How something went that was wished for: one line, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The line. Safe to show.
    pub text: String,
    /// Whether it went as wished.
    pub good: bool,
}

impl Message {
    /// Tells of something that was done.
    pub fn good(text: impl Into<String>) -> Self {
        Self { text: text.into(), good: true }
    }

    /// Tells of something that could not be done.
    pub fn bad(text: impl Into<String>) -> Self {
        Self { text: text.into(), good: false }
    }
}

impl App {
    /// Whether anything is wished for.
    pub fn has_wishes(&self) -> bool {
        !self.wishes.is_empty()
    }

    /// What was wished for since this was last asked.
    pub fn take_wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    pub(super) fn wish(&mut self, wish: Wish) {
        self.wishes.push(wish);
    }

    /// Tells the user something.
    pub fn tell(&mut self, message: Message) {
        self.message = Some(message);
    }

    pub(super) fn choose_format(&mut self) {
        let choice = |format: Format| Choice {
            key: format.key(),
            label: format.label().to_owned(),
            then: Then::Wish(Wish::Export(format)),
        };
        self.chooser = Some(Chooser {
            question: String::from("export what is on the screen"),
            choices: Format::ALL.map(choice).to_vec(),
            at: 0,
        });
    }

    pub(super) fn copy(&mut self) {
        if self.selection.is_some() {
            self.wish(Wish::Copy);
        } else {
            self.tell(Message::bad("nothing is selected: the arrows select"));
        }
    }

    /// Notes that something is to be done with what is selected: what there is to choose, the topology knows.
    pub(super) fn ask_to_act(&mut self) {
        if let Some(why) = self.acting_off {
            self.tell(Message::bad(why));
        } else if !self.time.is_now() {
            // What is selected may be gone, and another in its place.
            let now = self.keymap.key_of(Action::Travel(Travel::Now));
            self.tell(Message::bad(format!("this is the past: {now} goes to now")));
        } else if self.selection.is_none() {
            self.tell(Message::bad("nothing is selected: the arrows select"));
        } else {
            self.asks_to_act = true;
        }
    }

    /// Whether keys mean something else once what was asked for is there: the choice of what can be done, or a filter that
    /// is to be mended.
    pub fn is_about_to_ask(&self) -> bool {
        self.asks_to_act || self.asks_to_narrow()
    }

    /// Offers what can be done, where that was asked for.
    pub(super) fn offer(&mut self, topology: &Topology) {
        if !std::mem::take(&mut self.asks_to_act) {
            return;
        }
        let Some(selection) = self.selection.clone() else { return };
        match act::offer(topology, &self.view, self.look(), &selection) {
            Ok(chooser) => self.chooser = Some(chooser),
            Err(why) => self.tell(Message::bad(why)),
        }
    }

    pub(super) fn choose(&mut self, what: Choose) {
        let Some(chooser) = &mut self.chooser else { return };
        match what {
            Choose::Up => chooser.at = chooser.at.saturating_sub(1),
            Choose::Down => chooser.at = (chooser.at + 1).min(chooser.choices.len().saturating_sub(1)),
            Choose::Leave => self.chooser = None,
            Choose::Take => {
                let at = chooser.at;
                self.take(at);
            }
        }
    }

    /// Takes the choice of that letter, if there is one.
    pub(super) fn choose_letter(&mut self, letter: char) {
        let Some(chooser) = &self.chooser else { return };
        // A choice beyond the last letter has a blank.
        let has = |choice: &Choice| choice.key == letter && letter != ' ';
        if let Some(place) = chooser.choices.iter().position(has) {
            self.take(place);
        }
    }

    fn take(&mut self, place: usize) {
        let Some(mut chooser) = self.chooser.take() else { return };
        if place < chooser.choices.len() {
            match chooser.choices.swap_remove(place).then {
                Then::Wish(wish @ Wish::Follow { .. }) => self.follow_log(wish),
                Then::Wish(wish) => self.wish(wish),
                Then::Saved(place) => self.use_saved(place),
                Then::Ask(chooser) => self.chooser = Some(*chooser),
                Then::Nothing => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
