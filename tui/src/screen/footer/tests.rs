#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::super::tests::{SMALL, act, app, app_after, picture};
use crate::app::{App, Mode};
use crate::fixture;
use crate::input::{Action, Entry, Footer, Scope, bindings};
use crate::view::Direction;

/// What keys do in one part of the program.
type Part = fn(&Footer) -> Option<Entry>;

fn footer(app: &mut App, size: (u16, u16)) -> String {
    picture(app, size).lines().last().unwrap().to_owned()
}

#[test]
fn keeps_what_matters_most_where_one_is() {
    let (mut app, topology) = app();
    let told = |entry: Entry, footer: &Footer| format!(" {} {} ", footer.keys, entry.what);
    // At these widths there is just room for four.
    let parts: [(Mode, u16, Part); 3] = [
        (Mode::Graph, 51, |footer| footer.in_graph),
        (Mode::List, 47, |footer| footer.in_list),
        (Mode::List, 40, |footer| footer.in_details),
    ];
    for (number, (mode, width, part)) in parts.into_iter().enumerate() {
        let details = number == 2;
        app.mode = mode;
        if details {
            act(&mut app, &topology, &[Action::Move(Direction::Down), Action::Details]);
        }
        // On a screen that is low the details are alone.
        let [wide, narrow] = [(240, if details { 12 } else { 40 }), (width, 40)]
            .map(|size| format!("{} ", footer(&mut app, size)));
        for binding in bindings().filter(|binding| binding.scope == Scope::Screen) {
            let Some(footer) = &binding.footer else { continue };
            if let Some(entry) = part(footer) {
                let told = told(entry, footer);
                assert!(wide.contains(&told), "{told} is missing in {wide}");
                assert_eq!(narrow.contains(&told), entry.rank <= 4, "{told} in {narrow}");
            } else {
                let others = [footer.in_graph, footer.in_list, footer.in_details].into_iter().flatten();
                assert!(others.into_iter().all(|entry| !wide.contains(&told(entry, footer))), "{wide}");
            }
        }
    }
}

#[test]
fn tells_the_zoom_and_what_is_not_on_the_screen() {
    let (mut app, topology) = app_after(&[fixture::crowd(400, 1)]);
    app.mode = Mode::Graph;
    let words = footer(&mut app, (240, 24));
    let below = app.graph.beyond().below;
    assert!(below > 0, "{words}");
    assert!(words.ends_with(&format!("▼ {below} below  nodes")), "{words}");
    let short = footer(&mut app, SMALL);
    let below = app.graph.beyond().below;
    assert!(short.contains(&format!(" ▼{below} ")) && short.ends_with("  nodes"), "{short}");
    for (action, zoom) in [
        (Action::ZoomIn, "detail"),
        (Action::Overview, "overview of detail"),
        (Action::ZoomOut, "overview of nodes"),
        (Action::ZoomOut, "overview of groups"),
        (Action::Overview, "groups"),
    ] {
        act(&mut app, &topology, &[action]);
        let told = footer(&mut app, SMALL);
        assert!(told.ends_with(&format!(" {zoom}")), "{told}");
        assert!(!app.graph.overview() || !told.contains('▼'), "{told}");
    }
    // Where the details take the graph's place there is no zoom to tell.
    act(&mut app, &topology, &[Action::Details]);
    let told = footer(&mut app, SMALL);
    assert!(told.contains("d close") && !told.contains("groups") && !told.contains('▼'), "{told}");
}
