//! The views and the protocols, as the bar shows them: which keys choose them, and which of them are chosen.

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::{By, Protocols};

use super::text::{Piece, width};
use crate::app::App;
use crate::human;
use crate::input::Action;
use crate::theme::Theme;

/// The views in so many cells: all their names, or the numbers of those that are not shown, or the one that is.
pub(super) fn views(app: &App, cells: usize, theme: &Theme) -> Vec<Piece> {
    let forms = [Form::Names, Form::Numbers, Form::One].map(|form| pieces(app, form, theme));
    forms.into_iter().find(|pieces| pieces.len() == 1 || total(pieces) <= cells).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Names,
    Numbers,
    One,
}

fn pieces(app: &App, form: Form, theme: &Theme) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (by, number) in By::ALL.into_iter().zip(1..) {
        let is_shown = by == app.grouping.by();
        if !is_shown && form == Form::One {
            continue;
        }
        let choose = Action::ShowBy(by);
        if is_shown {
            pieces.push(Piece::new(format!(" {number} {} ", name(by)), theme.selected, 0).asking(choose));
        } else {
            pieces.push(Piece::new(format!(" {number} "), theme.key, 0).asking(choose));
            if form == Form::Names {
                pieces.push(Piece::new(format!("{} ", name(by)), theme.text, 0).asking(choose));
            }
        }
    }
    pieces
}

const fn name(by: By) -> &'static str {
    match by {
        By::Process => "Process",
        By::Name => "Name",
        By::Container => "Container",
        By::Image => "Image",
        By::Namespace => "Netns",
        By::Pod => "Pod",
    }
}

/// The protocols: those that are not shown with how many connections are kept away, and where there is room the others.
pub(super) fn protocols(app: &App, cells: usize, theme: &Theme) -> Vec<Piece> {
    let all = switches(app, true, theme);
    if total(&all) <= cells { all } else { switches(app, false, theme) }
}

fn switches(app: &App, all: bool, theme: &Theme) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (protocol, kept) in Protocols::ALL.into_iter().zip(app.view.hidden.switched_off) {
        let (before, key, after) = match protocol {
            Protocol::Tcp => ("", "T", "CP"),
            Protocol::Udp => ("", "U", "DP"),
            Protocol::Unix => ("Uni", "x", ""),
        };
        let toggle = Action::Toggle(protocol);
        if !app.protocols.has(protocol) {
            let kept = if kept > 0 { format!(" {}", human::count(kept)) } else { String::new() };
            let text = format!(" ✗{before}{key}{after}{kept} ");
            pieces.push(Piece::new(text, theme.warning, 0).asking(toggle));
        } else if all {
            let before = format!(" {before}");
            let after = format!("{after} ");
            pieces.push(Piece::new(before, theme.text, 0).asking(toggle));
            pieces.push(Piece::new(key, theme.key, 0).asking(toggle));
            pieces.push(Piece::new(after, theme.text, 0).asking(toggle));
        }
    }
    pieces
}

/// The cells that pieces take.
pub(super) fn total(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| width(&piece.text)).sum()
}
