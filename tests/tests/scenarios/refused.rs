//! Connects that are refused cost nothing that later ones need.

use scopetop_lab::actor::Actor;
use scopetop_lab::picture::{address_of, edges};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::json;

use crate::ACTOR;
use crate::events::{one, wait_closed, watching};

#[test]
fn after_two_thousand_refused_connects_a_good_one_is_whole() {
    const REFUSED: usize = 2_000;
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let mut events = watching(&namespace);
    for _ in 0..REFUSED {
        client.begin("connect end 127.0.0.1:9");
    }
    for _ in 0..REFUSED {
        assert!(client.answer()["error"].as_str().unwrap().contains("refused"));
    }
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept listener end");
    let local = client.connects("end", address);
    server.answer();
    client.does("send end 5");
    server.does("receive end 5");
    assert_eq!(edges(&[&namespace]), 1);
    client.does("close end");
    server.does("close end");
    wait_closed(&mut events, local, address);
    let events = events.interrupted();
    let fails = events.iter().filter(|event| event["kind"] == "fail");
    let count = fails.inspect(|fail| {
        assert_eq!((&fail["pid"], &fail["comm"]), (&json!(client.pid()), &json!(ACTOR)), "{fail}");
        assert_eq!(address_of(&fail["remote"]), Some("127.0.0.1:9".parse().unwrap()), "{fail}");
    });
    assert_eq!(count.count(), REFUSED);
    // Ports of refused connects are used again: this one's may have failed before.
    let connects: Vec<_> = events.iter().filter(|event| event["kind"] == "connect").collect();
    let [connect] = connects[..] else { panic!("{connects:#?}") };
    assert_eq!((&connect["pid"], address_of(&connect["local"])), (&json!(client.pid()), Some(local)));
    assert_eq!(one(&events, "accept", address)["pid"], server.pid());
    assert_eq!(one(&events, "close", local)["bytes_sent"], 5);
    let summary = json!({ "kind": "summary", "connects": 1, "accepts": 1, "closes": 2, "lost": 0 });
    assert_eq!(events.last(), Some(&summary));
}
