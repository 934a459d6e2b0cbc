//! A tick comes in.

use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashMap;

use super::assemble::Before;
use super::connection::{Connection, ConnectionId, Listener};
use super::end::{End, EndIndex, LinkIndex, Tuple, TupleNumber};
use super::host::{Host, HostView};
use super::node::{HostIndex, Node, NodeKey};
use super::readings::Readings;
use super::{Rate, Topology};
use crate::connection::{Socket, State};
use crate::container::Container;
use crate::identity::{ContainerId, NetnsId, ProcessId, SocketId, Timestamp};
use crate::process::Process;
use crate::tick::Tick;

/// What is known while a tick is taken in.
pub(super) struct Work<'t> {
    pub(super) host: HostIndex,
    /// Whether it is the host's first: then it tells what was there before.
    is_first: bool,
    pub(super) readings: Readings,
    /// Connections from this one on were made by this tick.
    pub(super) first_made: ConnectionId,
    /// The ends that this tick told of, in its order, each with its socket as long as its connection does not know it.
    pub(super) fresh: Vec<(EndIndex, Option<&'t Socket>)>,
    /// Whether there were ends before.
    pub(super) had_ends: bool,
    /// Ends that may have to be joined or taken apart.
    pub(super) check: Vec<EndIndex>,
    /// Ends of which this tick tells what translation makes of their connections.
    pub(super) translated: Vec<EndIndex>,
    /// For use on the way there.
    pub(super) near: Vec<EndIndex>,
    /// Tuples that ends had, of which all other ends may have to be.
    pub(super) groups: Vec<TupleNumber>,
    /// The connections of earlier ticks that this one changes, as they were.
    pub(super) before: FxHashMap<ConnectionId, Before>,
}

impl Work<'_> {
    /// Whether a connection that this tick told of for the first time began in it.
    pub(super) fn began_in(&self, opened_at: Option<Timestamp>) -> bool {
        !self.is_first
            || opened_at
                .is_some_and(|opened_at| self.readings.tick_ended.since(opened_at) <= self.readings.duration)
    }
}

impl Topology {
    /// Takes the next tick of a host in. What closed in that host's tick before leaves the graph; what closes in this
    /// one stays in it until the next.
    ///
    /// A tick that does not fit what came before is taken for what it says: a socket that changed and is not known
    /// has opened, one that closed and is not known is shown once, one that opens twice has changed.
    pub fn apply(&mut self, tick: &Tick) {
        let Some((host, is_first)) = self.enter(tick) else { return };
        self.begin_changes();
        let told = tick.opened.len() + tick.changed.len() + tick.closed.len();
        self.reserve(host, tick.opened.len());
        self.ends.begin_list();
        let mut work = Work {
            host,
            is_first,
            readings: self.note_reading(host, tick),
            first_made: ConnectionId(self.next_connection),
            fresh: Vec::with_capacity(told),
            had_ends: !self.ends.is_empty(),
            check: Vec::with_capacity(told),
            translated: Vec::new(),
            near: Vec::new(),
            groups: Vec::new(),
            before: FxHashMap::default(),
        };
        self.undo_newest(&mut work);
        self.explain(host, tick);
        for socket in tick.opened.iter().chain(&tick.changed) {
            self.take_socket(&mut work, socket, socket.state);
        }
        for socket in &tick.closed {
            let state = if socket.state.is_over() { socket.state } else { State::Closed };
            self.take_socket(&mut work, socket, state);
        }
        for &socket in &tick.forgotten {
            self.forget_socket(&mut work, socket);
        }
        for translation in &tick.translations {
            self.take_translation(&mut work, translation);
        }
        self.join_ends(&mut work);
        self.edges.remove_empty(&mut self.graph);
        let hosts = &mut self.hosts;
        self.nodes.remove_unused(&mut self.graph, |key| match key {
            NodeKey::Process(host, id) => hosts[usize::from(host.0)].processes.spare(&id),
            NodeKey::Container(host, id) => hosts[usize::from(host.0)].containers.spare(&id),
            NodeKey::Remote(None, address) => Self::spare_remote_name(hosts, address),
            NodeKey::Remote(Some(_), _) | NodeKey::Unknown(..) => {}
        });
        self.spare_unused(host, tick);
    }

    fn reserve(&mut self, host: HostIndex, sockets: usize) {
        self.ends.reserve(sockets);
        self.links.reserve(sockets);
        self.host_mut(host).sockets.reserve(sockets);
    }

    /// The tick's host, and whether it is new. There is room for 65,536 hosts; the ticks of others are not taken in.
    fn enter(&mut self, tick: &Tick) -> Option<(HostIndex, bool)> {
        if let Some(index) = self.views.iter().position(|view| view.id == tick.host) {
            self.views[index] = HostView::of(tick);
            return Some((HostIndex(u16::try_from(index).ok()?), false));
        }
        let host = HostIndex(u16::try_from(self.hosts.len()).ok()?);
        self.hosts.push(Host::default());
        self.views.push(HostView::of(tick));
        Some((host, true))
    }

    pub(super) fn host_mut(&mut self, host: HostIndex) -> &mut Host {
        // A HostIndex is made with its host, and hosts stay.
        &mut self.hosts[usize::from(host.0)]
    }

    /// When the host's counters were read. Where nothing tells, they are as new as the tick.
    fn note_reading(&mut self, host: HostIndex, tick: &Tick) -> Readings {
        let read_at = tick.source.counters_at.unwrap_or(tick.at);
        let before = self.host_mut(host).counters_at;
        let newest = Some(read_at).filter(|_| before < Some(read_at));
        if newest.is_some() {
            self.host_mut(host).counters_at = newest;
        }
        Readings { before, newest, tick_ended: tick.at, duration: tick.duration }
    }

    /// Removes what was over in the host's tick before, and nothing is new any more. Nothing is moving any more, if
    /// the counters were read since.
    fn undo_newest(&mut self, work: &mut Work<'_>) {
        let newest = std::mem::take(&mut self.host_mut(work.host).newest);
        for id in newest.new {
            self.adjust(id, |connection| connection.is_new = false);
        }
        if work.readings.newest.is_some() {
            for id in newest.moving {
                self.adjust(id, |connection| connection.rate = Rate::default());
            }
        } else {
            self.host_mut(work.host).newest.moving = newest.moving;
        }
        for socket in newest.over_sockets {
            if self.listeners.get(&(work.host, socket)).is_some_and(|listener| listener.closed) {
                self.remove_listener(work.host, socket);
            }
            if let Some(&end) = self.host_mut(work.host).sockets.get(&socket)
                && self.ends.get(end).is_some_and(|end| end.is_over() && !end.is_gone)
            {
                self.unindex(work, end);
                if let Some(end) = self.ends.get_mut(end) {
                    end.is_gone = true;
                }
            }
        }
        for id in newest.over {
            if let Some(link) = self.links.find(id)
                && self.links.get(link).is_some_and(|link| link.view.state.is_over())
            {
                self.remove_link(work, link);
            }
        }
    }

    /// Changes a connection without moving it.
    fn adjust(&mut self, id: ConnectionId, change: impl FnOnce(&mut Connection)) {
        let Some(link) = self.links.find(id).and_then(|link| self.links.get_mut(link)) else { return };
        let edge = self.graph.edge_weight_mut(link.edge);
        let Some(edge) = edge else { return };
        edge.count_out(&link.view);
        change(&mut link.view);
        edge.count_in(&link.view);
        self.edges.touch(link.edge);
    }

    /// Takes in who the processes and containers are.
    fn explain(&mut self, host: HostIndex, tick: &Tick) {
        for container in &tick.containers {
            self.host_mut(host).containers.set(container.id.clone(), container.clone());
            let node = self.nodes.find(&NodeKey::Container(host, container.id.clone()));
            if let Some(weight) = node.and_then(|node| self.graph.node_weight_mut(node)) {
                let told = Node::Container(container.clone());
                self.journal.facts |= *weight != told;
                *weight = told;
            }
        }
        for process in &tick.processes {
            self.host_mut(host).processes.set(process.id, process.clone());
            if let Some(node) = self.nodes.find(&NodeKey::Process(host, process.id)) {
                let container = process.container.as_ref().map(|id| self.container_node(host, id));
                self.nodes.set_container(node, container);
                if let Some(weight) = self.graph.node_weight_mut(node) {
                    *weight = Node::Process(process.clone());
                    self.nodes.touch(node);
                }
            }
        }
        for namespace in &tick.namespaces {
            let before = self.host_mut(host).namespaces.insert(namespace.id, namespace.names.clone());
            self.journal.facts |= before.unwrap_or_default() != namespace.names;
        }
        if self.learn_networks(host, &tick.namespaces) {
            self.rescope();
        }
        self.learn_remote_names(host, tick);
    }

    /// What this tick explained and has no node is out of use.
    fn spare_unused(&mut self, host: HostIndex, tick: &Tick) {
        for process in &tick.processes {
            if self.nodes.find(&NodeKey::Process(host, process.id)).is_none() {
                self.host_mut(host).processes.spare(&process.id);
            }
        }
        for container in &tick.containers {
            if self.nodes.find(&NodeKey::Container(host, container.id.clone())).is_none() {
                self.host_mut(host).containers.spare(&container.id);
            }
        }
    }

    /// The node of a socket: its first owner's, or the namespace's unknown one.
    pub(super) fn owner_node(
        &mut self,
        host: HostIndex,
        netns: NetnsId,
        owner: Option<ProcessId>,
    ) -> NodeIndex {
        let Some(id) = owner else {
            return self.plain_node(NodeKey::Unknown(host, netns), Node::Unknown { netns });
        };
        let key = NodeKey::Process(host, id);
        if let Some(node) = self.nodes.find(&key) {
            return node;
        }
        let facts = &mut self.host_mut(host).processes;
        facts.keep(&id);
        let process = facts.get(&id).cloned().unwrap_or_else(|| Process::unknown(id));
        let container = process.container.clone();
        let node = self.nodes.add(&mut self.graph, key, Node::Process(process));
        if let Some(container) = container {
            let container = self.container_node(host, &container);
            self.nodes.set_container(node, Some(container));
        }
        node
    }

    fn container_node(&mut self, host: HostIndex, id: &ContainerId) -> NodeIndex {
        let key = NodeKey::Container(host, id.clone());
        if let Some(node) = self.nodes.find(&key) {
            return node;
        }
        let facts = &mut self.host_mut(host).containers;
        facts.keep(id);
        let container = facts.get(id).cloned().unwrap_or_else(|| Container {
            id: id.clone(),
            runtime: None,
            parent: None,
            name: None,
            image: None,
            labels: std::collections::BTreeMap::new(),
            netns: None,
        });
        self.nodes.add(&mut self.graph, key, Node::Container(container))
    }

    /// The node of something that its key says all about.
    pub(super) fn plain_node(&mut self, key: NodeKey, node: Node) -> NodeIndex {
        match self.nodes.find(&key) {
            Some(node) => node,
            None => self.nodes.add(&mut self.graph, key, node),
        }
    }

    /// Takes one socket in, in that state. Whose end it is comes later, when all are in.
    fn take_socket<'t>(&mut self, work: &mut Work<'t>, socket: &'t Socket, state: State) {
        let Some(remote) = socket.remote.as_ref().filter(|_| state != State::Listen) else {
            self.take_listener(work, socket, state);
            return;
        };
        self.remove_listener(work.host, socket.id);
        let tuple = Tuple::new(&socket.local, remote);
        let end = if let Some(index) = self.host_mut(work.host).sockets.get(&socket.id).copied() {
            let before = self.own_tuple(work, index);
            let Some(end) = self.ends.get_mut(index) else { return };
            if end.is_gone && state.is_over() {
                // A close that is told twice.
                return;
            }
            if !end.is_gone && end.joins_alike(socket, state) && before == tuple {
                end.update(socket, state);
            } else {
                self.unindex(work, index);
                if let Some(end) = self.ends.get_mut(index) {
                    end.update(socket, state);
                    end.is_gone = false;
                    if before != tuple {
                        end.translation = None;
                    }
                }
                self.ends.index(index, tuple);
                self.mark(work, index);
            }
            index
        } else {
            let index = self.ends.add(End::new(work.host, socket, state));
            self.host_mut(work.host).sockets.insert(socket.id, index);
            self.ends.index(index, tuple);
            self.mark(work, index);
            index
        };
        if state.is_over() {
            self.host_mut(work.host).newest.over_sockets.push(socket.id);
        }
        if let Some(entry) = self.ends.get_mut(end) {
            entry.fresh = work.fresh.len() as u32;
        }
        work.fresh.push((end, Some(socket)));
    }

    fn take_listener(&mut self, work: &mut Work<'_>, socket: &Socket, state: State) {
        let host = work.host;
        if let Some(&end) = self.host_mut(host).sockets.get(&socket.id) {
            self.forget_end(work, end);
        }
        let mut nodes: Vec<_> =
            socket.owners.iter().map(|&owner| self.owner_node(host, socket.netns, Some(owner))).collect();
        if nodes.is_empty() {
            nodes.push(self.owner_node(host, socket.netns, None));
        }
        for &node in &nodes {
            self.nodes.acquire(node);
        }
        self.remove_listener(host, socket.id);
        let closed = state.is_over();
        if closed {
            self.host_mut(host).newest.over_sockets.push(socket.id);
        }
        let key = (host, socket.id);
        let listener = Listener {
            socket: key,
            nodes,
            protocol: socket.protocol,
            address: socket.local.clone(),
            netns: socket.netns,
            closed,
        };
        self.listeners.insert(key, listener);
        self.journal.listeners = true;
    }

    fn remove_listener(&mut self, host: HostIndex, socket: SocketId) {
        let Some(listener) = self.listeners.remove(&(host, socket)) else { return };
        self.journal.listeners = true;
        for node in listener.nodes {
            self.nodes.release(node);
        }
    }

    fn forget_socket(&mut self, work: &mut Work<'_>, socket: SocketId) {
        self.remove_listener(work.host, socket);
        if let Some(&end) = self.host_mut(work.host).sockets.get(&socket) {
            self.forget_end(work, end);
        }
    }

    /// Removes a connection at once, with its ends.
    pub(super) fn remove_link(&mut self, work: &mut Work<'_>, link: LinkIndex) {
        let Some(removed) = self.dissolve(link) else { return };
        for end in removed.ends() {
            self.remove_end(work, end);
        }
    }

    /// Removes an end that is of no connection any more.
    pub(super) fn remove_end(&mut self, work: &mut Work<'_>, end: EndIndex) {
        self.unindex(work, end);
        self.take_fresh(work, end);
        if let Some(removed) = self.ends.remove(end) {
            self.host_mut(removed.host).sockets.remove(&removed.socket);
        }
    }
}
