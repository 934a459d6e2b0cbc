use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use scopetop_lab::actor::Actor;
use scopetop_lab::require;
use scopetop_lab::world::{Namespace, own_netns};

#[test]
fn a_namespace_is_another_one_with_its_loopback_up() {
    require!(Namespaces);
    let namespace = Namespace::anonymous().unwrap();
    assert_ne!(namespace.inode(), own_netns().unwrap());
    // A thread of the test process is inside; the process itself stays where it is.
    let inside = namespace
        .run(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            std::fs::read_link("/proc/thread-self/ns/net").unwrap()
        })
        .unwrap();
    assert_eq!(inside.to_string_lossy(), format!("net:[{}]", namespace.inode()));
}

#[test]
fn two_namespaces_use_the_same_address_at_once() {
    require!(Namespaces);
    let (one, other) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    let _held = one.run(|| TcpListener::bind("127.0.0.1:80").unwrap()).unwrap();
    let _also = other.run(|| TcpListener::bind("127.0.0.1:80").unwrap()).unwrap();
    assert!(one.run(|| TcpListener::bind("127.0.0.1:80")).unwrap().is_err());
}

#[test]
fn a_name_leads_to_its_namespace_and_is_gone_after_a_panic() {
    require!(Namespaces);
    let mut path = std::path::PathBuf::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let namespace = Namespace::named().unwrap();
        path = Path::new("/run/netns").join(namespace.name());
        let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(&path).unwrap());
        assert_eq!(inode, u64::from(namespace.inode()));
        panic!("as a failing test does");
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"as a failing test does"));
    assert!(!path.exists(), "{}", path.display());
}

#[test]
fn a_cable_joins_two_namespaces() {
    require!(Namespaces);
    let (one, other) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    one.wire(&["10.77.0.1/24", "fd77::1/64"], &other, &["10.77.0.2/24", "fd77::2/64"]).unwrap();
    for address in ["10.77.0.2:0", "[fd77::2]:0"] {
        let mut server = Actor::inside(&other);
        let mut client = Actor::inside(&one);
        let address = server.listens("l", address);
        server.begin("accept l s");
        let local = client.connects("c", address);
        assert_eq!(server.answer()["remote"], local.to_string());
    }
}
