//! Loads to measure scopetop by. Everything goes over loopback; every connection is: connect, 64 bytes to the server, 64 bytes
//! back, reset-close.
//!
//! - `lab-load short --count 1000 --rate 200`: each connection from a process that lives only for it, so many a second. Tells
//!   the truth, a JSON object a line: the server's first, then each client's.
//! - `lab-load flat --count 60000 --cpu 0`: all from one process, as fast as it goes, client and server pinned to one
//!   processor where one is named. Tells the wall time. With `--to ADDRESS` to a server that is there already.
//! - `lab-load serve --listen ADDRESS`: such a server.
//! - `lab-load hold --processes 1000 --sockets 41`: that many processes with that many TCP sockets each. Says `READY`, and
//!   holds them until standard input ends.
//! - `lab-load crowd --processes 10000 --servers 1000 --connections 6`: that many processes, of which some are servers and each
//!   of the others has that many connections, each to another server. Says `READY` likewise.

use std::collections::HashMap;
use std::ffi::CString;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

/// The payload each way.
const BYTES: usize = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((mode, options)) = arguments.split_first() else {
        return Err("usage: lab-load short|flat|hold|crowd|serve --OPTION NUMBER…".into());
    };
    let options = options
        .chunks(2)
        .map(|pair| match pair {
            [key, value] => Ok((key.trim_start_matches("--"), value.as_str())),
            _ => Err(format!("{pair:?} has no value")),
        })
        .collect::<Result<HashMap<_, _>, _>>()?;
    let number = |key: &str, default: usize| -> Result<usize, Failure> {
        options
            .get(key)
            .map_or(Ok(default), |text| text.parse().map_err(|error| format!("--{key}: {error}").into()))
    };
    match mode.as_str() {
        "short" => short(number("count", 1000)?, number("rate", 200)?),
        "flat" => flat(
            number("count", 60_000)?,
            options.get("cpu").map(|_| number("cpu", 0)).transpose()?,
            options.get("to").map(|to| to.parse()).transpose()?,
        ),
        "hold" => hold(number("processes", 1000)?, number("sockets", 41)?),
        "crowd" => crowd(number("processes", 10_000)?, number("servers", 1_000)?, number("connections", 6)?),
        "serve" => serve(options.get("listen").copied().unwrap_or("127.0.0.1:0")),
        "one" => one(number("number", 0)?, options.get("to").ok_or("--to is missing")?.parse()?),
        "holder" => holder(number("sockets", 41)?),
        "server" => server(number("number", 0)?),
        "client" => client(number("number", 0)?, number("servers", 1)?, number("connections", 1)?),
        _ => Err(format!("{mode} is no load").into()),
    }
}

/// This program again, in another part.
fn own(mode: &str) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(mode);
    Ok(command)
}

/// A server process, killed when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let mut child = own("serve")?.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server: one connection after the other, each to its end.
fn serve(address: &str) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_name(c"lab-server")?;
    let listener = TcpListener::bind(address)?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    let mut buffer = [0; BYTES];
    loop {
        let (mut stream, _) = listener.accept()?;
        if stream.read_exact(&mut buffer).is_ok() && stream.write_all(&buffer).is_ok() {
            // Ends with an error: the client's reset.
            let _ = stream.read(&mut buffer);
        }
    }
}

/// One connection, from first to last; tells the client's port.
fn talk(server: SocketAddr) -> io::Result<u16> {
    let mut stream = TcpStream::connect(server)?;
    let port = stream.local_addr()?.port();
    let mut buffer = [b'x'; BYTES];
    stream.write_all(&buffer)?;
    stream.read_exact(&mut buffer)?;
    // Lingering for no time at all: close() sends RST, and no TIME_WAIT stays.
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
    Ok(port)
}

/// The client of `short`: a process for one connection.
fn one(number: usize, server: SocketAddr) -> Result<(), Failure> {
    let comm = format!("short-{number}");
    rustix::thread::set_name(&CString::new(comm.clone())?)?;
    let port = talk(server)?;
    let truth = json!({ "pid": std::process::id(), "comm": comm, "port": port, "bytes": BYTES });
    // One write: lines of processes that end at the same time do not mix.
    io::stdout().write_all(format!("{truth}\n").as_bytes())?;
    Ok(())
}

fn short(count: usize, rate: usize) -> Result<(), Failure> {
    let server = Server::start()?;
    let port = server.address.port();
    let truth = json!({ "server_pid": server.child.id(), "server_comm": "lab-server", "server_port": port });
    println!("{truth}");
    io::stdout().flush()?;
    let began = Instant::now();
    let mut running: Vec<Child> = Vec::new();
    for number in 0..count {
        let due = Duration::from_secs_f64(number as f64 / rate.max(1) as f64);
        sleep(due.saturating_sub(began.elapsed()));
        let mut client = own("one")?;
        client.args(["--number", &number.to_string(), "--to", &server.address.to_string()]);
        running.push(client.spawn()?);
        running.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
    for mut child in running {
        child.wait()?;
    }
    eprintln!("{count} connections in {:.2} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn flat(count: usize, cpu: Option<usize>, to: Option<SocketAddr>) -> Result<(), Failure> {
    if let Some(cpu) = cpu {
        let mut cpus = CpuSet::new();
        cpus.set(cpu);
        // Before the server is started: it inherits this.
        sched_setaffinity(None, &cpus)?;
    }
    let server = if to.is_none() { Some(Server::start()?) } else { None };
    let to = to.or(server.as_ref().map(|server| server.address)).ok_or("no server")?;
    let began = Instant::now();
    for _ in 0..count {
        talk(to)?;
    }
    let wall = began.elapsed();
    let each = wall.as_secs_f64() * 1e6 / count.max(1) as f64;
    println!("{}", json!({ "count": count, "wall_us": wall.as_micros() as u64, "us_per_connection": each }));
    Ok(())
}

fn hold(processes: usize, sockets: usize) -> Result<(), Failure> {
    let holder = || -> Result<Command, Failure> {
        let mut holder = own("holder")?;
        holder.args(["--sockets", &sockets.to_string()]);
        Ok(holder)
    };
    remain(started((0..processes).map(|_| holder()))?)
}

/// Starts processes and waits until each says that it has what it is to hold.
fn started(commands: impl Iterator<Item = Result<Command, Failure>>) -> Result<Vec<Child>, Failure> {
    // Standard input is passed on: they all end when it does.
    let spawned = commands.map(|command| Ok(command?.stdout(Stdio::piped()).spawn()?));
    let mut children = spawned.collect::<Result<Vec<Child>, Failure>>()?;
    for child in &mut children {
        child.stdout.take().ok_or("no pipe")?.read_exact(&mut [0])?;
    }
    Ok(children)
}

/// Says that all are there, and waits for their end.
fn remain(children: Vec<Child>) -> Result<(), Failure> {
    println!("READY");
    io::stdout().flush()?;
    for mut child in children {
        child.wait()?;
    }
    Ok(())
}

/// What a process holds is there: says so, and waits until it is no longer wanted.
fn held() -> Result<(), Failure> {
    io::stdout().write_all(b".")?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn crowd(processes: usize, servers: usize, connections: usize) -> Result<(), Failure> {
    let part = |mode: &str, number: usize| -> Result<Command, Failure> {
        let mut command = own(mode)?;
        let options = [("--number", number), ("--servers", servers), ("--connections", connections)];
        command.args(options.iter().flat_map(|(key, value)| [(*key).to_owned(), value.to_string()]));
        Ok(command)
    };
    let mut all = started((0..servers).map(|number| part("server", number)))?;
    all.extend(started((servers..processes).map(|number| part("client", number)))?);
    remain(all)
}

/// Where a server of a crowd is: each has a loopback address of its own.
fn server_address(number: usize) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    ([127, 99, high, low], 7_000).into()
}

/// A server that keeps every connection.
fn server(number: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind(server_address(number))?;
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    held()
}

/// A client of so many servers.
fn client(number: usize, servers: usize, connections: usize) -> Result<(), Failure> {
    let server = |connection: usize| server_address((number * 7 + connection * 13) % servers);
    let made = (0..connections).map(|connection| TcpStream::connect(server(connection)));
    let _made = made.collect::<io::Result<Vec<_>>>()?;
    held()
}

/// A listener and as many connections to it as make up the number.
fn holder(sockets: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut held = Vec::new();
    while held.len() + 2 < sockets {
        let client = TcpStream::connect(address)?;
        held.push(listener.accept()?.0);
        held.push(client);
    }
    self::held()
}
