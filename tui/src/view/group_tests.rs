//! What groups are called, and what is told of them.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{By, GroupKey, Grouping, Sieve};

use super::tests::{facts_of, known, section, table_of};
use super::*;
use crate::fixture;

fn with<T>(grouping: &Grouping, told: impl FnOnce(&Topology, &View, Look<'_>) -> T) -> T {
    let topology = fixture::shop();
    let look = Look { grouping, sieve: Sieve::default() };
    told(&topology, &build(&topology, look), look)
}

/// Every node as `box: label ports`.
fn nodes(grouping: &Grouping) -> Vec<String> {
    with(grouping, |_, view, _| {
        let told =
            view.nodes.iter().map(|node| format!("{}: {} {}", node.group_label, node.label, node.detail));
        told.map(|line| line.trim_end().to_owned()).collect()
    })
}

fn details_of(grouping: &Grouping, label: &str) -> Details {
    with(grouping, |topology, view, look| {
        let key = view.nodes.iter().find(|node| node.label == label).unwrap().key.clone();
        details(known(topology, view, look), &Selection::Node(key)).unwrap()
    })
}

#[test]
fn each_view_has_its_names() {
    let host = scopetop_tracker::topology::HostIndex(0);
    assert_eq!(
        nodes(&Grouping::new(By::Container))[..],
        [
            "network: 192.168.7.1",
            "network: 192.168.7.41",
            "internet: 198.51.100.7",
            "internet: 198.51.100.8",
            "internet: 203.0.113.1",
            "internet: 203.0.113.2",
            "internet: 203.0.113.3",
            "internet: 203.0.113.4",
            "internet: 203.0.113.5",
            "internet: 203.0.113.6",
            "netns blue: 127.0.0.1",
            "containers: host ×6 :22",
            "containers: 7be14c0ffee0",
            "containers: web-1 ×3 :8080",
            "containers: web-2 ×2 :8080",
            "containers: db ×2 :5432",
            "containers: proxy-1 :443",
            "containers: proxy-2 :443",
        ]
    );
    let groups =
        |by| nodes(&Grouping::new(by)).into_iter().filter(|line| line.contains("s: ")).collect::<Vec<_>>();
    assert_eq!(
        groups(By::Image),
        [
            "images: host ×6 :22",
            "images: envoy:1.30 ×2 :443",
            "images: nginx:1.27 ×5 :8080",
            "images: postgres:16 ×2 :5432",
            "images: 7be14c0ffee0",
        ]
    );
    assert_eq!(
        groups(By::Namespace),
        [
            "namespaces: host ×4 :22",
            "namespaces: proxy-1 +1 ×4 :443 :8080",
            "namespaces: proxy-2 +1 ×3 :443 :8080",
            "namespaces: db ×2 :5432",
            "namespaces: 4026532404 (java)",
            "namespaces: blue ×2",
            "namespaces: 4026532406 (feed)",
        ]
    );
    assert_eq!(
        groups(By::Pod),
        [
            "pods: host ×6 :22",
            "pods: shop/web-1 ×4 :443 :8080",
            "pods: shop/web-2 ×3 :443 :8080",
            "pods: 7be14c0ffee0",
            "pods: db ×2 :5432",
        ]
    );
    let mut all = Grouping::new(By::Pod);
    all.set_open(&GroupKey::Pod(host, Some("shop".into()), "web-1".into()), true);
    all.set_open(&GroupKey::Internet, false);
    let told = nodes(&all);
    assert!(told.contains(&"pod shop/web-1: web-1 ×3 :8080".to_owned()), "{told:?}");
    assert!(told.contains(&"internet: 8 addresses".to_owned()), "{told:?}");
}

#[test]
fn by_name_stands_in_the_box_of_its_container() {
    let told = nodes(&Grouping::new(By::Name));
    for line in ["web-1  nginx:1.27: nginx ×3 :8080", "host: backup ×2", "netns blue: probe"] {
        assert!(told.contains(&line.to_owned()), "{line} is not in {told:?}");
    }
}

#[test]
fn the_details_of_a_group_tell_its_members_their_sums_and_its_peers() {
    let details = details_of(&Grouping::new(By::Image), "nginx:1.27 ×5");
    assert_eq!(
        facts_of(&details, "group"),
        [
            "image: nginx:1.27",
            "holds: 5 processes in 2 containers",
            "containers: web-1  nginx:1.27  (docker a1000001),  web-2  nginx:1.27  (docker a1000002)",
            "conns: 13, 1 of them inside",
        ]
    );
    assert_eq!(facts_of(&details, "listens"), ["tcp: 127.0.0.1:8080"]);
    let peers = |heading| table_of(&details, heading, &["peer", "conns"]);
    assert_eq!(peers("inbound"), ["← envoy:1.30 ×2 6"]);
    assert_eq!(peers("outbound"), ["→ postgres:16 ×2 6"]);
    assert_eq!(peers("inside"), ["↺ nginx:1.27 ×5 1"]);
    assert_eq!(
        table_of(&details, "members", &["member", "conns"]),
        ["nginx 2112 7", "nginx 2211 5", "nginx 2113 1", "nginx 2212 1", "nginx 2111 0"]
    );
    assert_eq!(section(&details, "TCP connections").note, "13 open");
    assert_eq!((details.wanted.processes.len(), details.wanted.of), (5, 5));
}

#[test]
fn every_kind_of_group_says_what_it_is() {
    let first =
        |by, label: &str, heading| facts_of(&details_of(&Grouping::new(by), label), heading).remove(0);
    assert_eq!(first(By::Container, "db ×2", "container"), "name: db");
    assert_eq!(first(By::Container, "host ×6", "group"), "host: what is in no container and no service");
    assert_eq!(first(By::Namespace, "blue ×2", "network"), "netns: blue (4026532405)");
    assert_eq!(first(By::Pod, "shop/web-2 ×3", "group"), "pod: web-2   namespace shop");
    assert_eq!(first(By::Name, "backup ×2", "group"), "name: backup");
}

#[test]
fn an_added_up_edge_is_opened_into_its_connections() {
    let grouping = Grouping::new(By::Image);
    with(&grouping, |topology, view, look| {
        let edge = view.edges.iter().find(|edge| *edge.service == *":5432" && edge.open == 6).unwrap();
        let details =
            details(known(topology, view, look), &Selection::Edge(view.edge_key(edge).unwrap())).unwrap();
        assert_eq!(details.title, "nginx:1.27 ×5 → postgres:16 ×2 :5432");
        let ends = table_of(&details, "TCP connections", &["from", "client", "to"]);
        assert_eq!(
            ends,
            [
                "nginx 2112 10.0.1.1:40003 postgres 3002",
                "nginx 2112 10.0.1.1:40004 postgres 3002",
                "nginx 2112 10.0.1.1:40005 postgres 3002",
                "nginx 2113 10.0.1.1:40004 postgres 3002",
                "nginx 2211 10.0.1.2:40005 postgres 3002",
                "nginx 2211 10.0.1.2:40006 postgres 3002",
            ]
        );
        assert!(facts_of(&details, "edge")[0].starts_with("tcp: 6 open"));
    });
}

#[test]
fn of_an_edge_inside_a_group_only_the_connections_to_its_service_are_told() {
    let grouping = Grouping::new(By::Namespace);
    with(&grouping, |topology, view, look| {
        let told: Vec<(String, usize)> = view
            .edges
            .iter()
            .filter(|edge| edge.client == edge.server && view.nodes[edge.client].label == "proxy-2 +1 ×3")
            .map(|edge| {
                let selection = Selection::Edge(view.edge_key(edge).unwrap());
                let details = details(known(topology, view, look), &selection).unwrap();
                (edge.service.to_string(), table_of(&details, "TCP connections", &["client"]).len())
            })
            .collect();
        assert_eq!(told, [(":8080".to_owned(), 2), (":9000".to_owned(), 1)]);
    });
}

/// Containers that share a namespace are told by the same name; where its name is the container's own, or the host's, there is
/// nothing to tell.
#[test]
fn a_namespace_is_told_where_the_container_does_not_tell_it() {
    let netns_of = |topology: &Topology, group: &str| {
        let grouping = Grouping::default();
        let view = build(topology, Look { grouping: &grouping, sieve: Sieve::default() });
        let node = view.nodes.into_iter().find(|node| node.group_label.starts_with(group)).unwrap();
        node.group_netns.map(|netns| netns.to_string())
    };
    let shop = fixture::shop();
    assert_eq!(netns_of(&shop, "web-1 ").as_deref(), Some("proxy-1"));
    assert_eq!(netns_of(&shop, "proxy-1 ").as_deref(), Some("proxy-1"));
    assert_eq!(netns_of(&shop, "db "), None, "called after it");
    assert_eq!(netns_of(&shop, "7be14c0ffee0"), None, "nobody else is there");
    assert_eq!(netns_of(&shop, "host"), None);
    // The same containers, of which no engine tells a name.
    let nameless = fixture::after(&[nameless(fixture::tick_of_the_shop())]);
    assert_eq!(netns_of(&nameless, "a1000001").as_deref(), Some("4026532401"));
    assert_eq!(netns_of(&nameless, "e1000001").as_deref(), Some("4026532401"));
    assert_eq!(netns_of(&nameless, "d1000001"), None);
    // One that uses the host's network, and one in a namespace with a name of its own.
    let mut other = fixture::tick_of_the_shop();
    let java = "7be14c0ffee0";
    for container in &mut other.containers {
        let moved = [("d1000001", fixture::HOST), (java, fixture::BLUE)];
        let moved = moved.into_iter().find(|(id, _)| container.id.0.as_str() == *id);
        container.netns = moved.map(|(_, netns)| netns).or(container.netns);
    }
    let other = fixture::after(&[other]);
    assert_eq!(netns_of(&other, "db "), None);
    assert_eq!(netns_of(&other, java).as_deref(), Some("blue"));
    let mut found = build(&other, Look { grouping: &Grouping::default(), sieve: Sieve::default() });
    found.mark("BLUE");
    assert!(found.nodes.iter().any(|node| node.matched_by_search && node.group_label.starts_with(java)));
}

fn nameless(mut tick: scopetop_tracker::Tick) -> scopetop_tracker::Tick {
    for container in &mut tick.containers {
        (container.name, container.image) = (None, None);
    }
    for namespace in tick.namespaces.iter_mut().filter(|namespace| namespace.id != fixture::HOST) {
        namespace.names.clear();
    }
    tick
}
