//! What is kept from one look to the next saves work and changes nothing: the picture is the one that is drawn of the same
//! places when all lines are routed anew.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::film::Dice;
use super::properties::Film;
use crate::graph::{GraphState, Spots, Zoom, render};
use crate::theme::Theme;
use crate::trend::Trends;
use crate::view::{EdgeState, Selection, View};

/// How many looks are compared.
const LOOKS: usize = 1_000;

fn look(state: &mut GraphState, view: &View, area: Rect, selection: Option<&Selection>) -> (Buffer, Spots) {
    let mut buffer = Buffer::empty(area);
    let spots = render(&mut buffer, area, view, state, selection, (&Trends::default(), &Theme::colour()));
    (buffer, spots)
}

/// Numbers that change without anything coming or going.
fn flow(view: &mut View, dice: &mut Dice) {
    let states = [EdgeState::Steady, EdgeState::Busy, EdgeState::New, EdgeState::Closed, EdgeState::Failed];
    for edge in &mut view.edges {
        if dice.roll(4) == 0 {
            edge.state = states[dice.roll(5) as usize];
            edge.open = dice.roll(3) as u32;
            edge.failed = dice.roll(2) as u32;
            edge.rate.to_server = dice.roll(20) as f64 * 1_000_000.0;
        }
    }
}

#[test]
fn what_is_kept_is_drawn_as_if_all_were_routed_anew() {
    let mut dice = Dice(11);
    let mut film = Film::default();
    let mut state = GraphState::default();
    let (mut kept, mut found) = (0, 0);
    for number in 0..LOOKS {
        // In some ticks nobody comes or goes.
        for _ in 0..dice.roll(3) {
            film.step(&dice.step());
        }
        let mut view = film.view();
        flow(&mut view, &mut dice);
        match dice.roll(30) {
            0 => state.set_zoom(Zoom::Groups),
            1 => state.set_zoom(Zoom::Detail),
            2..6 => state.set_zoom(Zoom::Nodes),
            6 => state.pan_by(-9, 2),
            7 => view.mark("process-1"),
            _ => {}
        }
        let some = usize::from(dice.node());
        let selected = match dice.roll(3) {
            0 => view.nodes.get(some).map(|node| Selection::Node(node.key.clone())),
            1 => view.edges.get(some).and_then(|edge| view.edge_key(edge)).map(Selection::Edge),
            _ => None,
        };
        let area = Rect::new(0, 0, 100, if dice.roll(9) == 0 { 34 } else { 30 });
        let before = state.plan().routes.wires.clone();
        state.look_again();
        let incremental = look(&mut state, &view, area, selected.as_ref());
        kept += usize::from(before == state.plan().routes.wires);
        found += usize::from(incremental.1.things() > 0);
        let zoom = state.zoom() as usize;
        let shown = state.groups.as_ref().map_or(&view, |groups| &groups.view);
        let routes = state.plans[zoom].route_anew(shown);
        let anew = look(&mut state, &view, area, selected.as_ref());
        assert!(incremental == anew, "look {number}:\n{:?}\n{:?}", incremental.0, anew.0);
        state.plans[zoom].routes = routes;
    }
    assert!(kept > LOOKS / 5 && kept < LOOKS * 4 / 5, "{kept} looks had the lines of the one before");
    assert!(found > LOOKS / 2, "something could be clicked on in {found}");
}
