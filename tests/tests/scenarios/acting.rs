//! What is done to the host: to exactly what was meant, or not at all.

use std::net::SocketAddr;

use scopetop_lab::actor::Actor;
use scopetop_lab::world::Namespace;
use scopetop_lab::{procstat, require, wait};
use scopetop_tracker::act::{ActError, TcpEnd, close};
use scopetop_tracker::identity::{NetnsId, ProcessId};

/// A client with two connections to one server.
struct Two {
    client: Actor,
    _server: Actor,
    ends: [TcpEnd; 2],
    namespace: Namespace,
}

impl Two {
    fn new(address: &str) -> Self {
        let namespace = Namespace::anonymous().unwrap();
        let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
        let remote = server.listens("listener", address);
        server.begin("accept-many listener end 2");
        let owner = ProcessId { pid: client.pid(), started: procstat::started(client.pid()).unwrap() };
        let ends = ["one", "other"].map(|name| TcpEnd {
            netns: NetnsId(namespace.inode()),
            local: client.connects(name, remote),
            remote,
            owners: vec![owner],
        });
        server.answer();
        Self { client, _server: server, ends, namespace }
    }

    /// The local addresses of the client's connections, as the kernel lists them now.
    fn open(&self) -> Vec<SocketAddr> {
        let wanted = self.ends.each_ref().map(|end| end.local);
        let listed = self.namespace.run(|| {
            let sockets = ["tcp", "tcp6"]
                .map(|file| std::fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap());
            // The second column is the own address, the fourth the state: 01 is established.
            let rows = sockets.iter().flat_map(|file| file.lines().skip(1));
            let open = rows.filter(|row| row.split_whitespace().nth(3) == Some("01"));
            let ports = open.filter_map(|row| {
                row.split_whitespace().nth(1)?.rsplit_once(':').map(|(_, port)| port.to_owned())
            });
            ports.map(|port| u16::from_str_radix(&port, 16).unwrap()).collect::<Vec<_>>()
        });
        let listed = listed.unwrap();
        wanted.into_iter().filter(|address| listed.contains(&address.port())).collect()
    }
}

#[test]
fn one_connection_of_two_is_closed_and_no_other() {
    require!(Namespaces);
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let mut two = Two::new(address);
        let [one, other] = two.ends.clone();
        assert_eq!(two.open(), [one.local, other.local]);
        assert_eq!(close(std::slice::from_ref(&one)), [Ok(())], "{address}");
        wait::until("the connection to be over", || (two.open() == [other.local]).then_some(()));
        // The other one carries on.
        two.client.does("send other 5");
        assert_eq!(close(&[one, other]), [Err(ActError::Gone), Ok(())], "{address}");
        wait::until("the other to be over", || two.open().is_empty().then_some(()));
    }
}

#[test]
fn a_connection_that_is_anothers_by_now_is_left_alone() {
    require!(Namespaces);
    let two = Two::new("127.0.0.1:0");
    let [mut one, _] = two.ends.clone();
    let owner = one.owners[0];
    for stranger in [
        // This process; a later one with the owner's pid.
        ProcessId { pid: std::process::id(), started: procstat::started(std::process::id()).unwrap() },
        ProcessId { started: owner.started + 1, ..owner },
    ] {
        one.owners = vec![stranger];
        assert_eq!(close(std::slice::from_ref(&one)), [Err(ActError::OtherHolder)]);
    }
    assert_eq!(two.open().len(), 2);
    // Of several owners one that holds it is enough.
    one.owners.push(owner);
    assert_eq!(close(&[one]), [Ok(())]);
}

#[test]
fn in_another_namespace_the_same_addresses_are_another_connection() {
    require!(Namespaces);
    let two = Two::new("127.0.0.1:0");
    let elsewhere = Namespace::anonymous().unwrap();
    // Somebody must be in it, or no way leads there.
    let _dweller = Actor::inside(&elsewhere);
    let mut end = two.ends[0].clone();
    end.netns = NetnsId(elsewhere.inode());
    assert_eq!(close(std::slice::from_ref(&end)), [Err(ActError::Gone)]);
    end.netns = NetnsId(1);
    assert_eq!(close(&[end]), [Err(ActError::Gone)]);
    assert_eq!(two.open().len(), 2);
}
