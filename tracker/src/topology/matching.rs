//! Which two sockets are the two ends of one connection.
//!
//! The answer depends on the sockets that are there, not on the order in which they came, with one exception: once
//! one end of a joined connection is over, the two stay together.
//!
//! What the kernel tells itself comes first (of Unix sockets). Then sequence numbers: they are exact, across namespaces,
//! hosts and address translation. Then addresses: inside one namespace a tuple means one connection, as long as it is
//! open. Across namespaces an address may mean several things, so there a join needs that neither end could be anyone
//! else's.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::end::{End, EndIndex, Tuple, TupleNumber};
use super::ends::Ends;
use crate::connection::Protocol;
use crate::identity::NetnsId;
use crate::topology::HostIndex;

/// More ends than this with the same sequence numbers are not looked at: nothing would tell them apart.
const MOST_OF_SEQUENCE: usize = 16;
/// More pairs than this that may be joined by their addresses are not looked at, likewise.
const MOST_PAIRS: usize = 1024;

/// What matching needs to know of the ends as they are now.
pub(super) struct Matching<'a, T, P, N> {
    pub(super) ends: &'a Ends,
    /// The addresses of an end.
    pub(super) tuple: T,
    /// The end that it is joined with now.
    pub(super) partner: P,
    /// The end that the kernel tells to be the other one.
    pub(super) named: N,
}

/// Ends and the other end of each, both ways.
pub(super) type Pairs = FxHashMap<EndIndex, EndIndex>;

impl<T, P, N> Matching<'_, T, P, N>
where
    T: Fn(EndIndex) -> Option<Tuple>,
    P: Fn(EndIndex) -> Option<EndIndex>,
    N: Fn(EndIndex) -> Option<EndIndex>,
{
    /// Matches these ends. Of each tuple all ends or none are among them.
    pub(super) fn run(&self, check: &[EndIndex]) -> Pairs {
        let mut pairs = Pairs::default();
        pairs.reserve(check.len());
        for &end in check {
            if !pairs.contains_key(&end)
                && let Some(other) = self.by_name(end)
                && self.by_name(other) == Some(end)
            {
                pairs.insert(end, other);
                pairs.insert(other, end);
            }
        }
        let mut members = Vec::new();
        for &end in check {
            let group = self.ends.get(end).and_then(|end| end.tuple);
            if let Some(group) = group.filter(|&group| self.ends.leads(end, group)) {
                members.clear();
                self.match_group(group, &mut members, &mut pairs);
            }
        }
        pairs
    }

    /// Whether an end stays with the one that it is joined with, whatever else turns up.
    pub(super) fn is_settled(&self, end: EndIndex) -> bool {
        let is_over = |end| self.ends.get(end).is_some_and(End::is_over);
        (self.partner)(end).is_some_and(|other| is_over(end) || is_over(other))
    }

    /// The end that the kernel tells to be the other one, or that has the sequence numbers of it.
    fn by_name(&self, index: EndIndex) -> Option<EndIndex> {
        if self.is_settled(index) { None } else { (self.named)(index).or_else(|| self.by_sequence(index)) }
    }

    /// The only end that has the opposite sequence numbers; of several the only one that has the reversed tuple.
    fn by_sequence(&self, index: EndIndex) -> Option<EndIndex> {
        let end = self.ends.get(index)?;
        if end.protocol != Protocol::Tcp || end.tuple.is_none() || self.is_settled(index) {
            return None;
        }
        let sequence = end.sequence?;
        let candidates = || {
            let opposite = self.ends.opposite(sequence).take(MOST_OF_SEQUENCE + 1);
            opposite
                .filter(|&other| other != index && !self.is_settled(other))
                .filter(|&other| self.ends.get(other).is_some_and(|other| end.may_join(other)))
        };
        let mut some = candidates();
        let first = some.next()?;
        if some.next().is_none() {
            return Some(first);
        }
        if candidates().count() > MOST_OF_SEQUENCE {
            return None;
        }
        let reversed = (self.tuple)(index)?.reversed();
        only(candidates().filter(|&other| (self.tuple)(other) == Some(reversed)))
    }

    /// Matches those ends of a group that sequence numbers leave over.
    fn match_group<'e>(&'e self, group: TupleNumber, members: &mut Vec<Member<'e>>, pairs: &mut Pairs) {
        members.extend(
            self.ends
                .with_tuple(group)
                .filter(|end| !pairs.contains_key(end) && !self.is_settled(*end))
                .filter_map(|index| Member::new(index, self.ends.get(index)?, (self.tuple)(index)?)),
        );
        if members.len() < 2 {
            return;
        }
        // Only tuples with the same number by chance make more than one chunk here.
        members.sort_unstable_by_key(Member::key);
        for same in members.chunk_by(|one, other| one.connection() == other.connection()) {
            match_tuple(same, pairs);
        }
    }
}

/// An end among those with its tuple, either way round.
#[derive(Clone, Copy)]
struct Member<'a> {
    index: EndIndex,
    end: &'a End,
    canonical: Tuple,
    /// Whether its own tuple is the canonical one.
    is_forward: bool,
}

impl<'a> Member<'a> {
    fn new(index: EndIndex, end: &'a End, tuple: Tuple) -> Option<Self> {
        let canonical = tuple.canonical();
        (!tuple.is_own_reverse()).then_some(Self { index, end, canonical, is_forward: tuple == canonical })
    }

    fn connection(&self) -> (Protocol, Tuple) {
        (self.end.protocol, self.canonical)
    }

    fn key(&self) -> (Protocol, [(IpAddr, u16); 2], HostIndex, NetnsId, EndIndex) {
        let addresses = [self.canonical.local, self.canonical.remote];
        (self.end.protocol, addresses, self.end.host, self.end.netns, self.index)
    }
}

/// Matches ends of one tuple, ordered by namespace.
fn match_tuple(members: &[Member<'_>], pairs: &mut Pairs) {
    if let [one, other] = members {
        // What the rest comes to for two, which is nearly always.
        let may_meet = one.end.place() == other.end.place() || !one.canonical.is_loopback();
        if may_meet && one.is_forward != other.is_forward && one.end.may_join(other.end) {
            pairs.insert(one.index, other.index);
            pairs.insert(other.index, one.index);
        }
        return;
    }
    for inside in members.chunk_by(|one, other| one.end.place() == other.end.place()) {
        // What is open first: that tuple is the only one. What is over may be of an older connection.
        let open: Vec<_> = inside.iter().copied().filter(|member| !member.end.is_over()).collect();
        match_unambiguous(&open, pairs);
        let rest: Vec<_> =
            inside.iter().copied().filter(|member| !pairs.contains_key(&member.index)).collect();
        match_unambiguous(&rest, pairs);
    }
    if members.iter().any(|member| member.canonical.is_loopback()) {
        return;
    }
    let rest: Vec<_> = members.iter().copied().filter(|member| !pairs.contains_key(&member.index)).collect();
    match_unambiguous(&rest, pairs);
}

/// Pairs each two that may be joined with each other and with no one else.
fn match_unambiguous(members: &[Member<'_>], pairs: &mut Pairs) {
    let (forward, backward): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.is_forward);
    if forward.len() * backward.len() > MOST_PAIRS {
        return;
    }
    let only_of = |member: &Member<'_>, others: &[Member<'_>]| {
        only(others.iter().filter(|other| member.end.may_join(other.end)).map(|other| other.index))
    };
    for member in &forward {
        let Some(other) = only_of(member, &backward) else { continue };
        let Some(partner) = backward.iter().find(|candidate| candidate.index == other) else { continue };
        if only_of(partner, &forward) == Some(member.index) {
            pairs.insert(member.index, other);
            pairs.insert(other, member.index);
        }
    }
}

/// The only item, if there is just one.
fn only<I>(mut items: impl Iterator<Item = I>) -> Option<I> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}
