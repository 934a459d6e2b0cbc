//! Each file `cases/*.txt` is a script with the picture after each tick (`=` lines).

use std::fs;
use std::path::Path;

use scopetop_tracker::Tick;
use scopetop_tracker::topology::Topology;

use crate::script::{add_line, picture, seconds, tick};

/// Set to anything, the pictures are written into the files: look at the difference before it is kept.
const UPDATE: &str = "UPDATE_TOPOLOGY_CASES";

/// The script with the pictures as they come out.
fn play(script: &str) -> String {
    let mut topology = Topology::new();
    let mut sequences = std::collections::HashMap::<String, u64>::new();
    let mut pending: Option<Tick> = None;
    let mut text = String::new();
    let mut finish = |pending: &mut Option<Tick>, text: &mut String| {
        if let Some(tick) = pending.take() {
            topology.apply(&tick);
            for line in picture(&topology) {
                *text += "= ";
                *text += &line;
                text.push('\n');
            }
        }
    };
    for line in script.lines() {
        if line.starts_with('=') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("tick") {
            finish(&mut pending, &mut text);
            let fact = |name| rest.split_whitespace().find_map(|word| word.strip_prefix(name));
            let host = fact("host=").unwrap_or("here");
            let sequence = sequences.entry(host.to_owned()).or_default();
            let mut next = tick(host, *sequence);
            next.source.counters_at = fact("counters=").map(seconds);
            pending = Some(next);
            *sequence += 1;
        } else if !line.starts_with('#') && !line.is_empty() {
            add_line(pending.as_mut().expect("a tick comes first"), line);
        }
        text += line;
        text.push('\n');
    }
    finish(&mut pending, &mut text);
    text
}

#[test]
fn each_script_has_its_pictures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/topology/cases");
    let mut played = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let script = fs::read_to_string(&path).unwrap();
        let outcome = play(&script);
        played += 1;
        if outcome == script {
            continue;
        }
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&path, &outcome).unwrap();
        }
        wrong.push(format!("{} should not be, but is:\n{}", path.display(), difference(&script, &outcome)));
    }
    assert!(played >= 10, "only {played} scripts found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first line that differs, both ways.
fn difference(expected: &str, is: &str) -> String {
    let mut lines = expected.lines().zip(is.lines()).enumerate();
    match lines.find(|(_, (expected, is))| expected != is) {
        Some((number, (expected, is))) => format!("line {}\n- {expected}\n+ {is}", number + 1),
        None => String::from("one ends before the other"),
    }
}
