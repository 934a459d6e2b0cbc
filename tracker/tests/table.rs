//! The connection table, by the files in `tests/table`: events and scans in, ticks out.
//!
//! A file is a list of steps; the lines that begin with `=>` behind a step are what must come out of it:
//!
//! ```text
//! event AT SOCKET KIND LOCAL>REMOTE [pid=N] [netns=N] [bytes=SENT/RECEIVED] [seq=SENT/RECEIVED] [error=N]
//! scan BEGAN..ENDED complete|partial flow|noflow [lost]
//!   row AT SOCKET STATE LOCAL>REMOTE [pid=N] …
//!   unix AT SOCKET/INODE KIND NAME#ID [> SOCKET NAME#ID mutual|one-way|closed] [listens] [pid=N] [netns=N]
//! used AT SOCKET/INODE …, as in a scan's `unix`
//! gone AT PID,… [listed=INODE,…]: these processes are, and of what is doubtful then only these files are listed
//! tick AT
//! take PATIENCE_UNTIL
//! unowned SINCE
//! ```
//!
//! `SOCKET` is the kernel's, `S7` its address or `C7` a name that only scans have; `#N` is the table's; a listener has no `>REMOTE`. Times are bare numbers; `s` behind one
//! means seconds. With `UPDATE_TABLES=1` the files are written anew with what came out, to be read before it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use scopetop_tracker::connection::{
    Actor, Address, ConnectionEvent, ConnectionTable, Counters, Direction, OwnerSource, Protocol, Scan,
    ScanRow, SequencePair, Socket, SocketEvent, SocketEventKind, State, TableTick, UnixKind, UnixName,
    UnixPeer, UnixRow,
};
use scopetop_tracker::identity::{NetnsId, ProcessId, Timestamp};

/// The namespace where none is given; it is not printed either.
const NETNS: u32 = 1;

fn number(text: &str) -> u64 {
    match text.strip_suffix('s') {
        Some(seconds) => seconds.parse::<u64>().expect(text) * 1_000_000_000,
        None => text.parse().expect(text),
    }
}

/// The words of an event or a row behind its tuple.
struct Facts(BTreeMap<String, String>);

impl Facts {
    fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let facts = words.map(|word| {
            let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("no fact: {word}"));
            assert!(
                ["pid", "comm", "netns", "bytes", "seq", "error"].contains(&name),
                "no such fact: {word}"
            );
            (name.to_owned(), value.to_owned())
        });
        Self(facts.collect())
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.0.get(name).map(|value| value.parse().expect(value))
    }

    fn pair(&self, name: &str) -> Option<(u32, u32)> {
        let (one, other) = self.0.get(name)?.split_once('/')?;
        Some((one.parse().ok()?, other.parse().ok()?))
    }

    fn netns(&self) -> NetnsId {
        NetnsId(self.number("netns").unwrap_or(NETNS))
    }

    fn actor(&self) -> Option<Actor> {
        let id = ProcessId { pid: self.number("pid")?, started: 1 };
        let mut comm = [0; 16];
        let name = self.0.get("comm").map_or("test", String::as_str);
        comm[..name.len()].copy_from_slice(name.as_bytes());
        Some(Actor { id, comm, uid: 0, cgroup: 0 })
    }

    fn counters(&self) -> Option<Counters> {
        let (sent, received) = self.pair("bytes")?;
        Some(Counters {
            bytes_sent: sent.into(),
            bytes_received: received.into(),
            rtt_us: None,
            retransmits: 0,
        })
    }

    fn sequence(&self) -> Option<SequencePair> {
        let (sent, received) = self.pair("seq")?;
        Some(SequencePair { sent, received })
    }
}

fn kernel_socket(word: &str) -> u64 {
    let (kind, number) = word.split_at(1);
    let number: u64 = number.parse().unwrap_or_else(|_| panic!("no socket: {word}"));
    match kind {
        "S" => 1 << 63 | number,
        "C" => number,
        _ => panic!("no socket: {word}"),
    }
}

fn state(word: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state.name() == word)
}

fn tuple(word: &str) -> (Address, Option<Address>) {
    match word.split_once('>') {
        Some((local, remote)) => (local.parse().expect(local), Some(remote.parse().expect(remote))),
        None => (word.parse().expect(word), None),
    }
}

fn parse_event(words: &[&str]) -> SocketEvent {
    let [at, socket, kind, addresses, facts @ ..] = words else { panic!("short event: {words:?}") };
    let (local, remote) = tuple(addresses);
    let facts = Facts::parse(facts.iter().copied());
    SocketEvent {
        at: Timestamp(number(at)),
        kernel_socket: kernel_socket(socket),
        netns: facts.netns(),
        protocol: Protocol::Tcp,
        local,
        remote: remote.unwrap_or_else(|| "0.0.0.0:0".parse().unwrap()),
        kind: match *kind {
            "connecting" => SocketEventKind::Connecting,
            "connected" => SocketEventKind::Connected,
            "arrived" => SocketEventKind::Arrived,
            "owned" => SocketEventKind::Owned,
            "listening" => SocketEventKind::Listening,
            "failed" => SocketEventKind::Failed,
            "closed" => SocketEventKind::Closed,
            other => SocketEventKind::Changed(state(other).expect(other)),
        },
        actor: facts.actor(),
        counters: facts.counters(),
        sequence: facts.sequence(),
        error: facts.number("error"),
    }
}

fn parse_row(words: &[&str]) -> ScanRow {
    let [at, socket, kind, addresses, facts @ ..] = words else { panic!("short row: {words:?}") };
    let (local, remote) = tuple(addresses);
    let facts = Facts::parse(facts.iter().copied());
    ScanRow {
        at: Timestamp(number(at)),
        kernel_socket: kernel_socket(socket),
        netns: facts.netns(),
        protocol: Protocol::Tcp,
        local,
        remote,
        state: state(kind).expect(kind),
        actor: facts.actor(),
        counters: facts.counters(),
        sequence: facts.sequence(),
    }
}

/// A name with its number: `/run/x#7`, `@x#7`, `-` without one; `None` for `?`.
fn unix_name(word: &str) -> (Option<UnixName>, u64) {
    if word == "-" {
        return (Some(UnixName::Unnamed), 0);
    }
    let (name, id) = word.split_once('#').expect(word);
    let address = (name != "?").then(|| name.parse::<Address>().expect(name));
    (address.and_then(|address| address.unix().cloned()), number(id))
}

fn parse_unix_row(words: &[&str]) -> UnixRow {
    let [at, socket, kind, name, rest @ ..] = words else { panic!("short row: {words:?}") };
    let (socket, inode) = socket.split_once('/').unwrap_or((socket, "0"));
    let (name, name_id) = unix_name(name);
    let (peer, rest) = match rest {
        [">", peer, peer_name, how, rest @ ..] => {
            let (name, name_id) = unix_name(peer_name);
            let (is_mutual, is_closed) = match *how {
                "mutual" => (true, false),
                "one-way" => (false, false),
                "closed" => (false, true),
                _ => panic!("no peer: {words:?}"),
            };
            (Some(UnixPeer { kernel_socket: kernel_socket(peer), name, name_id, is_mutual, is_closed }), rest)
        }
        rest => (None, rest),
    };
    let (listens, rest) = match rest {
        ["listens", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let facts = Facts::parse(rest.iter().copied());
    UnixRow {
        at: Timestamp(number(at)),
        kernel_socket: kernel_socket(socket),
        inode: number(inode),
        netns: facts.netns(),
        kind: match *kind {
            "stream" => UnixKind::Stream,
            "datagram" => UnixKind::Datagram,
            "seqpacket" => UnixKind::SeqPacket,
            _ => panic!("no kind: {words:?}"),
        },
        listens,
        name: name.expect("a socket knows its own name"),
        name_id,
        peer,
        actor: facts.actor(),
    }
}

fn addresses(local: &Address, remote: Option<&Address>) -> String {
    remote.map_or_else(|| local.to_string(), |remote| format!("{local}>{remote}"))
}

fn tell_socket(list: &str, socket: &Socket) -> String {
    let mut line = format!(
        "{list} #{} {} {}",
        socket.id.0,
        addresses(&socket.local, socket.remote.as_ref()),
        socket.state
    );
    line.push_str(match socket.direction {
        Direction::Unknown => " undirected",
        Direction::Outbound => " outbound",
        Direction::Inbound => " inbound",
    });
    let pids: Vec<String> = socket.owners.iter().map(|owner| owner.pid.to_string()).collect();
    match socket.owner_source {
        OwnerSource::Unknown => assert!(pids.is_empty(), "owners from nowhere: {socket:?}"),
        OwnerSource::Listener => _ = write!(line, " listener's={}", pids.join(",")),
        OwnerSource::Seen => _ = write!(line, " pid={}", pids.join(",")),
    }
    if socket.netns.0 != NETNS {
        _ = write!(line, " netns={}", socket.netns);
    }
    if let Some(at) = socket.opened_at {
        _ = write!(line, " opened={}", at.0);
    }
    if let Some(at) = socket.closed_at {
        _ = write!(line, " closed={}", at.0);
    }
    if let Some(peer) = socket.peer {
        _ = write!(line, " peer=#{}", peer.0);
    }
    tell_counters(&mut line, socket.counters, socket.error);
    if let Some(sequence) = socket.sequence {
        _ = write!(line, " seq={}/{}", sequence.sent, sequence.received);
    }
    line
}

fn tell_counters(line: &mut String, counters: Option<Counters>, error: Option<u32>) {
    if let Some(counters) = counters {
        _ = write!(line, " bytes={}/{}", counters.bytes_sent, counters.bytes_received);
    }
    if let Some(error) = error {
        _ = write!(line, " error={error}");
    }
}

fn tell_tick(tick: &TableTick) -> Vec<String> {
    let mut lines = Vec::new();
    for (list, sockets) in [("opened", &tick.opened), ("changed", &tick.changed), ("closed", &tick.closed)] {
        lines.extend(sockets.iter().map(|socket| tell_socket(list, socket)));
    }
    lines.extend(tick.forgotten.iter().map(|id| format!("forgotten #{}", id.0)));
    let counts = [
        ("connects", tick.counts.connects),
        ("accepts", tick.counts.accepts),
        ("closes", tick.counts.closes),
        ("fails", tick.counts.fails),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|count| count.1 > 0).map(|(name, count)| format!("{name}={count}")).collect();
    if !counts.is_empty() {
        lines.push(format!("counts {}", counts.join(" ")));
    }
    if !tick.newly_named.is_empty() {
        let pids: Vec<String> = tick.newly_named.iter().map(|owner| owner.pid.to_string()).collect();
        lines.push(format!("named {}", pids.join(" ")));
    }
    lines
}

fn tell_event(event: &ConnectionEvent) -> String {
    let mut line = format!(
        "{} {} #{} {}",
        event.at.0,
        event.kind.name(),
        event.socket.0,
        addresses(&event.local, event.remote.as_ref())
    );
    if let Some(process) = event.process {
        _ = write!(line, " pid={}", process.pid);
    }
    // Where it has no other, names are of no interest.
    if let Some(comm) = event.comm.map(|comm| String::from_utf8_lossy(&comm).replace('\0', ""))
        && comm != "test"
    {
        _ = write!(line, " comm={comm}");
    }
    if let Some(at) = event.opened_at {
        _ = write!(line, " opened={}", at.0);
    }
    tell_counters(&mut line, event.counters, event.error);
    line
}

/// Plays a file and gives it back with what came out in the place of what should.
fn play(text: &str) -> String {
    let mut table = ConnectionTable::new(true);
    let mut played = String::new();
    let mut lines = text.lines().filter(|line| !line.starts_with("=>")).peekable();
    while let Some(line) = lines.next() {
        played.push_str(line);
        played.push('\n');
        let words: Vec<&str> = line.split_whitespace().collect();
        let out = match words.as_slice() {
            [] => continue,
            [first, ..] if first.starts_with('#') => continue,
            ["event", event @ ..] => {
                table.apply(&parse_event(event));
                continue;
            }
            ["used", row @ ..] => {
                table.apply_unix(&parse_unix_row(row));
                continue;
            }
            ["gone", at, pids, listed @ ..] => {
                let numbers = |text: &str| text.split(',').map(number).collect::<BTreeSet<u64>>();
                let (gone, listed) =
                    (numbers(pids), listed.first().map(|words| numbers(&words["listed=".len()..])));
                let doubtful = table.doubtful_unix(|process| gone.contains(&process.pid.into()));
                let over = doubtful.into_iter().map(|(_, inode)| inode);
                let over = over.filter(|inode| !listed.as_ref().is_some_and(|listed| listed.contains(inode)));
                table.end_unix(&over.collect(), Timestamp(number(at)));
                continue;
            }
            ["scan", times, flags @ ..] => {
                let (began, ended) = times.split_once("..").expect(times);
                let mut rows = Vec::new();
                let mut unix = Vec::new();
                while let Some(row) = lines.next_if(|line| line.starts_with("  ")) {
                    played.push_str(row);
                    played.push('\n');
                    match row.split_whitespace().collect::<Vec<_>>()[..] {
                        ["row", ref row @ ..] => rows.push(parse_row(row)),
                        ["unix", ref row @ ..] => unix.push(parse_unix_row(row)),
                        _ => panic!("no row: {row}"),
                    }
                }
                let (complete, flow, lost) = match flags {
                    [complete, flow] => (*complete, *flow, false),
                    [complete, flow, "lost"] => (*complete, *flow, true),
                    _ => panic!("no scan: {line}"),
                };
                assert!(
                    ["complete", "partial"].contains(&complete) && ["flow", "noflow"].contains(&flow),
                    "{line}"
                );
                let scan = Scan {
                    began_at: Timestamp(number(began)),
                    ended_at: Timestamp(number(ended)),
                    complete: complete == "complete",
                    rows,
                    unix,
                };
                table.apply_scan(&scan, flow == "flow", lost);
                continue;
            }
            ["tick", at] => tell_tick(&table.tick(Timestamp(number(at)))),
            ["take", until] => table.take_events(Timestamp(number(until))).iter().map(tell_event).collect(),
            ["unowned", since] => {
                vec![if table.has_unowned(Timestamp(number(since))) { "yes" } else { "no" }.to_owned()]
            }
            _ => panic!("no step: {line}"),
        };
        if out.is_empty() {
            played.push_str("=> nothing\n");
        }
        for line in out {
            _ = writeln!(played, "=> {line}");
        }
    }
    played
}

/// The lines that are in one text only, in place.
fn diff(expected: &str, played: &str) -> String {
    let (expected, played): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), played.lines().collect());
    let mut text = String::new();
    let (mut one, mut other) = (0, 0);
    while one < expected.len() || other < played.len() {
        // Steps are the same in both, so the texts meet again at the next one.
        if expected.get(one) == played.get(other) {
            _ = writeln!(text, "  {}", expected[one]);
            (one, other) = (one + 1, other + 1);
            continue;
        }
        while let Some(line) = expected.get(one).filter(|line| line.starts_with("=>")) {
            _ = writeln!(text, "- {line}");
            one += 1;
        }
        while let Some(line) = played.get(other).filter(|line| line.starts_with("=>")) {
            _ = writeln!(text, "+ {line}");
            other += 1;
        }
    }
    text
}

#[test]
fn events_and_scans_in_ticks_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/table");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no tables in {}", folder.display());
    let mut failed = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let played = play(&text);
        if played == text {
            continue;
        }
        if env::var_os("UPDATE_TABLES").is_some() {
            fs::write(&file, &played).unwrap();
        }
        println!("{}:\n{}", file.display(), diff(&text, &played));
        failed.push(file.file_stem().unwrap().to_string_lossy().into_owned());
    }
    assert!(failed.is_empty(), "these tables came out differently: {}", failed.join(", "));
}
