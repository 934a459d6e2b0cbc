//! Services of systemd on the screen.

use scopetop_lab::actor::Actor;
use scopetop_lab::cgroup::Cgroup;
use scopetop_lab::require;

use super::started;

#[test]
fn a_service_is_a_box_and_no_container_of_those_counted() {
    require!(Cgroups);
    let service = Cgroup::make("zebra.service").unwrap();
    let (mut client, mut server) = (Actor::here(), Actor::here());
    service.take(server.pid()).unwrap();
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept listener end");
    client.connects("end", address);
    server.answer();
    let terminal = started(&["--filter", &format!("port={}", address.port())]);
    let member = format!("lab-actor {}", server.pid());
    terminal.wait_for("the service around its process", |screen| {
        let contents = screen.contents();
        contents.contains("zebra.service") && contents.contains(&member)
    });
    terminal.press("3");
    terminal.wait_for("the service instead of its process", |screen| {
        let contents = screen.contents();
        contents.contains("zebra.service") && !contents.contains(&member)
    });
    terminal.wait_for("no container", |screen| screen.contents().contains("ctr 0"));
}
