//! A process of known behaviour: does what it is told, line by line (or argument by argument), and says in JSON what came of
//! it. [`scopetop_lab::actor::Actor`] lists the commands.

use std::collections::HashMap;
use std::ffi::CString;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde_json::{Value, json};

type Outcome = Result<Value, Box<dyn std::error::Error>>;

#[derive(Default)]
struct Sockets {
    listeners: HashMap<String, TcpListener>,
    streams: HashMap<String, TcpStream>,
    children: Vec<Child>,
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Both fail only where it ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A child that inherits a socket, and does nothing but hold it for as long as this process lives.
fn heir(stream: &TcpStream) -> io::Result<Child> {
    let descriptor = stream.as_raw_fd();
    let mut command = Command::new(std::env::current_exe()?);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    #[allow(unsafe_code, reason = "a new process keeps a descriptor over exec")]
    // SAFETY: the closure makes two system calls; the descriptor is open for as long as `stream` lives.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            Ok(rustix::io::fcntl_setfd(BorrowedFd::borrow_raw(descriptor), FdFlags::empty())?)
        });
    }
    command.spawn()
}

fn socket_type(kind: &str) -> Result<SocketType, String> {
    match kind {
        "stream" => Ok(SocketType::STREAM),
        "datagram" => Ok(SocketType::DGRAM),
        "seqpacket" => Ok(SocketType::SEQPACKET),
        _ => Err(format!("no kind of socket: {kind}")),
    }
}

fn unix_socket(kind: &str) -> Result<OwnedFd, Box<dyn std::error::Error>> {
    let flags = SocketFlags::CLOEXEC;
    Ok(rustix::net::socket_with(AddressFamily::UNIX, socket_type(kind)?, flags, None)?)
}

fn unix_address(name: &str) -> rustix::io::Result<SocketAddrUnix> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddrUnix::new_abstract_name(name.as_bytes()),
        None => SocketAddrUnix::new(name),
    }
}

fn main() -> ExitCode {
    // The program's own name may be anything, also no UTF-8.
    let commands: Vec<String> =
        std::env::args_os().skip(1).map(|command| command.to_string_lossy().into_owned()).collect();
    let mut sockets = Sockets::default();
    let result = if commands.is_empty() {
        io::stdin().lock().lines().try_for_each(|line| answer(&mut sockets, &line?))
    } else {
        commands.iter().try_for_each(|command| answer(&mut sockets, command))
    };
    // The only errors that get here are those of the pipe: nobody listens any more.
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn answer(sockets: &mut Sockets, command: &str) -> io::Result<()> {
    if command == "exit" {
        std::process::exit(0);
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    let mut answer = match sockets.act(&words) {
        Ok(answer) => answer,
        Err(error) => json!({ "error": error.to_string() }),
    };
    answer["did"] = command.into();
    answer["pid"] = std::process::id().into();
    let mut output = io::stdout().lock();
    writeln!(output, "{answer}")?;
    output.flush()
}

impl Sockets {
    fn act(&mut self, words: &[&str]) -> Outcome {
        match *words {
            ["name", hex] => {
                let bytes: Result<Vec<u8>, _> = (0..hex.len() / 2)
                    .map(|index| u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16))
                    .collect();
                rustix::thread::set_name(&CString::new(bytes?)?)?;
                Ok(json!({}))
            }
            ["listen", name, address] => {
                let listener = TcpListener::bind(address)?;
                let local = listener.local_addr()?;
                self.listeners.insert(name.into(), listener);
                Ok(json!({ "local": local }))
            }
            ["accept", listener, name] => self.accept(listener, name.into()),
            ["connect", name, address] => self.connect(name.into(), address.parse()?),
            ["connect-from", name, local, address] => {
                let (local, address): (SocketAddr, SocketAddr) = (local.parse()?, address.parse()?);
                let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
                let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
                rustix::net::bind(&socket, &local)?;
                rustix::net::connect(&socket, &address)?;
                self.streams.insert(name.into(), socket.into());
                Ok(json!({ "local": local, "remote": address }))
            }
            ["accept-many", listener, name, count] => {
                let accepted: Result<Vec<_>, _> =
                    (0..count.parse::<u32>()?).map(|i| self.accept(listener, format!("{name}{i}"))).collect();
                Ok(json!({ "connections": accepted? }))
            }
            ["connect-many", name, count, address] => {
                let address = address.parse()?;
                let made: Result<Vec<_>, _> =
                    (0..count.parse::<u32>()?).map(|i| self.connect(format!("{name}{i}"), address)).collect();
                Ok(json!({ "connections": made? }))
            }
            ["connect-pending", name, address] => {
                let address: SocketAddr = address.parse()?;
                let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
                let socket =
                    rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK, None)?;
                match rustix::net::connect(&socket, &address) {
                    Err(rustix::io::Errno::INPROGRESS) => {}
                    other => return Err(format!("it does not pend: {other:?}").into()),
                }
                let stream = TcpStream::from(socket);
                let local = stream.local_addr()?;
                self.streams.insert(name.into(), stream);
                Ok(json!({ "local": local, "remote": address }))
            }
            ["finish-connect", name] => {
                let stream = self.stream(name)?;
                poll(&mut [PollFd::new(stream, PollFlags::OUT)], None)?;
                match stream.take_error()? {
                    None => stream.set_nonblocking(false).map(|()| json!({})).map_err(Into::into),
                    Some(error) => Err(error.into()),
                }
            }
            ["adopt", name, descriptor] => {
                #[allow(unsafe_code, reason = "whoever started this process says that it inherited it")]
                // SAFETY: nothing else in this process knows of the descriptor.
                let listener = unsafe { TcpListener::from_raw_fd(descriptor.parse()?) };
                let local = listener.local_addr()?;
                self.listeners.insert(name.into(), listener);
                Ok(json!({ "local": local }))
            }
            ["share", name] => {
                let child = heir(self.stream(name)?)?;
                let pid = child.id();
                self.children.push(child);
                Ok(json!({ "child": pid }))
            }
            ["serve", listener, count, bytes] => {
                let mut buffer = vec![0; bytes.parse()?];
                for _ in 0..count.parse::<u32>()? {
                    let (mut stream, _) = self.listener(listener)?.accept()?;
                    stream.read_exact(&mut buffer)?;
                    stream.write_all(&buffer)?;
                    // To the end: a FIN or, as an error, a RST.
                    let _ = io::copy(&mut stream, &mut io::sink());
                }
                Ok(json!({}))
            }
            ["send", name, bytes] => {
                self.stream(name)?.write_all(&vec![b'x'; bytes.parse()?])?;
                Ok(json!({}))
            }
            ["receive", name, bytes] => {
                self.stream(name)?.read_exact(&mut vec![0; bytes.parse()?])?;
                Ok(json!({}))
            }
            ["unix-listen", name, kind, at] => {
                let socket = unix_socket(kind)?;
                rustix::net::bind(&socket, &unix_address(at)?)?;
                rustix::net::listen(&socket, 16)?;
                self.listeners.insert(name.into(), socket.into());
                Ok(json!({}))
            }
            ["unix-accept", listener, name] => {
                let accepted = rustix::net::accept(self.listener(listener)?)?;
                self.streams.insert(name.into(), accepted.into());
                Ok(json!({}))
            }
            ["unix-bind", name, at] => {
                let socket = unix_socket("datagram")?;
                rustix::net::bind(&socket, &unix_address(at)?)?;
                self.streams.insert(name.into(), socket.into());
                Ok(json!({}))
            }
            ["unix-connect", name, kind, at] => {
                let socket = unix_socket(kind)?;
                rustix::net::connect(&socket, &unix_address(at)?)?;
                self.streams.insert(name.into(), socket.into());
                Ok(json!({}))
            }
            ["unix-pair", one, other, kind] => {
                let (family, flags) = (AddressFamily::UNIX, SocketFlags::CLOEXEC);
                let (first, second) = rustix::net::socketpair(family, socket_type(kind)?, flags, None)?;
                self.streams.insert(one.into(), first.into());
                self.streams.insert(other.into(), second.into());
                Ok(json!({}))
            }
            ["half-close", name] => {
                self.stream(name)?.shutdown(Shutdown::Write)?;
                Ok(json!({}))
            }
            ["close", name] => {
                let found = self.streams.remove(name).is_some() || self.listeners.remove(name).is_some();
                found.then(|| json!({})).ok_or_else(|| format!("no socket {name}").into())
            }
            ["reset", name] => {
                let stream = self.streams.remove(name).ok_or_else(|| format!("no socket {name}"))?;
                // Lingering for no time at all: close() sends RST.
                rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
                Ok(json!({}))
            }
            _ => Err("not understood".into()),
        }
    }

    fn accept(&mut self, listener: &str, name: String) -> Outcome {
        let (stream, remote) = self.listener(listener)?.accept()?;
        let tuple = json!({ "local": stream.local_addr()?, "remote": remote });
        self.streams.insert(name, stream);
        Ok(tuple)
    }

    fn connect(&mut self, name: String, address: SocketAddr) -> Outcome {
        let stream = TcpStream::connect(address)?;
        let tuple = json!({ "local": stream.local_addr()?, "remote": address });
        self.streams.insert(name, stream);
        Ok(tuple)
    }

    fn listener(&mut self, name: &str) -> Result<&mut TcpListener, String> {
        self.listeners.get_mut(name).ok_or_else(|| format!("no listener {name}"))
    }

    fn stream(&mut self, name: &str) -> Result<&mut TcpStream, String> {
        self.streams.get_mut(name).ok_or_else(|| format!("no connection {name}"))
    }
}
