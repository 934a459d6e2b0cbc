//! What can be done with a selection.

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::act::{Command, Signal, TcpEnd};
use scopetop_tracker::connection::{Address, Protocol};
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::process::Process;
use scopetop_tracker::topology::{Connection, Node, NodeKey, Side, Topology};

use super::Deed;
use crate::app::{Choice, Chooser, Then, Wish};
use crate::human;
use crate::view::{EdgeKey, GroupKey, HostFacts, Look, Selection, ShownKey, View, connections_of};

/// The connections that are offered one by one.
const ONE_BY_ONE: usize = 9;

/// What there is to choose for a selection; else why there is nothing.
pub fn offer(
    topology: &Topology,
    view: &View,
    look: Look<'_>,
    selection: &Selection,
) -> Result<Chooser, String> {
    match selection {
        Selection::Node(key) => of_shown(topology, view, key),
        Selection::Edge(key) => of_edge(topology, view, look, key),
    }
}

fn of_shown(topology: &Topology, view: &View, key: &ShownKey) -> Result<Chooser, String> {
    match key {
        ShownKey::Node(key) => of_node(topology, view, key),
        ShownKey::Group(GroupKey::Container(host, id)) => {
            of_node(topology, view, &NodeKey::Container(*host, id.clone()))
        }
        ShownKey::Group(_) => {
            Err(String::from("open the group first: something is done with one process or container"))
        }
    }
}

fn of_node(topology: &Topology, view: &View, key: &NodeKey) -> Result<Chooser, String> {
    let gone = || String::from("what is selected is gone");
    let index = topology.node(key).ok_or_else(gone)?;
    let mut choices = Vec::new();
    let question = match topology.graph().node_weight(index).ok_or_else(gone)? {
        Node::Process(process) => {
            choices.extend(Signal::ALL.map(|signal| to_send(signal, process, now(view))));
            if let Some(container) = topology.container_of(index) {
                choices.extend(of_container(topology, container));
            }
            format!("{} {}", process.comm, process.id.pid)
        }
        Node::Container(container) => {
            choices.extend(of_container(topology, index));
            format!("container {}", container.name.as_ref().unwrap_or(&container.id.0))
        }
        Node::Remote { .. } => {
            return Err(String::from("an address elsewhere: select one of its connections to close it"));
        }
        Node::Unknown { .. } => return Err(unknown(view)),
    };
    Ok(Chooser { question, choices, at: 0 })
}

/// Why nothing can be done with sockets that nobody is known to hold.
fn unknown(view: &View) -> String {
    match view.host.as_ref().and_then(HostFacts::short_remedy) {
        Some(remedy) => format!("whose sockets these are is not known to this user: {remedy}"),
        None => String::from("no process was seen holding these sockets: there is none to act on"),
    }
}

fn now(view: &View) -> Timestamp {
    view.host.as_ref().map_or(Timestamp(0), |host| host.at)
}

fn to_send(signal: Signal, process: &Process, now: Timestamp) -> Choice {
    let (key, what) = match signal {
        Signal::Term => ('t', "ask it to end"),
        Signal::Kill => ('k', "end it at once"),
        Signal::Hup => ('h', "often: read the configuration again"),
        Signal::Int => ('i', "as Ctrl-C does"),
        Signal::Stop => ('s', "hold it"),
        Signal::Cont => ('c', "let it go on"),
        Signal::Usr1 => ('1', "whatever it makes of it"),
        Signal::Usr2 => ('2', "whatever it makes of it"),
    };
    let who = format!("{} {}", process.comm, process.id.pid);
    let since = process
        .started_at
        .map_or_else(String::new, |started| format!(" (started {} ago)", human::age(now.since(started))));
    let question = format!("send {} to {who}{since}?", signal.name());
    let deed = Deed::Signal { signal, process: process.id, who };
    Choice {
        key,
        label: format!("{}  {what}", signal.name()),
        then: Then::Ask(Box::new(confirm(question, deed))),
    }
}

fn of_container(topology: &Topology, index: NodeIndex) -> Vec<Choice> {
    let Some(Node::Container(container)) = topology.graph().node_weight(index) else { return Vec::new() };
    let id: String = container.id.0.chars().take(12).collect();
    let name = match &container.name {
        Some(name) => format!("container {name} ({id})"),
        None => format!("container {id}"),
    };
    let command = |key, command: Command| {
        let deed = Deed::Container { command, id: container.id.clone(), name: name.clone() };
        Choice {
            key,
            label: format!("{} {name}", command.name()),
            then: Then::Ask(Box::new(confirm(format!("{} {name}?", command.name()), deed))),
        }
    };
    let logs = Wish::Follow { id: container.id.clone(), name: name.clone() };
    vec![
        command('p', Command::Stop),
        command('r', Command::Restart),
        Choice { key: 'l', label: format!("follow the logs of {name}"), then: Then::Wish(logs) },
    ]
}

fn of_edge(topology: &Topology, view: &View, look: Look<'_>, key: &EdgeKey) -> Result<Chooser, String> {
    let gone = || String::from("what is selected is gone");
    let shown = view.edges.get(view.edge_place(key).ok_or_else(gone)?).ok_or_else(gone)?;
    if key.service.protocol() != Protocol::Tcp {
        return of_ends(topology, view, key);
    }
    let (Some(client), Some(server)) = (view.nodes.get(shown.client), view.nodes.get(shown.server)) else {
        return Err(gone());
    };
    let mut connections = connections_of(topology, view, look, key);
    connections.retain(|connection| !connection.state.is_over());
    connections.sort_unstable_by_key(|connection| connection.id);
    let ends: Vec<(&Connection, TcpEnd)> =
        connections.into_iter().filter_map(|connection| Some((connection, end_of(connection)?))).collect();
    if ends.is_empty() {
        return Err(String::from("none of its connections is open any more"));
    }
    let edge = format!("{} → {} {}", client.label, server.label, shown.service);
    let mut choices: Vec<Choice> = ends
        .iter()
        .zip('1'..='9')
        .take(ONE_BY_ONE)
        .map(|((connection, end), key)| {
            let pair = format!("{} → {}", connection.client.address, connection.server.address);
            let deed = Deed::Close { ends: vec![end.clone()], what: format!("the connection {pair}") };
            let question = format!("close the connection {pair} of {edge}?");
            Choice { key, label: format!("close {pair}"), then: Then::Ask(Box::new(confirm(question, deed))) }
        })
        .collect();
    if ends.len() > 1 {
        let what = format!("all {} connections of {edge}", human::count(ends.len()));
        let deed = Deed::Close { ends: ends.into_iter().map(|(_, end)| end).collect(), what: what.clone() };
        let then = Then::Ask(Box::new(confirm(format!("close {what}?"), deed)));
        choices.push(Choice { key: 'a', label: format!("close {what}"), then });
    }
    Ok(Chooser { question: edge, choices, at: 0 })
}

/// What is no TCP cannot be closed: something may be done with who is at its ends.
fn of_ends(topology: &Topology, view: &View, key: &EdgeKey) -> Result<Chooser, String> {
    let why = format!("this is {}, and only TCP connections can be closed", key.service.protocol());
    let mut ends = vec![('c', &key.client), ('s', &key.server)];
    ends.dedup_by_key(|(_, end)| *end);
    let mut choices = Vec::new();
    let mut not = String::new();
    for (key, end) in ends {
        match of_shown(topology, view, end) {
            Ok(chooser) => {
                let label = format!("do something with {}", chooser.question);
                choices.push(Choice { key, label, then: Then::Ask(Box::new(chooser)) });
            }
            Err(reason) => not = reason,
        }
    }
    if choices.is_empty() {
        return Err(format!("{why}; its ends: {not}"));
    }
    Ok(Chooser { question: why, choices, at: 0 })
}

/// The end of a connection that can be closed: the client's if its socket is on this host, else the server's.
fn end_of(connection: &Connection) -> Option<TcpEnd> {
    let end = |own: &Side, other: &Side| {
        own.socket?;
        let inet = |address: &Address| match address {
            Address::Inet(address) => Some(*address),
            Address::Unix(_) => None,
        };
        Some(TcpEnd {
            netns: own.netns?,
            local: inet(&own.address)?,
            remote: other.nat.or(inet(&other.address))?,
            owners: own.owners.clone(),
        })
    };
    end(&connection.client, &connection.server).or_else(|| end(&connection.server, &connection.client))
}

/// The question before the deed; no is what Enter takes.
fn confirm(question: String, deed: Deed) -> Chooser {
    Chooser {
        question,
        choices: vec![
            Choice { key: 'y', label: String::from("yes"), then: Then::Wish(Wish::Do(deed)) },
            Choice { key: 'n', label: String::from("no"), then: Then::Nothing },
        ],
        at: 1,
    }
}
