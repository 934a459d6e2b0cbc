#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::{NodeKey, Rate};

use super::*;
use crate::view::{EdgeState, GroupKey, NodeKind, NodeState, ViewEdge, ViewNode};

fn key(number: u8) -> ShownKey {
    ShownKey::Node(NodeKey::Remote(None, IpAddr::V4(Ipv4Addr::new(192, 0, 2, number))))
}

fn node(number: u8) -> ViewNode {
    ViewNode {
        key: key(number),
        label: format!("192.0.2.{number}"),
        detail: String::new(),
        kind: NodeKind::Remote,
        group: if number < 100 { GroupKey::Internet } else { GroupKey::Network },
        group_label: if number < 100 { "internet" } else { "network" }.into(),
        group_netns: None,
        state: NodeState::Steady,
        matched_by_search: false,
        connections: 1,
        inside: 0,
        rate: Rate::default(),
    }
}

/// Client, server, rate.
type Line = (u8, u8, u32);

/// A view with these edges.
fn view(lines: &[Line]) -> View {
    let mut numbers: Vec<u8> = lines.iter().flat_map(|line| [line.0, line.1]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let place = |number| numbers.binary_search(&number).unwrap();
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    let edges = lines.iter().map(|&(client, server, rate)| ViewEdge {
        client: place(client),
        server: place(server),
        at: Service::Port(Protocol::Tcp, 80),
        service: ":80".into(),
        open: 1,
        new: 0,
        closed: 0,
        failed: 0,
        state: EdgeState::Steady,
        directed: true,
        rate: Rate { to_server: rate.into(), to_client: 0.0 },
        rtt_us: (rate % 2 == 0).then_some(rate),
        since: None,
        error: None,
        matched_by_search: false,
    });
    View {
        edges: edges.collect(),
        nodes: numbers.iter().map(|&number| node(number)).collect(),
        ..View::default()
    }
}

fn edge(client: u8, server: u8) -> Selection {
    let service = Service::Port(Protocol::Tcp, 80);
    Selection::Edge(EdgeKey { client: key(client), server: key(server), service })
}

fn list(column: Column, view: &View) -> ListState {
    let mut list = ListState { page: 4, ..ListState::default() };
    list.set_sort(Sort { column, turned: false });
    list.prepare(view, None);
    list
}

/// The rows as clients and servers; of the tree also groups (`internet`) and nodes (`1`).
fn told(list: &ListState, view: &View) -> Vec<String> {
    let number = |place: usize| view.nodes[place].label.rsplit('.').next().unwrap().to_owned();
    let row = |row: &Row| match *row {
        Row::Group(group) => list.headings()[group as usize].label.to_string(),
        Row::Node(node) => number(node as usize),
        Row::Edge { edge, .. } => {
            let edge = &view.edges[edge as usize];
            format!("{}-{}", number(edge.client), number(edge.server))
        }
    };
    list.rows_from(0).iter().map(row).collect()
}

use crate::view::EdgeKey;

#[test]
fn numbers_come_largest_first_names_from_the_beginning_and_the_unknown_last() {
    let view = view(&[(1, 2, 30), (1, 3, 7), (2, 3, 50), (3, 1, 7)]);
    let mut list = list(Column::Rate, &view);
    assert_eq!(told(&list, &view), ["2-3", "1-2", "1-3", "3-1"]);
    list.turn_order();
    list.prepare(&view, None);
    assert_eq!(told(&list, &view), ["1-3", "3-1", "1-2", "2-3"]);
    list.set_sort(Sort { column: Column::Server, turned: false });
    list.prepare(&view, None);
    assert_eq!(told(&list, &view), ["3-1", "1-2", "1-3", "2-3"]);
    for turned in [false, true] {
        list.set_sort(Sort { column: Column::Rtt, turned });
        list.prepare(&view, None);
        assert_eq!(told(&list, &view)[2..], ["1-3", "3-1"], "turned: {turned}");
    }
    list.set_sort(Sort { column: Column::Client, turned: true });
    list.prepare(&view, None);
    assert_eq!(told(&list, &view), ["3-1", "2-3", "1-3", "1-2"]);
}

#[test]
fn the_next_column_is_the_next_one_that_is_shown() {
    let mut list = ListState::default();
    list.set_columns(Columns::named(["server", "rate-trend", "age"]).unwrap());
    let columns: Vec<Column> = (0..3)
        .map(|_| {
            list.sort_by_next();
            list.sort().column
        })
        .collect();
    assert_eq!(columns, [Column::Server, Column::Age, Column::Server]);
}

#[test]
fn what_is_selected_keeps_its_line_when_its_number_rises_and_falls() {
    let lines: Vec<Line> = (0..20).map(|number| (number, 99, 1_000 - 10 * u32::from(number))).collect();
    let mut before = view(&lines);
    let mut list = list(Column::Rate, &before);
    list.offset = 8;
    list.moved_to(&before, 10);
    let selected = list.thing(&before, 10).unwrap();
    assert_eq!(selected, edge(10, 99));
    // The tick after a move leaves the order; then the numbers order the rest around it.
    for (tick, rate, row, offset) in
        [(0, 5_000, 10, 8), (1, 5_000, 2, 0), (2, 1, 18, 16), (3, 905, 10, 8), (4, 955, 5, 3)]
    {
        let mut lines = lines.clone();
        lines[10].2 = rate;
        before = view(&lines);
        list.view_changed();
        list.prepare(&before, Some(&selected));
        let found = list.find(&before, Some(&selected)).unwrap();
        assert_eq!((found, list.offset), (row, offset), "tick {tick}");
        assert_eq!(found - list.offset, 2, "its line");
        if tick == 1 {
            assert_eq!(
                told(&list, &before)[..4],
                ["0-99", "1-99", "10-99", "2-99"],
                "the others are in order"
            );
        }
    }
}

#[test]
fn new_rows_come_last_in_the_tick_after_a_move() {
    let before = view(&[(1, 9, 10), (2, 9, 20), (3, 9, 30)]);
    let mut list = list(Column::Rate, &before);
    assert_eq!(told(&list, &before), ["3-9", "2-9", "1-9"]);
    list.moved_to(&before, 0);
    let now = view(&[(1, 9, 10), (2, 9, 5), (3, 9, 20), (4, 9, 50)]);
    list.view_changed();
    list.prepare(&now, Some(&edge(3, 9)));
    assert_eq!(told(&list, &now), ["3-9", "2-9", "1-9", "4-9"], "held");
    list.view_changed();
    list.prepare(&now, Some(&edge(3, 9)));
    assert_eq!(told(&list, &now), ["3-9", "4-9", "1-9", "2-9"], "in order around what keeps its line");
    list.view_changed();
    list.prepare(&now, None);
    assert_eq!(told(&list, &now), ["4-9", "3-9", "1-9", "2-9"]);
}

#[test]
fn the_tree_has_groups_nodes_and_their_edges_and_folds() {
    let view = view(&[(1, 2, 10), (1, 100, 20), (2, 2, 30)]);
    let mut list = list(Column::Client, &view);
    list.toggle_shape();
    list.prepare(&view, None);
    let all = ["internet", "1", "1-2", "1-100", "2", "1-2", "2-2", "network", "100", "1-100"];
    assert_eq!(told(&list, &view), all);
    assert_eq!(list.headings()[0].nodes, 2);
    assert!(list.fold(&key(1), true) && !list.fold(&key(1), true));
    list.prepare(&view, None);
    assert_eq!(told(&list, &view)[..3], ["internet", "1", "2"]);
    list.fold(&key(2), true);
    list.prepare(&view, None);
    assert_eq!(told(&list, &view), ["internet", "1", "2", "network", "100", "1-100"]);
    list.set_sort(Sort { column: Column::Rate, turned: false });
    list.fold(&key(1), false);
    list.prepare(&view, None);
    assert_eq!(told(&list, &view)[1..4], ["1", "1-100", "1-2"], "edges by their rates");
}

#[test]
fn an_edge_of_the_tree_is_found_under_the_node_that_it_was_selected_under() {
    let view = view(&[(1, 2, 10), (1, 100, 20)]);
    let mut list = list(Column::Client, &view);
    list.toggle_shape();
    list.prepare(&view, None);
    assert_eq!(told(&list, &view)[5], "1-2");
    list.moved_to(&view, 5);
    assert_eq!(list.find(&view, Some(&edge(1, 2))), Some(5), "under the server");
    list.row = 0;
    assert_eq!(list.find(&view, Some(&edge(1, 2))), Some(5));
    assert_eq!(list.find(&view, Some(&edge(1, 100))), Some(3), "not under that node: the first");
    assert_eq!(list.thing(&view, 0), None, "a group is no thing");
    assert_eq!(
        (list.selectable(0, true), list.selectable(6, true), list.selectable(0, false)),
        (Some(1), Some(7), Some(1))
    );
    assert_eq!(list.selectable(99, true), Some(8));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the numbers do: every edge is told once (in the tree once under each end), and what is selected keeps its
    /// line as long as there are rows enough for it.
    #[test]
    fn the_selected_row_keeps_its_line(
        ticks in prop::collection::vec(prop::collection::btree_map((0..12_u8, 90..94_u8), 0..9_u32, 12..40), 1..12),
        column in prop::sample::select(&[Column::Rate, Column::Rtt, Column::Client, Column::Server, Column::State][..]),
        is_tree in any::<bool>(),
        (start, moves) in (0..9_usize, prop::collection::vec(any::<bool>(), 12)),
    ) {
        let mut list = ListState { page: 6, shape: if is_tree { Shape::Tree } else { Shape::Table }, ..ListState::default() };
        list.set_sort(Sort { column, turned: false });
        let mut selection = None;
        for (tick, moves) in ticks.into_iter().zip(moves) {
            let lines: Vec<Line> = tick.into_iter().map(|((client, server), rate)| (client, server, rate)).collect();
            let view = view(&lines);
            let line = list.last_row().checked_sub(list.offset);
            list.view_changed();
            list.prepare(&view, selection.as_ref());

            let mut edges: Vec<u32> = list.rows_from(0).iter().filter_map(|row| match row {
                Row::Edge { edge, .. } => Some(*edge),
                _ => None,
            }).collect();
            edges.sort_unstable();
            let each: Vec<u32> = (0..view.edges.len() as u32).flat_map(|edge| {
                let times = if is_tree { 2 } else { 1 };
                std::iter::repeat_n(edge, times)
            }).collect();
            prop_assert_eq!(edges, each);

            if let (Some(row), Some(line), Shape::Table) = (list.find(&view, selection.as_ref()), line, list.shape)
                && column.is_restless()
                && list.len() >= 12
            {
                prop_assert_eq!(row.checked_sub(list.offset), Some(line));
            }
            if selection.is_none() || moves {
                let row = list.selectable(list.offset + start.min(5), true).unwrap();
                list.moved_to(&view, row);
                list.offset = list.offset.min(row).max((row + 1).saturating_sub(6));
                selection = list.thing(&view, row);
            }
        }
    }
}
