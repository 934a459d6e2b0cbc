#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use scopetop_tracker::tick::Counts;

use super::*;

/// A tick every second, the first ending at 1.
fn moment(second: u64) -> Moment {
    Moment { at: Timestamp(second * 1_000_000_000), duration: 1_000_000_000, counts: Counts::default() }
}

/// So many live ticks.
fn live(ticks: u64) -> Time {
    let mut time = Time::default();
    (1..=ticks).for_each(|second| time.came(moment(second)));
    time
}

/// The shown tick after each key.
fn after(time: &mut Time, keys: &[Travel]) -> Vec<Option<u64>> {
    let step = |&key| {
        time.travel(key);
        time.shown()
    };
    keys.iter().map(step).collect()
}

#[test]
fn a_moment_is_found_by_its_end_while_it_is_known() {
    let mut time = live(5);
    let at = |second: u64| Timestamp(second * 1_000_000_000);
    assert_eq!(
        [at(1), at(5), at(6), Timestamp(1)].map(|at| time.tick_of(at)),
        [Some(0), Some(4), None, None]
    );
    time.forget_before(3);
    assert_eq!([at(3), at(4)].map(|at| time.tick_of(at)), [None, Some(3)]);
}

#[test]
fn whoever_stays_at_a_tick_of_a_recording_stops_it() {
    let mut first = moment(1);
    first.duration = 1_000;
    let mut time = Time::recorded([first].into_iter().chain((2..=9).map(moment)), Speed::default());
    assert_eq!(time.usual_length(), Some(1_000_000_000));
    time.play(Duration::from_secs(5));
    time.stay_at(2);
    assert_eq!((time.shown(), time.standing()), (Some(2), Standing::Stands(Speed::default())));
    assert!(!time.play(Duration::from_secs(5)));
}

#[test]
fn steps_go_back_and_end_at_now() {
    use Travel::{Back, Forward, MinuteBack, MinuteForward, Now, Oldest};
    let mut time = live(200);
    assert_eq!(time.standing(), Standing::Now);
    assert_eq!(after(&mut time, &[Back, Back, Forward, Forward]), [Some(198), Some(197), Some(198), None]);
    assert_eq!(
        after(&mut time, &[MinuteBack, MinuteBack, MinuteForward, MinuteForward]),
        [Some(139), Some(79), Some(139), None]
    );
    assert_eq!(after(&mut time, &[Oldest, Back, MinuteBack, Forward]), [Some(0), Some(0), Some(0), Some(1)]);
    assert_eq!(time.standing(), Standing::Past(198_000_000_000));
    assert_eq!(after(&mut time, &[Now]), [None]);
    assert!(time.is_now());
}

#[test]
fn what_is_held_stays_while_ticks_come_and_go() {
    let mut time = live(10);
    assert_eq!(after(&mut time, &[Travel::Pause]), [Some(9)]);
    assert_eq!(time.standing(), Standing::Past(0));
    time.came(moment(11));
    time.came(moment(12));
    assert_eq!(
        (time.shown(), time.place(), time.standing()),
        (Some(9), Some(9), Standing::Past(2_000_000_000))
    );
    time.forget_before(4);
    assert_eq!((time.shown(), time.place()), (Some(9), Some(5)));
    // It is older than all that is known: from there on it goes to the oldest that is.
    time.forget_before(10);
    assert_eq!((time.shown(), time.place()), (Some(9), Some(0)));
    assert_eq!(after(&mut time, &[Travel::Back, Travel::Pause]), [Some(10), None]);
}

#[test]
fn without_a_past_there_is_only_now() {
    let mut time = Time::default();
    let keys = [Travel::Back, Travel::Oldest, Travel::Pause, Travel::MinuteForward, Travel::Faster];
    assert_eq!(after(&mut time, &keys), [None; 5]);
    assert_eq!((time.place(), time.due(), time.play(Duration::from_secs(9))), (None, None, false));
    let mut time = live(10);
    time.travel(Travel::Oldest);
    time.forget_all();
    assert_eq!((time.shown(), time.moments().len()), (None, 0));
    time.came(moment(11));
    assert_eq!(after(&mut time, &[Travel::Pause]), [Some(10)], "numbers go on");
}

#[test]
fn a_recording_plays_at_its_speed_to_its_end() {
    let mut time = Time::recorded((1..=10).map(moment), Speed::default());
    assert_eq!((time.shown(), time.standing()), (Some(0), Standing::Plays(Speed(0))));
    assert_eq!(time.due(), Some(Duration::from_secs(1)));
    assert!(!time.play(Duration::from_millis(999)));
    assert_eq!(time.due(), Some(Duration::from_millis(1)));
    assert!(time.play(Duration::from_millis(1)));
    assert_eq!(time.shown(), Some(1));
    // Slower and faster, from where it is.
    time.travel(Travel::Slower);
    assert_eq!(time.due(), Some(Duration::from_secs(2)));
    after(&mut time, &[Travel::Faster; 3]);
    assert_eq!((time.standing(), time.due()), (Standing::Plays(Speed(2)), Some(Duration::from_millis(250))));
    // Many ticks at once, where nobody looked in between.
    assert!(time.play(Duration::from_secs(1)));
    assert_eq!(time.shown(), Some(5));
    assert!(time.play(Duration::from_hours(1)));
    assert_eq!((time.shown(), time.standing(), time.due()), (Some(9), Standing::End, None));
    // From the end it begins anew.
    assert_eq!(after(&mut time, &[Travel::Pause]), [Some(0)]);
    assert_eq!(time.standing(), Standing::Plays(Speed(2)));
}

#[test]
fn a_step_in_a_recording_stops_it_and_a_jump_does_not() {
    let mut time = Time::recorded((1..=200).map(moment), Speed::default());
    assert_eq!(after(&mut time, &[Travel::Forward]), [Some(1)]);
    assert_eq!(time.standing(), Standing::Stands(Speed(0)));
    assert!(!time.play(Duration::from_secs(5)));
    assert_eq!(after(&mut time, &[Travel::Pause, Travel::MinuteForward]), [Some(1), Some(61)]);
    assert_eq!(time.standing(), Standing::Plays(Speed(0)));
    assert!(time.play(Duration::from_secs(1)), "from where it jumped to");
    assert_eq!(time.shown(), Some(62));
    assert_eq!(after(&mut time, &[Travel::Now]), [Some(199)]);
    assert_eq!(time.standing(), Standing::End);
    assert_eq!(after(&mut time, &[Travel::Back, Travel::Oldest]), [Some(198), Some(0)]);
    assert!(time.is_recording() && !time.is_now());
}

#[test]
fn speeds_are_a_quarter_to_sixty_four_times() {
    let all: Vec<_> = Speed::all().map(|speed| speed.to_string()).collect();
    assert_eq!(all, ["0.25×", "0.5×", "1×", "2×", "4×", "8×", "16×", "32×", "64×"]);
    assert_eq!(Speed::FASTEST.turned(1), Speed::FASTEST);
    assert_eq!(Speed::SLOWEST.turned(-1), Speed::SLOWEST);
}

/// Whoever forges a recording chooses its moments.
#[test]
fn moments_that_make_no_sense_do_no_harm() {
    let strange = [u64::MAX, 0, 5, u64::MAX, 1].map(|at| Moment { at: Timestamp(at), ..moment(0) });
    let mut time = Time::recorded(strange, Speed::SLOWEST);
    for key in [Travel::MinuteForward, Travel::MinuteBack, Travel::Now, Travel::Pause, Travel::Back] {
        time.travel(key);
        time.play(Duration::from_secs(u64::MAX / 2));
        let _ = (time.due(), time.standing());
        assert!(time.place().unwrap() < 5);
    }
}
