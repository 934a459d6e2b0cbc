//! Pictures made by hand, each looked at before it was accepted.

use super::build::{Picture, look};
use crate::view::{EdgeState, NodeState};

/// Everything in the host's namespace: what most machines look like.
fn all_host() -> Picture {
    Picture::default()
        .remote("203.0.113.9")
        .remote("198.51.100.77")
        .remote("140.82.121.4")
        .remote("142.250.74.110")
        .remote("10.0.3.7")
        .host("sshd 812", ":22")
        .host("nginx 4121", ":80 :443")
        .host("postgres 5120", ":5432")
        .host("redis-server 620", ":6379")
        .host("cron-job 9921", "")
        .host("api 2210", ":8080")
        .host("firefox 3001", "")
        .host("agent 311", "")
        .host("systemd-resolved 590", ":53")
        .host("cupsd 700", ":631")
        .steady("203.0.113.9", "nginx 4121", 443, 12)
        .steady("198.51.100.77", "sshd 812", 22, 1)
        .edge("nginx 4121", "postgres 5120", 5432, 8, EdgeState::Busy)
        .steady("nginx 4121", "api 2210", 8080, 4)
        .steady("api 2210", "postgres 5120", 5432, 2)
        .steady("api 2210", "redis-server 620", 6379, 2)
        .edge("cron-job 9921", "api 2210", 8080, 1, EdgeState::Closed)
        .edge("firefox 3001", "140.82.121.4", 443, 6, EdgeState::Busy)
        .steady("firefox 3001", "142.250.74.110", 443, 3)
        .edge("agent 311", "10.0.3.7", 8443, 1, EdgeState::Failed)
        .edge("firefox 3001", "systemd-resolved 590", 53, 1, EdgeState::New)
}

/// Containers, as sketched when the program was planned.
fn containers() -> Picture {
    Picture::default()
        .remote("203.0.113.9")
        .remote("198.51.100.4")
        .remote("10.0.3.7")
        .container("web  nginx:1.27", "nginx 4121", ":443")
        .container("web  nginx:1.27", "nginx 4122", ":443")
        .container("web  nginx:1.27", "nginx 4123", "")
        .container("db  postgres:16", "postgres 5120", ":5432")
        .container("db  postgres:16", "postgres 5133", "")
        .container("cache  redis:7", "redis-server 620", ":6379")
        .host("cron-job 9921", "")
        .host("agent 311", "")
        .edge("203.0.113.9", "nginx 4121", 443, 12, EdgeState::Busy)
        .steady("198.51.100.4", "nginx 4122", 443, 3)
        .edge("nginx 4121", "postgres 5120", 5432, 8, EdgeState::Busy)
        .steady("nginx 4122", "postgres 5133", 5432, 1)
        .steady("nginx 4122", "redis-server 620", 6379, 2)
        .edge("cron-job 9921", "redis-server 620", 6379, 1, EdgeState::Closed)
        .edge("agent 311", "10.0.3.7", 8443, 1, EdgeState::Failed)
}

fn fan_in() -> Picture {
    (0..30).fold(Picture::default().host("haproxy 900", ":443"), |picture, number| {
        let client = format!("worker {}", 1000 + number);
        picture.host(&client, "").steady(&client, "haproxy 900", 443, 1 + number % 4)
    })
}

fn fan_out() -> Picture {
    (0..9).fold(Picture::default().host("prometheus 80", ""), |picture, number| {
        let server = format!("exporter {}", 1000 + number);
        picture.container(&format!("node{number}"), &server, ":9100").steady(
            "prometheus 80",
            &server,
            9100,
            1 + number,
        )
    })
}

fn chain() -> Picture {
    let names = ["browser 1", "proxy 2", "frontend 3", "backend 4", "database 5", "replica 6"];
    let picture = names.iter().fold(Picture::default(), |picture, name| picture.host(name, ":80"));
    names.windows(2).fold(picture, |picture, pair| picture.steady(pair[0], pair[1], 80, 2))
}

fn cycle() -> Picture {
    Picture::default()
        .host("raft 1", ":7000")
        .host("raft 2", ":7000")
        .host("raft 3", ":7000")
        .host("client 9", "")
        .steady("client 9", "raft 1", 7000, 1)
        .steady("raft 1", "raft 2", 7000, 2)
        .steady("raft 2", "raft 3", 7000, 2)
        .steady("raft 3", "raft 1", 7000, 2)
        .steady("raft 2", "raft 1", 7000, 2)
        .steady("raft 3", "raft 3", 7000, 5)
}

fn states() -> Picture {
    Picture::default()
        .host("client 1", "")
        .host("client 2", "")
        .host("client 3", "")
        .host("client 4", "")
        .host("client 5", "")
        .namespace(4_026_532_201, "server 11", ":1")
        .namespace(4_026_532_201, "server 12", ":2")
        .namespace(4_026_532_201, "server 13", ":3")
        .namespace(4_026_532_201, "server 14", ":4")
        .unknown(4_026_532_201)
        .edge("client 1", "server 11", 1, 3, EdgeState::Steady)
        .edge("client 2", "server 12", 2, 3, EdgeState::Busy)
        .edge("client 3", "server 13", 3, 3, EdgeState::Closed)
        .edge("client 4", "server 14", 4, 3, EdgeState::Failed)
        .edge("client 5", "unknown", 5, 3, EdgeState::New)
}

/// Ten containers with four processes each, three of which are called by those of the container before.
fn forty() -> Picture {
    let mut picture = Picture::default();
    for container in 0..10 {
        let title = format!("svc-{container}  registry/app:{container}");
        for process in 0..4 {
            picture = picture.container(
                &title,
                &format!("NetworkManager{process} {}", container * 10 + process + 100),
                ":8080",
            );
        }
    }
    for container in 0..9 {
        let tier = [3, 4, 5][container % 3];
        let target = if container < 3 { container + 3 } else { (container + tier).min(9) };
        for process in 0..3 {
            let client = format!("NetworkManager{process} {}", container * 10 + process + 100);
            let server =
                format!("NetworkManager{} {}", (process + 1) % 4, target * 10 + (process + 1) % 4 + 100);
            if container != target {
                picture = picture.steady(&client, &server, 8080, process as u32 + 1);
            }
        }
    }
    picture
}

/// More containers than fit, of which some are busier.
fn crowded() -> Picture {
    (0..30).fold(Picture::default().host("haproxy 900", ":443"), |picture, number| {
        let title = format!("app-{number}  app:2");
        let (one, two) = (format!("app {}", 1000 + number * 2), format!("sidecar {}", 1001 + number * 2));
        picture
            .container(&title, &one, ":80")
            .container(&title, &two, ":9")
            .steady("haproxy 900", &one, 80, 1 + number)
            .steady(&one, &two, 9, 1)
    })
}

/// Many remotes and many processes that only listen.
fn folded() -> Picture {
    let picture = Picture::default().host("nginx 4121", ":443");
    let picture = (1..60).fold(picture, |picture, number| {
        let address = format!("203.0.113.{number}");
        picture.remote(&address).steady(&address, "nginx 4121", 443, 60 / number as u32)
    });
    (0..40).fold(picture, |picture, number| {
        let picture = picture.host(&format!("daemon {}", 100 + number), &format!(":{}", 7000 + number));
        picture.container("idle  busybox", &format!("sleeper {}", 200 + number), "")
    })
}

/// Containers in which nobody is connected, more than fit.
fn quiet() -> Picture {
    (0..16).fold(Picture::default().host("sshd 1", ":22"), |picture, number| {
        let title = format!("spare-{number}");
        (0..2).fold(picture, |picture, process| {
            picture.container(&title, &format!("sleeper {}", 200 + number * 2 + process), "")
        })
    })
}

/// A new node, one that goes, names in other scripts and a name that is too long.
fn names() -> Picture {
    Picture::default()
        .host("日本語サーバー 41", ":80")
        .host("a-process-with-a-very-long-name-indeed 4242", ":8080 :8081 :8082 :8083 :8084")
        .host("curl 7", "")
        .container("a container with a title that nobody would call short", "e\u{301}te\u{301} 9", ":1")
        .steady("curl 7", "日本語サーバー 41", 80, 1)
        .steady("日本語サーバー 41", "a-process-with-a-very-long-name-indeed 4242", 8080, 123_456)
        .edge("curl 7", "e\u{301}te\u{301} 9", 1, 1, EdgeState::New)
        .with("curl 7", |node| node.state = NodeState::New)
        .with("e\u{301}te\u{301} 9", |node| node.state = NodeState::Closed)
}

macro_rules! pictures {
    ($($name:ident: $picture:ident $width:literal x $height:literal;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(look(&$picture(), $width, $height));
        })*
    };
}

pictures! {
    all_host_at_80: all_host 80 x 20;
    all_host_at_120: all_host 120 x 32;
    all_host_at_160: all_host 160 x 40;
    containers_at_80: containers 80 x 20;
    containers_at_120: containers 120 x 30;
    containers_at_160: containers 160 x 40;
    fan_in_at_80: fan_in 80 x 20;
    fan_in_at_160: fan_in 160 x 40;
    fan_out_at_80: fan_out 80 x 30;
    fan_out_at_120: fan_out 120 x 40;
    chain_at_80: chain 80 x 20;
    chain_at_160: chain 160 x 12;
    cycle_at_80: cycle 80 x 14;
    cycle_at_120: cycle 120 x 14;
    states_at_80: states 80 x 12;
    forty_at_120: forty 120 x 34;
    all_host_at_40: all_host 40 x 10;
    crowded_at_80: crowded 80 x 20;
    folded_at_80: folded 80 x 20;
    quiet_at_80: quiet 80 x 24;
    names_at_80: names 80 x 12;
    names_at_120: names 120 x 12;
}
