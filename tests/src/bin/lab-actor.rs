//! A process of known behaviour: does what it is told, line by line (or argument by argument), and says in JSON what came of
//! it. [`scopetop_lab::actor::Actor`] lists the commands.

use std::collections::HashMap;
use std::ffi::CString;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd as _};
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use scopetop_lab::deed::datagrams::Datagrams;
use scopetop_lab::deed::heir::{self, Heir};
use scopetop_lab::deed::mailbox::{self, Mailbox};
use scopetop_lab::deed::{crowd, ring, unix};
use serde_json::{Value, json};

type Outcome = scopetop_lab::deed::Outcome<Value>;

#[derive(Default)]
struct Sockets {
    listeners: HashMap<String, TcpListener>,
    streams: HashMap<String, TcpStream>,
    heirs: HashMap<String, Heir>,
    mailboxes: HashMap<String, Mailbox>,
    datagrams: Datagrams,
}

fn main() -> ExitCode {
    // The program's own name may be anything, also no UTF-8.
    let commands: Vec<String> =
        std::env::args_os().skip(1).map(|command| command.to_string_lossy().into_owned()).collect();
    let mut sockets = Sockets::default();
    let result = if let Some(inherited) = heir::own_inheritance() {
        sockets.streams.extend(inherited.map(|socket| (String::from("end"), socket.into())));
        answer(&mut sockets, "here")
    } else {
        Ok(())
    };
    let result = result.and_then(|()| {
        if commands.is_empty() {
            io::stdin().lock().lines().try_for_each(|line| answer(&mut sockets, &line?))
        } else {
            commands.iter().try_for_each(|command| answer(&mut sockets, command))
        }
    });
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
            ["here"] => Ok(json!({})),
            ["heir", heir, socket] => Ok(self.adds(heir, Heir::actor(self.socket(socket)?)?)),
            ["inetd", heir, socket, program] => {
                Ok(self.adds(heir, Heir::inetd(self.socket(socket)?, program)?))
            }
            ["activate", heir, socket] => Ok(self.adds(heir, Heir::activated(self.socket(socket)?)?)),
            ["tell", heir, ..] => {
                let heir = self.heirs.get_mut(heir).ok_or_else(|| format!("no heir {heir}"))?;
                Ok(json!({ "told": heir.tell(&words[2..].join(" "))? }))
            }
            ["part", heir] => self.heirs.remove(heir).ok_or_else(|| format!("no heir {heir}"))?.end(),
            ["exec", program, socket] => Err(heir::exec(program.as_ref(), self.socket(socket)?).into()),
            ["adopt-activated", name] => {
                let listener = TcpListener::from(heir::own_activation()?);
                let local = listener.local_addr()?;
                self.listeners.insert(name.into(), listener);
                Ok(json!({ "local": local }))
            }
            ["mailbox", name, place] => {
                self.mailboxes.insert(name.into(), Mailbox::open(place)?);
                Ok(json!({}))
            }
            ["pass", place, socket] => mailbox::pass(place, self.socket(socket)?).map(|()| json!({})),
            ["take", mailbox, name] => {
                let mailbox =
                    self.mailboxes.remove(mailbox).ok_or_else(|| format!("no mailbox {mailbox}"))?;
                self.streams.insert(name.into(), mailbox.take()?.into());
                Ok(json!({}))
            }
            ["discard", mailbox] => {
                let mailbox = self.mailboxes.get(mailbox).ok_or_else(|| format!("no mailbox {mailbox}"))?;
                mailbox.discard().map(|()| json!({}))
            }
            ["accept-threads", listener, name, count] => {
                let made = crowd::accept(self.listener(listener)?, count.parse()?)?;
                self.keep(name, made)
            }
            ["connect-threads", name, count, address] => {
                self.keep(name, crowd::connect(address.parse()?, count.parse()?)?)
            }
            ["ring-accept", listener, name] => {
                let made = ring::accept(self.listener(listener)?)?;
                self.keep(name, vec![made])
            }
            ["ring-connect", name, address] => self.keep(name, vec![ring::connect(address.parse()?)?]),
            ["ring-send", name, bytes] => ring::send(self.stream(name)?, bytes.parse()?).map(|()| json!({})),
            ["ring-receive", name, bytes] => {
                ring::receive(self.stream(name)?, bytes.parse()?).map(|()| json!({}))
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
                self.listeners.insert(name.into(), unix::listening(kind, at)?.into());
                Ok(json!({}))
            }
            ["unix-accept", listener, name] => {
                let accepted = rustix::net::accept(self.listener(listener)?)?;
                self.streams.insert(name.into(), accepted.into());
                Ok(json!({}))
            }
            ["unix-bind", name, at] => {
                self.streams.insert(name.into(), unix::bound("datagram", at)?.into());
                Ok(json!({}))
            }
            ["unix-connect", name, kind, at] => {
                self.streams.insert(name.into(), unix::connected(kind, at)?.into());
                Ok(json!({}))
            }
            ["unix-pair", one, other, kind] => {
                let (first, second) = unix::pair(kind)?;
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
            _ => self.datagrams.act(words).unwrap_or_else(|| Err("not understood".into())),
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

    /// Keeps connections as `NAME0`, `NAME1`, …; tells their addresses.
    fn keep(&mut self, name: &str, made: Vec<TcpStream>) -> Outcome {
        let mut connections = Vec::new();
        for (number, stream) in made.into_iter().enumerate() {
            connections.push(json!({ "local": stream.local_addr()?, "remote": stream.peer_addr()? }));
            self.streams.insert(format!("{name}{number}"), stream);
        }
        Ok(json!({ "connections": connections }))
    }

    fn adds(&mut self, name: &str, heir: Heir) -> Value {
        let child = heir.pid();
        self.heirs.insert(name.into(), heir);
        json!({ "child": child })
    }

    /// A connection or a listener.
    fn socket(&self, name: &str) -> Result<BorrowedFd<'_>, String> {
        let stream = self.streams.get(name).map(AsFd::as_fd);
        let found = stream.or_else(|| Some(self.listeners.get(name)?.as_fd()));
        found.ok_or_else(|| format!("no socket {name}"))
    }

    fn listener(&mut self, name: &str) -> Result<&mut TcpListener, String> {
        self.listeners.get_mut(name).ok_or_else(|| format!("no listener {name}"))
    }

    fn stream(&mut self, name: &str) -> Result<&mut TcpStream, String> {
        self.streams.get_mut(name).ok_or_else(|| format!("no connection {name}"))
    }
}
