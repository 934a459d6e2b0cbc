//! 50 containers of 10 connections each.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;

use scopetop_lab::binary;
use scopetop_lab::docker::{self, Daemon, IMAGE, Network};
use scopetop_lab::picture::Picture;
use scopetop_lab::wait;
use serde_json::Value;

use crate::{Failure, live_screen, tell};

const CONTAINERS: usize = 50;
const CONNECTIONS: usize = 10;

/// Each is connected to the ten that follow it.
fn truth() -> BTreeSet<(String, String)> {
    let name = |number: usize| format!("c{}", number % CONTAINERS);
    let pairs = |client| (1..=CONNECTIONS).map(move |step| (name(client), name(client + step)));
    (0..CONTAINERS).flat_map(pairs).collect()
}

/// All edges right, and what the live screen costs.
pub(crate) fn containers() -> Result<(), Failure> {
    if let Some(reason) = docker::missing() {
        return Err(reason.into());
    }
    let daemon = Daemon::start(Network::Bridge);
    let name = |number: usize| format!("c{number}");
    let mut addresses = Vec::new();
    for number in 0..CONTAINERS {
        daemon.run(&["--name", &name(number)], &["nc", "-ll", "-p", "5432", "-e", "cat"]);
        addresses.push(daemon.address_of(&name(number)));
    }
    for number in 0..CONTAINERS {
        let mut clients = String::new();
        for step in 1..=CONNECTIONS {
            let address = &addresses[(number + step) % CONTAINERS];
            write!(clients, "sleep 100000 | nc {address} 5432 & ")?;
        }
        daemon.docker(&["exec", "--detach", &name(number), "sh", "-c", &format!("{clients} wait")]);
    }
    let snapshot = |time: &str| -> Result<Picture, Failure> {
        let mut command = binary::command(&["snapshot", "--format", "json", "--for", time]);
        command.env("DOCKER_HOST", daemon.address());
        let outcome = binary::finish(command).succeeded();
        Ok(Picture(serde_json::from_slice(&outcome.stdout)?))
    };
    wait::until("the connections", || {
        let picture = snapshot("0").ok()?;
        (between_containers(&picture).len() == CONTAINERS * CONNECTIONS).then_some(())
    });

    // Two ticks: the first has what was there, the second the names.
    let picture = snapshot("1")?;
    let found = between_containers(&picture);
    let count = found.len();
    let right: BTreeSet<_> = found.into_iter().collect();
    let expected = truth();
    let right = right.intersection(&expected).count();
    let all = CONTAINERS * CONNECTIONS;
    tell("edges between containers, by name", &count.to_string(), &all.to_string(), count == all);
    tell("of them right, each once", &right.to_string(), &all.to_string(), right == all);

    let mut screen = Command::new(binary::path());
    screen.args(["--tick", "1000"]).env("DOCKER_HOST", daemon.address());
    let megabytes = live_screen(&screen)?;
    println!("live screen, memory {megabytes:.0} MB");
    Ok(())
}

/// The names of both ends' containers, once for each connection between two of them.
fn between_containers(picture: &Picture) -> Vec<(String, String)> {
    let nodes: std::collections::HashMap<&str, &Value> =
        picture.list("nodes").iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let container = |end: &Value| {
        let process = nodes.get(end["node"].as_str()?)?;
        let container = nodes.get(process["container"].as_str()?)?;
        // Until it has a name its image is not known either.
        let known = container["image"] == IMAGE || container["image"].is_null();
        known.then(|| container["name"].as_str().unwrap_or("?").to_owned())
    };
    let connections = picture.list("connections").iter();
    connections
        .filter(|connection| connection["server"]["port"] == 5432 && connection["state"] == "established")
        .filter_map(|connection| Some((container(&connection["client"])?, container(&connection["server"])?)))
        .collect()
}
