//! Real containers of a real Docker daemon: whose a process is, and what its container is called.
//!
//! One daemon serves all of it: it takes seconds to start.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod acting;
mod published;

use std::process::Command;

use scopetop_lab::binary::{self, Events, Outcome};
use scopetop_lab::docker::{self, Daemon, IMAGE, Network};
use scopetop_lab::picture::{Picture, edges_where};
use scopetop_lab::ticks::Ticks;
use scopetop_lab::{need, require, wait};
use serde_json::{Value, json};

#[test]
fn containers_of_a_docker_daemon() {
    require!(Root, Namespaces, Ebpf);
    if let Some(reason) = docker::missing() {
        need::skip("containers::containers_of_a_docker_daemon", &reason);
        return;
    }
    let daemon = Daemon::start(Network::Bridge);
    let world = World::build(&daemon);

    a_container_to_another_over_the_bridge(&daemon, &world);
    the_namespace_is_called_after_its_containers(&daemon, &world);
    a_process_on_the_hosts_network_belongs_to_its_container(&daemon, &world);
    a_process_in_the_hosts_pid_namespace_belongs_to_its_container(&daemon, &world);
    containers_that_share_a_namespace_meet_on_its_loopback(&daemon, &world);
    a_new_name_is_known_soon(&daemon);
    a_new_container_has_its_name_by_the_next_tick(&daemon, &world);
    a_container_that_lives_less_than_a_tick_is_grey_for_one(&daemon, &world);
    an_engine_that_answers_nobody_costs_only_the_names(&daemon, &world);
    a_container_that_ends_at_once_has_its_own_events(&daemon, &world);
    acting::the_log_of_a_container_is_followed_and_it_is_stopped(&daemon);
}

/// The containers: `db` serves; `web` is connected to it by a process that was entered by exec; `side` is in the
/// network namespace of `web`; `open` is in the network namespace of the daemon and connected to `db` too.
struct World {
    db: String,
    db_address: String,
    web: String,
    open: String,
}

impl World {
    fn build(daemon: &Daemon) -> Self {
        let db =
            daemon.run(&["--name", "db", "--label", "tier=data"], &["nc", "-ll", "-p", "5432", "-e", "cat"]);
        let db_address = daemon.address_of("db");
        let web = daemon.run(&["--name", "web"], &["sleep", "100000"]);
        daemon.run(
            &[
                "--name",
                "side",
                "--network",
                "container:web",
                "--label",
                "io.kubernetes.pod.name=shop-1",
                "--label",
                "io.kubernetes.pod.namespace=prod",
            ],
            &["nc", "-ll", "-p", "8080", "-e", "cat"],
        );
        let client = format!("sleep 100000 | nc {db_address} 5432");
        daemon.docker(&["exec", "--detach", "web", "sh", "-c", &client]);
        let open = daemon.run(&["--name", "open", "--network", "host"], &["sh", "-c", &client]);
        let world = Self { db, db_address, web, open };
        wait::until("both connections", || {
            let picture = snapshot(daemon, &["--for", "0"]);
            (world.connections(&picture).len() == 2).then_some(())
        });
        world
    }

    /// The connections to `db`: no other test has a server at that address in that namespace.
    fn connections<'picture>(&self, picture: &'picture Picture) -> Vec<&'picture Value> {
        let to_db = |connection: &&Value| {
            connection["server"]["address"] == self.db_address.as_str()
                && connection["server"]["port"] == 5432
                && connection["state"] == "established"
                && container_of(picture, &connection["server"])["container_id"] == self.db.as_str()
        };
        picture.list("connections").iter().filter(to_db).collect()
    }

    /// The connection whose client is in this container.
    fn connection_from<'picture>(&self, picture: &'picture Picture, container: &str) -> &'picture Value {
        let from =
            |connection: &&Value| container_of(picture, &connection["client"])["container_id"] == container;
        let found: Vec<_> = self.connections(picture).into_iter().filter(from).collect();
        assert_eq!(found.len(), 1, "from {container}: {:#}", picture.0);
        found[0]
    }
}

fn with_engine(daemon: &Daemon, mut command: Command) -> Command {
    command.env("DOCKER_HOST", daemon.address());
    command
}

fn snapshot_outcome(daemon: &Daemon, arguments: &[&str]) -> (Picture, Outcome) {
    let command = binary::command(&[&["snapshot", "--format", "json"], arguments].concat());
    let outcome = binary::finish(with_engine(daemon, command)).succeeded();
    (Picture(serde_json::from_slice(&outcome.stdout).unwrap()), outcome)
}

fn snapshot(daemon: &Daemon, arguments: &[&str]) -> Picture {
    snapshot_outcome(daemon, arguments).0
}

/// The container's node of an end of a connection; null where it has none.
fn container_of<'picture>(picture: &'picture Picture, end: &Value) -> &'picture Value {
    let id = &picture.node_of(end)["container"];
    picture.list("nodes").iter().find(|node| node["id"] == *id).unwrap_or(&Value::Null)
}

fn a_container_to_another_over_the_bridge(daemon: &Daemon, world: &World) {
    // Two ticks: the first has what was there.
    let picture = snapshot(daemon, &["--for", "1"]);
    let connection = world.connection_from(&picture, &world.web);
    let (client, server) = (&connection["client"], &connection["server"]);
    assert_eq!(picture.node_of(client)["comm"], "nc");
    assert_eq!(picture.node_of(server)["comm"], "cat");
    let (web, db) = (container_of(&picture, client), container_of(&picture, server));
    let told = |container: &Value| ["name", "image", "labels", "runtime"].map(|key| container[key].clone());
    assert_eq!(told(web), [json!("web"), json!(IMAGE), json!({}), json!("docker")]);
    assert_eq!(told(db), [json!("db"), json!(IMAGE), json!({"tier": "data"}), json!("docker")]);
    assert_ne!(client["netns"], server["netns"]);
    assert_eq!(db["netns"], server["netns"]);
    // From `web` and from `open`.
    let edges = edges_where(&format!("netns={} and port=5432", server["netns"]));
    assert_eq!(edges, 2);
}

fn the_namespace_is_called_after_its_containers(daemon: &Daemon, world: &World) {
    for (filter, clients, listens) in [
        ("netns=web", vec![world.web.as_str()], true),
        // In the same namespace.
        ("netns=side", vec![world.web.as_str()], true),
        ("container=web", vec![world.web.as_str()], false),
        // To this daemon the namespace that it runs in is the host's; it is not the first process's.
        ("netns=open", vec![world.open.as_str()], false),
        ("netns=host", vec![], false),
        (&format!("netns={}", daemon.namespace.inode()), vec![world.open.as_str()], false),
        ("pod=shop-1", vec![], true),
        ("label.io.kubernetes.pod.namespace=prod", vec![], true),
        ("pod=shop-2", vec![], false),
    ] {
        let picture = snapshot(daemon, &["--for", "1", "--filter", filter]);
        let mut found: Vec<_> = world
            .connections(&picture)
            .into_iter()
            .map(|connection| container_of(&picture, &connection["client"])["container_id"].as_str().unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, clients, "{filter}");
        let of_side = |listener: &&Value| container_of(&picture, listener)["name"] == "side";
        let side = picture.list("listeners").iter().filter(of_side).count();
        assert_eq!(side, usize::from(listens), "{filter}: {:#?}", picture.list("listeners"));
    }
}

fn a_process_on_the_hosts_network_belongs_to_its_container(daemon: &Daemon, world: &World) {
    let picture = snapshot(daemon, &["--for", "1"]);
    let connection = world.connection_from(&picture, &world.open);
    let client = &connection["client"];
    assert_eq!(client["netns"], daemon.namespace.inode(), "of the daemon, which is its host");
    assert_eq!(container_of(&picture, client)["name"], "open");
}

fn a_process_in_the_hosts_pid_namespace_belongs_to_its_container(daemon: &Daemon, world: &World) {
    let client = format!("sleep 100000 | nc {} 5432", world.db_address);
    let kin = daemon.run(&["--name", "kin", "--pid", "host"], &["sh", "-c", &client]);
    wait::until("its connection", || {
        (world.connections(&snapshot(daemon, &["--for", "0"])).len() == 3).then_some(())
    });
    let picture = snapshot(daemon, &["--for", "1"]);
    let client = &world.connection_from(&picture, &kin)["client"];
    assert_eq!(container_of(&picture, client)["name"], "kin");
    daemon.docker(&["rm", "--force", "kin"]);
}

fn containers_that_share_a_namespace_meet_on_its_loopback(daemon: &Daemon, world: &World) {
    // `side` listens there, `web` connects: the address is the same in every container.
    daemon.docker(&["exec", "--detach", "web", "sh", "-c", "sleep 100000 | nc 127.0.0.1 8080"]);
    let connections = |picture: &Picture| -> Vec<Value> {
        let to_side = |connection: &&Value| {
            connection["server"]["address"] == "127.0.0.1"
                && container_of(picture, &connection["server"])["name"] == "side"
        };
        picture.list("connections").iter().filter(to_side).cloned().collect()
    };
    wait::until("the connection", || {
        let picture = snapshot(daemon, &["--for", "1", "--filter", "netns=side"]);
        let found = connections(&picture);
        let [connection] = &found[..] else { return None };
        assert_eq!(container_of(&picture, &connection["client"])["container_id"], world.web.as_str());
        assert_eq!(connection["client"]["netns"], connection["server"]["netns"]);
        Some(())
    });
    let picture = snapshot(daemon, &["--for", "0", "--filter", "netns=open"]);
    assert_eq!(connections(&picture), [] as [Value; 0], "nobody else sees it");
}

/// Whose client's container this is, in a tick: its connection.
fn of_container<'tick>(tick: &'tick Value, id: &str) -> Vec<&'tick Value> {
    let connections = tick["connections"].as_array().unwrap();
    connections.iter().filter(|connection| connection["client"]["container"]["id"] == id).collect()
}

fn ticks(daemon: &Daemon, milliseconds: u32) -> Ticks {
    Ticks::spawn(with_engine(daemon, Command::new(binary::companion("lab-ticks"))), milliseconds, None)
}

fn a_new_container_has_its_name_by_the_next_tick(daemon: &Daemon, world: &World) {
    let mut ticks = ticks(daemon, 1_000);
    let client = format!("sleep 100000 | nc {} 5432", world.db_address);
    for number in 0..3 {
        let name = format!("late{number}");
        let id = daemon.run(&["--name", &name], &["sh", "-c", &client]);
        // The tick that first shows it may not know more than its id.
        ticks.wait_for("the container", |tick| (!of_container(tick, &id).is_empty()).then_some(()));
        let second = ticks.next_tick();
        let [connection] = of_container(&second, &id)[..] else { panic!("{second:#}") };
        let container = &connection["client"]["container"];
        assert_eq!(
            (&container["name"], &container["image"]),
            (&json!(name), &json!(IMAGE)),
            "{connection:#}"
        );
        daemon.docker(&["rm", "--force", &name]);
    }
}

fn a_container_that_lives_less_than_a_tick_is_grey_for_one(daemon: &Daemon, world: &World) {
    // Long enough for all of its life, wherever in it the tick ends.
    let mut ticks = ticks(daemon, 4_000);
    let client = format!("nc {} 5432 < /dev/null", world.db_address);
    wait::until("one that began and ended in a tick", || {
        ticks.next_tick();
        let id = daemon.run(&[], &["sh", "-c", &client]);
        daemon.docker(&["wait", &id]);
        let first = ticks.wait_for("the container", |tick| {
            let found: Vec<Value> = of_container(tick, &id).into_iter().cloned().collect();
            (!found.is_empty()).then_some(found)
        });
        let [connection] = &first[..] else { panic!("{first:#?}") };
        if connection["state"] != "closed" {
            return None;
        }
        assert_eq!(connection["client"]["process"]["comm"], "nc", "{connection:#}");
        let after = ticks.next_tick();
        assert_eq!(of_container(&after, &id), [] as [&Value; 0]);
        Some(())
    });
}

fn a_new_name_is_known_soon(daemon: &Daemon) {
    daemon.docker(&["rename", "db", "database"]);
    let picture = snapshot(daemon, &["--for", "1", "--filter", "container=database"]);
    assert_eq!(picture.list("connections").len(), 2, "{:#}", picture.0);
    daemon.docker(&["rename", "database", "db"]);
}

fn an_engine_that_answers_nobody_costs_only_the_names(daemon: &Daemon, world: &World) {
    daemon.freeze(true);
    // Longer than the patience with an engine.
    let (picture, outcome) = snapshot_outcome(daemon, &["--for", "5"]);
    daemon.freeze(false);
    let connection = world.connection_from(&picture, &world.web);
    assert_eq!(container_of(&picture, &connection["client"])["name"], Value::Null);
    let reasons = picture.0["source"]["reasons"].as_array().unwrap();
    let of_engine = reasons.iter().filter(|reason| reason.as_str().unwrap().contains("d.sock")).count();
    assert_eq!(of_engine, 1, "{reasons:?}");
    assert!(outcome.stderr.contains("no answer within"), "{}", outcome.stderr);
}

fn a_container_that_ends_at_once_has_its_own_events(daemon: &Daemon, world: &World) {
    let arguments = ["events", "--format", "ndjson", "--filter", "port=5432"];
    let mut events = Events::spawn(with_engine(daemon, binary::command(&arguments)));
    events.wait_ready();
    let client = format!("nc {} 5432 < /dev/null & sleep 1; kill $!", world.db_address);
    let short = daemon.run(&["--name", "short"], &["sh", "-c", &client]);
    let ours = |event: &Value| event["kind"] == "connect" && event["container"] == short.as_str();
    let connected = events.wait_for("connect of the short container", ours);
    assert_eq!(connected["comm"], "nc");
}
