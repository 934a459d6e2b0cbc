//! Where lines meet: what joins looks joined, and what passes behind does not.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::build::{Picture, draw, text};
use crate::graph::GraphState;
use crate::graph::tracks::Side;
use crate::view::{EdgeState, Selection, View};

/// Characters that have a line down, and whether they have one to the left and to the right.
const JUNCTIONS: [(&str, (bool, bool)); 4] = [
    ("│┃║┆╽╿╷╻╵╹", (false, false)),
    ("╮┑┒┓╕╖╗╯┙┚┛╛╜╝┤┥┦┧┨┩┪┫╡╢╣", (true, false)),
    ("╭┍┎┏╒╓╔╰┕┖┗╘╙╚├┝┞┟┠┡┢┣╞╟╠", (false, true)),
    ("┬┭┮┯┰┱┲┳╤╥╦┴┵┶┷┸┹┺┻╧╨╩┼┽┾┿╀╁╂╃╄╅╆╇╈╉╊╋╪╫╬", (true, true)),
];

fn arms(character: &str) -> Option<(bool, bool)> {
    JUNCTIONS.into_iter().find(|(all, _)| all.contains(character)).map(|(_, arms)| arms)
}

/// A net: its channel and its number.
type Net = (usize, u32);

/// The nets whose line down is in each cell.
type Downs = BTreeMap<(i32, i32), BTreeSet<Net>>;

/// Whether a net has a line to the left and to the right in a row of its own line down.
type Joined = BTreeMap<(Net, i32), (bool, bool)>;

fn lines(state: &GraphState) -> (Downs, Joined) {
    let routes = &state.plan().routes;
    let (mut downs, mut joined) = (Downs::default(), Joined::default());
    for wire in 0..routes.wires.len() {
        for hop in routes.hops(wire) {
            let net = &routes.channels()[hop.channel].nets[hop.net as usize];
            let name = (hop.channel, hop.net);
            if net.is_straight() {
                continue;
            }
            let (first, last) = (hop.enter.1.min(hop.leave.1), hop.enter.1.max(hop.leave.1));
            if first < last {
                for y in first..=last {
                    downs.entry((net.x, y)).or_default().insert(name);
                }
            }
            for (side, y) in [hop.enter, hop.leave] {
                let arms = joined.entry((name, y)).or_default();
                if side == Side::Left { arms.0 = true } else { arms.1 = true }
            }
        }
    }
    (downs, joined)
}

fn check(view: &View, selection: Option<&Selection>) -> Result<usize, TestCaseError> {
    let (width, height) = (300, 120);
    let mut state = GraphState::default();
    let buffer = draw(&mut state, view, (width, height), selection);
    let (left, top) = state.plan().pan.expect("it was drawn");
    let (downs, joined) = lines(&state);
    let mut checked = 0;
    for (&(x, y), nets) in &downs {
        // Where several share a cell, there is nothing to tell apart.
        let Some(&net) = nets.first().filter(|_| nets.len() == 1) else { continue };
        let (Ok(column), Ok(row)) = (u16::try_from(x - left), u16::try_from(y - top)) else { continue };
        if column >= width || row >= height {
            continue;
        }
        let symbol = buffer[(column, row)].symbol();
        let wanted = joined.get(&(net, y)).copied().unwrap_or_default();
        prop_assert_eq!(
            arms(symbol),
            Some(wanted),
            "{} at {:?} of\n{}",
            symbol,
            (column, row),
            text(&buffer)
        );
        checked += 1;
    }
    Ok(checked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_lines_of_one_bundle_look_joined(
        links in prop::collection::vec((0..14_u8, 0..14_u8, 0..4_u8), 1..40),
    ) {
        let name = |number: u8| format!("process {}", 100 + u32::from(number));
        let mut picture = (0..14).fold(Picture::default(), |picture, number| {
            picture.container(&format!("box {}", number / 3), &name(number), ":80")
        });
        for (from, to, state) in links {
            let state = [EdgeState::Steady, EdgeState::Busy, EdgeState::Closed, EdgeState::New][usize::from(state)];
            if from != to {
                picture = picture.edge(&name(from), &name(to), 80, 2, state);
            }
        }
        check(&picture.view(), None)?;
    }
}

/// Four clients that call the same two servers: each server has its line down, and what goes on to the second passes
/// behind the first.
#[test]
fn a_line_on_its_way_to_another_passes_behind() {
    let mut picture = Picture::default().host("one 1", ":1").host("two 2", ":2");
    for number in 11..15 {
        let name = format!("client {number}");
        picture = picture.namespace(7, &name, "").steady(&name, "one 1", 1, 2).steady(&name, "two 2", 2, 2);
    }
    let view = picture.view();
    assert!(check(&view, None).expect("all as they should be") > 6);
    insta::assert_snapshot!(super::build::look(&picture, 60, 9));
}
