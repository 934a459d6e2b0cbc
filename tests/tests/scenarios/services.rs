//! Services of systemd: processes in a cgroup that is called after their unit.

use scopetop_lab::actor::Actor;
use scopetop_lab::cgroup::Cgroup;
use scopetop_lab::picture::Picture;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::{Value, json};

use crate::filters::host_is_own;
use crate::{ACTOR, Pair};

/// The container that an end's process is in.
fn service_of<'p>(picture: &'p Picture, end: &Value) -> &'p Value {
    let container = &picture.node_of(end)["container"];
    assert!(!container.is_null(), "{end:#} is in none");
    picture.node_of(&json!({ "node": container }))
}

#[test]
fn a_process_in_a_services_cgroup_belongs_to_the_service() {
    require!(Namespaces, Cgroups);
    let service = Cgroup::make("scopetop\\x2dlab.service").unwrap();
    let other = Cgroup::make("scopetop\\x2dlab.service").unwrap();
    let session = Cgroup::make("session-1.scope").unwrap();
    let namespace = Namespace::named().unwrap();
    let actor = |cgroup: &Cgroup| {
        let actor = Actor::inside(&namespace);
        cgroup.take(actor.pid()).unwrap();
        actor
    };
    let inside = Pair::between(actor(&session), actor(&service), "127.0.0.1:0");
    let outside = Pair::between(actor(&session), actor(&session), "127.0.0.1:0");
    let of_other = Pair::between(actor(&session), actor(&other), "127.0.0.1:0");

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    for pair in [&inside, &outside, &of_other] {
        let connection = picture.connection_of(pair.ends());
        picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
        assert_eq!(picture.node_of(&connection["client"])["container"], Value::Null, "{connection:#}");
    }
    // Units of one name are as many as there are.
    for (pair, cgroup) in [(&inside, &service), (&of_other, &other)] {
        let node = service_of(&picture, &picture.connection_of(pair.ends())["server"]);
        assert_eq!(node["kind"], "container", "{node:#}");
        assert_eq!(node["runtime"], "systemd", "{node:#}");
        assert_eq!(node["name"], "scopetop-lab.service", "{node:#}");
        assert_eq!(node["container_id"], cgroup.path(), "{node:#}");
        assert_eq!(node["netns"], namespace.inode(), "{node:#}");
        assert_eq!((&node["image"], &node["labels"]), (&Value::Null, &json!({})), "{node:#}");
    }
    let container = &picture.node_of(&picture.connection_of(outside.ends())["server"])["container"];
    assert_eq!(*container, Value::Null);

    for (filter, expected) in [
        ("container=scopetop-lab.service", [true, false, true]),
        (&format!("container={}", service.path()), [true, false, false]),
        ("container~lab.service$", [true, false, true]),
        ("container!=scopetop-lab.service", [false, true, false]),
        ("netns=scopetop-lab.service", [true, true, true]),
    ] {
        let picture = Picture::inside(&namespace, &["--for", "0", "--filter", filter]);
        let shown =
            [&inside, &outside, &of_other].map(|pair| !picture.connections_of(pair.ends()).is_empty());
        assert_eq!(shown, expected, "{filter}");
    }
}

#[test]
fn the_hosts_namespace_is_not_called_after_a_service() {
    require!(Cgroups);
    let service = Cgroup::make("scopetop\\x2dlab.service").unwrap();
    let inside = Actor::here();
    service.take(inside.pid()).unwrap();
    let of_service = Pair::between(Actor::here(), inside, "127.0.0.1:0");
    let plain = Pair::connected(None, "127.0.0.1:0");
    // Where the tests run in a namespace of their own, that one may be.
    for (filter, expected) in [("netns=host", host_is_own()), ("netns=scopetop-lab.service", !host_is_own())]
    {
        let picture = Picture::take(&["--for", "0", "--filter", filter]);
        let shown = [&of_service, &plain].map(|pair| !picture.connections_of(pair.ends()).is_empty());
        // The service's own connections are in the namespace of the service, whatever that one is called.
        assert_eq!(shown, [host_is_own() || filter != "netns=host", expected], "{filter}");
    }
}
