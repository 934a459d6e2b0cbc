#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::*;

const SECOND: u64 = 1_000_000_000;

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, started: 7 }
}

fn reading(process: ProcessId, second: u64, cpu_ms: u64, memory: u64) -> Reading {
    Reading { process, at: second * SECOND, cpu_ms, memory }
}

fn samples(sequence: u64, readings: &[Reading]) -> Samples {
    Samples { sequence, readings: readings.to_vec(), single: None }
}

fn newest<const N: usize>(values: &Values) -> [Option<f32>; N] {
    *values.last_chunk().unwrap()
}

#[test]
fn processor_time_is_between_two_readings_and_memory_is_at_each() {
    let mut history = UsageHistory::default();
    history.record(samples(1, &[reading(id(1), 1, 5_000, 10)]));
    assert_eq!(history.newest(id(1), 1), Some(Usage { cpu: None, memory: 10 }), "one reading is no rate");
    history.record(samples(2, &[reading(id(1), 2, 5_250, 12)]));
    history.record(samples(3, &[reading(id(1), 4, 9_250, 14)]));
    let (cpu, memory) = history.together(&[id(1)], 3);
    assert_eq!(newest(&cpu), [None, None, Some(25.0), Some(200.0)], "two processors for two seconds");
    assert_eq!(newest(&memory), [None, Some(10.0), Some(12.0), Some(14.0)]);
    // The picture is a tick ahead of what was read.
    assert_eq!(history.newest(id(1), 4).unwrap().memory, 14);
    assert_eq!(history.newest(id(1), 5), None);
    let (cpu, _) = history.together(&[id(1)], 5);
    assert_eq!(newest(&cpu), [Some(200.0), None, None]);
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let mut history = UsageHistory::default();
    history.record(samples(1, &[reading(id(1), 1, 5_000, 10)]));
    let other = ProcessId { started: 99, ..id(1) };
    history.record(samples(2, &[reading(other, 2, 10, 3)]));
    assert_eq!(history.newest(other, 2), Some(Usage { cpu: None, memory: 3 }));
    assert_eq!(newest(&history.together(&[id(1)], 2).1), [Some(10.0), None]);
}

#[test]
fn several_are_added_up_as_far_as_they_are_known() {
    let mut history = UsageHistory::default();
    history.record(samples(1, &[reading(id(1), 1, 0, 10), reading(id(2), 1, 0, 5)]));
    history
        .record(samples(2, &[reading(id(1), 2, 100, 10), reading(id(2), 2, 50, 5), reading(id(3), 2, 0, 1)]));
    let (cpu, memory) = history.together(&[id(1), id(2), id(3), id(4)], 2);
    assert_eq!(newest(&cpu), [None, Some(15.0)]);
    assert_eq!(newest(&memory), [Some(15.0), Some(16.0)]);
}

#[test]
fn nothing_is_said_about_a_time_in_which_nobody_looked() {
    let mut history = UsageHistory::default();
    history.record(samples(1, &[reading(id(1), 1, 0, 10)]));
    history.record(samples(30, &[reading(id(1), 30, 29_000, 10)]));
    history.record(samples(30, &[reading(id(1), 31, 30_000, 11)]));
    assert_eq!(history.newest(id(1), 30), Some(Usage { cpu: None, memory: 11 }));
    assert_eq!(history.together(&[id(1)], 29).1.iter().flatten().count(), 1);
    // Going back in time shows what was there.
    assert_eq!(history.newest(id(1), 1), Some(Usage { cpu: None, memory: 10 }));
}

#[test]
fn what_is_old_is_forgotten_and_what_is_kept_is_bounded() {
    let mut history = UsageHistory::default();
    for tick in 0..50 {
        let readings: Vec<Reading> = (0..PROCESSES as u32)
            .map(|number| reading(id(tick as u32 * 1_000 + number), tick, 0, 1))
            .collect();
        history.record(samples(tick, &readings));
        assert!(history.tracks.len() <= REMEMBERED, "{}", history.tracks.len());
        assert!(history.newest(readings[0].process, tick).is_some());
    }
    history.record(samples(500, &[reading(id(1), 500, 0, 1)]));
    assert_eq!(history.tracks.len(), 1);
}
