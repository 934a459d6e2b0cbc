//! The schema `scopetop/1`: every field there, and what is not known is null.

use scopetop_lab::picture::{Picture, address_of};
use serde_json::Value;

use crate::Pair;

/// Checks that an object has these members, whatever their values.
fn assert_has(object: &Value, members: &str) {
    for member in members.split_whitespace() {
        assert!(object.get(member).is_some(), "no {member} in {object:#}");
    }
}

#[test]
fn has_every_field_of_the_schema() {
    let pair = Pair::connected(None, "127.0.0.1:0");
    let picture = Picture::take(&["--for", "0"]);
    let whole = &picture.0;
    assert_has(whole, "schema taken_at host source nodes listeners connections");
    assert_eq!(whole["schema"], "scopetop/1");
    assert!(whole["taken_at"].as_str().unwrap().ends_with('Z'), "{}", whole["taken_at"]);
    assert_has(&whole["host"], "name kernel");
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(whole["host"]["kernel"], release.trim());
    assert_has(&whole["source"], "events scan lost_events scan_ms reasons");
    assert_eq!(whole["source"]["lost_events"], 0);
    assert!(whole["source"]["scan_ms"].is_number(), "{}", whole["source"]);
    assert!(whole["source"]["reasons"].is_array(), "{}", whole["source"]);

    for node in picture.list("nodes") {
        assert_has(node, "id kind");
        match node["kind"].as_str().unwrap() {
            "process" => assert_has(node, "pid started_at comm cmdline exe uid user netns container"),
            "container" => assert_has(node, "runtime container_id name image labels netns"),
            "remote" => assert_has(node, "address name"),
            _ => {}
        }
    }
    for listener in picture.list("listeners") {
        assert_has(listener, "node proto address port netns");
    }
    for connection in picture.list("connections") {
        assert_has(connection, "id proto state client server opened_at closed_at");
        assert_has(connection, "bytes_to_server bytes_to_client rtt_us retransmits");
        for end in [&connection["client"], &connection["server"]] {
            assert_has(end, "node pids address port netns nat");
        }
    }

    // The processes of the lab, whose facts are known.
    let connection = picture.connection_of(pair.ends());
    let node = picture.node_of(&connection["client"]);
    assert_eq!(
        node["exe"],
        std::fs::read_link(format!("/proc/{}/exe", pair.client.pid())).unwrap().to_str().unwrap()
    );
    assert_eq!(node["cmdline"].as_array().unwrap().len(), 1);
    assert_eq!(node["uid"], rustix::process::geteuid().as_raw());
    assert_eq!(node["netns"], scopetop_lab::world::own_netns().unwrap());
    assert!(node["started_at"].as_str().unwrap().ends_with('Z'));
    let listener = |listener: &&Value| {
        listener["netns"] == pair.server.netns() && address_of(listener) == Some(pair.server_address)
    };
    let listener = picture.list("listeners").iter().find(listener).expect("the listener");
    assert_eq!(picture.node_of(listener)["pid"], pair.server.pid());
}

#[test]
fn what_is_not_known_is_null() {
    let pair = Pair::connected(None, "127.0.0.1:0");
    let picture = Picture::take(&["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    // It opened before anybody watched.
    assert!(connection["opened_at"].is_null(), "{connection}");
    assert!(connection["closed_at"].is_null(), "{connection}");
    assert!(connection["client"]["nat"].is_null(), "{connection}");
    for node in picture.list("nodes") {
        for (member, value) in node.as_object().unwrap() {
            assert_ne!(value, "", "{member} of {node}");
        }
    }
}
