#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use scopetop_tracker::recording::Player;

use super::*;
use crate::fixture;

fn kept(ticks: u64, limits: Limits) -> History {
    let mut history = History::new(limits);
    for tick in fixture::ticks() {
        history.push(&tick).unwrap();
    }
    let before = history.newest().unwrap().at.0;
    for second in 1..=ticks {
        let mut tick = fixture::quiet(second);
        tick.at.0 = before + second * 1_000_000_000;
        history.push(&tick).unwrap();
    }
    history
}

fn span(history: &History) -> Duration {
    let at = |tick| history.frame(tick, Kind::Tick).unwrap().0.moment.at;
    let ticks = history.ticks();
    Duration::from_nanos(at(ticks.end - 1).since(at(ticks.start)))
}

#[test]
fn what_is_older_than_the_span_goes_and_what_stays_can_be_shown() {
    let limits = Limits { span: Duration::from_mins(1), bytes: usize::MAX };
    let history = kept(1_000, limits);
    // As much as that, and up to a key more.
    assert!((60..=180).contains(&span(&history).as_secs()), "{:?}", span(&history));
    assert!(history.has_key(history.ticks().start));
    let mut player = Player::new();
    for tick in history.ticks().rev() {
        player.go_to(&history, tick).unwrap();
        let shown = &player.topology().unwrap().hosts()[0];
        assert_eq!(Some(shown.at), history.frame(tick, Kind::Tick).ok().map(|(head, _)| head.moment.at));
    }
    // All that the fixture opened is still there.
    assert_eq!(player.topology().unwrap().connections().count(), {
        let mut live = scopetop_tracker::topology::Topology::new();
        for tick in &fixture::ticks() {
            live.apply(tick);
        }
        live.apply(&fixture::quiet(1));
        live.connections().count()
    });
    assert!(player.go_to(&history, history.ticks().start - 1).is_err());
}

#[test]
fn memory_is_bounded_whatever_the_span() {
    let bytes = 8_000;
    let history = kept(3_000, Limits { span: Duration::from_hours(24), bytes });
    // The ticks of the newest key and those up to it stay, whatever they take.
    assert!(history.bytes() <= 2 * bytes, "{} bytes", history.bytes());
    assert!(history.ticks().start > 0);
    let counted: usize = history
        .ticks()
        .map(|tick| {
            let body = |kind| history.frame(tick, kind).map_or(0, |(_, body)| body.len());
            size_of::<Encoded>() + body(Kind::Tick) + body(Kind::Key)
        })
        .sum();
    assert_eq!(history.bytes(), counted);
}

#[test]
fn a_tick_of_another_host_is_refused() {
    let mut history = kept(1, Limits::default());
    let mut other = fixture::quiet(2);
    other.host = HostId("elsewhere".into());
    assert!(history.push(&other).is_err());
}

/// A host with 5,000 connections of which both ends are here; in each second 200 others open and close, each of a process of
/// its own, and on a fifth of those that stay something moves.
fn busy(second: u64) -> Tick {
    use scopetop_tracker::connection::{Counters, Direction, SequencePair, Socket, State};
    use scopetop_tracker::identity::Timestamp;

    let mut tick = fixture::quiet(second);
    let mixed = |number: u64| (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let ends = |number: u64, pid: u32, opened: Timestamp| {
        let client = format!("10.1.{}.{}:{}", number / 250 % 250, number % 250, 10_000 + number % 50_000);
        let sent = mixed(number) as u32;
        let end = |id, pid, local: &str, remote: &str, direction, sequence| Socket {
            opened_at: Some(opened),
            sequence: Some(sequence),
            ..fixture::socket(id, pid, fixture::HOST, local, remote, direction)
        };
        let own = SequencePair { sent, received: sent ^ 0x5555 };
        let others = SequencePair { sent: own.received, received: sent.wrapping_add(1) };
        [
            end(2 * number, pid, &client, "10.0.0.1:443", Direction::Outbound, own),
            end(2 * number + 1, 700, "10.0.0.1:443", &client, Direction::Inbound, others),
        ]
    };
    let moved = |socket: Socket, seconds: u64| {
        let bytes = mixed(socket.id.0) % 100_000 * seconds;
        let counters = Counters {
            bytes_sent: bytes,
            bytes_received: 7 * bytes,
            rtt_us: Some(90 + bytes as u32 % 50),
            retransmits: 0,
        };
        Socket { counters: Some(counters), ..socket }
    };
    let began = Timestamp(fixture::NOW.0);
    if second == 1 {
        for number in 0..5_000 {
            tick.opened.extend(ends(number, 1_000 + number as u32 % 1_000, began));
        }
        tick.processes = (0..1_000).map(|pid| worker(1_000 + pid)).collect();
        return tick;
    }
    for number in (0..5_000).filter(|number| number % 5 == second % 5) {
        tick.changed.extend(ends(number, 1_000 + number as u32 % 1_000, began).map(|end| moved(end, second)));
    }
    for number in 0..200 {
        let number = 10_000 + second * 200 + number;
        let at = Timestamp(tick.at.0 - mixed(number) % 900_000_000);
        let pid = 100_000 + number as u32;
        tick.processes.push(worker(pid));
        for end in ends(number, pid, at) {
            let closed = Timestamp(at.0 + mixed(end.id.0) % 3_000_000);
            tick.closed.push(Socket { state: State::Closed, closed_at: Some(closed), ..moved(end, 1) });
        }
    }
    tick
}

fn worker(pid: u32) -> scopetop_tracker::process::Process {
    let mut process = fixture::process(pid, "worker", ("www-data", 33), fixture::HOST, None);
    process.cmdline = Some(vec!["worker".into(), Text::from(format!("--number={pid}").as_str())]);
    process
}

#[test]
fn a_busy_host_takes_little() {
    // Five minutes: half of what is kept.
    let mut history = History::new(Limits::default());
    for second in 1..=300 {
        history.push(&busy(second)).unwrap();
    }
    assert_eq!(history.ticks(), 0..300);
    let keys = history.ticks().filter(|&tick| history.has_key(tick)).count();
    assert!((5..=30).contains(&keys), "{keys} keys");
    assert!(history.bytes() < 25_000_000, "{} bytes", history.bytes());
}
