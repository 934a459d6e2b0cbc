//! Who stands left of whom: the caller left of the called.

use rustc_hash::FxHashMap;

use crate::view::{GroupKey, NodeKind, View};

/// What layout needs to know of a view's edges: pairs of different nodes, each once.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Client and server, in the order of the view's nodes.
    pub(super) pairs: Vec<(usize, usize)>,
    /// For each node, the nodes that it calls.
    pub(super) servers: Vec<Vec<usize>>,
    /// For each node, the nodes that call it.
    pub(super) clients: Vec<Vec<usize>>,
    /// For each node, whether it has an edge to another. One that only talks to itself needs no line, and folds as
    /// soon as those without any.
    pub(super) linked: Vec<bool>,
}

impl Links {
    pub(super) fn new(view: &View) -> Self {
        Self::of(view.nodes.len(), view.edges.iter().map(|edge| (edge.client, edge.server)))
    }

    fn of(count: usize, edges: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut links = Self {
            pairs: Vec::new(),
            servers: vec![Vec::new(); count],
            clients: vec![Vec::new(); count],
            linked: vec![false; count],
        };
        for (client, server) in edges.filter(|&(client, server)| client < count && server < count) {
            if client != server {
                links.linked[client] = true;
                links.linked[server] = true;
                links.pairs.push((client, server));
            }
        }
        links.pairs.sort_unstable();
        links.pairs.dedup();
        for &(client, server) in &links.pairs {
            links.servers[client].push(server);
            links.clients[server].push(client);
        }
        links
    }

    /// Whether a node is a remote address that is called rather than calls.
    pub(super) fn is_called_remote(&self, view: &View, node: usize) -> bool {
        view.nodes[node].kind == NodeKind::Remote && self.servers[node].len() <= self.clients[node].len()
    }

    /// The nodes at the other ends of a node's edges.
    pub(super) fn others(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.servers[node].iter().chain(&self.clients[node]).copied()
    }
}

/// What stands in one column: a container or namespace with all its nodes, or a single node of the host or outside.
struct Units {
    of_node: Vec<usize>,
    is_remote: Vec<bool>,
    links: Links,
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
                let unit = match &node.group {
                    GroupKey::Internet
                    | GroupKey::Network
                    | GroupKey::Own
                    | GroupKey::Host(_)
                    | GroupKey::Top(_) => new,
                    _ => *groups.entry(&node.group).or_insert(new),
                };
                let outside = node.kind == NodeKind::Remote;
                match is_remote.get_mut(unit) {
                    // One process in it is enough to be of this host.
                    Some(known) => *known &= outside,
                    None => is_remote.push(outside),
                }
                unit
            })
            .collect();
        let pairs = links.pairs.iter().map(|&(client, server)| (of_node[client], of_node[server]));
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
    let is_source = |unit: usize| links.clients[unit].is_empty() || calling_remote[unit];
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
            for &server in links.servers[unit].iter().filter(|_| !outside[unit]) {
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
        .map(|unit| is_remote[unit] && links.servers[unit].len() <= links.clients[unit].len())
        .collect();
    // A remote that calls stays in the first column, whoever calls it; one that is called leads nowhere.
    let calling_remote: Vec<bool> = (0..count).map(|unit| is_remote[unit] && !outside[unit]).collect();
    let (order, forward) = depth_first(links, &outside, &calling_remote);

    let mut rank = vec![0_usize; count];
    for &unit in order.iter().rev() {
        for &server in &forward[unit] {
            rank[server] = rank[server].max(rank[unit] + 1);
        }
    }
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
        if links.clients[node].is_empty() && !is_remote[node] {
            let nearest = links.servers[node].iter().map(|&server| rank[server]).min();
            rank[node] = rank[node].max(nearest.unwrap_or(0).saturating_sub(1));
        }
    }
    // No column stays empty.
    let mut used: Vec<usize> = (0..count).filter(|&node| links.linked[node]).map(|node| rank[node]).collect();
    used.sort_unstable();
    used.dedup();
    (0..count).map(|node| links.linked[node].then(|| used.binary_search(&rank[node]).unwrap_or(0))).collect()
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
    let count = links.servers.len();
    let servers = |node: usize| if outside[node] { [].iter() } else { links.servers[node].iter() };
    let mut seen = vec![Seen::No; count];
    let mut order = Vec::with_capacity(count);
    let mut forward: Vec<Vec<usize>> = vec![Vec::new(); count];
    let sources = (0..count).filter(|&node| links.clients[node].is_empty() || calling_remote[node]);
    let rest = (0..count).filter(|&node| !links.clients[node].is_empty() && !calling_remote[node]);
    for start in sources.chain(rest) {
        if seen[start] != Seen::No {
            continue;
        }
        seen[start] = Seen::Open;
        let mut walk = vec![(start, servers(start))];
        while let Some((node, rest)) = walk.last_mut() {
            let node = *node;
            match rest.next().copied() {
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
