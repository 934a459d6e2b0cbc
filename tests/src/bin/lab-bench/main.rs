//! Measures what scopetop must reach, on loopback, each figure beside its target.
//!
//! `cargo run --release --package scopetop-lab --bin lab-bench -- [start] [short] [flat] [hold] [keys] [containers] [lookups] [history]` (all,
//! where none is named). Needs root, `ss`, and two processors. Nothing here fails on a figure: it is for a person to read.

mod containers;
mod history;
mod keys;
mod lookups;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use scopetop_lab::binary::{self, Events, companion};
use scopetop_lab::procstat;
use scopetop_lab::terminal::Terminal;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use containers::containers;
use history::history;
use keys::keys;
use lookups::lookups;

type Failure = Box<dyn std::error::Error>;
type Measurement = fn() -> Result<(), Failure>;

/// How often a measurement is repeated where the median is told.
const ROUNDS: usize = 5;

/// How often the flat load is: the times of one and the same load are up to a quarter apart on a virtual machine, and a
/// few per cent are to be seen.
const FLAT_ROUNDS: usize = 15;

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("lab-bench: a debug build: run it with --release for figures that mean something");
    }
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let all: [(&str, Measurement); 8] = [
        ("start", start),
        ("short", short),
        ("flat", flat),
        ("hold", hold),
        ("keys", keys),
        ("containers", containers),
        ("lookups", lookups),
        ("history", history),
    ];
    if let Some(unknown) = asked.iter().find(|name| !all.iter().any(|(known, _)| known == name)) {
        eprintln!(
            "lab-bench: {unknown} is no measurement: start, short, flat, hold, keys, containers, lookups, history"
        );
        return ExitCode::from(2);
    }
    // Built now, where it is not: not in the midst of a measurement.
    binary::path();
    for (name, measure) in all {
        if !asked.is_empty() && !asked.iter().any(|wanted| wanted == name) {
            continue;
        }
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        println!("== {name} (load average {})", load.trim());
        if let Err(error) = measure() {
            eprintln!("lab-bench: {name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// One line of the report.
fn tell(figure: &str, measured: &str, target: &str, reached: bool) {
    let verdict = if reached { "reached" } else { "MISSED" };
    println!("{figure:<52} {measured:>22}   {target:<18} {verdict}");
}

fn median(figures: &[f64]) -> f64 {
    quartiles(figures)[1]
}

/// The figures below which a quarter, half and three quarters of them are.
fn quartiles(figures: &[f64]) -> [f64; 3] {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    [1, 2, 3].map(|part| figures.get(figures.len() * part / 4).copied().unwrap_or(f64::NAN))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Runs something with this thread, and so what it starts, on some processors.
fn on_cpus<T>(cpus: &CpuSet, run: impl FnOnce() -> T) -> Result<T, Failure> {
    let before = sched_getaffinity(None)?;
    sched_setaffinity(None, cpus)?;
    let result = run();
    sched_setaffinity(None, &before)?;
    Ok(result)
}

fn wall_of(mut command: Command) -> Result<Duration, Failure> {
    let output = File::options().write(true).open("/dev/null")?;
    command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status()?;
    let wall = began.elapsed();
    if status.success() { Ok(wall) } else { Err(format!("{command:?}: {status}").into()) }
}

/// From start to the first full picture, printed and on the screen.
fn start() -> Result<(), Failure> {
    let mut printed = Vec::new();
    let mut drawn = Vec::new();
    for _ in 0..ROUNDS {
        printed
            .push(milliseconds(wall_of(binary::command(&["snapshot", "--format", "json", "--for", "0"]))?));
        let began = Instant::now();
        let terminal = Terminal::start(&Command::new(binary::path()), 60, 200);
        // The counts stand in the header once there is a picture to count.
        terminal.wait_for("the counts in the header", |screen| {
            screen.contents().lines().next().is_some_and(|header| header.contains("conn"))
        });
        drawn.push(milliseconds(began.elapsed()));
    }
    for (figure, times) in
        [("start to snapshot --for 0 printed", printed), ("start to first picture drawn", drawn)]
    {
        let time = median(&times);
        tell(figure, &format!("{time:.0} ms"), "<= 200 ms", time <= 200.0);
    }
    Ok(())
}

/// 1,000 processes that live for one connection each.
fn short() -> Result<(), Failure> {
    const COUNT: usize = 1000;
    let mut events = Events::ready(&[]);
    let output = Command::new(companion("lab-load"))
        .args(["short", "--count", &COUNT.to_string(), "--rate", "200"])
        .stderr(Stdio::inherit())
        .output()?;
    let truths: Vec<Value> =
        String::from_utf8(output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (server, clients) = truths.split_first().ok_or("no truth from lab-load")?;
    let server_port = &server["server_port"];
    if let Some(last) = clients.last() {
        // What is on its way shall arrive: the two ends of the last connection close last.
        for (near, far) in [(&last["port"], server_port), (server_port, &last["port"])] {
            events.wait_for("close of the last connection", |event| {
                event["kind"] == "close" && event["local"]["port"] == *near && event["remote"]["port"] == *far
            });
        }
    }
    let events = events.interrupted();
    // Ports may be used twice by different processes, so a fact is looked up with its pid where it has one.
    let count = |matches: &dyn Fn(&Value, &Value) -> bool| {
        clients.iter().filter(|truth| events.iter().any(|event| matches(event, truth))).count()
    };
    let of_client = |event: &Value, truth: &Value| {
        event["local"]["port"] == truth["port"]
            && event["remote"]["port"] == *server_port
            && event["pid"] == truth["pid"]
            && event["comm"] == truth["comm"]
    };
    let of_server = |event: &Value, truth: &Value| {
        event["remote"]["port"] == truth["port"]
            && event["local"]["port"] == *server_port
            && event["pid"] == server["server_pid"]
            && event["comm"] == server["server_comm"]
    };
    let bytes = |event: &Value, truth: &Value| {
        event["bytes_sent"] == truth["bytes"] && event["bytes_received"] == truth["bytes"]
    };
    let figures = [
        ("connects with the client's pid and name", count(&|e, t| e["kind"] == "connect" && of_client(e, t))),
        ("accepts with the server's pid and name", count(&|e, t| e["kind"] == "accept" && of_server(e, t))),
        (
            "client closes with the right bytes, pid and name",
            count(&|e, t| e["kind"] == "close" && of_client(e, t) && bytes(e, t)),
        ),
        (
            "server closes with the right bytes, pid and name",
            count(&|e, t| e["kind"] == "close" && of_server(e, t) && bytes(e, t)),
        ),
    ];
    for (figure, found) in figures {
        tell(figure, &format!("{found} of {}", clients.len()), "all of 1000", found == COUNT);
    }
    Ok(())
}

/// The connections of the flat load.
const FLAT_COUNT: u64 = 60_000;

/// One processor for the load, the other for scopetop.
fn two_processors() -> Result<(usize, CpuSet), Failure> {
    let cpus = sched_getaffinity(None)?;
    let mut usable = (0..CpuSet::MAX_CPU).filter(|&cpu| cpus.is_set(cpu));
    let (Some(load_cpu), Some(own_cpu)) = (usable.next(), usable.next()) else {
        return Err("two processors are needed".into());
    };
    let mut own_cpus = CpuSet::new();
    own_cpus.set(own_cpu);
    Ok((load_cpu, own_cpus))
}

/// 60,000 connections flat out, the load on one processor and scopetop on the other.
fn flat() -> Result<(), Failure> {
    const COUNT: u64 = FLAT_COUNT;
    let (load_cpu, own_cpus) = two_processors()?;
    // Of its own, so that its events can be told from everybody else's.
    let namespace = Namespace::anonymous()?;
    let load = || -> Result<f64, Failure> {
        let output = namespace
            .command(companion("lab-load"))
            .args(["flat", "--count", &COUNT.to_string(), "--cpu", &load_cpu.to_string()])
            .stderr(Stdio::inherit())
            .output()?;
        let truth: Value = serde_json::from_slice(&output.stdout)?;
        truth["us_per_connection"].as_f64().ok_or_else(|| "no time from lab-load".into())
    };
    // To a file: reading a pipe would be work on scopetop's processor. In memory: writing to a disk is work for the
    // kernel on any processor, also on the load's.
    let file = std::path::Path::new("/dev/shm").join(format!("scopetop-bench-{}.ndjson", std::process::id()));
    let (mut alone, mut watched) = (vec![], vec![]);
    let (mut starting, mut used) = (vec![], vec![]);
    let (mut lost, mut missing) = (0, 0);
    load()?;
    for round in 0..FLAT_ROUNDS {
        // In turns, and not always in the same order: a machine that gets busier must not look like scopetop.
        let before = if round % 2 == 0 { Some(load()?) } else { None };
        let to_file = on_cpus(&own_cpus, || ToFile::start(events(), &file))??;
        let with = load()?;
        let (summary, at_start, at_end) = to_file.finish(&file)?;
        let without = before.map_or_else(&load, Ok)?;
        alone.push(without);
        watched.push(with);
        starting.push(at_start.as_secs_f64());
        used.push(at_end.as_secs_f64());
        lost += summary["lost"].as_u64().ok_or("no lost in the summary")?;
        for (kind, expected) in [("connect", COUNT), ("accept", COUNT), ("close", 2 * COUNT)] {
            let told = count_events(&file, kind, namespace.inode())?;
            missing += expected.abs_diff(told);
            if told != expected {
                println!("round {round}: {told} events `{kind}` of {expected}");
            }
        }
    }
    // Only a file in the temporary folder stays behind where this fails.
    let _ = std::fs::remove_file(&file);
    for (name, times) in [("alone", &alone), ("watched", &watched)] {
        let [first, middle, third] = quartiles(times);
        println!(
            "{name} {middle:.1} µs a connection (half of the rounds between {first:.1} and {third:.1} µs)"
        );
    }
    let ratio = median(&watched) / median(&alone);
    tell("slow-down of the load", &format!("{ratio:.3} x"), "<= 1.08 x", ratio <= 1.08);
    tell("events lost, all rounds", &lost.to_string(), "0", lost == 0);
    tell("events missing or too many, all rounds", &missing.to_string(), "0", missing == 0);
    let used = median(&used);
    println!("of scopetop's processor time {:.2} s before it watched (median)", median(&starting));
    tell(
        "processor time of scopetop events, 60,000 connections",
        &format!("{used:.2} s"),
        "<= 1 s",
        used <= 1.0,
    );
    Ok(())
}

/// How many events of a kind in a namespace a file has.
fn count_events(file: &std::path::Path, kind: &str, netns: u32) -> Result<u64, Failure> {
    let mut count = 0;
    for line in BufReader::new(File::open(file)?).lines() {
        let event: Value = serde_json::from_str(&line?)?;
        count += u64::from(event["kind"] == kind && event["netns"] == netns);
    }
    Ok(count)
}

fn events() -> Command {
    binary::command(&["events", "--format", "ndjson"])
}

/// A `scopetop events` that writes to a file.
struct ToFile {
    child: Child,
    /// The processor time that it had used when it began to watch.
    at_start: Duration,
}

impl ToFile {
    fn start(mut command: Command, file: &std::path::Path) -> Result<Self, Failure> {
        let mut child = command.stdout(File::create(file)?).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or("no pipe")?;
        let mut lines = BufReader::new(stderr).lines();
        if !lines.any(|line| line.is_ok_and(|line| line.starts_with("scopetop: watching"))) {
            return Err("scopetop never watched".into());
        }
        // Somebody must read the rest, or it waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let at_start = procstat::cpu_time(child.id())?;
        Ok(Self { child, at_start })
    }

    fn finish(mut self, file: &std::path::Path) -> Result<(Value, Duration, Duration), Failure> {
        let pid = self.child.id();
        binary::signal(pid, rustix::process::Signal::INT);
        let cpu_time = scopetop_lab::wait::until("the end of scopetop events", || {
            procstat::has_ended(pid).then(|| procstat::cpu_time(pid))
        })?;
        self.child.wait()?;
        let last =
            BufReader::new(File::open(file)?).lines().last().ok_or("scopetop events wrote nothing")??;
        Ok((serde_json::from_str(&last)?, self.at_start, cpu_time))
    }
}

impl Drop for ToFile {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Watches the live screen for a while, tells its share of a core, and returns the most memory that it had, in megabytes.
fn live_screen(screen: &Command) -> Result<f64, Failure> {
    const OBSERVED: Duration = Duration::from_secs(30);
    let terminal = Terminal::start(screen, 60, 200);
    terminal.wait_for("the counts in the header", |screen| {
        screen.contents().lines().next().is_some_and(|header| header.contains("conn"))
    });
    let before = procstat::cpu_time(terminal.pid())?;
    let began = Instant::now();
    let mut resident = 0;
    while began.elapsed() < OBSERVED {
        std::thread::sleep(Duration::from_secs(1));
        resident = resident.max(procstat::resident_bytes(terminal.pid())?);
    }
    let used = procstat::cpu_time(terminal.pid())?.saturating_sub(before);
    let share = used.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    println!("{}", terminal.contents().lines().next().unwrap_or_default());
    tell("live screen at a tick of 1 s, share of a core", &format!("{share:.1} %"), "<= 5 %", share <= 5.0);
    Ok(resident as f64 / 1e6)
}

/// 41,000 sockets of 1,000 processes, held open until the end.
struct Held(Child);

impl Held {
    /// 41,000 sockets of 1,000 processes.
    fn start() -> Result<Self, Failure> {
        Self::with(&["hold", "--processes", "1000", "--sockets", "41"])
    }

    /// What `lab-load` holds with these arguments.
    fn with(arguments: &[&str]) -> Result<Self, Failure> {
        let mut load = Command::new(companion("lab-load"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(load.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
        if line.trim() != "READY" {
            return Err("the sockets cannot be held".into());
        }
        Ok(Self(load))
    }

    fn end(mut self) -> Result<(), Failure> {
        drop(self.0.stdin.take());
        self.0.wait()?;
        Ok(())
    }
}

/// The scan of 41,000 sockets, and the live screen on them.
fn hold() -> Result<(), Failure> {
    let held = Held::start()?;
    let (mut ss_times, mut scan_times, mut whole_times) = (vec![], vec![], vec![]);
    let mut sockets = 0;
    for _ in 0..ROUNDS {
        let mut ss = Command::new("ss");
        ss.arg("-tanp");
        ss_times.push(milliseconds(wall_of(ss)?));
        let arguments = ["snapshot", "--format", "json", "--for", "0"];
        whole_times.push(milliseconds(wall_of(binary::command(&arguments))?));
        let picture = binary::snapshot(&arguments[3..]);
        scan_times.push(picture["source"]["scan_ms"].as_f64().ok_or("no scan_ms")?);
        let count = |key: &str| picture[key].as_array().map_or(0, Vec::len);
        sockets = count("connections") * 2 + count("listeners");
    }
    let (ss, scan, whole) = (median(&ss_times), median(&scan_times), median(&whole_times));
    println!("ss -tanp {ss:.0} ms; about {sockets} sockets in the picture");
    tell("scan", &format!("{scan:.1} ms"), &format!("<= {:.0} ms", ss / 10.0), scan <= ss / 10.0);
    tell(
        "whole snapshot --for 0",
        &format!("{whole:.0} ms"),
        &format!("<= {:.0} ms", ss / 2.0),
        whole <= ss / 2.0,
    );

    let mut screen = Command::new(binary::path());
    screen.args(["--tick", "1000"]);
    let megabytes = live_screen(&screen)?;
    tell("live screen, memory", &format!("{megabytes:.0} MB"), "<= 120 MB", megabytes <= 120.0);
    held.end()
}
