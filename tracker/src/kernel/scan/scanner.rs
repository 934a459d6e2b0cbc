//! The best way to scan that works here, and the next one when it ceases to.

use std::path::Path;

use super::{Found, NETNS_DIRECTORY, ScanError, iterator, procfs, sock_diag};
use crate::connection::Scan;
use crate::connection::flow::UdpScan;
use crate::kernel::clock::Clock;
use crate::kernel::probes::{Probes, chosen, refused};
use crate::report::{Outcome, Part, Step};
use crate::text::Text;

/// The way in use.
#[derive(Debug)]
pub(crate) struct Scanner {
    way: Way,
    reasons: Vec<Text>,
}

/// The ways, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Iterator,
    SockDiag,
    Procfs,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Iterator => "iter",
            Self::SockDiag => "sock_diag",
            Self::Procfs => "procfs",
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Iterator => Some(Self::SockDiag),
            Self::SockDiag => Some(Self::Procfs),
            Self::Procfs => None,
        }
    }
}

impl Scanner {
    /// Chooses by what was loaded; whether the other ways work shows when they are used.
    pub(crate) fn choose(probes: Option<&Probes>, steps: &mut Vec<Step>) -> Self {
        let has_iterator = probes.is_some_and(|probes| probes.has_iterator);
        let way = if has_iterator { Way::Iterator } else { Way::SockDiag };
        if has_iterator {
            let spare = |way: Way| Step { outcome: Outcome::NotNeeded, ..chosen(Part::Scan, way.name()) };
            steps.extend([spare(Way::SockDiag), spare(Way::Procfs)]);
        } else {
            match sock_diag::scan(Clock::start(), Path::new(NETNS_DIRECTORY)) {
                Ok(_) => steps.push(chosen(Part::Scan, way.name())),
                Err(error) => {
                    steps.push(refused(Part::Scan, way.name(), &error.to_string()));
                    steps.push(chosen(Part::Scan, Way::Procfs.name()));
                    return Self { way: Way::Procfs, reasons: Vec::new() };
                }
            }
        }
        Self { way, reasons: Vec::new() }
    }

    /// The way in use, by its name.
    pub(crate) const fn name(&self) -> &'static str {
        self.way.name()
    }

    /// Whether rows have the kernel's addresses for names, as events do.
    pub(crate) const fn names_by_address(&self) -> bool {
        matches!(self.way, Way::Iterator)
    }

    /// Scans. A way that fails is left for the next one, for good, with the reason.
    pub(crate) fn scan(
        &mut self,
        mut probes: Option<&mut Probes>,
        clock: Clock,
    ) -> Option<(Scan, Option<UdpScan>)> {
        loop {
            let failed = match self.try_way(probes.as_deref_mut(), clock) {
                Ok((found, udp)) => {
                    self.add_reasons(found.reasons);
                    return Some((found.scan, udp));
                }
                Err(error) => error,
            };
            let reason = Text::from(format!("the scan by {} failed: {failed}", self.name()).as_str());
            self.add_reasons(vec![reason]);
            self.way = self.way.next()?;
        }
    }

    /// What scans could not see and why, up to now.
    pub(crate) fn reasons(&self) -> &[Text] {
        &self.reasons
    }

    /// UDP's sockets are found by the iterator alone.
    fn try_way(
        &self,
        probes: Option<&mut Probes>,
        clock: Clock,
    ) -> Result<(Found, Option<UdpScan>), ScanError> {
        let found = match (self.way, probes) {
            (Way::Iterator, Some(probes)) => {
                let pass = probes.open_scan().map_err(ScanError::Iterator)?;
                let (scan, udp) = iterator::read(pass, clock).map_err(ScanError::Iterator)?;
                return Ok((Found { scan, reasons: Vec::new() }, Some(udp)));
            }
            (Way::Procfs, _) => procfs::scan(clock, Path::new(NETNS_DIRECTORY)),
            (Way::SockDiag | Way::Iterator, _) => sock_diag::scan(clock, Path::new(NETNS_DIRECTORY)),
        };
        Ok((found?, None))
    }

    /// Only the newest numbers are of interest: a sentence that differs from an older one in its digits replaces it.
    fn add_reasons(&mut self, reasons: Vec<Text>) {
        for reason in reasons {
            let same = |other: &Text| without_digits(other).eq(without_digits(&reason));
            match self.reasons.iter_mut().find(|other| same(other)) {
                Some(other) => *other = reason,
                None => self.reasons.push(reason),
            }
        }
    }
}

fn without_digits(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|character| !character.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_once_with_its_newest_number() {
        let mut scanner = Scanner { way: Way::Procfs, reasons: Vec::new() };
        scanner.add_reasons(vec!["3 processes not readable".into()]);
        scanner.add_reasons(vec!["14 processes not readable".into(), "another".into()]);
        assert_eq!(scanner.reasons(), ["14 processes not readable".into(), Text::from("another")]);
    }
}
