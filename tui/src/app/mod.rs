//! The state of the screen and what changes it: keys, ticks, and what becomes of the tracker. No terminal, no clock.

mod asking;
mod editor;
mod focus;
mod grouping;
mod inspection;
mod listing;
mod log;
mod motion;
mod mouse;
mod narrowing;
mod prompt;
mod saved;
mod time;
mod trail;

use jiff::tz::TimeZone;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{Grouping, Protocols};

pub use asking::{Choice, Chooser, Message, Then, Wish};
pub use editor::Editor;
use focus::Focuses;
use grouping::Asleep;
pub use inspection::{Absence, Inspection};
pub use log::Log;
use mouse::Grip;
pub use mouse::{Gesture, Mouse};
use narrowing::Narrowings;
pub use prompt::{Prompt, PromptKind};
pub use time::{Speed, Standing, Time};
use trail::Stand;
pub use trail::{Step, Trail};

use crate::config::Saved;
use crate::graph::GraphState;
use crate::input::{Action, Keymap, Request, Scope};
use crate::list::ListState;
use crate::screen::Hits;
use crate::trend::Trends;
use crate::usage::{Samples, UsageHistory};
use crate::view::{ActiveFilter, Direction, Known, Maker, Selection, ShownKey, Thing, View};

/// How the connections are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As a graph.
    #[default]
    Graph,
    /// As a list.
    List,
}

/// What has become of the tracker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tracking {
    /// It attaches and scans; nothing is known yet.
    #[default]
    Starting,
    /// Ticks come.
    Live,
    /// It does not work, or no longer: why, in one line, safe to show.
    Stopped(String),
}

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing changed.
    Nothing,
    /// The screen has to be drawn.
    Changed,
    /// The program stops until the shell makes it go on.
    Suspend,
    /// The program ends.
    Quit,
}

/// The application.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub struct App {
    /// What is shown: of a focused graph the part around the focus.
    pub view: View,
    /// How it is shown.
    pub mode: Mode,
    /// What is selected. It stays selected while it is gone, and is found again when it comes back.
    pub selection: Option<Selection>,
    /// Whether the details of the selection are open.
    pub details_open: bool,
    /// The details; those from before, where the selected thing is gone.
    pub inspection: Option<Inspection>,
    /// Why the selected thing is not in the picture; `None` where it is.
    pub absence: Option<Absence>,
    /// The first line of the details on the screen.
    pub details_offset: usize,
    /// How many lines the details have and how many of them the screen holds, since they were drawn last.
    pub details_lines: (usize, usize),
    /// How the graph is grouped.
    pub grouping: Grouping,
    /// The protocols that are shown.
    pub protocols: Protocols,
    /// The filter.
    pub filter: Option<ActiveFilter>,
    /// The search text; empty where nothing is searched.
    pub search: String,
    /// What is being typed.
    pub prompt: Option<Prompt>,
    /// What is to be chosen.
    pub chooser: Option<Chooser>,
    /// What is told until the next key.
    pub message: Option<Message>,
    /// The output of a container that is followed.
    pub log: Option<Log>,
    /// Why nothing may be changed on the host, in a sentence; `None` where it may.
    pub acting_off: Option<&'static str>,
    /// Whether it is to be told what can be done with the selected thing.
    asks_to_act: bool,
    /// What is to be done outside.
    wishes: Vec<Wish>,
    /// Whether the help screen is open.
    pub help: bool,
    /// The page of the help screen that is shown, from 0.
    pub help_page: usize,
    /// How many pages the help screen has, since it was drawn last.
    pub help_pages: usize,
    /// The keys.
    pub keymap: Keymap,
    /// The saved filters.
    pub saved: Vec<Saved>,
    /// Which moment is shown.
    pub time: Time,
    /// What has become of the tracker.
    pub tracking: Tracking,
    /// How long a tick is meant to be, in nanoseconds, or usually is in a recording: a single one may be longer or shorter.
    /// `None` where only the ticks themselves tell.
    pub tick: Option<u64>,
    /// The end of the newest tick, shown or not.
    pub newest: Option<Timestamp>,
    /// The positions of the graph.
    pub graph: GraphState,
    /// The rows of the list.
    pub list: ListState,
    /// How the rates and round-trip times of what was shown went lately. Whoever jumps to another time clears them.
    pub trends: Trends,
    /// Those of now, while the past is shown.
    trends_of_now: Option<Trends>,
    /// What processes used that were looked at.
    pub usage: UsageHistory,
    /// Whether the arguments of processes may be known.
    pub arguments: bool,
    /// Whether the environment of a process is to be read and shown.
    pub environment: bool,
    /// The zone that times are told in.
    pub zone: TimeZone,
    /// The node whose edges Tab goes through.
    anchor: Option<ShownKey>,
    /// Where the selected thing stood when it was last there.
    stand: Option<Stand>,
    /// What is where on the screen, since it was drawn last.
    pub hits: Hits,
    /// What the left button of the mouse holds, while it is down.
    grip: Option<Grip>,
    /// The nodes that are focused.
    focuses: Focuses,
    /// The filters from before those by what was selected.
    narrowings: Narrowings,
    /// The views that are not shown.
    asleep: Asleep,
    /// The grouping that the selection is of, where another one was chosen since.
    regrouped_from: Option<Grouping>,
    /// The thing that was selected before the selection followed another grouping, and nothing else was since.
    meant: Option<Thing>,
    maker: Maker,
    view_is_stale: bool,
    details_are_stale: bool,
}

impl App {
    /// An application that has seen nothing yet.
    pub fn new(filter: Option<ActiveFilter>, zone: TimeZone) -> Self {
        Self {
            view: View::default(),
            mode: Mode::default(),
            selection: None,
            details_open: false,
            inspection: None,
            absence: None,
            details_offset: 0,
            details_lines: (0, 0),
            grouping: Grouping::default(),
            protocols: Protocols::default(),
            filter,
            search: String::new(),
            prompt: None,
            chooser: None,
            message: None,
            log: None,
            acting_off: None,
            asks_to_act: false,
            wishes: Vec::new(),
            help: false,
            help_page: 0,
            help_pages: 0,
            keymap: Keymap::default(),
            saved: Vec::new(),
            time: Time::default(),
            tracking: Tracking::default(),
            tick: None,
            newest: None,
            graph: GraphState::default(),
            list: ListState::default(),
            trends: Trends::default(),
            trends_of_now: None,
            usage: UsageHistory::default(),
            arguments: true,
            environment: false,
            zone,
            anchor: None,
            stand: None,
            hits: Hits::default(),
            grip: None,
            focuses: Focuses::default(),
            narrowings: Narrowings::default(),
            asleep: Asleep::default(),
            regrouped_from: None,
            meant: None,
            maker: Maker::default(),
            view_is_stale: false,
            details_are_stale: false,
        }
    }

    /// Notes that a tick was applied to the topology. Returns whether anything on the screen changes.
    pub fn tick_applied(&mut self, at: Timestamp) -> Outcome {
        self.tracking = Tracking::Live;
        self.newest = Some(at);
        if self.time.shown().is_none() {
            self.view_is_stale = true;
        }
        // In the past, the header still tells how far behind the picture is.
        Outcome::Changed
    }

    /// Notes that the topology is that of another moment than before: of the next tick, or (`jumps`) of any other.
    pub fn moment_changed(&mut self, jumps: bool) {
        self.view_is_stale = true;
        if !jumps {
            return;
        }
        match (self.time.shown(), self.trends_of_now.take()) {
            // What is known of now is wanted again.
            (None, Some(trends)) => self.trends = trends,
            (None, None) => {}
            (Some(_), kept) => {
                let before = std::mem::take(&mut self.trends);
                self.trends_of_now = kept.or(Some(before).filter(|_| !self.time.is_recording()));
            }
        }
    }

    /// Brings what is shown up to date with the topology, as far as keys and ticks made it stale. To be called before
    /// drawing: what is not drawn need not be made.
    pub fn settle(&mut self, topology: &Topology) {
        self.follow(topology);
        self.narrow_filter(topology);
        let is_new = std::mem::take(&mut self.view_is_stale);
        if is_new {
            self.make_view(topology);
            if let Some(host) = &self.view.host {
                self.trends.record(&self.view, host.sequence);
            }
        }
        if is_new || self.focuses.stale {
            self.narrow(topology, is_new);
            self.view.mark(&self.search);
            self.details_are_stale = true;
            self.list.view_changed();
            self.remember_row();
            self.remember_stand();
        }
        if std::mem::take(&mut self.details_are_stale) {
            self.inspect_selection(topology);
        }
        self.offer(topology);
    }

    /// Makes the view of the whole anew, of the one before.
    fn make_view(&mut self, topology: &Topology) {
        let before = self.focuses.take_whole();
        self.view = before.unwrap_or_else(|| std::mem::take(&mut self.view));
        let look = grouping::look(&self.grouping, self.filter.as_ref(), self.protocols);
        self.maker.make(&mut self.view, topology, look);
    }

    /// What details are made of.
    fn known<'a>(&'a self, topology: &'a Topology) -> Known<'a> {
        Known {
            topology,
            view: self.whole(),
            look: self.look(),
            trends: &self.trends,
            usage: &self.usage,
            tick: self.tick,
            arguments: self.arguments,
            zone: &self.zone,
        }
    }

    /// Takes in what the processes use whose details are open.
    pub fn usage_sampled(&mut self, samples: Samples) -> Outcome {
        self.usage.record(samples);
        self.details_are_stale = true;
        if self.details_open { Outcome::Changed } else { Outcome::Nothing }
    }

    /// Which keys hold now.
    pub fn scope(&self) -> Scope {
        if self.chooser.is_some() {
            Scope::Choosing
        } else if self.log.is_some() {
            Scope::Log
        } else if self.prompt.is_some() {
            Scope::Typing
        } else if self.help {
            Scope::Help
        } else if self.mode == Mode::List && self.list.chooser.is_some() {
            Scope::Columns
        } else {
            Scope::Screen
        }
    }

    /// Does what a key asked for.
    pub fn handle(&mut self, request: Request) -> Outcome {
        self.message = None;
        match request {
            Request::Act(Action::Quit) => return Outcome::Quit,
            Request::Act(Action::Suspend) => return Outcome::Suspend,
            Request::Type(letter) if self.chooser.is_some() => self.choose_letter(letter),
            Request::Act(Action::Choose(what)) => self.choose(what),
            Request::Type(character) => self.type_text(character.encode_utf8(&mut [0; 4])),
            Request::Act(Action::Edit(edit)) => self.edit(edit),
            Request::Act(action) if self.help => self.leaf(action),
            Request::Act(action) if self.log.is_some() => self.act_on_log(action),
            Request::Act(action) => self.act(action),
        }
        Outcome::Changed
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Move(direction) => self.step(direction),
            Action::PageUp => self.page_up(),
            Action::PageDown => self.page_down(),
            Action::First => self.first(),
            Action::Last => self.last(),
            Action::NextEdge => self.step_edge(true),
            Action::PreviousEdge => self.step_edge(false),
            Action::Open => self.open(),
            Action::Details => self.toggle_details(),
            Action::Return => self.step_out(),
            Action::TurnAll => self.turn_all(),
            Action::ShowBy(by) => self.show_by(by),
            Action::Toggle(protocol) => self.toggle(protocol),
            Action::Back => self.back(),
            Action::Search => self.prompt = Some(Prompt::search(&self.search, self.selection.clone())),
            Action::NextMatch => self.next_match(true),
            Action::PreviousMatch => self.next_match(false),
            Action::Narrow => self.ask_to_narrow(),
            Action::Filter => self.prompt = Some(Prompt::filter(self.filter_text(), &self.saved)),
            Action::SavedFilters => self.choose_saved(),
            Action::ShowGraph => self.mode = Mode::Graph,
            Action::ShowList => self.show_list(),
            Action::SortByNext
            | Action::TurnOrder
            | Action::ChooseColumns
            | Action::ToggleColumn
            | Action::ResetColumns => self.arrange_list(action),
            Action::Travel(travel) => self.time.travel(travel),
            Action::Relayout => self.graph.relayout(),
            Action::ZoomIn => self.graph.set_zoom(self.graph.zoom().nearer()),
            Action::ZoomOut => self.graph.set_zoom(self.graph.zoom().farther()),
            Action::Overview => self.graph.set_overview(!self.graph.overview()),
            Action::Pan(direction) => self.graph.pan_step(direction),
            Action::Help => (self.help, self.help_page) = (true, 0),
            Action::Export => self.choose_format(),
            Action::Copy => self.copy(),
            Action::Act => self.ask_to_act(),
            Action::Quit | Action::Suspend | Action::Edit(_) | Action::Choose(_) => {}
        }
    }

    /// Turns the pages of the help screen. It covers the rest: any key that is not for it closes it.
    fn leaf(&mut self, action: Action) {
        match action {
            Action::PageDown | Action::Move(Direction::Down | Direction::Right) => {
                self.help_page = (self.help_page + 1).min(self.help_pages.saturating_sub(1));
            }
            Action::PageUp | Action::Move(Direction::Up | Direction::Left) => {
                self.help_page = self.help_page.saturating_sub(1);
            }
            _ => self.help = false,
        }
    }

    /// Opens the selected group, focuses the selected node, or opens the details of the selected edge; goes back to what is
    /// gone.
    fn open(&mut self) {
        if self.return_in_time() {
            return;
        }
        match self.selection {
            None => self.begin(),
            Some(Selection::Edge(_)) => self.open_details(),
            Some(Selection::Node(_)) => {
                if !self.open_group() {
                    self.focus();
                }
            }
        }
    }

    /// Leaves the focus, or collapses the group around the selected node.
    fn step_out(&mut self) {
        if !self.leave_focus() {
            self.collapse();
        }
    }

    /// One step back: the newest thing that was opened is closed.
    fn back(&mut self) {
        if self.details_open {
            self.details_open = false;
        } else if self.mode == Mode::Graph && self.graph.overview() {
            self.graph.set_overview(false);
        } else if let (Some(Selection::Edge(_)), Some(anchor)) = (&self.selection, self.anchor.take()) {
            self.select(Selection::Node(anchor));
        } else if !self.search.is_empty() {
            self.set_search("");
        } else if !self.widen() && self.selection.take().is_none() {
            self.leave_focus();
        }
    }

    /// The filter's text; empty where there is none.
    pub fn filter_text(&self) -> &str {
        self.filter.as_ref().map_or("", |active| active.text.as_str())
    }

    pub(crate) fn set_filter(&mut self, filter: Option<ActiveFilter>) {
        self.filter = filter;
        self.view_is_stale = true;
    }

    fn set_search(&mut self, search: &str) {
        search.clone_into(&mut self.search);
        self.view.mark(search);
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
