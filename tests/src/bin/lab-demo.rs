//! Cuts a recording down to some processes, for everybody to see: what `scopetop replay --demo` shows.
//!
//! `lab-demo RECORDING DEMO HOST COMM…`: of the processes with these names (and of the connections that they have an end of)
//! everything stays but their arguments, their programs' paths, what the host has of the network, and the kernel's whole
//! release; the host is called HOST. What containers and namespaces are called is known a moment late: here they have their
//! names from the first tick on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use scopetop_tracker::Tick;
use scopetop_tracker::connection::{Direction, Socket, State};
use scopetop_tracker::container::Container;
use scopetop_tracker::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId};
use scopetop_tracker::recording::{Decoder, Kind, Log as _, Recording, Writer};
use scopetop_tracker::text::Text;
use scopetop_tracker::tick::{Counts, Namespace};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recording, demo, host, names @ ..] = arguments.as_slice() else {
        eprintln!("usage: lab-demo RECORDING DEMO HOST COMM…");
        return ExitCode::from(2);
    };
    match cut(Path::new(recording), Path::new(demo), host, names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn cut(recording: &Path, demo: &Path, host: &str, names: &[String]) -> Result<(), Failure> {
    let recording = Recording::open(recording)?;
    let (mut known, mut namespaces) = (BTreeMap::new(), BTreeMap::new());
    each(&recording, |tick| {
        for container in tick.containers {
            let container = Container { labels: BTreeMap::new(), ..container };
            known.insert(container.id.clone(), container);
        }
        for namespace in tick.namespaces {
            namespaces.insert(namespace.id, Namespace { network: None, ..namespace });
        }
        Ok(())
    })?;
    let mut writer = Writer::new(File::create(demo)?);
    let mut cut = Cut {
        host: HostId(Text::from(host)),
        names: names.iter().map(String::as_str).collect(),
        processes: BTreeSet::new(),
        containers: BTreeSet::new(),
        known,
        namespaces,
        sockets: BTreeSet::new(),
    };
    each(&recording, |tick| Ok(writer.push(&cut.tick(tick))?))?;
    println!("{} ticks, {} bytes", writer.ticks(), writer.bytes());
    Ok(())
}

/// Every tick of a recording, one after the other.
fn each(recording: &Recording, mut take: impl FnMut(Tick) -> Result<(), Failure>) -> Result<(), Failure> {
    let (own, kernel) = recording.host();
    let mut decoder = Decoder::new(own.clone(), kernel.clone());
    for number in recording.ticks() {
        let (head, body) = recording.frame(number, Kind::Tick)?;
        take(decoder.decode(&head, &body)?)?;
    }
    Ok(())
}

/// What stays.
struct Cut<'a> {
    host: HostId,
    names: BTreeSet<&'a str>,
    processes: BTreeSet<ProcessId>,
    containers: BTreeSet<ContainerId>,
    /// What is known of all in the end.
    known: BTreeMap<ContainerId, Container>,
    /// Those that no socket that stays is in, yet.
    namespaces: BTreeMap<NetnsId, Namespace>,
    sockets: BTreeSet<SocketId>,
}

impl Cut<'_> {
    fn tick(&mut self, mut tick: Tick) -> Tick {
        let mut told: BTreeSet<ContainerId> = BTreeSet::new();
        tick.processes.retain(|process| self.names.contains(&*process.comm));
        for process in &mut tick.processes {
            self.processes.insert(process.id);
            if let Some(container) = &process.container
                && self.containers.insert(container.clone())
            {
                told.insert(container.clone());
            }
            process.cmdline = Some(vec![process.comm.clone()]);
            process.exe = Some(Text::from(format!("/usr/bin/{}", process.comm).as_str()));
        }
        let mut counts = Counts::default();
        for (is_over, sockets) in
            [(false, &mut tick.opened), (false, &mut tick.changed), (true, &mut tick.closed)]
        {
            sockets.retain_mut(|socket| self.keeps(socket));
            for socket in sockets.iter() {
                let is_new = self.sockets.insert(socket.id);
                if socket.remote.is_none() {
                    continue;
                }
                match (socket.state, socket.direction) {
                    (State::Failed, _) => counts.fails += 1,
                    (_, Direction::Outbound) if is_new => counts.connects += 1,
                    (_, Direction::Inbound) if is_new => counts.accepts += 1,
                    _ => {}
                }
                counts.closes += u64::from(is_over && socket.state == State::Closed);
            }
        }
        tick.forgotten.retain(|socket| self.sockets.contains(socket));
        tick.translations.retain(|translation| self.sockets.contains(&translation.socket));
        tick.containers = told.iter().filter_map(|id| self.known.get(id).cloned()).collect();
        // Each is told with the first socket in it that stays.
        let sockets = tick.opened.iter().chain(&tick.changed).chain(&tick.closed);
        let inhabited: BTreeSet<NetnsId> = sockets.map(|socket| socket.netns).collect();
        tick.namespaces = inhabited.iter().filter_map(|netns| self.namespaces.remove(netns)).collect();
        tick.remote_names.clear();
        tick.source.reasons.clear();
        tick.source.remedy = None;
        // The first tick has what was there, not what began.
        tick.counts = if tick.sequence == 0 { Counts::default() } else { counts };
        tick.host = self.host.clone();
        // Its series: the rest names a machine.
        let series: Vec<&str> = tick.kernel.split(['.', '-']).take(2).collect();
        tick.kernel = Text::from(series.join(".").as_str());
        tick
    }

    fn keeps(&self, socket: &mut Socket) -> bool {
        socket.owners.retain(|owner| self.processes.contains(owner));
        !socket.owners.is_empty()
    }
}
