//! What the filters of valid.txt are asked about.

use scopetop_tracker::connection::{Address, Protocol, State};
use scopetop_tracker::container::Container;
use scopetop_tracker::filter::{ConnectionFacts, End, Holders, Reach, Subject};
use scopetop_tracker::identity::{ContainerId, NetnsId, ProcessId, Timestamp};
use scopetop_tracker::network::Scope;
use scopetop_tracker::process::Process;
use scopetop_tracker::text::Text;

const WEB_ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f900112233445566778899aabbccddeeff";
const DB_ID: &str = "dbdbdb00112233445566778899aabbccddeeff00112233445566778899aabbcc";
const HOST: NetnsId = NetnsId(4_026_531_840);

/// The owners of everything that the subjects borrow.
pub(crate) struct World {
    curl: Process,
    nginx: Process,
    nginx_owners: [ProcessId; 2],
    web: Container,
    resolver: Process,
    postgres: Process,
    db: Container,
    exporter: Process,
    host_names: Vec<Text>,
    blue_names: Vec<Text>,
}

fn process(pid: u32, comm: &str, cmdline: Option<&[&str]>, user: (u32, Option<&str>)) -> Process {
    Process {
        id: ProcessId { pid, started: u64::from(pid) * 10 },
        started_at: Some(Timestamp(1)),
        comm: Text::from(comm),
        cmdline: cmdline.map(|arguments| arguments.iter().copied().map(Text::from).collect()),
        exe: None,
        uid: Some(user.0),
        user: user.1.map(Text::from),
        netns: Some(HOST),
        container: None,
    }
}

fn address(text: &str) -> &'static Address {
    Box::leak(Box::new(text.parse().unwrap()))
}

impl World {
    pub(crate) fn new() -> Self {
        let labels =
            [("app", "shop"), ("empty", ""), ("odd", "a,b (c)"), ("io.kubernetes.pod.name", "web-7f")];
        let web = Container {
            id: ContainerId(Text::from(WEB_ID)),
            runtime: Some(Text::from("docker")),
            parent: None,
            name: Some(Text::from("web")),
            image: Some(Text::from("nginx:1.27")),
            labels: labels.into_iter().map(|(key, value)| (Text::from(key), Text::from(value))).collect(),
            netns: Some(NetnsId(4_026_532_001)),
        };
        let db = Container {
            id: ContainerId(Text::from(DB_ID)),
            runtime: None,
            parent: None,
            name: None,
            image: None,
            labels: [].into(),
            netns: Some(NetnsId(4_026_532_002)),
        };
        let mut nginx =
            process(4121, "nginx", Some(&["nginx:", "worker", "process"]), (33, Some("www-data")));
        nginx.container = Some(web.id.clone());
        let mut postgres = process(5120, "postgres日本", None, (70, Some("postgres")));
        postgres.container = Some(db.id.clone());
        postgres.netns = db.netns;
        Self {
            curl: process(311, "curl", Some(&["curl", "-s", "http://example.org/"]), (1000, Some("alice"))),
            nginx_owners: [nginx.id, ProcessId { pid: 4122, started: 5 }],
            nginx,
            web,
            resolver: process(620, "systemd-resolve", None, (101, None)),
            postgres,
            db,
            exporter: process(990, "node_exporter", Some(&["node_exporter"]), (65534, None)),
            host_names: vec![Text::from("host")],
            blue_names: vec![Text::from("blue")],
        }
    }

    fn on_host<'a>(&'a self, process: Option<&'a Process>, local: &str) -> End<'a> {
        End { process, netns: Some(HOST), netns_names: &self.host_names, ..End::at(address(local)) }
    }

    pub(crate) fn subjects(&self) -> [(&'static str, Subject<'_>); 6] {
        let nginx = End {
            process: Some(&self.nginx),
            container: Some(&self.web),
            holders: Holders::Ids(&self.nginx_owners),
            nat: address("10.0.0.1:8443").inet(),
            netns: Some(NetnsId(4_026_532_001)),
            netns_names: &self.blue_names,
            ..End::at(address("172.17.0.2:443"))
        };
        let web = Subject {
            ends: [Some(self.on_host(Some(&self.curl), "10.0.0.5:40000")), Some(nginx)],
            connection: ConnectionFacts {
                protocol: Some(Protocol::Tcp),
                state: Some(State::Established),
                reach: Some(Reach::Local),
                scope: Some(Scope::Host),
                age: Some(90_000_000_000),
                bytes: Some(1_500_000),
                rate: Some(2000.0),
                rtt_us: Some(180),
            },
        };
        let dns = Subject {
            ends: [
                Some(self.on_host(Some(&self.resolver), "192.0.2.1:40001")),
                Some(End::at(address("203.0.113.9:53"))),
            ],
            connection: ConnectionFacts {
                protocol: Some(Protocol::Udp),
                state: Some(State::Established),
                reach: Some(Reach::Outbound),
                scope: Some(Scope::Internet),
                ..ConnectionFacts::default()
            },
        };
        let ssh = Subject {
            ends: [Some(End::at(address("[2001:db8::7]:50000"))), Some(self.on_host(None, "[fd00::1]:22"))],
            connection: ConnectionFacts {
                protocol: Some(Protocol::Tcp),
                state: Some(State::TimeWait),
                reach: Some(Reach::Inbound),
                scope: Some(Scope::Private),
                age: Some(7_200_000_000_000),
                bytes: Some(900),
                rate: Some(0.0),
                rtt_us: Some(25_000),
            },
        };
        let bus = Subject {
            ends: [
                Some(self.on_host(Some(&self.resolver), "@bus/client")),
                Some(self.on_host(None, "/run/dbus/system_bus_socket")),
            ],
            connection: ConnectionFacts {
                protocol: Some(Protocol::Unix),
                state: Some(State::Established),
                reach: Some(Reach::Local),
                ..ConnectionFacts::default()
            },
        };
        let postgres = End {
            process: Some(&self.postgres),
            container: Some(&self.db),
            netns: self.postgres.netns,
            ..End::default()
        };
        let node = Subject { ends: [Some(postgres), None], ..Subject::default() };
        let listener = Subject {
            ends: [Some(self.on_host(Some(&self.exporter), "0.0.0.0:9100")), None],
            connection: ConnectionFacts {
                protocol: Some(Protocol::Tcp),
                state: Some(State::Listen),
                ..ConnectionFacts::default()
            },
        };
        [("web", web), ("dns", dns), ("ssh", ssh), ("bus", bus), ("node", node), ("listener", listener)]
    }
}
