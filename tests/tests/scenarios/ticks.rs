//! What each tick shows, one after the other.

use scopetop_lab::actor::{Actor, Answer as _, one_shot, runs};
use scopetop_lab::require;
use scopetop_lab::ticks::{Ticks, of_client};
use scopetop_lab::world::Namespace;
use serde_json::{Value, json};

use crate::Pair;

#[test]
fn a_process_that_lived_less_than_a_tick_is_grey_for_exactly_one() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("serve listener 20 8");
    let mut ticks = Ticks::start(300, Some(&namespace));
    for number in 0..20_u8 {
        // `short-` and a letter: each has a name of its own.
        let name = format!("short-{}", char::from(b'a' + number));
        let commands = [
            format!("name 73686f72742d{:02x}", b'a' + number),
            format!("connect end {address}"),
            String::from("send end 8"),
            String::from("receive end 8"),
            String::from("reset end"),
        ];
        let (pid, did) = runs(one_shot(Some(&namespace)), &commands.each_ref().map(String::as_str));
        let port = did[1].address("local").port();
        let seen = ticks.wait_for("the short process", |tick| {
            let found: Vec<Value> = of_client(tick, &name).into_iter().cloned().collect();
            (!found.is_empty()).then_some((found, tick["tick"].as_u64(), tick["edges"].clone()))
        });
        let ([connection], Some(at), edges) = (&seen.0[..], seen.1, &seen.2) else { panic!("{seen:#?}") };
        assert_eq!(connection["client"]["pids"], json!([pid]), "{connection:#}");
        assert_eq!(connection["client"]["port"], port, "{connection:#}");
        assert_eq!(connection["server"]["pids"], json!([server.pid()]), "{connection:#}");
        assert_eq!(*edges, 1);
        if connection["state"] != "closed" {
            // The tick ended in the midst of it: grey in the next.
            let next = ticks.next_tick();
            let [connection] = of_client(&next, &name)[..] else { panic!("{next:#}") };
            assert_eq!(connection["state"], "closed", "{connection:#}");
        }
        let after = ticks.next_tick();
        assert!(after["tick"].as_u64() > Some(at), "{after:#}");
        assert_eq!(after["connections"], json!([]), "{after:#}");
        assert_eq!(after["edges"], 0, "{after:#}");
    }
    server.answer();
}

#[test]
fn a_connection_follows_its_holders_from_tick_to_tick() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut ticks = Ticks::start(200, Some(&namespace));
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    let pids = |tick: &Value, end: &str| {
        let connections = tick["connections"].as_array().unwrap();
        assert!(connections.len() <= 1, "{tick:#}");
        let connection = connections.first()?;
        assert_eq!(tick["edges"], 1, "{tick:#}");
        let mut pids: Vec<u32> = serde_json::from_value(connection[end]["pids"].clone()).unwrap();
        pids.sort_unstable();
        Some(pids)
    };
    let is = |wanted: &[u32], end: &'static str| {
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        move |tick: &Value| (pids(tick, end) == Some(wanted.clone())).then_some(())
    };
    ticks.wait_for("the server", is(&[pair.server.pid()], "server"));
    // Nobody uses it meanwhile: only scans can tell.
    let heir = pair.server.does("heir child end")["child"].as_u64().unwrap() as u32;
    ticks.wait_for("both", is(&[pair.server.pid(), heir], "server"));
    pair.server.does("close end");
    ticks.wait_for("the heir alone", is(&[heir], "server"));
    let mut receiver = Actor::inside(&namespace);
    receiver.does("mailbox box passing");
    pair.client.does("pass passing end");
    receiver.does("take box end");
    ticks.wait_for("both clients", is(&[pair.client.pid(), receiver.pid()], "client"));
    pair.client.ends();
    ticks.wait_for("the receiver alone", is(&[receiver.pid()], "client"));
}

#[test]
fn a_process_that_changes_its_name_is_shown_under_the_new_one() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    let mut ticks = Ticks::start(200, Some(&namespace));
    // `renamed`, and no connect, accept or close since.
    pair.client.does("name 72656e616d6564");
    ticks.wait_for("the new name", |tick| {
        assert_eq!(tick["connections"].as_array().unwrap().len(), 1, "{tick:#}");
        (of_client(tick, "renamed").len() == 1).then_some(())
    });
}
