//! What ends the reader's sleep early.

use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

/// The tracker's end, and the kernel's call that much waits in the ring buffer.
#[derive(Debug)]
pub(super) struct Alarm {
    epoll: OwnedFd,
    /// Readable once the tracker is dropped.
    _stop: Arc<OwnedFd>,
}

/// The events of `stop`.
const STOP: epoll::EventData = epoll::EventData::new_u64(0);
/// The events of the ring buffer.
const RING: epoll::EventData = epoll::EventData::new_u64(1);

impl Alarm {
    /// Of the ring buffer only calls count, not whether anything is in it: while records flow, something always is,
    /// and a plain poll would end each sleep as soon as it began.
    pub(super) fn new(stop: Arc<OwnedFd>, ring: Option<BorrowedFd<'_>>) -> Result<Self, Errno> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &stop, STOP, epoll::EventFlags::IN)?;
        if let Some(ring) = ring {
            epoll::add(&epoll, ring, RING, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        }
        Ok(Self { epoll, _stop: stop })
    }

    /// Sleeps until the time is over, much waits in the ring buffer, or the tracker is dropped: then it is `false`.
    pub(super) fn sleep(&self, time: Duration) -> bool {
        let timeout =
            Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: i64::from(time.subsec_nanos()) };
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 2];
        // An interrupted sleep is a short one.
        let Ok((happened, _)) = epoll::wait(&self.epoll, &mut events, Some(&timeout)) else { return true };
        happened.iter().all(|event| event.data.u64() != STOP.u64())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::os::fd::AsFd as _;

    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io::write;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_mins(10);

    #[test]
    fn a_call_ends_one_sleep_and_the_end_ends_all() {
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).unwrap());
        let ring = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        let alarm = Alarm::new(stop.clone(), Some(ring.as_fd())).unwrap();
        assert!(alarm.sleep(MOMENT));
        write(&ring, &1_u64.to_ne_bytes()).unwrap();
        assert!(alarm.sleep(LONG));
        // What is still in it does not wake again.
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 2];
        let (again, _) =
            epoll::wait(&alarm.epoll, &mut events, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap();
        assert!(again.is_empty());
        write(&stop, &1_u64.to_ne_bytes()).unwrap();
        assert!(!alarm.sleep(LONG));
        assert!(!alarm.sleep(LONG));
    }
}
