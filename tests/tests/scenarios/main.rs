//! Scenarios: the real `scopetop` against processes whose deeds are known.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

mod accepting;
mod acting;
mod arguments;
mod backends;
mod command_line;
mod connections;
mod degraded;
mod endings;
mod events;
mod families;
mod filters;
mod leftovers;
mod losses;
mod name_server;
mod names;
mod namespaces;
mod owners;
mod passed_on;
mod pending;
mod picture;
mod privileges;
mod refused;
mod resolve;
mod services;
mod short_lives;
mod slow_scans;
mod ticks;
mod translation;
mod udp;
mod unix;

use std::collections::VecDeque;
use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::picture::{Ends, Picture};
use scopetop_lab::world::Namespace;

/// The command name of an actor that was not given another.
const ACTOR: &str = "lab-actor";

/// Takes a picture while things are made over and over; gives it and the newest of the things. No more than those are
/// kept, however long the picture takes.
fn while_taken<T>(namespace: &Namespace, mut make: impl FnMut() -> T) -> (Picture, VecDeque<T>) {
    const KEPT: usize = 200;
    std::thread::scope(|scope| {
        let snapshot = scope.spawn(|| Picture::inside(namespace, &[]));
        let mut things = VecDeque::new();
        while !snapshot.is_finished() {
            things.push_back(make());
            if things.len() > KEPT {
                things.pop_front();
            }
        }
        (snapshot.join().expect("a picture"), things)
    })
}

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

    /// What tells its connection from all others.
    fn ends(&self) -> Ends {
        Ends { netns: self.client.netns(), client: self.client_address, server: self.server_address }
    }

    /// Sends payload both ways, all of which arrives.
    fn talk(&mut self, to_server: usize, to_client: usize) {
        self.client.does(&format!("send end {to_server}"));
        self.server.does(&format!("receive end {to_server}"));
        self.server.does(&format!("send end {to_client}"));
        self.client.does(&format!("receive end {to_client}"));
    }
}
