#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use scopetop_tracker::connection::{Address, Protocol, UnixName};
use scopetop_tracker::filter::Filter;
use scopetop_tracker::topology::Topology;

use super::*;
use crate::fixture;
use crate::trend::Trends;
use crate::usage::UsageHistory;

/// By process, everything or what matches a filter.
fn look(filter: Option<&Filter>) -> Look<'_> {
    static BY_PROCESS: std::sync::LazyLock<Grouping> = std::sync::LazyLock::new(Grouping::default);
    Look { grouping: &BY_PROCESS, sieve: Sieve { filter, ..Sieve::default() } }
}

fn build(topology: &Topology, filter: Option<&Filter>) -> View {
    super::build(topology, look(filter))
}

fn details(
    topology: &Topology,
    view: &View,
    filter: Option<&Filter>,
    selection: &Selection,
) -> Option<Details> {
    super::details(known(topology, view, look(filter)), selection)
}

/// What details are made of, where nothing was recorded.
pub(super) fn known<'a>(topology: &'a Topology, view: &'a View, look: Look<'a>) -> Known<'a> {
    static NOTHING: std::sync::LazyLock<(Trends, UsageHistory, TimeZone)> =
        std::sync::LazyLock::new(|| (Trends::default(), UsageHistory::default(), TimeZone::UTC));
    let (trends, usage, zone) = &*NOTHING;
    Known { topology, view, look, trends, usage, tick: None, arguments: true, zone }
}

/// The facts under a heading, each as `name: value`.
pub(super) fn facts_of(details: &Details, heading: &str) -> Vec<String> {
    match &section(details, heading).body {
        Body::Facts(facts) => facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect(),
        other => panic!("{heading} has {other:?}"),
    }
}

/// Some columns of the table under a heading, by their names.
pub(super) fn table_of(details: &Details, heading: &str, columns: &[&str]) -> Vec<String> {
    let Body::Table(table) = &section(details, heading).body else { panic!("{heading} is no table") };
    let places: Vec<usize> = columns
        .iter()
        .map(|name| table.columns.iter().position(|column| column.name == *name).unwrap())
        .collect();
    let row = |row: &Row| places.iter().map(|&place| row.cells[place].as_str()).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(row).collect()
}

pub(super) fn section<'d>(details: &'d Details, heading: &str) -> &'d Section {
    let headings: Vec<_> = details.sections.iter().map(|section| section.heading).collect();
    details
        .sections
        .iter()
        .find(|section| section.heading == heading)
        .unwrap_or_else(|| panic!("{heading} is none of {headings:?}"))
}

fn node<'a>(view: &'a View, label: &str) -> &'a ViewNode {
    view.nodes.iter().find(|node| node.label == label).unwrap()
}

/// Every edge as `client → server service: open/new/closed/failed state`.
fn edges(view: &View) -> Vec<String> {
    let label = |place: usize| view.nodes[place].label.as_str();
    view.edges
        .iter()
        .map(|edge| {
            format!(
                "{} {} {} {}: {}/{}/{}/{} {:?}",
                label(edge.client),
                if edge.directed { "→" } else { "↔" },
                label(edge.server),
                edge.service,
                edge.open,
                edge.new,
                edge.closed,
                edge.failed,
                edge.state
            )
        })
        .collect()
}

#[test]
fn one_edge_stands_for_all_connections_to_a_service_and_has_the_state_of_its_line() {
    let view = build(&fixture::topology(), None);
    assert_eq!(
        edges(&view),
        [
            "agent 311 → 10.0.3.7 :8443: 0/1/0/1 Failed",
            "agent 311 → 192.168.7.40 :8125: 1/0/0/0 Steady",
            "cron-job 9921 → redis-server 620 :6379: 1/0/0/0 Steady",
            "cron-job 9921 ↔ 192.0.2.77 :25: 1/0/0/0 Steady",
            "cron-job 9921 → 2001:db8:85a3::8a2e:370:7334 :443: 1/0/0/0 Steady",
            "curl 10412 → 203.0.113.80 :443: 1/1/0/0 New",
            "nginx 4121 → postgres 5120 :5432: 5/1/0/0 New",
            "192.168.7.41 → redis-server 620 :6379: 1/0/0/0 Busy",
            "198.51.100.23 → nginx 4122 :443: 0/0/1/0 Closed",
            "203.0.113.9 → nginx 4121 :443: 2/0/0/0 Steady",
        ]
    );
}

#[test]
fn nodes_tell_what_they_are_where_they_stand_and_what_they_listen_on() {
    let view = build(&fixture::topology(), None);
    let told: Vec<String> = view
        .nodes
        .iter()
        .map(|node| {
            format!("{:?} {} [{}] {} {:?}", node.kind, node.label, node.group_label, node.detail, node.state)
        })
        .collect();
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "Process agent 311 [host]  Steady",
            "Process cron-job 9921 [host]  Steady",
            "Process curl 10412 [host]  New",
            "Process nginx 4121 [web  nginx:1.27] :80 :443 Steady",
            "Process nginx 4122 [web  nginx:1.27] :80 :443 Steady",
            "Process postgres 5120 [db  postgres:16] :5432 Steady",
            "Process redis-server 620 [host] :6379 Steady",
            "Remote 10.0.3.7 [network]  Closed",
            "Remote 192.0.2.77 [internet]  Steady",
            "Remote 192.168.7.40 [network]  Steady",
            "Remote 192.168.7.41 [network]  Steady",
            "Remote 198.51.100.23 [internet]  Closed",
            "Remote 2001:db8:85a3::8a2e:370:7334 [internet]  Steady",
            "Remote 203.0.113.80 [internet]  New",
            "Remote 203.0.113.9 [internet]  Steady",
        ]
    );
    assert!(view.nodes.windows(2).all(|pair| pair[0].key < pair[1].key), "found by binary search");
}

#[test]
fn totals_count_connections_and_not_sockets() {
    let view = build(&fixture::topology(), None);
    let totals = view.totals;
    assert_eq!((totals.processes, totals.containers, totals.connections), (7, 2, 15));
    assert_eq!((totals.opened, totals.closed, totals.failed, totals.listeners), (3, 1, 1, 4));
}

#[test]
fn what_closed_is_in_one_picture_and_not_in_the_next() {
    let mut topology = fixture::topology();
    topology.apply(&fixture::quiet(1));
    let view = build(&topology, None);
    assert!(view.edges.iter().all(|edge| edge.closed + edge.failed + edge.new == 0));
    assert!(!view.nodes.iter().any(|node| node.label == "198.51.100.23"));
}

#[test]
fn a_filter_keeps_the_ends_of_what_matches_and_says_what_it_hides() {
    let topology = fixture::topology();
    let view = build(&topology, Some(&Filter::parse("port=5432 and state=established").unwrap()));
    assert_eq!(edges(&view), ["nginx 4121 → postgres 5120 :5432: 5/1/0/0 New"]);
    assert!(view.nodes.iter().any(|node| node.label == "nginx 4121"));
    assert!(!view.nodes.iter().any(|node| node.label == "agent 311"));
    assert_eq!(view.hidden.connections, 10);
    let all = build(&topology, None);
    assert_eq!(view.hidden.nodes + view.nodes.len(), all.nodes.len());
}

#[test]
fn a_node_that_matches_by_itself_is_shown_without_connections() {
    let view =
        build(&fixture::topology(), Some(&Filter::parse("comm=redis-server and state=listen").unwrap()));
    assert_eq!(view.nodes.iter().map(|node| node.label.as_str()).collect::<Vec<_>>(), ["redis-server 620"]);
    assert!(view.edges.is_empty());
}

#[test]
fn a_filter_counts_as_the_edge_itself_does() {
    let topology = fixture::topology();
    let whole = build(&topology, None);
    let filtered = build(&topology, Some(&Filter::parse("port>0").unwrap()));
    assert_eq!(edges(&filtered), edges(&whole));
    assert_eq!(filtered.totals, whole.totals);
}

#[test]
fn a_search_finds_names_ports_and_groups_whatever_the_case() {
    let mut view = build(&fixture::topology(), None);
    let found = |view: &View| {
        view.nodes
            .iter()
            .filter(|node| node.matched_by_search)
            .map(|node| node.label.clone())
            .collect::<Vec<_>>()
    };
    view.mark("POSTGRES");
    assert_eq!(found(&view), ["postgres 5120"]);
    assert_eq!(view.edges.iter().filter(|edge| edge.matched_by_search).count(), 1);
    view.mark(":6379");
    assert_eq!(found(&view), ["redis-server 620"]);
    view.mark("nginx:1.27");
    assert_eq!(found(&view).len(), 2);
    view.mark("  ");
    assert!(found(&view).is_empty());
}

fn keys(view: &View) -> Vec<EdgeKey> {
    view.edges.iter().filter_map(|edge| view.edge_key(edge)).collect()
}

#[test]
fn the_order_of_rows_depends_on_nothing_that_changes() {
    let mut topology = fixture::topology();
    let before: Vec<EdgeKey> = keys(&build(&topology, None));
    topology.apply(&fixture::quiet(1));
    let after: Vec<EdgeKey> = keys(&build(&topology, None));
    let kept: Vec<EdgeKey> = before.into_iter().filter(|key| after.contains(key)).collect();
    assert_eq!(kept, after);
}

#[test]
fn names_from_outside_reach_the_view_harmless() {
    let view = build(&fixture::after(&[fixture::hostile()]), None);
    assert_eq!(node(&view, "\\x1b[31mred\\xff 666").kind, NodeKind::Process);
}

#[test]
fn details_of_a_process_tell_who_it_is_and_whom_it_talks_to() {
    let topology = fixture::topology();
    let view = build(&topology, None);
    let key = node(&view, "nginx 4121").key.clone();
    let details = details(&topology, &view, None, &Selection::Node(key)).unwrap();
    assert_eq!(
        facts_of(&details, "process"),
        [
            "pid: 4121",
            "user: www-data (33)",
            "started: 2h14m ago   2026-03-01 09:50:31",
            "program: /usr/sbin/nginx",
            "command: /usr/sbin/nginx --config /etc/main.conf",
        ]
    );
    assert_eq!(facts_of(&details, "network"), ["netns: 4026532201"]);
    assert_eq!(facts_of(&details, "listens"), ["tcp: 0.0.0.0:443  0.0.0.0:80"]);
    assert_eq!(
        facts_of(&details, "container"),
        ["name: web", "image: nginx:1.27", "engine: docker", "id: 4f1c09a7d2b3"]
    );
    assert_eq!(
        table_of(&details, "outbound", &["peer", "service", "conns", "sent", "received", "sent/s", "recv/s"]),
        ["→ postgres 5120 :5432 5 881M 376k 1.2M/s 340k/s"]
    );
    assert_eq!(table_of(&details, "inbound", &["peer", "conns", "sent"]), ["← 203.0.113.9 2 –"]);
    assert_eq!(section(&details, "TCP connections").note, "7 open");
    let wanted: Vec<u32> = details.wanted.processes.iter().map(|process| process.pid).collect();
    assert_eq!((wanted, details.wanted.of), (vec![4121], 1));
}

#[test]
fn what_failed_comes_first_then_the_oldest_and_what_closed_last() {
    let topology = fixture::after(&[fixture::ticks()[0].clone(), fixture::everything()]);
    let view = build(&topology, None);
    let told = |label: &str, heading: &str, columns: &[&str]| {
        let key = node(&view, label).key.clone();
        table_of(&details(&topology, &view, None, &Selection::Node(key)).unwrap(), heading, columns)
    };
    assert_eq!(
        told("agent 311", "TCP connections", &["peer", "there", "state", "age", "retrans", "note"]),
        [
            "→ 10.0.3.7 10.0.3.7:8443 failed: refused <1s – ",
            "→ 192.168.7.40 192.168.7.40:8125 established 2h14m 0 ",
            "→ 10.0.3.8 10.0.3.8:443 established 2h14m 12 from via 192.168.7.5:39000",
            "→ 10.0.3.9 10.0.3.9:443 closed: reset <1s – ",
        ]
    );
    assert_eq!(
        told("agent 311", "UDP exchanges", &["peer", "there", "state", "sent", "rtt", "retrans"]),
        ["→ 10.0.3.53 10.0.3.53:53 exchanging 120  "]
    );
    assert_eq!(
        told("redis-server 620", "Unix sockets", &["peer", "here", "there", "state", "sent", "rtt"]),
        ["← agent 311 /run/redis/redis.sock  connected  "]
    );
    let key = node(&view, "redis-server 620").key.clone();
    let details = details(&topology, &view, None, &Selection::Node(key)).unwrap();
    assert_eq!(facts_of(&details, "listens"), ["tcp: 127.0.0.1:6379", "unix: /run/redis/redis.sock"]);
    assert_eq!(
        facts_of(&details, "network"),
        ["netns: host (4026531840)", "addresses: 127.0.0.1  192.168.7.5", "networks: 192.168.7.0/24"]
    );
}

#[test]
fn charts_are_as_long_as_the_ticks_that_were_asked_for() {
    let topology = fixture::topology();
    let view = build(&topology, None);
    let edge = Selection::Edge(view.edge_key(&view.edges[0]).unwrap());
    let mut trends = Trends::default();
    trends.record(&view, 1);
    for (asked, told) in [(None, 1_000_000_000), (Some(250_000_000), 250_000_000)] {
        let known = Known { trends: &trends, tick: asked, ..known(&topology, &view, look(None)) };
        let details = super::details(known, &edge).unwrap();
        let Body::Charts { tick, .. } = section(&details, "lately").body else { panic!("{details:?}") };
        assert_eq!(tick, told);
    }
}

#[test]
fn arguments_that_are_hidden_are_said_to_be() {
    let mut tick = fixture::ticks()[0].clone();
    tick.processes.iter_mut().for_each(|process| process.cmdline = None);
    let topology = fixture::after(&[tick]);
    let view = build(&topology, None);
    let key = node(&view, "nginx 4121").key.clone();
    let known = Known { arguments: false, ..known(&topology, &view, look(None)) };
    let details = super::details(known, &Selection::Node(key)).unwrap();
    assert_eq!(facts_of(&details, "process").last().unwrap(), "command: hidden (--no-args)");
}

#[test]
fn details_of_an_edge_tell_its_connections_and_why_one_failed() {
    let topology = fixture::topology();
    let view = build(&topology, None);
    let failed = view.edge_key(view.edges.iter().find(|edge| edge.failed > 0).unwrap()).unwrap();
    let shown = details(&topology, &view, None, &Selection::Edge(failed.clone())).unwrap();
    assert_eq!(shown.title, "agent 311 → 10.0.3.7 :8443");
    assert_eq!(
        table_of(&shown, "TCP connections", &["from", "client", "to", "server", "state"]),
        [" 192.168.7.5:38401  10.0.3.7:8443 failed: refused"]
    );
    assert_eq!(
        facts_of(&shown, "edge"),
        ["tcp: 0 open, 1 new, 1 failed   oldest <1s   last failure: refused", "flow: → 0/s   ← 0/s"]
    );
    assert_eq!(
        facts_of(&shown, "from"),
        [
            "process: agent 311   user root (0)",
            "command: /usr/sbin/agent --config /etc/main.conf",
            "netns: host (4026531840)"
        ]
    );
    assert_eq!(facts_of(&shown, "to"), ["address: 10.0.3.7"]);
    let other = Filter::parse("port=443").unwrap();
    let view = build(&topology, Some(&other));
    assert_eq!(
        details(&topology, &view, Some(&other), &Selection::Edge(failed)),
        None,
        "the filter hides it"
    );
}

#[test]
fn of_many_connections_some_are_told_and_the_rest_counted() {
    let topology = fixture::after(&[fixture::crowd(1, 600)]);
    let mut view = build(&topology, None);
    assert_eq!((view.nodes.len(), view.edges.len()), (601, 600));
    let key = view.nodes.iter().find(|node| node.kind == NodeKind::Process).unwrap().key.clone();
    let details = details(&topology, &view, None, &Selection::Node(key)).unwrap();
    for (heading, all) in [("outbound", 600), ("TCP connections", 600)] {
        let Body::Table(table) = &section(&details, heading).body else { panic!("{heading}") };
        assert_eq!((table.rows.len(), table.more), (500, all - 500), "{heading}");
    }
    assert_eq!(section(&details, "TCP connections").note, "600 open");
    view.mark("worker");
    assert!(view.edges.iter().all(|edge| edge.matched_by_search));
}

#[test]
fn a_unix_socket_is_labelled_by_the_end_of_its_name() {
    let told = |name: &str| {
        let address: Address = name.parse().unwrap();
        service_label(&Service::at(Protocol::Unix, &address))
    };
    for (name, label) in [
        ("/run/docker.sock", "…/docker.sock"),
        ("/var/run/postgresql/.s.PGSQL.5432", "…/.s.PGSQL.5432"),
        ("/tmp/dock/s", "…/dock/s"),
        ("/s", "/s"),
        ("@bus", "@bus"),
        ("@/tmp/.X11-unix/X0", "@…/.X11-unix/X0"),
        ("/run/s/f8edb1c6695ba6a21306096a6ce59406", "…/f8edb1c6695ba6a2130609…"),
        ("@f8edb1c6695ba6a21306096a6ce59406", "@f8edb1c6695ba6a2130609…"),
    ] {
        assert_eq!(told(name), label);
    }
    assert_eq!(service_label(&Service::Unix(UnixName::Unnamed)), "unix");
}
