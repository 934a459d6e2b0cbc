//! What is recorded is what plays.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::borrow::Cow;
use std::io;
use std::path::Path;

use proptest::prelude::*;

use super::samples::{HOST, KERNEL, any_ticks, run, socket, tick};
use super::{
    Decoder, Encoder, Flaw, Kind, Log, OpenError, PlayError, Player, Recording, VERSION, WriteError, Writer,
};
use crate::identity::HostId;
use crate::tick::Tick;
use crate::topology::Topology;

fn recorded(ticks: &[Tick]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for tick in ticks {
        writer.push(tick).unwrap();
    }
    assert_eq!(writer.ticks(), ticks.len() as u64);
    let told = writer.bytes();
    let bytes = writer.into_inner();
    assert_eq!(told, bytes.len() as u64);
    bytes
}

fn opened(bytes: &[u8]) -> Recording {
    Recording::from_bytes(bytes.to_vec()).unwrap()
}

/// All its ticks, one after the other.
pub(super) fn played(recording: &Recording) -> Vec<Tick> {
    let (host, kernel) = recording.host();
    let mut decoder = Decoder::new(host.clone(), kernel.clone());
    let decode = |number| {
        let (head, body) = recording.frame(number, Kind::Tick).unwrap();
        decoder.decode(&head, &body).unwrap()
    };
    recording.ticks().map(decode).collect()
}

/// What a topology shows, in an order of its own. Connections are numbered by when they were told of first, which a
/// player that came in later does not know.
pub(super) fn shown(topology: &Topology) -> Vec<String> {
    let key = |node| topology.key(node);
    let mut lines: Vec<String> = topology
        .connections()
        .map(|connection| {
            let mut connection = connection.clone();
            let ends = [key(connection.client.node).cloned(), key(connection.server.node).cloned()];
            connection.id = crate::topology::ConnectionId(0);
            connection.client.node = petgraph::stable_graph::NodeIndex::end();
            connection.server.node = petgraph::stable_graph::NodeIndex::end();
            format!("{ends:?} {connection:?}")
        })
        .collect();
    lines.extend(topology.listeners().map(|listener| {
        let nodes: Vec<_> = listener.nodes.iter().map(|&node| key(node)).collect();
        format!("{nodes:?} {:?} {:?} {}", listener.socket, listener.address, listener.closed)
    }));
    lines.extend(topology.graph().node_weights().map(|node| format!("{node:?}")));
    lines.extend(topology.hosts().iter().map(|host| format!("{host:?}")));
    lines.sort();
    lines
}

fn topologies(ticks: &[Tick]) -> Vec<Vec<String>> {
    let mut topology = Topology::new();
    let apply = |tick| {
        topology.apply(tick);
        shown(&topology)
    };
    ticks.iter().map(apply).collect()
}

proptest! {
    // Each case is many ticks.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_recorded_is_what_is_read(ticks in any_ticks()) {
        let recording = opened(&recorded(&ticks));
        prop_assert_eq!(recording.flaw(), None);
        prop_assert_eq!(played(&recording), &ticks[..]);
    }

    #[test]
    fn a_recording_that_is_cut_anywhere_has_the_ticks_before(ticks in any_ticks(), cut in any::<prop::sample::Index>()) {
        let bytes = recorded(&ticks);
        let cut = cut.index(bytes.len());
        match Recording::from_bytes(bytes[..cut].to_vec()) {
            Ok(recording) => {
                let whole = played(&recording);
                prop_assert_eq!(&whole[..], &ticks[..whole.len()]);
                // What comes next is the tick after those, and it is cut off unless the cut is right before it.
                let next = recorded(&ticks[..=whole.len()]).len();
                prop_assert!(cut < next);
                match recording.flaw() {
                    Some(Flaw::CutOff { tick, offset }) => {
                        prop_assert_eq!(tick, whole.len() as u64);
                        prop_assert!(offset <= cut as u64);
                    }
                    None => prop_assert!(whole.is_empty() || recorded(&ticks[..whole.len()]).len() == cut),
                    flaw => prop_assert!(false, "{flaw:?}"),
                }
            }
            Err(OpenError::Header { .. } | OpenError::Empty) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}

#[test]
fn every_tick_is_the_same_from_wherever_it_is_reached() {
    let ticks = run(100);
    let recording = opened(&recorded(&ticks));
    let keys = recording.ticks().filter(|&tick| recording.has_key(tick)).count();
    assert!(keys >= 3, "{keys} keys");
    let expected = topologies(&ticks);
    let mut player = Player::new();
    let mut check = |tick: u64| {
        player.go_to(&recording, tick).unwrap();
        assert_eq!(player.tick(), Some(tick));
        let shown = shown(player.topology().unwrap());
        assert_eq!(shown, expected[tick as usize], "tick {tick}");
    };
    // One after the other, back again, and here and there.
    (0..100).for_each(&mut check);
    (0..100).rev().for_each(&mut check);
    (0..100).map(|step| step * 37 % 100).for_each(&mut check);
}

#[test]
fn a_tick_that_is_not_there_is_told() {
    let recording = opened(&recorded(&run(3)));
    let refused = Player::new().go_to(&recording, 3);
    assert!(matches!(refused, Err(PlayError::Missing { tick: 3 })), "{refused:?}");
}

#[test]
fn keys_are_few_and_the_rest_is_short() {
    // A thousand sockets that are there, of which one in a hundred changes.
    let mut ticks: Vec<_> = (0..300).map(tick).collect();
    let at = ticks[0].at;
    let sockets: Vec<_> = (0..1_000_u16)
        .map(|id| socket(id.into(), 700, "10.0.0.1:443", Some(&format!("10.0.1.1:{}", 1_000 + id)), at))
        .collect();
    ticks[0].opened.clone_from(&sockets);
    for tick in &mut ticks[1..] {
        let first = tick.sequence as usize * 10 % 1_000;
        tick.changed = sockets[first..first + 10].to_vec();
    }
    let recording = opened(&recorded(&ticks));
    assert_eq!(played(&recording), ticks);
    let bytes = |kind| -> usize {
        recording
            .ticks()
            .filter_map(|tick| recording.frame(tick, kind).ok())
            .map(|(_, body)| body.len())
            .sum()
    };
    // The first tick is as large as a key.
    let first = recording.frame(0, Kind::Tick).unwrap().1.len();
    assert!(bytes(Kind::Key) <= 3 * first, "{} of keys, {first} of the first tick", bytes(Kind::Key));
    let rest = (bytes(Kind::Tick) - first) / 299;
    assert!(rest < 400, "{rest} bytes for ten sockets whose state is as it was");
}

#[test]
fn the_header_tells_whose_it_is() {
    let recording = opened(&recorded(&run(2)));
    let header = recording.header();
    assert_eq!((&*header.host.0, &*header.kernel, header.version), (HOST, KERNEL, VERSION));
    assert!(header.program.starts_with("scopetop "), "{}", header.program);
    let counts: Vec<_> = recording.moments().map(|moment| moment.counts.connects).collect();
    assert_eq!(counts, [1, 1]);
}

#[test]
fn what_is_no_recording_is_refused_with_the_reason() {
    let whole = recorded(&run(2));
    let refused = |bytes: Vec<u8>| Recording::from_bytes(bytes).unwrap_err().to_string();
    let mut newer = whole.clone();
    newer[8] = VERSION as u8 + 1;
    let mut header = whole.clone();
    header[20] ^= 1;
    assert_eq!(
        [
            refused(Vec::new()),
            refused(b"\x1b[2J not a recording".to_vec()),
            refused(whole[1..].to_vec()),
            refused(newer),
            refused(header),
            refused(whole[..10].to_vec()),
        ],
        [
            "it is empty: whatever was to record it ended before its first tick",
            "it is not a recording of scopetop",
            "it is not a recording of scopetop",
            "it is a recording of version 2; this scopetop reads versions up to 1: a newer one is needed",
            "its header is damaged (byte 45)",
            "its header is damaged (byte 10)",
        ]
    );
    assert!(matches!(Recording::open(Path::new("/dev/zero")), Err(OpenError::NotAFile)));
    assert!(matches!(Recording::open(Path::new("/")), Err(OpenError::NotAFile)));
    assert!(matches!(Recording::open(Path::new("/nowhere")), Err(OpenError::Io(_))));
}

#[test]
fn damage_is_told_with_its_place_and_what_is_before_it_plays() {
    let ticks = run(10);
    let bytes = recorded(&ticks);
    let place = recorded(&ticks[..6]).len();
    for (what, at) in [("the head's checksum", 0), ("a length", 8), ("the moment", 24), ("the body", 60)] {
        let mut damaged = bytes.clone();
        damaged[place + at] ^= 0x40;
        let recording = opened(&damaged);
        let (tick, offset, lost) = (6, place as u64, (bytes.len() - place) as u64);
        assert_eq!(recording.flaw(), Some(Flaw::Damaged { tick, offset, lost }), "{what}");
        assert_eq!(played(&recording), &ticks[..6], "{what}");
    }
    let text = Flaw::Damaged { tick: 6, offset: 1_234, lost: 99 }.to_string();
    assert_eq!(text, "damaged at byte 1234 (tick 6): it plays up to there, 99 bytes are lost");
    let text = Flaw::Damaged { tick: 0, offset: 50, lost: 99 }.to_string();
    assert_eq!(
        text,
        "damaged at byte 50 (tick 0, the first): nothing before that can be played, 99 bytes are lost"
    );
}

#[test]
fn a_frame_that_is_missing_repeated_or_of_another_recording_is_noticed() {
    let ticks = run(10);
    let bytes = recorded(&ticks);
    let ends: Vec<_> = (0..=10).map(|count| recorded(&ticks[..count]).len()).collect();
    let frame = |number: usize| &bytes[ends[number]..ends[number + 1]];
    let missing = [&bytes[..ends[4]], &bytes[ends[5]..]].concat();
    let repeated = [&bytes[..ends[4]], frame(3), &bytes[ends[4]..]].concat();
    let other = recorded(&run(10)[1..]);
    let spliced = [&bytes[..ends[4]], &other[ends[4]..]].concat();
    for (what, bytes) in [("missing", missing), ("repeated", repeated), ("of another", spliced)] {
        let recording = opened(&bytes);
        assert!(
            matches!(recording.flaw(), Some(Flaw::Damaged { tick: 4, .. })),
            "{what}: {:?}",
            recording.flaw()
        );
        assert_eq!(played(&recording), &ticks[..4], "{what}");
    }
}

#[test]
fn room_that_was_never_written_to_is_no_damage() {
    let ticks = run(3);
    let mut bytes = recorded(&ticks);
    let offset = bytes.len() as u64;
    bytes.extend(std::iter::repeat_n(0, 70_000));
    let recording = opened(&bytes);
    assert_eq!(recording.flaw(), Some(Flaw::CutOff { tick: 3, offset }));
    assert_eq!(played(&recording), ticks);
    bytes.push(1);
    assert!(matches!(opened(&bytes).flaw(), Some(Flaw::Damaged { tick: 3, .. })));
}

#[test]
fn a_tick_of_another_host_is_refused() {
    let mut encoder = Encoder::new();
    encoder.encode(&tick(0)).unwrap();
    let other = Tick { host: HostId("db-01".into()), ..tick(1) };
    let refused = encoder.encode(&other).unwrap_err().to_string();
    assert_eq!(refused, "a tick of host db-01 among those of web-01");
}

#[test]
fn a_tick_is_handed_over_in_one_write() {
    /// Counts what it is told.
    #[derive(Default)]
    struct Counting {
        writes: usize,
        flushes: usize,
    }
    impl io::Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.flushes += 1;
            Ok(())
        }
    }
    let mut writer = Writer::new(Counting::default());
    for tick in &run(50) {
        writer.push(tick).unwrap();
    }
    let Counting { writes, flushes } = writer.into_inner();
    assert_eq!((writes, flushes), (50, 50));
}

#[test]
fn a_disk_that_is_full_is_told() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let refused = Writer::new(Full).push(&tick(0));
    assert!(matches!(refused, Err(WriteError::Io(error)) if error.kind() == io::ErrorKind::StorageFull));
}

/// Whoever reads a later version must still read these.
#[test]
fn recordings_of_every_version_are_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/recording/version-1.bin");
    let recording = Recording::open(&file).unwrap();
    assert_eq!((recording.header().version, recording.flaw()), (1, None));
    assert_eq!(played(&recording), run(24));
    let bytes: Cow<'static, [u8]> = std::fs::read(&file).unwrap().into();
    assert_eq!(played(&Recording::from_bytes(bytes).unwrap()), run(24));
}

#[test]
#[ignore = "writes the file of a version that is to be released"]
fn write_the_sample_of_this_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/recording");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("version-{VERSION}.bin")), recorded(&run(24))).unwrap();
    // Bodies alone, for the fuzzer.
    let bodies = folder.with_file_name("recording_body");
    std::fs::create_dir_all(&bodies).unwrap();
    let recording = opened(&recorded(&run(24)));
    let key = recording.ticks().find(|&tick| recording.has_key(tick)).unwrap();
    for (name, tick, kind) in [("first", 0, Kind::Tick), ("middle", 2, Kind::Tick), ("key", key, Kind::Key)] {
        let (head, body) = recording.frame(tick, kind).unwrap();
        let raw = super::codec::unpack(&head, &body).unwrap();
        std::fs::write(bodies.join(format!("{name}.bin")), raw).unwrap();
    }
}
