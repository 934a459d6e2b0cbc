#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::{Grouping, Sieve};
use scopetop_tracker::topology::{NodeKey, Rate, Topology};

use super::*;
use crate::fixture::small;
use crate::view::{EdgeState, GroupKey, NodeKind, NodeState, ViewEdge, ViewNode};
use crate::view::{Lineage, Look, Maker};

fn key(number: u8) -> ShownKey {
    ShownKey::Node(NodeKey::Remote(None, IpAddr::V4(Ipv4Addr::new(192, 0, 2, number))))
}

/// Client, server, rate to the server, round-trip time.
type Line = (u8, u8, u16, Option<u32>);

fn edge_key(line: &Line) -> EdgeKey {
    EdgeKey { client: key(line.0), server: key(line.1), service: Service::Port(Protocol::Tcp, 80) }
}

/// A view with these edges, in this order.
fn view(lines: &[Line]) -> View {
    let mut keys: Vec<ShownKey> = lines.iter().flat_map(|line| [key(line.0), key(line.1)]).collect();
    keys.sort();
    keys.dedup();
    let place = |number| keys.binary_search(&key(number)).unwrap();
    let mut nodes: Vec<ViewNode> = keys.iter().map(node).collect();
    let edges = lines.iter().map(|&(client, server, to_server, rtt_us)| {
        let (client, server) = (place(client), place(server));
        let rate = Rate { to_server: to_server.into(), to_client: 1.0 };
        nodes[client].rate = rate;
        edge(client, server, rate, rtt_us)
    });
    let edges = edges.collect();
    View { nodes, edges, ..View::default() }
}

fn node(key: &ShownKey) -> ViewNode {
    ViewNode {
        key: key.clone(),
        label: "x".into(),
        detail: String::new(),
        kind: NodeKind::Remote,
        group: GroupKey::Internet,
        group_label: "internet".into(),
        group_netns: None,
        state: NodeState::Steady,
        matched_by_search: false,
        connections: 1,
        inside: 0,
        rate: Rate::default(),
    }
}

fn edge(client: usize, server: usize, rate: Rate, rtt_us: Option<u32>) -> ViewEdge {
    ViewEdge {
        client,
        server,
        at: Service::Port(Protocol::Tcp, 80),
        service: ":80".into(),
        open: 1,
        new: 0,
        closed: 0,
        failed: 0,
        state: EdgeState::Steady,
        directed: true,
        rate,
        rtt_us,
        since: None,
        error: None,
        matched_by_search: false,
    }
}

/// The newest of some values.
fn newest<const N: usize>(values: &Values) -> [Option<f32>; N] {
    *values.last_chunk().unwrap()
}

fn rates<const N: usize>(trends: &Trends, line: &Line) -> [Option<f32>; N] {
    newest(&trends.edge(&edge_key(line)).unwrap().to_server())
}

#[test]
fn a_tick_is_recorded_once_and_what_was_not_shown_is_not_known() {
    let mut trends = Trends::default();
    trends.record(&view(&[(1, 2, 10, Some(100))]), 5);
    trends.record(&view(&[(1, 2, 20, Some(100))]), 5);
    trends.record(&view(&[(1, 2, 30, None)]), 6);
    // Held for three ticks.
    trends.record(&view(&[(1, 2, 40, Some(7))]), 10);
    let line = (1, 2, 0, None);
    let known = [None, Some(20.0), Some(30.0), None, None, None, Some(40.0)];
    assert_eq!(rates(&trends, &line), known);
    let trend = trends.edge(&edge_key(&line)).unwrap();
    assert_eq!(newest(&trend.rtt_us()), [Some(100.0), None, None, None, None, Some(7.0)]);
    assert_eq!(newest(&trend.rate()), [None, Some(41.0)]);
    assert_eq!(newest(&trend.to_client()), [None, Some(1.0)]);
    assert!(trends.edge(&edge_key(&(2, 1, 0, None))).is_none());
}

#[test]
fn a_tick_without_a_picture_between_two_is_like_the_one_after_it_for_what_was_in_both() {
    let mut trends = Trends::default();
    let (stays, comes_back) = ((1, 2, 10, None), (3, 4, 10, None));
    trends.record(&view(&[stays, comes_back]), 1);
    trends.record(&view(&[(1, 2, 30, None)]), 3);
    trends.record(&view(&[stays, comes_back]), 4);
    trends.record(&view(&[stays]), 5);
    trends.record(&view(&[stays, comes_back]), 6);
    assert_eq!(rates(&trends, &stays), [10.0, 30.0, 30.0, 10.0, 10.0, 10.0].map(Some));
    assert_eq!(
        rates(&trends, &comes_back),
        [Some(10.0), None, None, Some(10.0), None, Some(10.0)],
        "it was gone in a tick that there is a picture of"
    );
}

#[test]
fn going_back_takes_back_what_came_after() {
    let mut trends = Trends::default();
    for tick in 1..=9 {
        trends.record(&view(&[(1, 2, 10 * tick as u16, None)]), tick);
    }
    let line = (1, 2, 0, None);
    trends.record(&view(&[(1, 2, 30, None)]), 3);
    assert_eq!(rates(&trends, &line), [None, Some(10.0), Some(20.0), Some(30.0)]);
    trends.clear();
    assert!(trends.edge(&edge_key(&line)).is_none());
}

#[test]
fn a_node_has_the_longest_round_trip_of_its_edges() {
    let mut trends = Trends::default();
    trends.record(&view(&[(1, 2, 10, Some(300)), (1, 3, 10, Some(100)), (4, 4, 10, None)]), 1);
    let rtt = |number| newest::<1>(&trends.node(&key(number)).unwrap().rtt_us());
    assert_eq!([rtt(1), rtt(2), rtt(3), rtt(4)], [[Some(300.0)], [Some(300.0)], [Some(100.0)], [None]]);
    assert!(trends.node(&key(9)).is_none());
}

#[test]
fn what_is_gone_is_forgotten_and_what_is_idle_is_small() {
    let mut trends = Trends::default();
    let (idle, gone) = ((1, 2, 0, Some(90)), (3, 4, 10, None));
    trends.record(&view(&[idle, gone]), 1);
    for tick in 2..=10 {
        trends.record(&view(&[(1, 2, 99, Some(80))]), tick);
    }
    assert!(!ring(&trends, &idle).is_small());
    for tick in 11..=200 {
        trends.record(&view(&[idle]), tick);
    }
    assert_eq!((trends.edges.slots.len(), trends.nodes.slots.len()), (1, 2));
    assert!(ring(&trends, &idle).is_small());
    assert!(size_of::<Ring>() <= 32);
}

#[test]
fn a_storm_of_short_lives_leaves_no_more_than_a_thousand_or_so() {
    let mut trends = Trends::default();
    for tick in 0..50 {
        let lines: Vec<Line> = (0..200).map(|number| (number, tick, 1, None)).collect();
        trends.record(&view(&lines), tick.into());
        assert!(trends.edges.slots.len() <= 2 * lines.len() + SPARE + 1, "{}", trends.edges.slots.len());
    }
}

fn ring<'t>(trends: &'t Trends, line: &Line) -> &'t Ring {
    trends.edge(&edge_key(line)).unwrap().ring
}

/// The rate to the server and the round-trip time that were recorded.
type Told = (f32, Option<f32>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Where it is known how a view differs from the one before, that only spares work.
    #[test]
    fn what_is_taken_over_is_as_if_looked_up(
        // Now and then the same tick again, one skipped, many skipped, or back in time.
        ticks in prop::collection::vec(
            (
                prop::collection::vec(small::told(), 0..12),
                prop_oneof![16 => 1..3_i64, 2 => Just(0_i64), 1 => 3..70_i64, 1 => -70..0_i64],
            ),
            1..60,
        ),
    ) {
        let (mut topology, mut maker, mut view) = (Topology::new(), Maker::default(), View::default());
        let (mut taken_over, mut looked_up) = (Trends::default(), Trends::default());
        let grouping = Grouping::default();
        let (mut all, mut now) = (BTreeSet::new(), 0_u64);
        for ((told, step), number) in ticks.into_iter().zip(1..) {
            now = now.saturating_add_signed(step);
            topology.apply(&small::tick(number, told));
            maker.make(&mut view, &topology, Look { grouping: &grouping, sieve: Sieve::default() });
            taken_over.record(&view, now);
            let plain = View { lineage: Lineage::default(), ..view.clone() };
            looked_up.record(&plain, now);
            all.extend(view.edges.iter().map(|edge| view.edge_key(edge).unwrap()));
        }
        let values = |trend: Option<Trend<'_>>| trend.map(|trend| (trend.to_server(), trend.to_client(), trend.rtt_us()));
        for key in &all {
            prop_assert_eq!(values(taken_over.edge(key)), values(looked_up.edge(key)));
            prop_assert_eq!(values(taken_over.node(&key.client)), values(looked_up.node(&key.client)));
        }
    }

    /// Whatever comes and goes, in whatever order: what is known is what was recorded.
    #[test]
    fn the_rings_tell_what_was_recorded(
        ticks in prop::collection::vec(
            (prop_oneof![8 => Just(1_u64), 1 => 3..9_u64, 1 => 30..90_u64],
             prop::collection::vec((0..6_u8, 0..6_u8, 0..4_u16, prop::option::of(1..3_u32)), 0..12)),
            1..120,
        )
    ) {
        let mut trends = Trends::default();
        let mut told: BTreeMap<(u8, u8), BTreeMap<u64, Told>> = BTreeMap::new();
        let mut now = 0;
        for (step, mut lines) in ticks {
            now += step;
            let mut seen = BTreeSet::new();
            lines.retain(|line| seen.insert((line.0, line.1)));
            trends.record(&view(&lines), now);
            for &(client, server, rate, rtt) in &lines {
                let told = told.entry((client, server)).or_default();
                told.insert(now, (rate.into(), rtt.map(|rtt| rtt as f32)));
            }
        }
        for ((client, server), told) in told {
            let of = |value: fn(&Told) -> Option<f32>| -> Vec<Option<f32>> {
                (0..LENGTH as u64).rev().map(|age| value(told.get(&now.checked_sub(age)?)?)).collect()
            };
            let (rates, rtts) = (of(|told| Some(told.0)), of(|told| told.1));
            match trends.edge(&edge_key(&(client, server, 0, None))) {
                Some(trend) => {
                    prop_assert_eq!(trend.to_server().to_vec(), rates);
                    prop_assert_eq!(trend.rtt_us().to_vec(), rtts);
                }
                None => prop_assert!(rates.iter().all(Option::is_none)),
            }
        }
    }
}
