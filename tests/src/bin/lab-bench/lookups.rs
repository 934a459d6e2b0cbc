//! What it costs to find out whose a connection is: through translation and into a container, against neither.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use scopetop_lab::binary::companion;
use scopetop_lab::docker::{self, Daemon, Network};
use scopetop_lab::wait;
use scopetop_lab::world::Namespace;

use crate::{FLAT_COUNT, Failure, ROUNDS, ToFile, median, on_cpus, tell, two_processors};

/// The server's port, and the one that its container publishes.
const PORT: u16 = 5432;
const PUBLISHED: u16 = 15_432;

/// The host's address and the plain server's, on a cable between the two.
const HOST: &str = "10.87.0.1";
const SERVER: &str = "10.87.0.2";

/// The same load to a server in a namespace and to one in a container behind a published port: what scopetop uses of a
/// processor for each. The daemon and the container are there both times.
pub(crate) fn lookups() -> Result<(), Failure> {
    if let Some(reason) = docker::missing() {
        return Err(reason.into());
    }
    let (load_cpu, own_cpus) = two_processors()?;
    let mut load_cpus = CpuSet::new();
    load_cpus.set(load_cpu);
    let daemon = Daemon::start(Network::Translated);
    let plain = Namespace::anonymous()?;
    daemon.namespace.wire(&[&format!("{HOST}/24")], &plain, &[&format!("{SERVER}/24")])?;
    let _server = on_cpus(&load_cpus, || Server::start(&plain))??;
    start_container(&daemon, &load_cpus)?;

    // Where nothing translates: rules of the daemon's own namespace would track this load too.
    let client = Namespace::anonymous()?;
    client.wire(&["10.88.0.1/24"], &plain, &["10.88.0.2/24"])?;
    let plainly = || load(&client, &format!("10.88.0.2:{PORT}"), load_cpu);
    let published = || load(&daemon.namespace, &format!("{HOST}:{PUBLISHED}"), load_cpu);
    wait::until("an answer through the published port", || {
        answers(&daemon.namespace, &format!("{HOST}:{PUBLISHED}")).then_some(())
    });

    let file = Path::new("/dev/shm").join(format!("scopetop-lookups-{}.ndjson", std::process::id()));
    let used = |run: &dyn Fn() -> Result<(), Failure>| -> Result<f64, Failure> {
        let mut events = crate::events();
        events.env("DOCKER_HOST", daemon.address());
        let to_file = on_cpus(&own_cpus, || ToFile::start(events, &file))??;
        run()?;
        let (_, at_start, at_end) = to_file.finish(&file)?;
        Ok((at_end.saturating_sub(at_start)).as_secs_f64())
    };
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turns, and not always in the same order.
        if round % 2 == 0 {
            without.push(used(&plainly)?);
            with.push(used(&published)?);
        } else {
            with.push(used(&published)?);
            without.push(used(&plainly)?);
        }
    }
    let _ = std::fs::remove_file(&file);
    println!("each round: without {without:.2?} s, with {with:.2?} s");
    let ratio = median(&with) / median(&without);
    println!("processor time {:.2} s without, {:.2} s with (medians)", median(&without), median(&with));
    tell(
        "NAT and container lookups, 60,000 connections",
        &format!("{ratio:.3} x"),
        "<= 1.25 x",
        ratio <= 1.25,
    );
    Ok(())
}

/// A server in a namespace, killed when dropped.
struct Server(Child);

impl Server {
    fn start(namespace: &Namespace) -> Result<Self, Failure> {
        let mut command = namespace.command(companion("lab-load"));
        let child = command.args(["serve", "--listen", &format!("0.0.0.0:{PORT}")]).stdout(Stdio::null());
        Ok(Self(child.spawn()?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The same server in a container, with the libraries that it needs, on the load's processor.
fn start_container(daemon: &Daemon, cpus: &CpuSet) -> Result<(), Failure> {
    let program = format!("{}:/lab-load:ro", companion("lab-load").display());
    let mut options = vec!["--name", "server", "--publish", "15432:5432", "--volume", &program];
    for library in ["/lib:/lib:ro", "/lib64:/lib64:ro"] {
        let folder = library.split(':').next().unwrap_or_default();
        if Path::new(folder).exists() {
            options.extend(["--volume", library]);
        }
    }
    daemon.run(&options, &["/lab-load", "serve", "--listen", "0.0.0.0:5432"]);
    let pid = daemon.docker(&["inspect", "--format", "{{.State.Pid}}", "server"]);
    sched_setaffinity(Pid::from_raw(pid.parse()?), cpus)?;
    Ok(())
}

fn flat(namespace: &Namespace, to: &str, count: u64, cpu: usize) -> Command {
    let mut command = namespace.command(companion("lab-load"));
    command.args(["flat", "--count", &count.to_string(), "--cpu", &cpu.to_string(), "--to", to]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn load(namespace: &Namespace, to: &str, cpu: usize) -> Result<(), Failure> {
    let status = flat(namespace, to, FLAT_COUNT, cpu).status()?;
    if status.success() { Ok(()) } else { Err(format!("lab-load to {to}: {status}").into()) }
}

/// Whether a server answers there.
fn answers(namespace: &Namespace, to: &str) -> bool {
    flat(namespace, to, 1, 0).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
