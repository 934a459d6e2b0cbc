//! A live screen that missed something.

use scopetop_lab::actor::Actor;
use scopetop_lab::flood::overrun;
use scopetop_lab::require;
use scopetop_lab::terminal::End;
use scopetop_lab::world::Namespace;

use crate::{first_row, started};

#[test]
fn what_closed_while_every_event_was_lost_is_not_shown_as_open() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut terminal = started(&["--tick", "200", "--filter", &format!("netns={}", namespace.inode())]);
    terminal.press("t");
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    // `ghost`
    client.does("name 67686f7374");
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept-many listener end 300");
    client.does(&format!("connect-many end 300 {address}"));
    server.answer();
    terminal.wait_for_text("ghost");

    overrun(terminal.pid(), &namespace, || {
        client.ends();
        server.ends();
    });

    terminal.wait_for("the losses in the header", |screen| {
        let header = first_row(screen);
        header.contains("lost") && !header.contains("lost 0")
    });
    terminal.wait_for("all that is over to go", |screen| {
        let contents = screen.contents();
        !["ghost", "lab-load", "lab-server"].iter().any(|name| contents.contains(name))
    });
    // What comes afterwards is seen.
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    client.does("name 7a65627261");
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept listener end");
    client.connects("end", address);
    server.answer();
    terminal.wait_for_text("zebra");
    terminal.press("q");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    terminal.assert_given_back();
}
