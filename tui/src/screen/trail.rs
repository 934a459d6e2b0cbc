//! Where the user is, as the bar shows it: `web-01 › process › web › nginx 4121`.

use super::bar::hides;
use super::hits::Hit;
use super::tabs::total;
use super::text::{Piece, clip};
use crate::app::{App, Step, Trail};
use crate::human;
use crate::theme::Theme;
use crate::view::LeftOut;

/// Names are cut to this many cells where there is little room, and to that many where there is less.
const CUT: [usize; 2] = [24, 14];

/// How much is told of what the focus leaves out.
#[derive(Clone, Copy)]
enum Counts {
    /// Connections and nodes.
    Whole,
    /// How many nodes: ` −12`.
    Short,
    None,
}

/// The way from the host on. Empty where the user is nowhere in particular.
pub(super) fn whole(app: &App, theme: &Theme) -> Vec<Piece> {
    let steps = steps(&app.trail(), 0, usize::MAX);
    if steps.is_empty() {
        return Vec::new();
    }
    let host = app.view.host.as_ref().map(|host| host.name.to_string());
    let by = app.grouping.by().name().to_owned();
    let above = host.into_iter().chain([by]).map(|label| (label, Some(Step::Whole)));
    let mut pieces = pieces(above.chain(steps), app, Counts::Whole, theme);
    // Nothing comes before the host.
    pieces[0] = Piece::new("  ", theme.dim, 0);
    pieces
}

/// The way from the view on, as much of it as there is room for, and never less than its last step.
pub(super) fn short(app: &App, cells: usize, theme: &Theme) -> Vec<Piece> {
    let trail = app.trail();
    let last = |label: &String| if trail.focused.len() > 1 { format!("… {label}") } else { label.clone() };
    let outline =
        Trail { focused: trail.focused.last().map(last).into_iter().collect(), group: None, ..trail.clone() };
    let focuses = trail.focused.len();
    let cut = CUT.into_iter().flat_map(|cut| [(&outline, cut, Counts::Short), (&outline, cut, Counts::None)]);
    let forms = [
        (&trail, usize::MAX, Counts::Whole),
        (&outline, usize::MAX, Counts::Whole),
        (&outline, usize::MAX, Counts::Short),
    ]
    .into_iter()
    .chain(cut);
    let mut shortest = Vec::new();
    for (trail, cut, counts) in forms {
        shortest = pieces(steps(trail, focuses - trail.focused.len(), cut), app, counts, theme);
        if total(&shortest) <= cells {
            break;
        }
    }
    shortest
}

/// The steps of a way, which leaves out so many focused nodes before its first, each with where a click on it leads.
fn steps(trail: &Trail, before: usize, cut: usize) -> Vec<(String, Option<Step>)> {
    let around = |label: &String| format!("around {}", clip(label, cut));
    let mut steps: Vec<_> = trail
        .focused
        .iter()
        .zip(before..)
        .map(|(label, place)| (around(label), Some(Step::Focus(place))))
        .collect();
    // Where the focused node itself is selected, its group comes before it.
    let place = steps.len() - usize::from(trail.selected.is_none() && !steps.is_empty());
    if let Some(group) = &trail.group {
        steps.insert(place, (clip(group, cut), Some(Step::Group)));
    }
    // Whoever clicks there is there already.
    steps.extend(trail.selected.as_ref().map(|selected| (clip(selected, cut), None)));
    steps
}

fn pieces(
    steps: impl IntoIterator<Item = (String, Option<Step>)>,
    app: &App,
    counts: Counts,
    theme: &Theme,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (label, step) in steps {
        pieces.push(Piece::new(" › ", theme.dim, 0));
        let piece = Piece::new(label, theme.text, 0);
        pieces.push(match step {
            Some(step) => piece.hitting(Hit::Step(step)),
            None => piece,
        });
    }
    if let Some(last) = pieces.last_mut() {
        last.style = theme.strong;
        let LeftOut { nodes, connections } = app.left_out();
        match counts {
            Counts::Whole => pieces.extend(hides(connections, nodes, theme)),
            Counts::Short if nodes > 0 => {
                pieces.push(Piece::new(format!(" −{}", human::count(nodes)), theme.dim, 0));
            }
            _ => {}
        }
    }
    pieces
}
