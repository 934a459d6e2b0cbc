//! What is known of the address translation on a connection's way.
//!
//! With it an end reads as its other end sees it: by that the two are joined where sequence numbers are not known, and
//! where only one end is on a known host, the real far end is shown.

use super::Topology;
use super::apply::Work;
use super::end::{End, EndIndex, Tuple};
use crate::connection::Address;
use crate::tick::Translation;

impl Topology {
    /// Takes in what translation makes of a socket's connection.
    pub(super) fn take_translation(&mut self, work: &mut Work<'_>, translation: &Translation) {
        let Some(&index) = self.host_mut(work.host).sockets.get(&translation.socket) else { return };
        let tuple = self.own_tuple(work, index);
        self.unindex(work, index);
        let Some(end) = self.ends.get_mut(index) else { return };
        end.translation = Some(Box::new(*translation));
        if !end.is_gone {
            self.ends.index(index, tuple);
            self.mark(work, index);
        }
        work.translated.push(index);
    }

    /// How an end that is alone reads at its other end: its own address there, and the other's.
    pub(super) fn beyond(&self, index: EndIndex) -> Option<(Address, Address)> {
        let translation = self.ends.get(index)?.translation.as_ref()?;
        Some((translation.local.into(), translation.remote.into()))
    }
}

impl End {
    /// The addresses by which its other end is found, given its own. Of two translated ends only one must be turned
    /// into what the other sees: the one that sent the first packet.
    pub(super) fn effective(&self, own: Tuple) -> Tuple {
        match self.translation.as_ref().filter(|translation| translation.outbound) {
            Some(translation) => {
                Tuple::new(&translation.local.into(), &translation.remote.into()).unwrap_or(own)
            }
            None => own,
        }
    }
}
