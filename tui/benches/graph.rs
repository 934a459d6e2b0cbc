//! How long the graph takes: `cargo bench -p scopetop --bench graph`. Prints the median and the 99th percentile, and the same
//! of the time that this thread ran: on a busy machine, that is what it costs.
#![allow(missing_docs, reason = "a program")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop::graph::{GraphState, Zoom, layout, render};
use scopetop::theme::Theme;
use scopetop::trend::Trends;
use scopetop::view::{EdgeState, GroupKey, NodeKind, NodeState, View, ViewEdge, ViewNode};
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::identity::{ContainerId, ProcessId};
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::{HostIndex, NodeKey, Rate, Service};

const PANEL: Rect = Rect { x: 0, y: 0, width: 200, height: 57 };
const HOST: HostIndex = HostIndex(0);

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A host: who is there and who talks to whom. One in five is an address outside.
struct World {
    dice: Dice,
    nodes: Vec<u32>,
    edges: Vec<(u32, u32, u16, usize)>,
    next: u32,
}

impl World {
    fn new(nodes: usize, edges: usize) -> Self {
        let mut world = Self { dice: Dice(7), nodes: Vec::new(), edges: Vec::new(), next: 0 };
        for _ in 0..nodes {
            world.come();
        }
        for _ in 0..edges {
            world.link();
        }
        world
    }

    fn come(&mut self) {
        self.nodes.push(self.next);
        self.next += 1;
    }

    fn link(&mut self) {
        // Most talk to a few.
        let few = (self.nodes.len() / 20).max(1);
        let client = self.nodes[self.dice.roll(self.nodes.len())];
        let server =
            if self.dice.roll(3) > 0 { self.dice.roll(few) } else { self.dice.roll(self.nodes.len()) };
        let port = [80, 443, 5432, 6379][self.dice.roll(4)];
        let count = 1 + self.dice.roll(4);
        self.edges.push((client, self.nodes[server], port, count));
    }

    /// One in a hundred goes, and as many come.
    fn pass(&mut self) {
        for _ in 0..self.nodes.len() / 100 {
            let gone = self.dice.roll(self.nodes.len());
            let gone = self.nodes.swap_remove(gone);
            let before = self.edges.len();
            self.edges.retain(|edge| edge.0 != gone && edge.1 != gone);
            self.come();
            for _ in self.edges.len()..before {
                self.link();
            }
        }
        for _ in 0..self.edges.len() / 100 {
            let over = self.dice.roll(self.edges.len());
            self.edges.swap_remove(over);
            self.link();
        }
    }

    fn view(&self) -> View {
        let titles: Vec<Arc<str>> = (0..40).map(|title| format!("service-{title}  app:2").into()).collect();
        let (internet, host): (Arc<str>, Arc<str>) = ("internet".into(), "host".into());
        let mut nodes: Vec<ViewNode> = self
            .nodes
            .iter()
            .map(|&number| {
                let title = number as usize % 50;
                let (kind, key, group, group_label) = if number % 5 == 4 {
                    let address = IpAddr::V4(Ipv4Addr::from(0x0800_0000 + number));
                    let key = NodeKey::Remote(None, address);
                    (NodeKind::Remote, key, GroupKey::Internet, &internet)
                } else {
                    let key = NodeKey::Process(HOST, ProcessId { pid: number, started: 1 });
                    let (group, label) = match titles.get(title) {
                        Some(label) => (GroupKey::Container(HOST, ContainerId(Text::from(&**label))), label),
                        None => (GroupKey::Host(HOST), &host),
                    };
                    (NodeKind::Process, key, group, label)
                };
                ViewNode {
                    key: key.into(),
                    label: format!("worker-node {number}"),
                    detail: if number % 3 == 0 { String::from(":8080") } else { String::new() },
                    kind,
                    group,
                    group_label: Arc::clone(group_label),
                    group_netns: None,
                    state: NodeState::Steady,
                    matched_by_search: false,
                    connections: 0,
                    inside: 0,
                    rate: Rate::default(),
                }
            })
            .collect();
        nodes.sort_by(|a, b| a.key.cmp(&b.key));
        let mut place = vec![0; self.next as usize];
        for (index, node) in nodes.iter().enumerate() {
            let number: usize =
                node.label.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default();
            place[number] = index;
        }
        let services: Vec<(u16, Arc<str>)> =
            [80, 443, 5432, 6379].map(|port| (port, format!(":{port}").into())).to_vec();
        let edges: Vec<ViewEdge> = self
            .edges
            .iter()
            .map(|&(client, server, port, open)| {
                let service = services.iter().find(|known| known.0 == port);
                ViewEdge {
                    client: place[client as usize],
                    server: place[server as usize],
                    at: Service::Port(Protocol::Tcp, port),
                    service: service.map_or_else(|| "".into(), |known| Arc::clone(&known.1)),
                    open: open as u32,
                    new: 0,
                    closed: 0,
                    failed: 0,
                    state: EdgeState::Steady,
                    directed: true,
                    rate: Rate::default(),
                    rtt_us: None,
                    since: None,
                    error: None,
                    matched_by_search: false,
                }
            })
            .collect();
        for edge in &edges {
            for end in edge.ends() {
                nodes[end].connections += edge.connections();
            }
        }
        View { nodes, edges, ..View::default() }
    }
}

/// How long something took, and how much of that this thread ran.
#[derive(Clone, Copy, Default)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

fn tell(what: &str, costs: &[Cost]) {
    let at = |times: &mut dyn Iterator<Item = Duration>| {
        let mut times: Vec<Duration> = times.collect();
        times.sort_unstable();
        [50, 99].map(|part| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3)
    };
    let [median, late] = at(&mut costs.iter().map(|cost| cost.wall));
    let [cpu, cpu_late] = at(&mut costs.iter().map(|cost| cost.cpu));
    println!("{what:<56} {median:>7.2} /{late:>7.2} ms   cpu {cpu:>6.2} /{cpu_late:>6.2} ms");
}

fn timed(mut work: impl FnMut()) -> Cost {
    let (start, cpu) = (Instant::now(), cpu_time());
    work();
    Cost { wall: start.elapsed(), cpu: cpu_time().saturating_sub(cpu) }
}

/// What this thread has run so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn frame(buffer: &mut Buffer, view: &View, state: &mut GraphState) {
    buffer.reset();
    render(buffer, PANEL, view, state, None, (&Trends::default(), &Theme::colour()));
}

fn measure(nodes: usize, edges: usize, rounds: usize) {
    let mut world = World::new(nodes, edges);
    let view = world.view();
    let total: usize = view.edges.iter().map(ViewEdge::connections).sum();
    println!("{nodes} nodes, {edges} edges, {total} connections, {}x{}", PANEL.width, PANEL.height);
    let fresh = (0..rounds).map(|_| timed(|| layout(&mut GraphState::default(), &view, PANEL)));
    tell("  layout from nothing", &fresh.collect::<Vec<Cost>>());
    let mut buffer = Buffer::empty(PANEL);
    for (name, zoom) in [("nodes", Zoom::Nodes), ("groups", Zoom::Groups), ("detail", Zoom::Detail)] {
        let mut state = GraphState::default();
        state.set_zoom(zoom);
        frame(&mut buffer, &view, &mut state);
        let (mut laid, mut drawn, mut same) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            world.pass();
            let view = world.view();
            laid.push(timed(|| layout(&mut state, &view, PANEL)));
            drawn.push(timed(|| frame(&mut buffer, &view, &mut state)));
            same.push(timed(|| frame(&mut buffer, &view, &mut state)));
        }
        let both =
            |(one, other): (&Cost, &Cost)| Cost { wall: one.wall + other.wall, cpu: one.cpu + other.cpu };
        let whole: Vec<Cost> = laid.iter().zip(&drawn).map(both).collect();
        tell(&format!("  {name}: layout, one in a hundred changed"), &laid);
        tell(&format!("  {name}: layout and drawing, one in a hundred changed"), &whole);
        tell(&format!("  {name}: drawing, nothing changed"), &same);
    }
}

fn main() {
    measure(300, 600, 200);
    measure(10_000, 20_000, 50);
    measure(10_000, 50_000, 20);
}
