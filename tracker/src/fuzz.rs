//! Fuzzing of what parses input from outside: files of a corpus (`tracker/fuzz/NAME/`), changed at random in a few
//! places, short enough for every run of the tests. `SCOPETOP_FUZZ_CASES` asks for more than the usual number.
//!
//! Beside what a parser promises itself, each must not panic, must come to an end, and must not take more memory than a
//! small multiple of its input.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// How many cases a run has.
const CASES: u32 = 1_000;

/// Only a parser that never comes to an end reaches this.
const PATIENCE: Duration = Duration::from_mins(2);

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    /// One byte becomes another.
    Byte(prop::sample::Index, u8),
    /// Four bytes become a number that is special: 0, 1, all ones, …
    Word(prop::sample::Index, u32),
    /// It ends there.
    Cut(prop::sample::Index),
    /// A part is left out.
    Drop(prop::sample::Index, prop::sample::Index),
    /// A part comes several times.
    Repeat(prop::sample::Index, prop::sample::Index, u16),
    /// Something is put in.
    Insert(prop::sample::Index, Vec<u8>),
    /// From there on it goes on as another file of the corpus does.
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = || any::<prop::sample::Index>();
    let special = prop_oneof![
        Just(0),
        Just(1),
        Just(0x7f),
        Just(0xff),
        Just(0xffff),
        Just(0x7fff_ffff),
        Just(u32::MAX),
        Just(u32::MAX - 7),
        any::<u32>()
    ];
    prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        2 => (index(), special).prop_map(|(at, word)| Change::Word(at, word)),
        1 => index().prop_map(Change::Cut),
        2 => (index(), index()).prop_map(|(from, to)| Change::Drop(from, to)),
        2 => (index(), index(), 1..200_u16).prop_map(|(from, to, times)| Change::Repeat(from, to, times)),
        2 => (index(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (index(), index(), index()).prop_map(|(at, file, from)| Change::Splice(at, file, from)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        /// What grows any further is long enough.
        const LONG: usize = 128 << 10;
        let place = |index: &prop::sample::Index, bytes: &[u8]| index.index(bytes.len() + 1);
        let part = |one: &prop::sample::Index, other: &prop::sample::Index, bytes: &[u8]| {
            let (one, other) = (place(one, bytes), place(other, bytes));
            one.min(other)..one.max(other)
        };
        match self {
            Self::Byte(at, byte) => {
                let at = place(at, bytes);
                bytes.get_mut(at).into_iter().for_each(|here| *here = *byte);
            }
            Self::Word(at, word) => {
                let at = place(at, bytes);
                let here = bytes.iter_mut().skip(at);
                here.zip(word.to_ne_bytes()).for_each(|(here, byte)| *here = byte);
            }
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
            Self::Drop(from, to) => _ = bytes.drain(part(from, to, bytes)),
            Self::Repeat(from, to, times) => {
                let part = part(from, to, bytes);
                let times = usize::from(*times).min(LONG / part.len().max(1));
                let again = bytes[part.clone()].repeat(times);
                bytes.splice(part.end..part.end, again);
            }
            Self::Insert(at, more) => {
                let at = place(at, bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Splice(at, file, from) => {
                bytes.truncate(place(at, bytes));
                let other = &corpus[file.index(corpus.len())];
                bytes.extend_from_slice(&other[place(from, other)..]);
            }
        }
    }
}

/// The corpus of this name, its files in the order of their names.
pub(crate) fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// Checks a parser with every file of a corpus and with many that are changed. `memory` is how many bytes it may take at
/// once for each byte of its input (and the same for 64 KiB more).
pub(crate) fn run(name: &str, memory: usize, check: impl Fn(&[u8]) + Send + 'static) {
    let corpus = corpus(name);
    let cases =
        std::env::var("SCOPETOP_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let (finished, waits) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        let within = |bytes: &[u8]| {
            let peak = peak_of(|| check(bytes));
            let allowed = memory * (bytes.len() + (64 << 10));
            assert!(peak <= allowed, "{peak} bytes for an input of {}", bytes.len());
        };
        for file in &corpus {
            within(file);
        }
        let changed = (any::<prop::sample::Index>(), prop::collection::vec(change(), 1..8));
        let config =
            Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
        let outcome = TestRunner::new(config).run(&changed, |(file, changes)| {
            let mut bytes = corpus[file.index(corpus.len())].clone();
            for change in &changes {
                change.apply(&mut bytes, &corpus);
            }
            within(&bytes);
            Ok(())
        });
        // Whoever waits learns it from the thread's end too.
        let _ = finished.send(());
        outcome.unwrap_or_else(|error| panic!("{error}"));
    });
    assert!(
        waits.recv_timeout(PATIENCE) != Err(mpsc::RecvTimeoutError::Timeout),
        "it does not come to an end"
    );
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Counts what each thread allocates.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// How many bytes a call holds at once at most, beyond what was held before.
fn peak_of(call: impl FnOnce()) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    call();
    PEAK.get().saturating_sub(before)
}

#[allow(unsafe_code, reason = "an allocator is unsafe")]
// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // While a thread ends its counters are gone, and nobody asks for them.
        let _ = HELD.try_with(|held| {
            held.set(held.get().wrapping_add(layout.size()));
            let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
        });
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // What another thread had allocated is no loss of this one.
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(layout.size())));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;
