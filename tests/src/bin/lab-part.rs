//! Plays a part on a host that is shown in a picture: a server with workers, a database, a browser. It is started under
//! the name of the program that it plays, and does what `LAB_PART` says, for ever:
//!
//! - `listen PORT`, `listen-unix PATH`, `answer PORT` (UDP): serves.
//! - `call WHERE COUNT MS UP DOWN`: holds so many connections and every so many milliseconds sends and gets so many
//!   bytes on each. `WHERE` is an address with a port, or the path of a Unix socket.
//! - `visit WHERE MS UP DOWN`: the same on a connection that it opens and closes each time.
//! - `ask ADDRESS MS`: sends datagrams that are answered.
//! - `knock ADDRESS MS`: connects in vain.
//! - `far ADDRESS`, `caller ADDRESS PORT`: a connection to an address that does not exist, or from one to a port of its own:
//!   the kernel is told that it is there (`TCP_REPAIR`), and no packet is ever sent.
//! - `workers COUNT`: starts itself so often, to do what `LAB_WORKER` says.
//!
//! Statements are parted by semicolons.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, ExitCode};
use std::thread::{sleep, spawn};
use std::time::Duration;

use rustix::net::sockopt::set_socket_reuseport;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with};
use rustix::process::{Signal, set_parent_process_death_signal};

type Failure = Box<dyn std::error::Error>;

/// How soon something that failed is tried again.
const AGAIN: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let part = std::env::var("LAB_PART").unwrap_or_default();
    match play(&part) {
        Ok(()) => loop {
            std::thread::park();
        },
        Err(error) => {
            eprintln!("lab-part: {part}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(script: &str) -> Result<(), Failure> {
    for statement in script.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words.as_slice() {
            ["listen", port] => serve_tcp(port.parse()?)?,
            ["listen-unix", path] => serve_unix(path)?,
            ["answer", port] => answer(port.parse()?)?,
            ["call", place, count, milliseconds, up, down] => {
                let talk = Talk::new(milliseconds, up, down)?;
                for _ in 0..count.parse::<usize>()? {
                    let place = (*place).to_owned();
                    spawn(move || for_ever(|| talk.on(connected(&place)?, usize::MAX)));
                }
            }
            ["visit", place, milliseconds, up, down] => {
                let (talk, place) = (Talk::new(milliseconds, up, down)?, (*place).to_owned());
                spawn(move || for_ever(|| talk.on(connected(&place)?, 1)));
            }
            ["ask", address, milliseconds] => {
                let (address, pause) = (address.parse()?, pause(milliseconds)?);
                spawn(move || for_ever(|| ask(address, pause)));
            }
            ["knock", address, milliseconds] => {
                let (address, pause) = (address.parse::<SocketAddr>()?, pause(milliseconds)?);
                spawn(move || {
                    loop {
                        let _ = TcpStream::connect(address);
                        sleep(pause);
                    }
                });
            }
            ["far", address] => pretend(None, address.parse()?)?,
            ["caller", address, port] => pretend(Some(port.parse()?), address.parse()?)?,
            ["workers", count] => {
                for _ in 0..count.parse()? {
                    start_worker()?;
                }
            }
            _ => return Err(format!("{statement:?} is no statement").into()),
        }
    }
    Ok(())
}

fn pause(milliseconds: &str) -> Result<Duration, Failure> {
    Ok(Duration::from_millis(milliseconds.parse()?))
}

/// Does something again and again, whatever comes of it.
fn for_ever(mut something: impl FnMut() -> io::Result<()>) {
    loop {
        if something().is_err() {
            sleep(AGAIN);
        }
    }
}

/// A stream of either kind.
trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

fn connected(place: &str) -> io::Result<Box<dyn Stream>> {
    Ok(if place.starts_with('/') {
        Box::new(UnixStream::connect(place)?)
    } else {
        Box::new(TcpStream::connect(place)?)
    })
}

/// What is said on a connection.
#[derive(Clone, Copy)]
struct Talk {
    pause: Duration,
    up: u32,
    down: u32,
}

impl Talk {
    fn new(milliseconds: &str, up: &str, down: &str) -> Result<Self, Failure> {
        Ok(Self { pause: pause(milliseconds)?, up: up.parse()?, down: down.parse()? })
    }

    /// Says so often what it has to say. A question is two numbers, how long it is and how long the answer, and so
    /// many bytes.
    fn on(self, mut stream: Box<dyn Stream>, times: usize) -> io::Result<()> {
        let mut question = [self.up.to_le_bytes(), self.down.to_le_bytes()].concat();
        question.resize(question.len() + self.up as usize, 0);
        let mut answer = vec![0; self.down as usize];
        for _ in 0..times {
            stream.write_all(&question)?;
            stream.read_exact(&mut answer)?;
            sleep(self.pause);
        }
        Ok(())
    }
}

fn serve(mut stream: impl Stream + 'static) {
    spawn(move || {
        let (mut up, mut down, mut bytes) = ([0; 4], [0; 4], Vec::new());
        while stream.read_exact(&mut up).is_ok() && stream.read_exact(&mut down).is_ok() {
            bytes.resize(u32::from_le_bytes(up) as usize, 0);
            if stream.read_exact(&mut bytes).is_err() {
                return;
            }
            bytes.resize(u32::from_le_bytes(down) as usize, 0);
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    });
}

/// Several workers listen on one port.
fn serve_tcp(port: u16) -> Result<(), Failure> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_reuseport(&socket, true)?;
    bind(&socket, &SocketAddr::from(([0, 0, 0, 0], port)))?;
    listen(&socket, 128)?;
    let listener = std::net::TcpListener::from(socket);
    spawn(move || listener.incoming().flatten().for_each(serve));
    Ok(())
}

fn serve_unix(path: &str) -> Result<(), Failure> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    spawn(move || listener.incoming().flatten().for_each(serve));
    Ok(())
}

fn answer(port: u16) -> Result<(), Failure> {
    let socket = UdpSocket::bind(("0.0.0.0", port))?;
    spawn(move || {
        let mut question = [0; 512];
        for_ever(|| {
            let (_, from) = socket.recv_from(&mut question)?;
            socket.send_to(&[0; 180], from).map(drop)
        });
    });
    Ok(())
}

fn ask(address: SocketAddr, pause: Duration) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(AGAIN))?;
    loop {
        socket.send(&[0; 40])?;
        socket.recv(&mut [0; 512])?;
        sleep(pause);
    }
}

/// A connection that only this end knows of.
fn pretend(port: Option<u16>, other: SocketAddr) -> Result<(), Failure> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_reuseport(&socket, true)?;
    if let Some(port) = port {
        bind(&socket, &SocketAddr::from(([0, 0, 0, 0], port)))?;
    }
    let on: libc::c_int = 1;
    #[allow(unsafe_code, reason = "no wrapper has this option")]
    // SAFETY: the option's value is an int that lives through the call.
    let set = unsafe {
        libc::setsockopt(
            std::os::fd::AsRawFd::as_raw_fd(&socket),
            libc::IPPROTO_TCP,
            libc::TCP_REPAIR,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if set != 0 {
        return Err(io::Error::last_os_error().into());
    }
    connect(&socket, &other)?;
    // It lives as long as this process.
    std::mem::forget(socket);
    Ok(())
}

fn start_worker() -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    let own = std::env::args_os().next().ok_or("no name of its own")?;
    let part = std::env::var("LAB_WORKER")?;
    let mut worker = Command::new(own);
    worker.args(std::env::args_os().skip(1)).env("LAB_PART", part).env_remove("LAB_WORKER");
    #[allow(unsafe_code, reason = "a worker goes with its master")]
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe {
        worker.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
    worker.spawn()?;
    Ok(())
}
