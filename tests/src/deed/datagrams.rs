//! What an actor does with UDP sockets.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};

use serde_json::{Value, json};

use super::Outcome;

/// The UDP sockets of an actor, by the names that the scenario gave them.
#[derive(Debug, Default)]
pub struct Datagrams {
    sockets: HashMap<String, UdpSocket>,
}

impl Datagrams {
    /// Does what the command says; `None` if that is nothing about UDP.
    pub fn act(&mut self, words: &[&str]) -> Option<Outcome<Value>> {
        Some(match *words {
            ["udp-bind", name, address] => self.bind(name, address),
            ["udp-connect", name, address] => self.connect(name, address),
            ["udp-send", name, bytes] => self.send(name, None, bytes),
            ["udp-send-to", name, address, bytes] => self.send(name, Some(address), bytes),
            ["udp-receive", name] => self.receive(name),
            ["udp-swallow", name] => self.swallow(name),
            ["udp-close", name] => match self.sockets.remove(name) {
                Some(_) => Ok(json!({})),
                None => Err(format!("no datagram socket {name}").into()),
            },
            _ => return None,
        })
    }

    fn bind(&mut self, name: &str, address: &str) -> Outcome<Value> {
        let socket = UdpSocket::bind(address)?;
        let local = socket.local_addr()?;
        self.sockets.insert(name.into(), socket);
        Ok(json!({ "local": local }))
    }

    fn connect(&self, name: &str, address: &str) -> Outcome<Value> {
        let socket = self.socket(name)?;
        socket.connect(address)?;
        Ok(json!({ "local": socket.local_addr()? }))
    }

    fn send(&self, name: &str, to: Option<&str>, bytes: &str) -> Outcome<Value> {
        let (socket, payload) = (self.socket(name)?, vec![b'x'; bytes.parse()?]);
        match to {
            Some(to) => socket.send_to(&payload, to.parse::<SocketAddr>()?)?,
            None => socket.send(&payload)?,
        };
        Ok(json!({}))
    }

    fn receive(&self, name: &str) -> Outcome<Value> {
        let (bytes, from) = self.socket(name)?.recv_from(&mut [0; 2048])?;
        Ok(json!({ "from": from, "bytes": bytes }))
    }

    fn swallow(&self, name: &str) -> Outcome<Value> {
        let bytes =
            rustix::net::recv(self.socket(name)?, &mut [0_u8; 2048][..], rustix::net::RecvFlags::empty())?;
        Ok(json!({ "bytes": bytes.1 }))
    }

    fn socket(&self, name: &str) -> Result<&UdpSocket, String> {
        self.sockets.get(name).ok_or_else(|| format!("no datagram socket {name}"))
    }
}
