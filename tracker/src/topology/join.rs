//! Ends are joined into connections and taken apart.

use super::Topology;
use super::apply::Work;
use super::assemble::Own;
use super::end::{EndIndex, Tuple};
use super::matching::{Matching, Pairs};
use crate::connection::Socket;

/// As many ends with the same sequence numbers as this are looked at again when one of them changes; with more of
/// them none is joined by them.
const MOST_NEIGHBOURS: usize = 18;

impl Topology {
    /// Notes that what may be joined with this end, and with others like it, may be another one now.
    pub(super) fn mark(&mut self, work: &mut Work<'_>, index: EndIndex) {
        let Some(end) = self.ends.get(index) else { return };
        let sequence = end.sequence;
        self.ends.list(index, &mut work.check);
        if let Some(peer) = self.named_peer(index) {
            self.ends.list(peer, &mut work.check);
        }
        // Where there were none before, all are marked themselves.
        if let Some(sequence) = sequence.filter(|_| work.had_ends) {
            let alike = self.ends.with_sequence(sequence).take(MOST_NEIGHBOURS);
            work.near.extend(alike.chain(self.ends.opposite(sequence).take(MOST_NEIGHBOURS)));
            for near in work.near.drain(..) {
                self.ends.list(near, &mut work.check);
            }
        }
    }

    /// Takes an end out of the indexes, and marks it.
    pub(super) fn unindex(&mut self, work: &mut Work<'_>, index: EndIndex) {
        self.mark(work, index);
        work.groups.extend(self.ends.get(index).and_then(|end| end.tuple));
        self.ends.unindex(index);
    }

    /// The socket of this tick that the connection of its end does not know yet, and where it is among them.
    fn fresh<'t>(&self, work: &Work<'t>, index: EndIndex) -> Option<(usize, &'t Socket)> {
        // An end keeps its number from older ticks: it is another's then.
        let place = self.ends.get(index)?.fresh as usize;
        let &(end, socket) = work.fresh.get(place)?;
        Some((place, socket.filter(|_| end == index)?))
    }

    /// The same, which is known now.
    pub(super) fn take_fresh<'t>(&self, work: &mut Work<'t>, index: EndIndex) -> Option<&'t Socket> {
        let (place, socket) = self.fresh(work, index)?;
        work.fresh[place].1 = None;
        Some(socket)
    }

    /// The addresses by which the other end of an end is found.
    pub(super) fn tuple(&self, work: &Work<'_>, index: EndIndex) -> Option<Tuple> {
        Some(self.ends.get(index)?.effective(self.own_tuple(work, index)?))
    }

    /// The addresses of an end: as this tick tells them, else as its connection has them.
    pub(super) fn own_tuple(&self, work: &Work<'_>, index: EndIndex) -> Option<Tuple> {
        if let Some((_, socket)) = self.fresh(work, index) {
            return Tuple::new(&socket.local, socket.remote.as_ref()?);
        }
        let link = self.links.get(self.ends.get(index)?.link?)?;
        let (own, other) = link.sides(index);
        Tuple::new(&own.address, &other.seen_as())
    }

    /// The end that the kernel tells to be the other one.
    fn named_peer(&self, index: EndIndex) -> Option<EndIndex> {
        let end = self.ends.get(index)?;
        let peer = self.hosts.get(usize::from(end.host.0))?.sockets.get(&end.peer?).copied()?;
        (peer != index).then_some(peer)
    }

    /// The other end of an end's connection.
    pub(super) fn partner(&self, index: EndIndex) -> Option<EndIndex> {
        let link = self.links.get(self.ends.get(index)?.link?)?;
        link.ends().find(|&end| end != index)
    }

    /// Joins what belongs together, takes apart what does not, and brings every connection that this tick touched up
    /// to date.
    pub(super) fn join_ends(&mut self, work: &mut Work<'_>) {
        let mut check = std::mem::take(&mut work.check);
        work.groups.extend(check.iter().filter_map(|&end| self.ends.get(end)?.tuple));
        for group in std::mem::take(&mut work.groups) {
            self.ends.list_group(group, &mut check);
        }
        check.sort_unstable();
        // One that was removed, and came again in its place, was listed twice.
        check.dedup();
        check.retain(|&end| self.ends.get(end).is_some());
        let matching = Matching {
            ends: &self.ends,
            tuple: |end| self.tuple(work, end),
            partner: |end| self.partner(end),
            named: |end| self.named_peer(end),
        };
        let pairs = matching.run(&check);
        let apart: Vec<_> = check
            .iter()
            .filter(|&&end| !matching.is_settled(end))
            .filter_map(|&end| Some((end, self.partner(end)?)))
            .filter(|(end, partner)| pairs.get(end) != Some(partner))
            .collect();
        for (end, partner) in apart {
            self.part(work, end, partner);
        }
        // In the tick's order, so that connections are numbered in it.
        for place in 0..work.fresh.len() {
            self.bring_up_to_date(work, work.fresh[place].0, &pairs);
        }
        for end in check {
            self.bring_up_to_date(work, end, &pairs);
        }
        for end in std::mem::take(&mut work.translated) {
            self.refresh(work, end);
        }
    }

    fn bring_up_to_date(&mut self, work: &mut Work<'_>, end: EndIndex, pairs: &Pairs) {
        match pairs.get(&end) {
            Some(&other) if self.partner(end).is_none() && self.partner(other).is_none() => {
                self.unite(work, end, other);
            }
            _ if self.fresh(work, end).is_some() => self.refresh(work, end),
            _ => {}
        }
    }

    /// Makes one connection of two ends that have none or one each: the older one stays.
    fn unite(&mut self, work: &mut Work<'_>, end: EndIndex, other: EndIndex) {
        let links = [end, other].map(|end| self.ends.get(end).and_then(|end| end.link));
        let (Some(own), Some(others)) = (self.take_own(work, end), self.take_own(work, other)) else {
            return;
        };
        let mut links: Vec<_> = links.into_iter().flatten().collect();
        links.sort_unstable_by_key(|&link| self.links.get(link).map(|link| link.view.id));
        let mut links = links.into_iter();
        let oldest = links.next();
        for link in links {
            self.dissolve(link);
        }
        self.assemble(work, oldest, true, own, Some(others));
    }

    /// Makes two connections of one: the client's end keeps it.
    fn part(&mut self, work: &mut Work<'_>, end: EndIndex, other: EndIndex) {
        let Some(link) = self.ends.get(end).and_then(|end| end.link) else { return };
        let client = self.links.get(link).and_then(|link| link.client);
        let (first, second) = if client == Some(end) { (end, other) } else { (other, end) };
        // The two may have been parted already, from the other's side.
        if self.partner(first) != Some(second) {
            return;
        }
        let (Some(first), Some(second)) = (self.take_own(work, first), self.take_own(work, second)) else {
            return;
        };
        self.assemble(work, Some(link), false, first, None);
        self.assemble(work, None, false, second, None);
    }

    /// Brings the connection of an end up to date with this tick.
    fn refresh(&mut self, work: &mut Work<'_>, end: EndIndex) {
        let link = self.ends.get(end).and_then(|end| end.link);
        let other = self.partner(end);
        let Some(own) = self.take_own(work, end) else { return };
        let other = other.and_then(|other| self.take_own(work, other));
        self.assemble(work, link, true, own, other);
    }

    /// Removes an end at once. The other end of its connection, if it still lives, keeps the connection.
    pub(super) fn forget_end(&mut self, work: &mut Work<'_>, end: EndIndex) {
        let link = self.ends.get(end).and_then(|end| end.link);
        let other =
            self.partner(end).filter(|&other| self.ends.get(other).is_some_and(|other| !other.is_gone));
        match (link, other) {
            (Some(link), Some(other)) => {
                if let Some(own) = self.take_own(work, other) {
                    self.assemble(work, Some(link), true, own, None);
                }
                self.mark(work, other);
                self.remove_end(work, end);
            }
            (Some(link), None) => self.remove_link(work, link),
            (None, _) => self.remove_end(work, end),
        }
    }

    /// An end with its addresses and owners, from this tick or out of its connection, which must be assembled or
    /// dissolved next.
    fn take_own(&mut self, work: &mut Work<'_>, index: EndIndex) -> Option<Own> {
        if let Some((place, socket)) = self.fresh(work, index)
            && let Some(remote) = &socket.remote
        {
            work.fresh[place].1 = None;
            return Some(Own {
                index,
                local: socket.local.clone(),
                remote: remote.clone(),
                owners: socket.owners.clone(),
                owner_source: socket.owner_source,
            });
        }
        let link = self.links.get_mut(self.ends.get(index)?.link?)?;
        let (own, other) = link.sides(index);
        let (local, remote) = (own.address.clone(), other.seen_as());
        let side = link.side_mut(index);
        let owners = std::mem::take(&mut side.owners);
        Some(Own { index, local, remote, owners, owner_source: side.owner_source })
    }
}
