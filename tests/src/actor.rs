//! Processes of known behaviour. What an actor says it did is the truth that scopetop is measured by.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::binary::companion;
use crate::procstat;
use crate::wait;
use crate::world::{Namespace, own_netns};

/// A running `lab-actor`. It ends when this is dropped, and also when the test's process dies without a word (its
/// standard input ends then).
///
/// What it understands, a line each; sockets go by names of the scenario's choice:
///
/// | command | what it does |
/// | --- | --- |
/// | `name HEX` | sets its command name to these bytes |
/// | `listen L ADDRESS` | binds and listens; tells `local` |
/// | `accept L S` | accepts one connection as `S`; tells `local`, `remote` |
/// | `connect S ADDRESS` | connects as `S`; tells `local`, `remote`, or `error` |
/// | `connect-from S LOCAL ADDRESS` | the same from a chosen address and port |
/// | `connect-pending S ADDRESS` | begins to connect and does not wait; tells `local`, `remote` |
/// | `finish-connect S` | waits for what comes of it; tells `error` |
/// | `adopt L DESCRIPTOR` | takes an inherited listener; tells `local` |
/// | `heir C S` | starts an actor `C` that inherits the connection and has it as `end`; tells `child`, its pid |
/// | `inetd C S PROGRAM` | starts a program whose standard input and output are the connection; tells `child` |
/// | `activate C L` | starts an actor that finds the listener as systemd's services do; tells `child` |
/// | `adopt-activated L` | takes the listener that this actor was activated with; tells `local` |
/// | `tell C COMMAND` | lets one of these do something; tells its answer as `told` |
/// | `part C` | ends one of these |
/// | `exec PROGRAM S` | becomes another program, a copy of this one, that has the connection as `end` and answers |
/// | `mailbox M NAME`, `take M S` | opens a place where a socket may arrive; waits for it and closes the place |
/// | `pass NAME S` | sends a socket there |
/// | `accept-threads L S N`, `connect-threads S N ADDRESS` | N threads do so at once; as `S0`, `S1`, … |
/// | `ring-accept L S`, `ring-connect S ADDRESS` | the same through `io_uring`; as `S0` |
/// | `ring-send S BYTES`, `ring-receive S BYTES` | `send` and `receive` through `io_uring` |
/// | `here` | does nothing |
/// | `accept-many L S N`, `connect-many S N ADDRESS` | the same N times, as `S0`, `S1`, … |
/// | `serve L N BYTES` | N times: accepts, echoes this many bytes, reads to the end, closes |
/// | `send S BYTES`, `receive S BYTES` | this many bytes, all of them |
/// | `half-close S` | sends FIN, goes on receiving |
/// | `close S`, `reset S` | closes with FIN, with RST |
/// | `udp-bind U ADDRESS`, `udp-connect U ADDRESS` | a UDP socket (port 0: of the kernel's choice); tells `local` |
/// | `udp-send U BYTES`, `udp-send-to U ADDRESS BYTES` | one datagram of so many bytes |
/// | `udp-receive U` | waits for one; tells `from`, `bytes` |
/// | `udp-swallow U` | the same without asking from whom |
/// | `udp-close U` | closes it |
/// | `exit` | ends |
#[derive(Debug)]
pub struct Actor {
    child: Child,
    /// The network namespace that it was started in.
    netns: u32,
    /// `None` once it is told to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Actor {
    /// Starts one in this process's namespace.
    pub fn here() -> Self {
        Self::start(Command::new(companion("lab-actor")))
    }

    /// Starts one inside a namespace.
    pub fn inside(namespace: &Namespace) -> Self {
        let mut actor = Self::start(namespace.command(companion("lab-actor")));
        actor.netns = namespace.inode();
        actor
    }

    /// Starts one in this process's namespace by a command made elsewhere: another user, other arguments.
    pub fn start(mut command: Command) -> Self {
        let netns = own_netns().unwrap_or_else(|error| panic!("the own namespace: {error}"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for as pipes")
        };
        Self { child, netns, input: Some(input), output: BufReader::new(output) }
    }

    /// Starts one inside a namespace that has this pid, which no process has: as when numbers have gone round.
    pub fn with_pid(pid: u32, namespace: &Namespace) -> Self {
        wait::until("a process with the pid", || {
            std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string())
                .unwrap_or_else(|error| panic!("the next pid: {error}"));
            // Others start processes too: it may be the next but one.
            let actor = Self::inside(namespace);
            (actor.pid() == pid).then_some(actor)
        })
    }

    /// Lets it become another program, a copy of itself under that path, that has the connection as `end`.
    pub fn becomes(&mut self, program: &Path, connection: &str) {
        self.begin(&format!("exec {} {connection}", program.display()));
        self.answer();
    }

    /// The number of its network namespace.
    pub fn netns(&self) -> u32 {
        self.netns
    }

    /// Starts one inside a namespace that inherits a listener, and has it as `listener`.
    pub fn inheriting(namespace: &Namespace, listener: &TcpListener) -> Self {
        let descriptor = listener.as_raw_fd();
        let mut command = namespace.command(companion("lab-actor"));
        #[allow(unsafe_code, reason = "a new process keeps a descriptor over exec")]
        // SAFETY: the closure makes one system call; the descriptor is open for as long as `listener` lives.
        unsafe {
            command.pre_exec(move || {
                let descriptor = BorrowedFd::borrow_raw(descriptor);
                Ok(rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty())?)
            });
        }
        let mut actor = Self::start(command);
        actor.netns = namespace.inode();
        actor.does(&format!("adopt listener {descriptor}"));
        actor
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives a command and does not wait for it.
    pub fn begin(&mut self, command: &str) {
        let Some(input) = &mut self.input else { panic!("the actor was told to end before") };
        writeln!(input, "{command}").unwrap_or_else(|error| panic!("the actor is gone: {error}"));
    }

    /// What the command begun first and not yet answered came to: an object with `did`, `pid` and what the command tells.
    pub fn answer(&mut self) -> Value {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(read) if read > 0 => {}
            other => panic!("the actor ended without an answer ({other:?})"),
        }
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the actor said {line:?}: {error}"))
    }

    /// Gives a command and waits for it.
    ///
    /// # Panics
    /// When it could not be done; see [`Actor::attempt`].
    pub fn does(&mut self, command: &str) -> Value {
        let answer = self.attempt(command);
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer
    }

    /// Gives a command and waits for it; `error` in the answer says why it could not be done.
    pub fn attempt(&mut self, command: &str) -> Value {
        self.begin(command);
        self.answer()
    }

    /// Listens, and tells the address.
    pub fn listens(&mut self, name: &str, address: &str) -> SocketAddr {
        self.does(&format!("listen {name} {address}")).address("local")
    }

    /// Connects, and tells the client's address.
    pub fn connects(&mut self, name: &str, address: SocketAddr) -> SocketAddr {
        self.does(&format!("connect {name} {address}")).address("local")
    }

    /// Waits until it sleeps in `accept`, having been told so by [`Actor::begin`].
    pub fn wait_until_accepting(&self) {
        wait::until("the actor sleeps in accept4", || {
            (procstat::blocked_in(self.pid()) == Some(libc::SYS_accept4)).then_some(())
        });
    }

    /// Waits until so many of its threads sleep in `accept`.
    pub fn wait_until_threads_accept(&self, count: usize) {
        wait::until("the actor's threads sleep in accept4", || {
            (procstat::threads_in(self.pid(), libc::SYS_accept4) == count).then_some(())
        });
    }

    /// Lets it end and waits until it is gone.
    pub fn ends(mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reading an actor's answer.
pub trait Answer {
    /// The address under `key`.
    fn address(&self, key: &str) -> SocketAddr;
}

impl Answer for Value {
    fn address(&self, key: &str) -> SocketAddr {
        let text = self[key].as_str().unwrap_or_else(|| panic!("no {key} in {self}"));
        text.parse().unwrap_or_else(|error| panic!("{key} of {self}: {error}"))
    }
}

/// Runs an actor that does all of `commands` and ends, in one go; tells its pid and each command's answer. `command` is what
/// starts it, as made by [`one_shot`].
pub fn runs(mut command: Command, commands: &[&str]) -> (u32, Vec<Value>) {
    let child = command.args(commands).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let child = child.unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    let pid = child.id();
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("the actor: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let answers = said.lines().map(|line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("the actor said {line:?}: {error}"))
    });
    (pid, answers.collect())
}

/// What starts an actor for [`runs`], in a namespace or in this one.
pub fn one_shot(namespace: Option<&Namespace>) -> Command {
    let program = companion("lab-actor");
    namespace.map_or_else(|| Command::new(&program), |namespace| namespace.command(&program))
}
