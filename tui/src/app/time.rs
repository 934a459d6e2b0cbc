//! Which moment is shown, of those that are known: now, one of the past, or the one that a recording has come to.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::recording::Moment;

use crate::input::Travel;

const MINUTE: u64 = 60_000_000_000;

/// How fast a recording plays, in powers of two of its own speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speed(i8);

impl Speed {
    const SLOWEST: Self = Self(-2);
    const FASTEST: Self = Self(6);

    /// The speeds that there are, the slowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (Self::SLOWEST.0..=Self::FASTEST.0).map(Self)
    }

    /// How many times its own speed.
    pub fn factor(self) -> f64 {
        f64::from(self.0).exp2()
    }

    fn turned(self, by: i8) -> Self {
        Self((self.0 + by).clamp(Self::SLOWEST.0, Self::FASTEST.0))
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}×", self.factor())
    }
}

/// Where the screen stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// At the newest tick, and it goes on with the next.
    Now,
    /// At a tick of the past, so many nanoseconds behind the newest.
    Past(u64),
    /// In a recording, which plays.
    Plays(Speed),
    /// In a recording, which stands still.
    Stands(Speed),
    /// At the end of a recording.
    End,
}

/// The moments that are known, and which of them is shown.
#[derive(Debug, Default)]
pub struct Time {
    /// The oldest first.
    moments: VecDeque<Moment>,
    /// The number of the oldest.
    first: u64,
    /// The number of the one that is shown; `None` where it is always the newest.
    shown: Option<u64>,
    playback: Option<Playback>,
}

/// How a recording is played.
#[derive(Debug)]
struct Playback {
    plays: bool,
    speed: Speed,
    /// The moment that it has come to.
    clock: Timestamp,
}

impl Time {
    /// The moments of a recording, which plays from its first one on.
    pub fn recorded(moments: impl IntoIterator<Item = Moment>, speed: Speed) -> Self {
        let moments: VecDeque<Moment> = moments.into_iter().collect();
        let clock = moments.front().map_or(Timestamp(0), |moment| moment.at);
        let shown = (!moments.is_empty()).then_some(0);
        Self { moments, first: 0, shown, playback: Some(Playback { plays: true, speed, clock }) }
    }

    /// Whether it is a recording that is shown: what it tells of is not this host now.
    pub const fn is_recording(&self) -> bool {
        self.playback.is_some()
    }

    /// Whether what is shown is what is: the newest tick of this host.
    pub const fn is_now(&self) -> bool {
        self.shown.is_none() && self.playback.is_none()
    }

    /// The number of the tick that is shown; `None` where it is always the newest.
    pub const fn shown(&self) -> Option<u64> {
        self.shown
    }

    /// The known moments, the oldest first.
    pub fn moments(&self) -> impl DoubleEndedIterator<Item = &Moment> + ExactSizeIterator {
        self.moments.iter()
    }

    /// The place of the shown moment among the known ones; that of the oldest where it is known no longer.
    pub fn place(&self) -> Option<usize> {
        let last = self.moments.len().checked_sub(1)?;
        Some(self.shown.map_or(last, |shown| (shown.saturating_sub(self.first) as usize).min(last)))
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        match &self.playback {
            Some(playback) if playback.plays => Standing::Plays(playback.speed),
            Some(_) if self.place() == self.moments.len().checked_sub(1) => Standing::End,
            Some(playback) => Standing::Stands(playback.speed),
            None if self.shown.is_none() => Standing::Now,
            None => {
                let newest = self.moments.back().map_or(Timestamp(0), |moment| moment.at);
                let shown = self.place().and_then(|place| self.moments.get(place));
                Standing::Past(newest.since(shown.map_or(newest, |moment| moment.at)))
            }
        }
    }

    /// A tick came: its moment is the newest.
    pub fn came(&mut self, moment: Moment) {
        self.moments.push_back(moment);
    }

    /// The ticks before that number are known no longer.
    pub fn forget_before(&mut self, first: u64) {
        while self.first < first && self.moments.pop_front().is_some() {
            self.first += 1;
        }
        self.first = first;
    }

    /// The past is not kept: only what is now can be shown.
    pub fn forget_all(&mut self) {
        self.first += self.moments.len() as u64;
        self.moments.clear();
        self.shown = None;
    }

    /// The shown tick could not be reached: another one is shown, or what is now.
    pub fn stop_at(&mut self, tick: Option<u64>) {
        self.shown = tick;
        if let Some(playback) = &mut self.playback {
            playback.plays = false;
        }
    }

    /// Goes where a key asks to.
    pub fn travel(&mut self, travel: Travel) {
        let (Some(place), Some(last)) = (self.place(), self.moments.len().checked_sub(1)) else { return };
        let at = |place: usize| self.moments.get(place).map_or(Timestamp(0), |moment| moment.at);
        let to = match travel {
            Travel::Back => Some(place.saturating_sub(1)),
            Travel::Forward => Some(place + 1),
            // To the tick that was the newest a minute before; to the first one a minute later.
            Travel::MinuteBack => {
                let before = at(place).0.saturating_sub(MINUTE);
                Some(self.moments.partition_point(|moment| moment.at.0 <= before).saturating_sub(1))
            }
            Travel::MinuteForward => {
                let after = at(place).0.saturating_add(MINUTE);
                Some(self.moments.partition_point(|moment| moment.at.0 < after))
            }
            Travel::Oldest => Some(0),
            Travel::Now => Some(last),
            Travel::Pause | Travel::Slower | Travel::Faster => None,
        };
        match (&mut self.playback, to) {
            (None, Some(to)) => {
                // Whoever comes as far as now goes on with it.
                self.shown = (to < last).then(|| self.first + to as u64);
            }
            (None, None) => {
                if travel == Travel::Pause {
                    self.shown = if self.shown.is_none() { Some(self.first + last as u64) } else { None };
                }
            }
            (Some(playback), to) => {
                match travel {
                    Travel::Back | Travel::Forward => playback.plays = false,
                    Travel::Slower => playback.speed = playback.speed.turned(-1),
                    Travel::Faster => playback.speed = playback.speed.turned(1),
                    Travel::Pause => playback.plays = !playback.plays,
                    _ => {}
                }
                // What is at its end begins anew.
                let again = travel == Travel::Pause && place == last;
                if let Some(to) = to.or(again.then_some(0)) {
                    self.show(to.min(last));
                }
            }
        }
    }

    /// Goes to a tick, as far as it is known. A recording that plays goes on from there. Returns whether another tick is
    /// shown.
    pub fn go_to(&mut self, tick: u64) -> bool {
        let Some(last) = self.moments.len().checked_sub(1) else { return false };
        let before = self.shown;
        let place = (tick.saturating_sub(self.first) as usize).min(last);
        if self.playback.is_some() {
            self.show(place);
        } else {
            // Whoever comes as far as now goes on with it.
            self.shown = (place < last).then(|| self.first + place as u64);
        }
        self.shown != before
    }

    /// How long a tick usually is, in nanoseconds: the first one is as short as the look at what was there.
    pub fn usual_length(&self) -> Option<u64> {
        let mut lengths: Vec<u64> = self.moments.iter().map(|moment| moment.duration).collect();
        lengths.sort_unstable();
        lengths.get(lengths.len() / 2).copied()
    }

    /// The number of the tick that ended at a moment; `None` where it is not known, or no longer.
    pub fn tick_of(&self, at: Timestamp) -> Option<u64> {
        let place = self.moments.partition_point(|moment| moment.at < at);
        self.moments.get(place).filter(|moment| moment.at == at).map(|_| self.first + place as u64)
    }

    /// Goes to a tick and stays there: also a recording that plays.
    pub fn stay_at(&mut self, tick: u64) {
        if let Some(playback) = &mut self.playback {
            playback.plays = false;
        }
        self.go_to(tick);
    }

    /// The number of the oldest tick that is known.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Lets a recording play on for so long. Returns whether another tick is shown.
    pub fn play(&mut self, elapsed: Duration) -> bool {
        let before = self.shown;
        let (Some(playback), Some(last)) = (&mut self.playback, self.moments.len().checked_sub(1)) else {
            return false;
        };
        if !playback.plays {
            return false;
        }
        let gone = elapsed.as_nanos() as f64 * playback.speed.factor();
        playback.clock = Timestamp(playback.clock.0.saturating_add(gone as u64));
        let clock = playback.clock;
        let place = self.moments.partition_point(|moment| moment.at <= clock).saturating_sub(1);
        playback.plays = place < last;
        self.shown = Some(self.first + place as u64);
        self.shown != before
    }

    /// How long it takes until a recording comes to its next tick; `None` where it does not play.
    pub fn due(&self) -> Option<Duration> {
        let playback = self.playback.as_ref().filter(|playback| playback.plays)?;
        let next = self.place().and_then(|place| self.moments.get(place + 1));
        let left = next.map_or(0, |next| next.at.since(playback.clock));
        Some(Duration::from_secs_f64(left as f64 / 1e9 / playback.speed.factor()))
    }

    fn show(&mut self, place: usize) {
        self.shown = Some(self.first + place as u64);
        if let (Some(playback), Some(moment)) = (&mut self.playback, self.moments.get(place)) {
            playback.clock = moment.at;
            playback.plays &= place + 1 < self.moments.len();
        }
    }
}

#[cfg(test)]
mod tests;
