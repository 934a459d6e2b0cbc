//! A view that is made of the one before it is the one that is made from nothing.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{By, Protocols};

use super::*;
use crate::fixture;
use crate::fixture::small::{tick, told};

/// A way to look, as the user may change it at any time.
#[derive(Clone, Debug)]
struct Way {
    grouping: Grouping,
    filter: Option<Filter>,
    protocols: Protocols,
}

impl Way {
    fn look(&self) -> Look<'_> {
        Look {
            grouping: &self.grouping,
            sieve: Sieve { filter: self.filter.as_ref(), protocols: self.protocols },
        }
    }
}

fn ways() -> impl Strategy<Value = Way> {
    let filter = prop_oneof![12 => Just(None), 1 => Just(Some(Filter::parse("port=1").unwrap()))];
    (prop::sample::select(&By::ALL[..]), 0..3, filter, prop::bool::weighted(0.1)).prop_map(
        |(by, turns, filter, no_udp)| {
            let mut grouping = Grouping::new(by);
            (0..turns).for_each(|_| grouping.turn_all());
            let mut protocols = Protocols::default();
            if no_udp {
                protocols.toggle(Protocol::Udp);
            }
            Way { grouping, filter, protocols }
        },
    )
}

/// What a view says of how it differs from the one before is so.
fn check_lineage(before: &View, view: &View) -> Result<(), TestCaseError> {
    if !view.lineage.follows(before.lineage.number) {
        return Ok(());
    }
    let Lineage { nodes, edges, .. } = &view.lineage;
    let stood = |moves: &Moves, count: usize| -> Vec<Option<usize>> {
        (0..count).map(|place| moves.stood(place)).collect()
    };
    let places = stood(nodes, view.nodes.len());
    for (place, stood) in places.iter().enumerate() {
        let node = &view.nodes[place];
        match stood {
            None => prop_assert!(before.node(&node.key).is_none(), "{} was there", node.label),
            Some(stood) => {
                let was = &before.nodes[*stood];
                prop_assert_eq!(&was.key, &node.key);
                prop_assert!(
                    was == node || nodes.changed().contains(&(place as u32)),
                    "{} changed",
                    node.label
                );
            }
        }
    }
    prop_assert_eq!(nodes.came(), places.iter().filter(|stood| stood.is_none()).count());
    prop_assert!(!nodes.is_still() || view.nodes.len() == before.nodes.len());
    let places = stood(edges, view.edges.len());
    for (place, stood) in places.iter().enumerate() {
        let edge = &view.edges[place];
        let key = view.edge_key(edge).unwrap();
        match stood {
            None => prop_assert!(before.edge_place(&key).is_none(), "{key:?} was there"),
            Some(stood) => {
                let was = &before.edges[*stood];
                prop_assert_eq!(before.edge_key(was).unwrap(), key);
                let was = ViewEdge { client: edge.client, server: edge.server, ..was.clone() };
                prop_assert_eq!(was != *edge, edges.changed().contains(&(place as u32)), "{:?}", edge);
            }
        }
    }
    prop_assert_eq!(edges.came(), places.iter().filter(|stood| stood.is_none()).count());
    prop_assert!(!edges.is_still() || view.edges.len() == before.edges.len());
    for changed in [nodes.changed(), edges.changed()] {
        prop_assert!(changed.windows(2).all(|pair| pair[0] < pair[1]));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens, and whatever the user looks at.
    #[test]
    fn what_is_mended_is_as_if_made_from_nothing(
        first in prop::collection::vec(told(), 0..40),
        ways in prop::collection::vec(ways(), 1..3),
        ticks in prop::collection::vec((prop::collection::vec(told(), 0..6), prop::bool::weighted(0.05)), 1..25),
    ) {
        let (mut topology, mut maker, mut view) = (Topology::new(), Maker::default(), View::default());
        let mut ways = ways.iter().cycle();
        let mut way = ways.next().unwrap();
        let ticks = std::iter::once((first, false)).chain(ticks);
        for (sequence, (told, turns)) in (0..).zip(ticks) {
            if turns {
                way = ways.next().unwrap();
            }
            topology.apply(&tick(sequence, told));
            let before = view.clone();
            maker.make(&mut view, &topology, way.look());
            prop_assert_eq!(&view, &build(&topology, way.look()), "tick {}", sequence);
            check_lineage(&before, &view)?;
            for (place, edge) in view.edges.iter().enumerate() {
                let mut key = view.edge_key(edge).unwrap();
                prop_assert_eq!(view.edge_place(&key), Some(place));
                key.service = Service::Port(Protocol::Udp, 9);
                prop_assert_eq!(view.edge_place(&key), None);
            }
        }
    }
}

fn by_process() -> Way {
    Way { grouping: Grouping::default(), filter: None, protocols: Protocols::default() }
}

#[test]
fn the_view_after_a_tick_is_made_of_the_one_before() {
    let [first, second] = fixture::ticks();
    let (mut topology, mut maker, mut view) = (Topology::new(), Maker::default(), View::default());
    let way = by_process();
    topology.apply(&first);
    maker.make(&mut view, &topology, way.look());
    let numbers = |view: &View| (view.lineage.number, view.lineage.before);
    assert_eq!(numbers(&view), (1, 0));
    topology.apply(&second);
    maker.make(&mut view, &topology, way.look());
    assert_eq!(numbers(&view), (2, 1));
    assert_eq!((view.lineage.nodes.came(), view.lineage.edges.came()), (3, 2));
    assert_eq!(view, build(&topology, way.look()));
    topology.apply(&fixture::quiet(1));
    maker.make(&mut view, &topology, way.look());
    assert_eq!(numbers(&view), (3, 2));
    maker.make(&mut view, &topology, way.look());
    assert_eq!(numbers(&view), (4, 3), "no tick passed");
    assert!(view.lineage.nodes.is_still() && view.lineage.edges.is_still());
    assert_eq!((view.lineage.nodes.changed(), view.lineage.edges.changed()), (&[][..], &[][..]));
}

#[test]
fn what_is_of_another_topology_time_or_look_is_made_from_nothing() {
    let ticks = fixture::ticks();
    let (mut topology, mut maker, mut view) = (fixture::after(&ticks), Maker::default(), View::default());
    let way = by_process();
    let mut make = |view: &mut View, topology: &Topology, way: &Way| {
        maker.make(view, topology, way.look());
        assert_eq!(*view, build(topology, way.look()));
        view.lineage.before != 0
    };
    assert!(!make(&mut view, &topology, &way));
    assert!(make(&mut view, &topology, &way));
    assert!(!make(&mut view, &fixture::after(&ticks), &way), "another topology");
    assert!(!make(&mut view, &topology, &way));
    topology.apply(&fixture::quiet(1));
    topology.apply(&fixture::quiet(2));
    assert!(!make(&mut view, &topology, &way), "two ticks");
    let by_name = Way { grouping: Grouping::new(By::Name), ..way.clone() };
    assert!(!make(&mut view, &topology, &by_name), "another grouping");
    assert!(make(&mut view, &topology, &by_name));
    let filtered = Way { filter: Some(Filter::parse("port=443").unwrap()), ..by_name.clone() };
    assert!(!make(&mut view, &topology, &filtered) && !make(&mut view, &topology, &filtered), "a filter");
    assert!(!make(&mut view, &topology, &by_name));
    let mut other = view.clone();
    assert!(make(&mut view, &topology, &by_name));
    assert!(!make(&mut other, &topology, &by_name), "an older view");
}
