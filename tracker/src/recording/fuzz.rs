//! Recordings that someone or something changed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use super::frame::Kind;
use super::samples::{HOST, KERNEL};
use super::tests::played;
use super::{Decoder, Log, Player, Recording};
use crate::fuzz;
use crate::identity::HostId;

/// The ticks before the damage are those that were recorded. A checksum that a change happens to fit is not believable.
#[test]
fn changed_recordings_play_up_to_the_change() {
    let originals: Vec<_> = fuzz::corpus("recording")
        .into_iter()
        .map(|bytes| {
            let recording = Recording::from_bytes(bytes.clone()).unwrap();
            let ticks = played(&recording);
            (bytes, recording, ticks)
        })
        .collect();
    fuzz::run("recording", 64, move |bytes| {
        let Ok(recording) = Recording::from_bytes(bytes.to_vec()) else { return };
        let told = played(&recording);
        let same =
            |original: &[u8]| original.iter().zip(bytes).take_while(|(one, other)| one == other).count();
        // Of the corpus the file that it still begins with.
        let (original, whole, ticks) = originals.iter().max_by_key(|(original, ..)| same(original)).unwrap();
        let untouched = same(original) as u64;
        let expected = whole.ticks().filter(|&tick| whole.end_of(tick) <= untouched).count();
        assert!(told.len() >= expected, "{} of {expected} ticks", told.len());
        assert_eq!(told[..], ticks[..told.len()]);
        let mut player = Player::new();
        for tick in recording.ticks().rev().step_by(11) {
            player.go_to(&recording, tick).unwrap();
        }
    });
}

/// Whoever makes checksums fit can say anything: it is refused or played, and that is all.
#[test]
fn any_bodies_are_refused_or_played() {
    fuzz::run("recording_body", 400, |bytes| {
        let mut decoder = Decoder::new(HostId(HOST.into()), KERNEL.into());
        let mut topology = crate::topology::Topology::new();
        for kind in [Kind::Tick, Kind::Key, Kind::Tick] {
            if let Ok(tick) = decoder.decode_body(kind, bytes) {
                topology.apply(&tick);
            }
        }
    });
}
