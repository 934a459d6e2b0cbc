//! Names by reverse lookup, from a name server of the test's own.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Stdio;
use std::time::Duration;

use scopetop_lab::actor::Actor;
use scopetop_lab::binary;
use scopetop_lab::picture::Picture;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;

/// The name that the server gives to every address.
const NAME: [&[u8]; 2] = [b"far", b"example"];

/// Runs its arguments with this namespace's own name server, and no names but its.
const WITH_OWN_RESOLVER: &str = "mount --bind \"$0/resolv.conf\" /etc/resolv.conf && \
                                 mount --bind \"$0/hosts\" /etc/hosts && exec \"$@\"";

/// Answers every question until it is asked for nothing in particular: an empty datagram.
fn serve(socket: &UdpSocket) -> u32 {
    let mut count = 0;
    let mut question = [0; 512];
    loop {
        let (length, from) = socket.recv_from(&mut question).unwrap();
        if length == 0 {
            return count;
        }
        count += 1;
        // The head, the question as it came, and one answer: PTR of the same name.
        let end = 12 + question[12..length].iter().position(|&byte| byte == 0).unwrap() + 5;
        let mut answer = question[..end].to_vec();
        answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        answer.extend([0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60]);
        let name: Vec<u8> =
            (NAME.iter()).flat_map(|label| [&[label.len() as u8][..], label].concat()).chain([0]).collect();
        answer.extend((name.len() as u16).to_be_bytes());
        answer.extend(name);
        socket.send_to(&answer, from).unwrap();
    }
}

#[test]
fn addresses_have_names_if_the_user_wants_them() {
    require!(Namespaces);
    let namespace = Namespace::named().unwrap();
    let far = Namespace::named().unwrap();
    namespace.wire(&["10.91.0.1/24"], &far, &["10.91.0.2/24"]).unwrap();
    namespace.ip("route add default via 10.91.0.2").unwrap();
    far.set("ipv4/ip_forward", "0").unwrap();
    let mut client = Actor::inside(&namespace);
    client.does("connect-pending end 203.0.113.9:443");

    let files = std::env::temp_dir().join(format!("{}-files", namespace.name()));
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:20 attempts:1\n")
        .unwrap();
    std::fs::write(files.join("hosts"), "127.0.0.1 localhost\n").unwrap();
    let socket = namespace.run(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 53))).unwrap().unwrap();
    let quits = namespace.run(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).unwrap().unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(2))).unwrap();

    let picture = |arguments: &[&str]| {
        let filter = format!("netns={} and port=443", namespace.inode());
        let mut command = namespace.command("unshare");
        command.args(["--mount", "sh", "-c", WITH_OWN_RESOLVER]).arg(&files).arg(binary::path());
        command.args(["snapshot", "--format", "json", "--tick", "200", "--for", "2", "--filter", &filter]);
        let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Picture(serde_json::from_slice(&output.stdout).unwrap())
    };
    let (named, unnamed, asked) = std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&socket));
        let unnamed = picture(&[]);
        let named = picture(&["--resolve"]);
        quits.send_to(&[], (Ipv4Addr::LOCALHOST, 53)).unwrap();
        (named, unnamed, server.join().unwrap())
    });
    std::fs::remove_dir_all(&files).unwrap();
    let server = |picture: &Picture| {
        let [connection] = picture.list("connections") else { panic!("{picture:?}") };
        picture.node_of(&connection["server"]).clone()
    };
    assert_eq!(server(&unnamed)["name"], serde_json::Value::Null);
    let named = server(&named);
    assert_eq!(named["address"], "203.0.113.9", "{named:#}");
    assert_eq!(named["name"], "far.example", "{named:#}");
    // Other tests' addresses may be among them.
    assert!(asked >= 1, "{asked}");
}
