#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use proptest::prelude::*;
use scopetop_tracker::filter::{Filter, Subject};
use scopetop_tracker::topology::Connection;
use scopetop_tracker::topology::grouping::{Forest, Grouping, Sieve};

use super::*;
use crate::fixture;
use crate::view::thing::edges_of;
use crate::view::{Look, View, build};

/// All that can be selected.
fn selections(view: &View) -> Vec<Selection> {
    let nodes = view.nodes.iter().map(|node| Selection::Node(node.key.clone()));
    let edges = view.edges.iter().filter_map(|edge| view.edge_key(edge)).map(Selection::Edge);
    nodes.chain(edges).collect()
}

/// The connections of a selection.
fn connections<'t>(
    topology: &'t Topology,
    grouping: &Grouping,
    selection: &Selection,
) -> Vec<&'t Connection> {
    let ids: Vec<_> = match selection {
        Selection::Edge(key) => {
            edges_of(topology, grouping, key).flat_map(|(_, _, edge)| &edge.connections).copied().collect()
        }
        Selection::Node(key) => {
            let mut forest = Forest::new(topology, grouping);
            let edges = topology.graph().edge_references();
            let of_it = edges.filter(|edge| {
                forest.is_shown_as(edge.source(), key) || forest.is_shown_as(edge.target(), key)
            });
            of_it.flat_map(|edge| &edge.weight().connections).copied().collect()
        }
    };
    ids.into_iter().map(|id| topology.connection(id).unwrap()).collect()
}

/// Asserts for all that can be selected, however it is grouped, that its expression is a filter that lets its
/// connections through. Returns the expressions.
fn check(topology: &Topology) -> Vec<String> {
    let mut told = Vec::new();
    for by in By::ALL {
        let mut grouping = Grouping::new(by);
        for _ in 0..3 {
            let view = build(topology, Look { grouping: &grouping, sieve: Sieve::default() });
            for selection in selections(&view) {
                let text = expression(topology, &grouping, &selection).unwrap();
                let filter = Filter::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                for connection in connections(topology, &grouping, &selection) {
                    let subject = Subject::of_connection(topology, connection, fixture::NOW);
                    assert!(
                        filter.matches(&subject),
                        "{by:?} {selection:?}: {text} lets {connection:?} not through"
                    );
                }
                told.push(text);
            }
            grouping.turn_all();
        }
    }
    told.sort();
    told.dedup();
    told
}

#[test]
fn each_thing_of_the_fixtures_has_an_expression_that_lets_its_connections_through() {
    let told = check(&fixture::topology());
    for expected in [
        "pid=4121",
        "container=web",
        "comm=nginx and container=web",
        "image=nginx:1.27",
        "ip=203.0.113.9",
        "netns=host",
        "container=none",
        "scope=internet",
        "pid=4121 and pid=5120 and port=5432",
        "container=web and container=db and port=5432",
    ] {
        assert!(told.iter().any(|text| text == expected), "{expected} is not among {told:#?}");
    }
    let told = check(&fixture::shop());
    for expected in ["pod=web-1 and label.io.kubernetes.pod.namespace=shop", "netns=blue"] {
        assert!(told.iter().any(|text| text == expected), "{expected} is not among {told:#?}");
    }
}

#[test]
fn what_is_told_apart_by_nothing_else_is_told_by_its_pids() {
    let grouping = Grouping::new(By::Namespace);
    // Processes of which it is not known where they are, with sockets in two namespaces.
    let mut tick = fixture::crowd(3, 2);
    for process in &mut tick.processes {
        process.netns = None;
    }
    for socket in tick.opened.iter_mut().step_by(2) {
        socket.netns = NetnsId(7);
    }
    let topology = fixture::after(&[tick]);
    let key = GroupKey::UnknownNamespace(HostIndex(0));
    let told = expression(&topology, &grouping, &Selection::Node(ShownKey::Group(key)));
    assert_eq!(told.as_deref(), Some("pid=1000,1001,1002"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_name_is_read_back(
        comm in ".{0,15}", container in ".{0,30}", image in ".{0,40}", pod in ".{0,20}", netns in ".{1,15}",
    ) {
        let [mut first, second] = fixture::ticks();
        for process in &mut first.processes {
            process.comm = comm.as_str().into();
        }
        for found in &mut first.containers {
            found.name = Some(container.as_str().into());
            found.image = Some(image.as_str().into());
            found.labels.insert("io.kubernetes.pod.name".into(), pod.as_str().into());
        }
        for namespace in &mut first.namespaces {
            if !namespace.names.iter().any(|name| name.as_str() == "host") {
                namespace.names = vec![netns.as_str().into()];
            }
        }
        check(&fixture::after(&[first, second]));
    }
}
