//! The names of actions, as a configuration writes them. They are stable.

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::By;

use super::{Action, Choose, Edit, bindings};
use crate::view::Direction;

impl Action {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Move(Direction::Up) => "move-up",
            Self::Move(Direction::Down) => "move-down",
            Self::Move(Direction::Left) => "move-left",
            Self::Move(Direction::Right) => "move-right",
            Self::PageUp => "page-up",
            Self::PageDown => "page-down",
            Self::First => "first",
            Self::Last => "last",
            Self::NextEdge => "next-edge",
            Self::PreviousEdge => "previous-edge",
            Self::Open => "open",
            Self::Details => "details",
            Self::Return => "return",
            Self::TurnAll => "open-all",
            Self::ShowBy(By::Process) => "view-process",
            Self::ShowBy(By::Name) => "view-name",
            Self::ShowBy(By::Container) => "view-container",
            Self::ShowBy(By::Image) => "view-image",
            Self::ShowBy(By::Namespace) => "view-namespace",
            Self::ShowBy(By::Pod) => "view-pod",
            Self::Toggle(Protocol::Tcp) => "toggle-tcp",
            Self::Toggle(Protocol::Udp) => "toggle-udp",
            Self::Toggle(Protocol::Unix) => "toggle-unix",
            Self::Back => "back",
            Self::Search => "search",
            Self::NextMatch => "next-match",
            Self::PreviousMatch => "previous-match",
            Self::Narrow => "filter-by-selected",
            Self::Filter => "filter",
            Self::SavedFilters => "saved-filters",
            Self::ShowGraph => "graph",
            Self::ShowList => "list",
            Self::SortByNext => "sort",
            Self::TurnOrder => "turn-order",
            Self::ChooseColumns => "columns",
            Self::ToggleColumn => "toggle-column",
            Self::ResetColumns => "reset-columns",
            Self::Pause => "pause",
            Self::Relayout => "relayout",
            Self::ZoomIn => "zoom-in",
            Self::ZoomOut => "zoom-out",
            Self::Overview => "overview",
            Self::Pan(Direction::Up) => "pan-up",
            Self::Pan(Direction::Down) => "pan-down",
            Self::Pan(Direction::Left) => "pan-left",
            Self::Pan(Direction::Right) => "pan-right",
            Self::Help => "help",
            Self::Suspend => "suspend",
            Self::Quit => "quit",
            Self::Export => "export",
            Self::Copy => "copy",
            Self::Act => "act",
            Self::Choose(Choose::Up) => "choose-up",
            Self::Choose(Choose::Down) => "choose-down",
            Self::Choose(Choose::Take) => "choose-take",
            Self::Choose(Choose::Leave) => "choose-leave",
            Self::Edit(Edit::Accept) => "edit-accept",
            Self::Edit(Edit::Cancel) => "edit-cancel",
            Self::Edit(Edit::Left) => "edit-left",
            Self::Edit(Edit::Right) => "edit-right",
            Self::Edit(Edit::Home) => "edit-start",
            Self::Edit(Edit::End) => "edit-end",
            Self::Edit(Edit::Backspace) => "edit-delete-before",
            Self::Edit(Edit::Delete) => "edit-delete",
            Self::Edit(Edit::DeleteToStart) => "edit-delete-line",
            Self::Edit(Edit::DeleteWord) => "edit-delete-word",
        }
    }
}

/// Every action that a key asks for, once, in the order of the table.
pub fn actions() -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for (_, action) in bindings().flat_map(|binding| binding.keys) {
        if !actions.contains(action) {
            actions.push(*action);
        }
    }
    actions
}

/// The action of this name.
pub fn named(name: &str) -> Option<Action> {
    actions().into_iter().find(|action| action.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_a_name_of_its_own() {
        let actions = actions();
        for (place, action) in actions.iter().enumerate() {
            let name = action.name();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert_eq!(named(name), Some(*action));
            assert!(actions[place + 1..].iter().all(|other| other.name() != name), "{name} is named twice");
        }
    }
}
