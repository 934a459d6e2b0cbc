//! One graph, seen in several ways.

use super::{started, zebra};

#[test]
fn a_view_is_chosen_its_groups_open_and_collapse() {
    let (client, server, address) = zebra();
    let (zebra, listener) = (format!("zebra {}", client.pid()), format!("lab-actor {}", server.pid()));
    let terminal = started(&["--filter", &format!("port={}", address.port())]);
    terminal.wait_for_text(&zebra);
    terminal.press("2");
    terminal.wait_for("the names alone", |screen| {
        let contents = screen.contents();
        contents.contains("zebra") && !contents.contains(&zebra) && !contents.contains(&listener)
    });
    terminal.press("O");
    terminal.wait_for_text(&zebra);
    // What is selected first is one of the two.
    terminal.press("j\x7f");
    terminal.wait_for("one of them to be a name again", |screen| {
        screen.contents().contains(&zebra) != screen.contents().contains(&listener)
    });
    terminal.press("\r");
    terminal.wait_for("both as they were", |screen| {
        screen.contents().contains(&zebra) && screen.contents().contains(&listener)
    });
    terminal.press("1");
    terminal.wait_for_text(&zebra);
}

#[test]
fn a_protocol_that_is_off_is_not_shown_and_told_of() {
    let (client, _server, address) = zebra();
    let zebra = format!("zebra {}", client.pid());
    let terminal = started(&["--filter", &format!("port={}", address.port())]);
    terminal.wait_for_text(&zebra);
    terminal.press("T");
    terminal.wait_for("nothing of TCP", |screen| {
        screen.contents().contains("✗TCP 1") && !screen.contents().contains(&zebra)
    });
    terminal.press("T");
    terminal.wait_for_text(&zebra);
}
