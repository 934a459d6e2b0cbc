//! How much can be read at once.

use super::build::{Picture, draw, text};
use crate::graph::GraphState;

/// The panel of a screen of 120x40.
const PANEL: (u16, u16) = (120, 37);

/// A process's name, of 15 characters.
fn name(process: usize) -> String {
    format!("worker-node-{process:03}")
}

fn label(process: usize) -> String {
    format!("{} {}", name(process), 1_234_500 + process)
}

/// Ten containers with four processes each.
fn containers() -> Picture {
    (0..40).fold(Picture::default(), |picture, process| {
        let container = process / 4;
        let title = format!("service-{container}  registry/app:{container}");
        picture.container(&title, &label(process), if process % 4 == 0 { ":8080" } else { "" })
    })
}

/// Lines from one process to another.
fn link(picture: Picture, pairs: impl Iterator<Item = (usize, usize)>) -> Picture {
    pairs.fold(picture, |picture, (from, to)| {
        picture.steady(&label(from), &label(to), 8080, 1 + from as u32 % 3)
    })
}

/// All 40 names are on the screen, whole, each in its box.
fn check(what: &str, picture: &Picture) {
    let shown = text(&draw(&mut GraphState::default(), &picture.view(), PANEL, None));
    let missing: Vec<String> = (0..40).map(name).filter(|name| !shown.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{what}: {missing:?} cannot be read\n{shown}");
    for title in 0..10 {
        assert!(shown.contains(&format!("╭ service-{title}")), "{what}: no box of {title}\n{shown}");
    }
}

#[test]
fn forty_processes_in_ten_containers_are_read_at_once() {
    let first = |container: usize| container * 4;
    check("nobody calls", &containers());
    check("one calls all", &link(containers(), (1..10).map(|container| (0, first(container)))));
    check("all processes are called by one", &link(containers(), (4..40).map(|process| (0, process))));
    check("all call one", &link(containers(), (1..40).map(|process| (process, 0))));
    let tiers =
        |container: usize| [3..7, 7..10, 0..0][if container < 3 { 0 } else { 1 + container / 7 }].clone();
    let pairs = (0..10).flat_map(|container| {
        tiers(container).flat_map(move |other| {
            (0..2).map(move |process| (first(container) + process, first(other) + process))
        })
    });
    check("three tiers", &link(containers(), pairs));
    let pairs = (0..5).flat_map(|container| {
        (0..4).map(move |process| (first(container) + process, first(container + 5) + (process + 1) % 4))
    });
    check("two tiers", &link(containers(), pairs));
    let pairs = (0..8)
        .map(|container| (first(container) + 1, first(if container % 4 == 3 { 8 } else { container + 1 })));
    check("two chains to one", &link(containers(), pairs));
    let pairs = (0..10).map(|container| (first(container), first((container + 1) % 10)));
    check("a ring", &link(containers(), pairs));
}

#[test]
fn one_calls_all() {
    let picture = link(containers(), (1..10).map(|container| (0, container * 4)));
    insta::assert_snapshot!(super::build::look(&picture, PANEL.0, PANEL.1));
}
