//! Scenarios: the real `scopetop` against processes whose deeds are known.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

mod backends;
mod command_line;
mod connections;
mod degraded;
mod events;
mod filters;
mod leftovers;
mod names;
mod namespaces;
mod picture;
mod privileges;
mod short_lives;

use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::world::Namespace;

/// The command name of an actor that was not given another.
const ACTOR: &str = "lab-actor";

/// A client and a server with an open connection between them.
struct Pair {
    client: Actor,
    server: Actor,
    client_address: SocketAddr,
    server_address: SocketAddr,
}

impl Pair {
    /// In one namespace, or in this process's own; the server at this address.
    fn connected(namespace: Option<&Namespace>, server_address: &str) -> Self {
        let actor = || namespace.map_or_else(Actor::here, Actor::inside);
        Self::between(actor(), actor(), server_address)
    }

    /// Of two actors; the connection goes to the address that the server listens at.
    fn between(mut client: Actor, mut server: Actor, address: &str) -> Self {
        let server_address = server.listens("listener", address);
        server.begin("accept listener end");
        let client_address = client.connects("end", server_address);
        let accepted = server.answer();
        assert_eq!(accepted.address("remote"), client_address);
        Self { client, server, client_address, server_address }
    }

    /// Sends payload both ways, all of which arrives.
    fn talk(&mut self, to_server: usize, to_client: usize) {
        self.client.does(&format!("send end {to_server}"));
        self.server.does(&format!("receive end {to_server}"));
        self.server.does(&format!("send end {to_client}"));
        self.client.does(&format!("receive end {to_client}"));
    }
}
