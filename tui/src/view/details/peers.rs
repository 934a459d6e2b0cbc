//! Whom a thing talks to: who connects to it, and to whom it does.

use rustc_hash::FxHashMap;
use scopetop_tracker::topology::Service;

use super::model::{Place, Row, Section, Table, names, number, text};
use super::touching::{self, Ends};
use super::{Known, ROWS};
use crate::human;
use crate::view::{EdgeState, ShownKey, ViewEdge, busy_from};

/// Who began, seen from the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    In,
    Out,
    /// Not known.
    Either,
    /// Both ends are it.
    Inside,
}

/// The peers of a shown node, those that most was carried to and from first: that order changes slowly, unlike that of
/// rates. `edges`: the edges of the topology that it is an end of.
pub(super) fn sections(known: Known<'_>, key: &ShownKey, edges: &[Ends<'_>]) -> Vec<Section> {
    let view = known.view;
    let Some(place) = view.node_place(key) else { return Vec::new() };
    let own: Vec<&ViewEdge> = view.edges.iter().filter(|edge| edge.ends().any(|end| end == place)).collect();
    let carried = carried(known, &own, edges);
    let mut peers: Vec<(Way, &ViewEdge, Bytes)> = own
        .iter()
        .zip(carried)
        .map(|(&edge, bytes)| {
            let way = match (edge.client == place, edge.server == place) {
                (true, true) => Way::Inside,
                _ if !edge.directed => Way::Either,
                (true, false) => Way::Out,
                _ => Way::In,
            };
            (way, edge, bytes)
        })
        .collect();
    peers.sort_by_key(|(_, edge, bytes)| {
        (
            std::cmp::Reverse(bytes.map_or(0, |(sent, received)| sent + received)),
            std::cmp::Reverse(edge.connections()),
        )
    });
    let table = |heading, ways: &[Way]| {
        let rows = || peers.iter().filter(|(way, ..)| ways.contains(way));
        let connections: usize = rows().map(|(_, edge, _)| edge.connections()).sum();
        let count = rows().count();
        let what = if connections == 1 { "connection" } else { "connections" };
        let note = format!("{} {what}", human::count(connections));
        let told =
            rows().take(ROWS).map(|(way, edge, bytes)| row(known, place, *way, edge, *bytes)).collect();
        let mut columns = vec![names("peer", 0), text("service", 1), number("conns", 2), text("state", 3)];
        columns.extend([number("sent", 6), number("received", 7), number("sent/s", 4), number("recv/s", 5)]);
        let table = Table { columns, rows: told, more: count.saturating_sub(ROWS) };
        Section::table(heading, note, Place::Right, table)
    };
    vec![
        table("inbound", &[Way::In]),
        table("outbound", &[Way::Out]),
        table("who began is not known", &[Way::Either]),
        table("inside", &[Way::Inside]),
    ]
}

/// What was carried to the server and to the client, as far as it was counted.
type Bytes = Option<(u64, u64)>;

/// What the connections of each of these shown edges carried so far.
fn carried(known: Known<'_>, shown: &[&ViewEdge], edges: &[Ends<'_>]) -> Vec<Bytes> {
    let mut sums = vec![None; shown.len()];
    let by_ends: FxHashMap<(usize, usize, &Service), usize> =
        shown.iter().enumerate().map(|(place, edge)| ((edge.client, edge.server, &edge.at), place)).collect();
    let mut forest = scopetop_tracker::topology::grouping::Forest::new(known.topology, known.look.grouping);
    let mut place_of = |node| forest.shown(node).and_then(|key| known.view.node_place(&key));
    for &(client, server, edge) in edges {
        let (Some(client), Some(server)) = (place_of(client), place_of(server)) else { continue };
        let Some(&place) = by_ends.get(&(client, server, &edge.service)) else { continue };
        for connection in touching::connections(known, edge) {
            if let (Some(to_server), Some(to_client)) =
                (connection.bytes_to_server, connection.bytes_to_client)
            {
                let sum = sums[place].get_or_insert((0_u64, 0_u64));
                *sum = (sum.0.saturating_add(to_server), sum.1.saturating_add(to_client));
            }
        }
    }
    sums
}

fn row(known: Known<'_>, place: usize, way: Way, edge: &ViewEdge, bytes: Bytes) -> Row {
    let outward = edge.client == place;
    let peer = known.view.nodes.get(if outward { edge.server } else { edge.client });
    let label = peer.map_or("", |peer| peer.label.as_str());
    let turned =
        |(to_server, to_client)| if outward { (to_server, to_client) } else { (to_client, to_server) };
    let (sent, received) = bytes.map(turned).map_or_else(
        || (String::from("–"), String::from("–")),
        |(sent, received)| (human::bytes(sent), human::bytes(received)),
    );
    let flows = (flow(edge, edge.rate.to_server), flow(edge, edge.rate.to_client));
    let (sent_now, received_now) = if outward { flows } else { (flows.1, flows.0) };
    Row {
        state: Some(edge.state),
        cells: vec![
            match way {
                Way::In => format!("← {label}"),
                Way::Out => format!("→ {label}"),
                Way::Either => format!("↔ {label}"),
                Way::Inside => format!("↺ {label}"),
            },
            edge.service.to_string(),
            human::count(edge.connections()),
            state_word(edge),
            sent,
            received,
            sent_now,
            received_now,
        ],
    }
}

/// An edge's state in a word or two: with what began, closed and failed in the newest tick where some are open.
pub(crate) fn state_word(edge: &ViewEdge) -> String {
    let mut word = match edge.state {
        EdgeState::Failed => return edge.error.map_or_else(|| String::from("failed"), human::errno),
        EdgeState::Closed => return String::from("closed"),
        _ if busy_from(edge.rate) => String::from("busy"),
        _ => String::from("open"),
    };
    for (sign, number) in [('+', edge.new), ('−', edge.closed), ('✗', edge.failed)] {
        if number > 0 {
            word.push(' ');
            word.push(sign);
            word += &human::count(number as usize);
        }
    }
    word
}

/// What flows on an edge one way; a dot where nothing does.
pub(crate) fn flow(edge: &ViewEdge, bytes_per_second: f64) -> String {
    if edge.open == 0 || bytes_per_second < 0.5 { String::from("·") } else { human::rate(bytes_per_second) }
}
