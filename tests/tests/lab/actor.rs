use scopetop_lab::actor::{Actor, one_shot, runs};
use scopetop_lab::wait;

#[test]
fn an_actor_tells_what_it_did() {
    let (mut server, mut client) = (Actor::here(), Actor::here());
    let address = server.listens("l", "127.0.0.1:0");
    server.begin("accept l s");
    let local = client.connects("c", address);
    let accepted = server.answer();
    assert_eq!(accepted["pid"], server.pid());
    assert_eq!(accepted["local"], address.to_string());
    assert_eq!(accepted["remote"], local.to_string());
    client.does("send c 64");
    server.does("receive s 64");
    client.does("half-close c");
    // The server still sends; then a reset reaches the client as an error.
    server.does("send s 5");
    client.does("receive c 5");
    server.does("reset s");
    let after = client.attempt("receive c 1");
    assert!(after["error"].as_str().unwrap().contains("reset"), "{after}");
}

#[test]
fn an_actor_tells_what_it_could_not_do() {
    let mut actor = Actor::here();
    let address = actor.listens("l", "[::1]:0");
    actor.does("close l");
    let refused = actor.attempt(&format!("connect c {address}"));
    assert!(refused["error"].as_str().unwrap().contains("refused"), "{refused}");
    assert!(!actor.attempt("dance").get("error").unwrap().is_null());
}

#[test]
fn an_actor_can_have_any_name() {
    let mut actor = Actor::here();
    actor.does("name 611b5b33316dff");
    let comm = std::fs::read(format!("/proc/{}/comm", actor.pid())).unwrap();
    assert_eq!(comm, b"a\x1b[31m\xff\n");
}

#[test]
fn an_actor_that_waits_in_accept_is_known_to_wait() {
    let mut server = Actor::here();
    let address = server.listens("l", "127.0.0.1:0");
    server.begin("accept l s");
    server.wait_until_accepting();
    Actor::here().connects("c", address);
    server.answer();
}

#[test]
fn an_actor_ends_with_its_input_and_when_dropped() {
    let actor = Actor::here();
    let pid = actor.pid();
    actor.ends();
    assert!(scopetop_lab::procstat::has_ended(pid));
    let actor = Actor::here();
    let pid = actor.pid();
    drop(actor);
    assert!(scopetop_lab::procstat::has_ended(pid));
}

#[test]
fn an_actor_in_one_go_serves_many() {
    let mut server = Actor::here();
    let address = server.listens("l", "127.0.0.1:0");
    server.begin("serve l 2 64");
    for _ in 0..2 {
        let commands = [&format!("connect c {address}"), "send c 64", "receive c 64", "reset c"];
        let (pid, answers) = runs(one_shot(None), &commands.map(|command| command as &str));
        assert_eq!(answers.len(), 4);
        assert!(
            answers.iter().all(|answer| answer["error"].is_null() && answer["pid"] == pid),
            "{answers:?}"
        );
    }
    assert!(server.answer()["error"].is_null());
}

#[test]
#[should_panic(expected = "not within")]
fn waiting_ends() {
    wait::until_within(std::time::Duration::from_millis(50), "what never comes", || None::<()>);
}
