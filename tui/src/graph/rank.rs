//! Who stands left of whom: the caller left of the called.

use rustc_hash::FxHashMap;

use super::links::Links;
use crate::view::{GroupKey, NodeKind, View};

/// What stands in one column: a container or namespace with all its nodes, or a single node of the host or outside.
struct Units {
    of_node: Vec<usize>,
    is_remote: Vec<bool>,
    links: Links,
}

/// Whether all nodes of a group stand in one column.
pub(super) fn stands_whole(group: &GroupKey) -> bool {
    !matches!(
        group,
        GroupKey::Internet | GroupKey::Network | GroupKey::Own | GroupKey::Host(_) | GroupKey::Top(_)
    )
}

impl Units {
    fn new(view: &View, links: &Links) -> Self {
        let mut groups: FxHashMap<&GroupKey, usize> = FxHashMap::default();
        let mut is_remote = Vec::new();
        let of_node: Vec<usize> = view
            .nodes
            .iter()
            .map(|node| {
                let new = is_remote.len();
                let unit =
                    if stands_whole(&node.group) { *groups.entry(&node.group).or_insert(new) } else { new };
                let outside = node.kind == NodeKind::Remote;
                match is_remote.get_mut(unit) {
                    // One process in it is enough to be of this host.
                    Some(known) => *known &= outside,
                    None => is_remote.push(outside),
                }
                unit
            })
            .collect();
        let pairs = links.pairs().map(|(client, server)| (of_node[client] as u32, of_node[server] as u32));
        let mut own = Links::of(is_remote.len(), pairs);
        // A container whose nodes talk to each other only has its column too.
        for node in (0..of_node.len()).filter(|&node| links.linked[node]) {
            own.linked[of_node[node]] = true;
        }
        Self { of_node, is_remote, links: own }
    }
}

/// The column of every node that is linked or whose container is, from 0; `None` for the others.
///
/// The longest way from one that nobody calls. A cycle is cut where a walk in the order of the nodes closes it.
/// Who only calls stands right before the first that it calls. Remote addresses stand at the far sides: those that
/// call in the first column, those that are called in one of their own after the last process. A container stands
/// in one column, whole.
pub(super) fn columns(view: &View, links: &Links) -> Vec<Option<usize>> {
    let Units { of_node, is_remote, links } = Units::new(view, links);
    let ranks = unit_columns(&links, &is_remote);
    of_node.into_iter().map(|unit| ranks[unit]).collect()
}

/// Beyond so many columns by the longest way, the shortest counts: where everybody calls everybody, the longest way
/// goes through all of them, and says nothing.
const DEEPEST: usize = 7;

/// The rank of every unit by the shortest way from one that nobody calls.
fn shortest(links: &Links, order: &[usize], outside: &[bool], calling_remote: &[bool]) -> Vec<usize> {
    let mut rank: Vec<Option<usize>> = vec![None; outside.len()];
    let mut queue = std::collections::VecDeque::new();
    let is_source = |unit: usize| links.clients(unit).is_empty() || calling_remote[unit];
    for unit in order.iter().copied().filter(|&unit| is_source(unit)) {
        rank[unit] = Some(0);
        queue.push_back(unit);
    }
    // What no source leads to is a cycle: it starts where the walk came into it.
    for start in order.iter().rev().copied() {
        if rank[start].is_none() {
            rank[start] = Some(0);
            queue.push_back(start);
        }
        while let Some(unit) = queue.pop_front() {
            let next = rank[unit].map_or(0, |rank| rank + 1);
            for server in links.servers(unit).iter().filter(|_| !outside[unit]).map(|&server| server as usize)
            {
                if rank[server].is_none() {
                    rank[server] = Some(next);
                    queue.push_back(server);
                }
            }
        }
    }
    rank.into_iter().map(Option::unwrap_or_default).collect()
}

fn unit_columns(links: &Links, is_remote: &[bool]) -> Vec<Option<usize>> {
    let count = is_remote.len();
    let outside: Vec<bool> = (0..count)
        .map(|unit| is_remote[unit] && links.servers(unit).len() <= links.clients(unit).len())
        .collect();
    // A remote that calls stays in the first column, whoever calls it; one that is called leads nowhere.
    let calling_remote: Vec<bool> = (0..count).map(|unit| is_remote[unit] && !outside[unit]).collect();
    let (order, forward) = depth_first(links, &outside, &calling_remote);

    let mut rank = along(&order, &forward);
    if rank.iter().max().is_some_and(|&deepest| deepest > DEEPEST) {
        rank = shortest(links, &order, &outside, &calling_remote);
    }
    let last = (0..count).filter(|&node| links.linked[node] && !outside[node]).map(|node| rank[node]).max();
    let outside_column = last.map_or(0, |last| last + 1);
    for node in 0..count {
        if outside[node] {
            rank[node] = outside_column;
        }
    }
    for &node in &order {
        if links.clients(node).is_empty() && !is_remote[node] {
            let nearest = links.servers(node).iter().map(|&server| rank[server as usize]).min();
            rank[node] = rank[node].max(nearest.unwrap_or(0).saturating_sub(1));
        }
    }
    // No column stays empty.
    let mut used: Vec<usize> = (0..count).filter(|&node| links.linked[node]).map(|node| rank[node]).collect();
    used.sort_unstable();
    used.dedup();
    (0..count).map(|node| links.linked[node].then(|| used.binary_search(&rank[node]).unwrap_or(0))).collect()
}

/// The longest way to each node from one that nobody calls. A cycle is cut where a walk closes it.
pub(super) fn longest(links: &Links) -> Vec<usize> {
    let none = vec![false; links.linked.len()];
    let (order, forward) = depth_first(links, &none, &none);
    along(&order, &forward)
}

/// The longest way to each node along the servers of each, which come before it in the order.
fn along(order: &[usize], forward: &[Vec<usize>]) -> Vec<usize> {
    let mut rank = vec![0_usize; order.len()];
    for &node in order.iter().rev() {
        for &server in &forward[node] {
            rank[server] = rank[server].max(rank[node] + 1);
        }
    }
    rank
}

/// The nodes in the order in which a depth-first walk leaves them, and each node's servers without those that
/// close a cycle.
fn depth_first(links: &Links, outside: &[bool], calling_remote: &[bool]) -> (Vec<usize>, Vec<Vec<usize>>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let count = links.linked.len();
    let servers = |node: usize| if outside[node] { [].iter() } else { links.servers(node).iter() };
    let mut seen = vec![Seen::No; count];
    let mut order = Vec::with_capacity(count);
    let mut forward: Vec<Vec<usize>> = vec![Vec::new(); count];
    let sources = (0..count).filter(|&node| links.clients(node).is_empty() || calling_remote[node]);
    let rest = (0..count).filter(|&node| !links.clients(node).is_empty() && !calling_remote[node]);
    for start in sources.chain(rest) {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::Open;
        let mut walk = vec![(start, servers(start))];
        while let Some((node, rest)) = walk.last_mut() {
            let node = *node;
            match rest.next().map(|&server| server as usize) {
                Some(server) if calling_remote[server] || outside[server] => {}
                Some(server) => match seen[server] {
                    Seen::Open => {}
                    Seen::Done => forward[node].push(server),
                    Seen::No => {
                        forward[node].push(server);
                        seen[server] = Seen::Open;
                        walk.push((server, servers(server)));
                    }
                },
                None => {
                    seen[node] = Seen::Done;
                    order.push(node);
                    walk.pop();
                }
            }
        }
    }
    (order, forward)
}
