//! What a tick tells of Unix sockets.

use std::mem;

use super::link::Link;
use super::{KEEP, UnixTable};
use crate::connection::table::TableTick;
use crate::connection::table::tick::Named;
use crate::connection::{Socket, State};
use crate::identity::{SocketId, Timestamp};

impl UnixTable {
    /// Ends the tick.
    pub(in crate::connection::table) fn tick(
        &mut self,
        now: Timestamp,
        ids: &mut u64,
        tick: &mut TableTick,
        named: &mut Named,
    ) {
        if !mem::take(&mut self.is_dirty) {
            return;
        }
        self.tell_places(tick, named);
        let mut dirty: Vec<SocketId> =
            self.links.iter().filter(|(_, link)| link.is_dirty).map(|(&number, _)| number).collect();
        dirty.sort_unstable();
        for number in dirty {
            let Some(mut link) = self.links.remove(&number) else { continue };
            link.is_dirty = false;
            let number = self.tell_link(&mut link, number, now, ids, tick, named);
            self.links.insert(number, link);
        }
        for link in mem::take(&mut self.ended) {
            let sockets = self.sockets(&link);
            if link.told.is_none() && !is_shown(&link, &sockets) {
                continue;
            }
            for (end, socket) in sockets.into_iter().enumerate() {
                let before = link.told.as_deref().map(|told| &told[end]);
                if before.is_none_or(|before| before.state != State::Closed) {
                    named.note(&socket, before.map_or(&[], |before| &before.owners));
                    tick.closed.push(socket);
                }
            }
        }
        self.tombstones.retain(|_, &mut (_, at)| now.since(at) < KEEP);
    }

    fn sockets(&self, link: &Link) -> [Socket; 2] {
        [self.socket(link, 0), self.socket(link, 1)]
    }

    /// Tells what is new of a connection. Returns the number of its first end, which is another one when it begins to be
    /// shown anew.
    fn tell_link(
        &mut self,
        link: &mut Box<Link>,
        number: SocketId,
        now: Timestamp,
        ids: &mut u64,
        tick: &mut TableTick,
        named: &mut Named,
    ) -> SocketId {
        let sockets = self.sockets(link);
        let shown = is_shown(link, &sockets);
        match link.told.take() {
            None if !shown => {}
            None => {
                for socket in &sockets {
                    named.note(socket, &[]);
                    // What closed before it was shown is told with its other end, which is there.
                    let list =
                        if socket.state == State::Closed { &mut tick.closed } else { &mut tick.opened };
                    list.push(socket.clone());
                }
                link.told = Some(Box::new(sockets));
            }
            Some(told) if shown => {
                for (socket, before) in sockets.iter().zip(told.iter()) {
                    if socket == before {
                        continue;
                    }
                    named.note(socket, &before.owners);
                    match (before.state, socket.state) {
                        (State::Closed, _) => {}
                        (_, State::Closed) => tick.closed.push(socket.clone()),
                        _ => tick.changed.push(socket.clone()),
                    }
                }
                link.told = Some(Box::new(sockets));
            }
            // Nobody else has an end any more.
            Some(told) => {
                for before in told.into_iter().filter(|before| before.state != State::Closed) {
                    tick.closed.push(Socket { state: State::Closed, closed_at: Some(now), ..before });
                }
                return self.renumber(link, number, ids);
            }
        }
        number
    }

    /// Gives the ends of a connection new numbers: under the old ones they are over.
    fn renumber(&mut self, link: &mut Link, number: SocketId, ids: &mut u64) -> SocketId {
        let new = SocketId(*ids);
        for end in &mut link.ends {
            end.id = SocketId(*ids);
            *ids += 1;
            if let Some(known) = self.by_socket.get_mut(&end.kernel_socket).filter(|known| **known == number)
            {
                *known = new;
            }
        }
        new
    }

    fn tell_places(&mut self, tick: &mut TableTick, named: &mut Named) {
        for place in self.places.values_mut().filter(|place| place.is_dirty) {
            place.is_dirty = false;
            match &place.told {
                None => {
                    named.note(&place.socket, &[]);
                    tick.opened.push(place.socket.clone());
                }
                Some(told) if **told == place.socket => continue,
                Some(told) => {
                    named.note(&place.socket, &told.owners);
                    tick.changed.push(place.socket.clone());
                }
            }
            place.told = Some(Box::new(place.socket.clone()));
        }
        for place in self.ended_places.drain(..) {
            let before = place.told.as_ref().map_or(&[][..], |told| &told.owners);
            named.note(&place.socket, before);
            tick.closed.push(Socket { state: State::Closed, ..place.socket });
        }
    }
}

/// Whether a connection is one to tell: not a pair that no two processes talk over.
fn is_shown(link: &Link, sockets: &[Socket; 2]) -> bool {
    let [one, other] = sockets.each_ref().map(|socket| socket.owners.first());
    !link.is_nameless() || (one.is_some() && other.is_some() && one != other)
}
