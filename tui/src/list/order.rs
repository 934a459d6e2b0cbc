//! In what order rows stand.

use rustc_hash::FxHashMap;
use scopetop_tracker::topology::Service;

use super::column::{Column, Columns};
use crate::view::{GroupKey, View, ViewEdge, ViewNode, name_ranks};

/// By what rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By this column.
    pub column: Column,
    /// The other way round than that column is sorted first: names from the end, numbers from the smallest.
    pub turned: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { column: Column::Client, turned: false }
    }
}

impl Sort {
    /// By the next column that is shown.
    pub(super) fn next(self, columns: &Columns) -> Self {
        let shown: Vec<Column> = columns.shown().filter(|column| column.sorts()).collect();
        let here = shown.iter().position(|&column| column == self.column);
        let next = here.map_or(0, |here| (here + 1) % shown.len());
        Self { column: shown.get(next).copied().unwrap_or(self.column), turned: false }
    }

    /// Whether the smallest comes first.
    pub fn ascends(self) -> bool {
        // The largest numbers matter most, and the states that are told first.
        self.column.is_number() == self.turned
    }
}

/// What an edge is put in order by; `None` where that is not known.
type Key = dyn Fn(&ViewEdge) -> Option<u64>;

/// The places of a view's edges in the order of the rows.
pub(super) fn edges(view: &View, sort: Sort) -> Vec<u32> {
    let count = view.edges.len() as u32;
    let by_node = |ranks: &[u32], node: usize| ranks.get(node).map(|&rank| u64::from(rank));
    let key: Box<Key> = match sort.column {
        // The view's own order.
        Column::Client if sort.turned => return (0..count).rev().collect(),
        Column::Client | Column::RateTrend | Column::RttTrend => return (0..count).collect(),
        Column::Server => {
            let ranks = name_ranks(&view.nodes);
            Box::new(move |edge| by_node(&ranks, edge.server))
        }
        Column::ClientIn => {
            let ranks = place_ranks(&view.nodes);
            Box::new(move |edge| by_node(&ranks, edge.client))
        }
        Column::ServerIn => {
            let ranks = place_ranks(&view.nodes);
            Box::new(move |edge| by_node(&ranks, edge.server))
        }
        Column::Service => {
            let ranks = service_ranks(view);
            Box::new(move |edge| ranks.get(&edge.at).copied())
        }
        Column::Connections => Box::new(|edge| Some(edge.connections() as u64)),
        Column::State => Box::new(|edge| Some(edge.state as u64)),
        Column::Rate => Box::new(|edge| Some(steps(edge.rate.to_server + edge.rate.to_client))),
        Column::ToServer => Box::new(|edge| Some(steps(edge.rate.to_server))),
        Column::ToClient => Box::new(|edge| Some(steps(edge.rate.to_client))),
        Column::Rtt => Box::new(|edge| edge.rtt_us.map(u64::from)),
        // The older, the greater.
        Column::Age => Box::new(|edge| edge.since.map(|since| u64::MAX - 1 - since.0)),
    };
    sorted(view.edges.iter().map(key), sort)
}

/// The places of a view's nodes in the order of the rows: by what a node has of a column, else by their names.
pub(super) fn nodes(view: &View, sort: Sort) -> Vec<u32> {
    let nodes = view.nodes.iter();
    match sort.column {
        Column::Connections => sorted(nodes.map(|node| Some(node.connections as u64)), sort),
        Column::Rate => {
            sorted(nodes.map(|node| Some(steps(node.rate.to_server + node.rate.to_client))), sort)
        }
        Column::ToServer => sorted(nodes.map(|node| Some(steps(node.rate.to_server))), sort),
        Column::ToClient => sorted(nodes.map(|node| Some(steps(node.rate.to_client))), sort),
        column => {
            // What a node has nothing of leaves it where it is, whichever way round.
            let turned = sort.turned && matches!(column, Column::Client | Column::Server);
            let ranks = name_ranks(&view.nodes);
            let by_name = Sort { column: Column::Client, turned };
            sorted(ranks.into_iter().map(|rank| Some(rank.into())), by_name)
        }
    }
}

/// Places in the order of their keys; those without one at the end, whichever way round. What is equal stays in the order
/// of the view.
fn sorted(keys: impl Iterator<Item = Option<u64>>, sort: Sort) -> Vec<u32> {
    let direction = if sort.ascends() { 0 } else { u64::MAX };
    let mut keys: Vec<(u64, u32)> =
        keys.zip(0..).map(|(key, place)| (key.map_or(u64::MAX, |key| key ^ direction), place)).collect();
    keys.sort_unstable();
    keys.into_iter().map(|(_, place)| place).collect()
}

/// A rate as a number: rates are whole multiples of a sixteenth.
fn steps(rate: f64) -> u64 {
    (rate * 16.0) as u64
}

/// The rank of each node by the name of what it runs in.
fn place_ranks(nodes: &[ViewNode]) -> Vec<u32> {
    let mut order: Vec<(&str, usize)> = nodes.iter().map(place).zip(0..).collect();
    order.sort_unstable();
    let mut ranks = vec![0; nodes.len()];
    // What runs in the same has the same rank.
    for (rank, same) in (0..).zip(order.chunk_by(|one, other| one.0 == other.0)) {
        for &(_, node) in same {
            ranks[node] = rank;
        }
    }
    ranks
}

fn service_ranks(view: &View) -> FxHashMap<Service, u64> {
    let mut ranks: FxHashMap<Service, u64> = FxHashMap::default();
    for edge in &view.edges {
        if !ranks.contains_key(&edge.at) {
            ranks.insert(edge.at.clone(), 0);
        }
    }
    let mut services: Vec<Service> = ranks.keys().cloned().collect();
    services.sort_unstable();
    for (service, rank) in services.iter().zip(0..) {
        if let Some(known) = ranks.get_mut(service) {
            *known = rank;
        }
    }
    ranks
}

/// What a node runs in, where that is worth telling.
pub fn place(node: &ViewNode) -> &str {
    match node.group {
        GroupKey::Internet | GroupKey::Network | GroupKey::Own | GroupKey::Host(_) | GroupKey::Top(_) => "",
        // The image is told in the details.
        _ => node.group_label.split("  ").next().unwrap_or_default(),
    }
}
