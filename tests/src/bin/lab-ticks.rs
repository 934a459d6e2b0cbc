//! Tells in JSON, a line a tick, what the tracker's ticks make of one network namespace (or of all): for scenarios that
//! count ticks. `lab-ticks MILLISECONDS [NETNS]`

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::connection::flow::Patience;
use scopetop_tracker::identity::{NetnsId, ProcessId};
use scopetop_tracker::topology::{Connection, HostIndex, Node, NodeKey, Side, Topology};
use scopetop_tracker::{Backend, Options, Tick, Tracker, Update};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-ticks: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let milliseconds = arguments.first().ok_or("how long is a tick?")?.parse()?;
    let netns = arguments.get(1).map(|number| number.parse().map(NetnsId)).transpose()?;
    let tick = Duration::from_millis(milliseconds);
    let mut tracker = Tracker::start(&Options {
        tick,
        backend: Backend::Ebpf,
        tell_events: false,
        udp_patience: Patience::default(),
        arguments: true,
        resolve: false,
    })?;
    let mut topology = Topology::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    while let Some(update) = runtime.block_on(tracker.next()) {
        let Update::Tick(tick) = update else { continue };
        topology.apply(&tick);
        let mut output = io::stdout().lock();
        // Whoever asked is gone: a normal end.
        if writeln!(output, "{}", told(&topology, &tick, netns)).and_then(|()| output.flush()).is_err() {
            break;
        }
    }
    Ok(())
}

fn told(topology: &Topology, tick: &Tick, netns: Option<NetnsId>) -> Value {
    let is_in = |side: &Side| netns.is_none() || side.netns == netns;
    let wanted = |connection: &&Connection| {
        connection.protocol == Protocol::Tcp && (is_in(&connection.client) || is_in(&connection.server))
    };
    let connections: Vec<Value> = topology
        .connections()
        .filter(wanted)
        .map(|connection| {
            json!({
                "id": connection.id.0,
                "state": connection.state.name(),
                "client": side(topology, &connection.client),
                "server": side(topology, &connection.server),
            })
        })
        .collect();
    let edges = topology.graph().edge_weights().filter(|edge| {
        let mut of_edge = edge.connections.iter().filter_map(|id| topology.connection(*id));
        of_edge.any(|connection| wanted(&connection))
    });
    json!({ "tick": tick.sequence, "edges": edges.count(), "connections": connections })
}

fn side(topology: &Topology, side: &Side) -> Value {
    let process = match topology.key(side.node) {
        Some(&NodeKey::Process(host, id)) => process(topology, host, id),
        _ => Value::Null,
    };
    let container = topology.container_of(side.node).and_then(|node| topology.graph().node_weight(node));
    let container = match container {
        Some(Node::Container(container)) => json!({
            "id": container.id.0.as_str(),
            "name": container.name.as_deref(),
            "image": container.image.as_deref(),
        }),
        _ => Value::Null,
    };
    json!({
        "port": side.address.port(),
        "pids": side.owners.iter().map(|owner| owner.pid).collect::<Vec<_>>(),
        "process": process,
        "container": container,
    })
}

fn process(topology: &Topology, host: HostIndex, id: ProcessId) -> Value {
    let comm = topology.process(host, id).map(|process| process.comm.as_str());
    json!({ "pid": id.pid, "comm": comm })
}
