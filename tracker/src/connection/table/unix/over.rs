//! Unix sockets that ended and nobody told: nothing in the kernel does. Their processes are gone, or their other ends; what
//! says for certain that a socket is over is that its namespace's list has it no more.

use rustc_hash::FxHashSet;

use super::UnixTable;
use super::place::Place;
use crate::connection::table::ledger::Ledger;
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

impl UnixTable {
    /// The sockets that may be over, each by its namespace and the number of its file.
    pub(in crate::connection::table) fn doubtful(
        &self,
        mut is_gone: impl FnMut(ProcessId) -> bool,
    ) -> Vec<(NetnsId, u64)> {
        let mut doubtful = Vec::new();
        for link in self.links.values() {
            // The second end of a one-way connection is not its own.
            let ends = &link.ends[..if link.is_one_way { 1 } else { 2 }];
            let is_left = ends.iter().any(|end| {
                end.closed_at.is_some()
                    || (!end.holders.is_empty() && end.holders.iter().all(|&holder| is_gone(holder)))
            });
            if is_left {
                let open = ends.iter().filter(|end| end.inode != 0 && end.closed_at.is_none());
                doubtful.extend(open.map(|end| (end.netns, end.inode)));
            }
        }
        for place in self.places.values() {
            let owners = &place.socket.owners;
            if place.inode != 0 && !owners.is_empty() && owners.iter().all(|&owner| is_gone(owner)) {
                doubtful.push((place.socket.netns, place.inode));
            }
        }
        doubtful
    }

    /// Takes in that the sockets with these files are over, since then at the latest.
    pub(in crate::connection::table) fn end(
        &mut self,
        over: &FxHashSet<u64>,
        at: Timestamp,
        ledger: &mut Ledger,
    ) {
        // A file's number is not reused for long, but what was heard of it since is newer.
        let is_over = |link: &super::Link| {
            link.ends
                .each_ref()
                .map(|end| end.closed_at.is_some() || (over.contains(&end.inode) && link.news_at < at))
        };
        let mut ended: Vec<(SocketId, [bool; 2])> = (self.links.iter())
            .filter(|(_, link)| link.ends.iter().any(|end| over.contains(&end.inode)))
            .map(|(&number, link)| (number, is_over(link)))
            .collect();
        ended.sort_unstable();
        for (number, over) in ended {
            let Some(link) = self.links.get_mut(&number) else { continue };
            if over == [true; 2] || (link.is_one_way && over[0]) {
                self.close(number, at, at, ledger);
                continue;
            }
            for end in (0..2).filter(|&end| over[end]) {
                if let Some(link) = self.links.get_mut(&number)
                    && link.ends[end].closed_at.is_none()
                {
                    link.ends[end].closed_at = Some(at);
                    link.is_dirty = true;
                    self.is_dirty = true;
                    self.end_closed(number, end, at, ledger);
                }
            }
        }
        let is_over = |place: &Place| over.contains(&place.inode) && place.news_at < at;
        let places = self.places.iter().filter(|(_, place)| is_over(place));
        let mut ended: Vec<(SocketId, u64)> =
            places.map(|(&kernel_socket, place)| (place.socket.id, kernel_socket)).collect();
        ended.sort_unstable();
        for (_, kernel_socket) in ended {
            self.close_place(kernel_socket, at, at);
        }
        self.is_dirty = true;
    }
}
