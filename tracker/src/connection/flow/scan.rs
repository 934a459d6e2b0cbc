//! What a scan adds to the flows, and what it takes away.

use super::table::FlowTable;
use super::{FlowId, TakeTraffic, UdpRow, UdpScan, direction};
use crate::identity::{ProcessId, Timestamp};

/// How many complete scans in a row must not show a socket before it counts as gone without a word.
const MISSES: u8 = 2;

impl FlowTable {
    /// Takes the UDP sockets of a scan in.
    pub fn apply_scan(&mut self, scan: &UdpScan, mut take: impl TakeTraffic) {
        self.scans += 1;
        let is_first = !self.had_complete_scan;
        let mut order: Vec<&UdpRow> =
            scan.rows.iter().filter(|row| !self.is_gone(row.socket.cookie)).collect();
        order.sort_by_key(|row| (row.socket.cookie, row.at));
        for rows in order.chunk_by(|one, other| one.socket.cookie == other.socket.cookie) {
            let Some(row) = rows.last() else { continue };
            let holders: Vec<ProcessId> =
                rows.iter().filter_map(|row| row.actor.map(|actor| actor.id)).collect();
            self.show(row, &holders, is_first, scan.complete.then_some(scan.began_at));
        }
        if scan.complete {
            self.had_complete_scan = true;
            self.remove_absent(scan.began_at, &mut take);
        }
    }

    fn show(
        &mut self,
        row: &UdpRow,
        holders: &[ProcessId],
        is_first: bool,
        complete_since: Option<Timestamp>,
    ) {
        let cookie = row.socket.cookie;
        self.meet(&row.socket, row.at, is_first);
        let scan = self.scans;
        let Some(known) = self.sockets.get_mut(cookie) else { return };
        (known.scan, known.misses) = (scan, 0);
        let is_new = row
            .socket
            .connected
            .filter(|&connected| known.quiet != Some(connected) && !known.remotes.contains(&connected));
        if known.held_by(holders, complete_since) {
            self.share_owners(cookie);
        }
        let Some(remote) = is_new else { return };
        if let Some(older) = self.taken_over_by(&row.socket, remote) {
            self.move_flow(older, &row.socket, remote);
            self.set_owners(FlowId { socket: cookie, remote });
        } else {
            // Connected, and it was not seen to say anything yet.
            self.insert(&row.socket, remote, row.at);
            let id = FlowId { socket: cookie, remote };
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.socket.direction = direction::alone(flow);
            }
            self.set_owners(id);
            self.find_flow(id);
        }
    }

    /// Sockets that scans showed before and show no longer are gone.
    fn remove_absent(&mut self, began_at: Timestamp, take: &mut impl TakeTraffic) {
        let scan = self.scans;
        let mut gone = Vec::new();
        for known in self.sockets.iter_mut() {
            if known.scan == scan || known.scan == 0 || known.news_at >= began_at {
                continue;
            }
            known.misses += 1;
            if known.misses >= MISSES {
                gone.push(known.facts.cookie);
            }
        }
        gone.sort_unstable();
        for cookie in gone {
            self.remove_socket(cookie, None, began_at, take);
        }
        // What no scan ever showed, nor has a flow any more, is forgotten.
        let idle: Vec<u64> = self
            .sockets
            .iter()
            .filter(|known| known.scan == 0 && known.remotes.is_empty() && known.news_at < began_at)
            .map(|known| known.facts.cookie)
            .collect();
        for cookie in idle {
            self.remove_socket(cookie, None, began_at, take);
        }
    }
}
