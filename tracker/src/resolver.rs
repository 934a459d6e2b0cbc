//! The names of addresses, by reverse lookup: only where the user asked for it, for it tells the name server who is talked
//! to.
//!
//! It never waits and costs a bounded amount of everything: a few threads ask the system's own resolver, which knows
//! `/etc/hosts`, the name servers and their time limits; few addresses wait, and few names are remembered.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashSet;

use crate::text::Text;
use crate::tick::RemoteName;

/// So many lookups are under way at once at most.
const THREADS: usize = 4;
/// So many addresses wait at most; others are asked for when they are met again.
const MOST_WAITING: usize = 256;
/// So many addresses are remembered at most, those without a name as well; the oldest are asked for again.
const MOST_KNOWN: usize = 4096;

/// Looks names up.
#[derive(Debug)]
pub struct Resolver {
    questions: SyncSender<IpAddr>,
    answers: Receiver<(IpAddr, Option<Text>)>,
    /// Asked for, in that order.
    known: VecDeque<IpAddr>,
    is_known: FxHashSet<IpAddr>,
}

impl Resolver {
    /// One that asks the system's resolver; `None` where there is no thread to spare.
    pub fn of_the_system() -> Option<Self> {
        Self::asking(reverse_lookup)
    }

    /// One that asks `look_up`, on several threads at once.
    pub fn asking(look_up: impl Fn(IpAddr) -> Option<Text> + Send + Sync + 'static) -> Option<Self> {
        let (questions, asked) = mpsc::sync_channel(MOST_WAITING);
        let (teller, answers) = mpsc::channel();
        let (asked, look_up) = (Arc::new(Mutex::new(asked)), Arc::new(look_up));
        for _ in 0..THREADS {
            let (asked, look_up, teller) = (asked.clone(), look_up.clone(), teller.clone());
            let work = move || work(&asked, &*look_up, &teller);
            // They are not waited for: nothing ends a lookup early. Each ends after the one that it is at.
            std::thread::Builder::new().name("resolver".to_owned()).spawn(work).ok()?;
        }
        Some(Self { questions, answers, known: VecDeque::new(), is_known: FxHashSet::default() })
    }

    /// Wants to know an address's name. It does not wait.
    pub fn want(&mut self, address: IpAddr) {
        if self.is_known.contains(&address) || self.questions.try_send(address).is_err() {
            return;
        }
        self.is_known.insert(address);
        self.known.push_back(address);
        if self.known.len() > MOST_KNOWN
            && let Some(oldest) = self.known.pop_front()
        {
            self.is_known.remove(&oldest);
        }
    }

    /// The names found since the last time.
    pub fn take(&mut self) -> Vec<RemoteName> {
        let found = |(address, name): (IpAddr, Option<Text>)| name.map(|name| RemoteName { address, name });
        self.answers.try_iter().filter_map(found).collect()
    }
}

fn work(
    asked: &Mutex<Receiver<IpAddr>>,
    look_up: &(impl Fn(IpAddr) -> Option<Text> + ?Sized),
    teller: &Sender<(IpAddr, Option<Text>)>,
) {
    loop {
        // Whoever waits for a question holds the lock meanwhile; the others wait for that one.
        let Ok(question) = asked.lock().map_or(Err(mpsc::RecvError), |asked| asked.recv()) else { return };
        if teller.send((question, look_up(question))).is_err() {
            return;
        }
    }
}

/// The name of an address by the system's resolver.
fn reverse_lookup(address: IpAddr) -> Option<Text> {
    let mut name = [0_u8; libc::NI_MAXHOST as usize];
    #[allow(unsafe_code, reason = "the standard library has no reverse lookup")]
    // SAFETY: both structures are plain data, for which zeroes are valid. Each call gets a pointer to a whole structure
    // with its size, and a buffer with its length; the service's name is not asked for.
    let failed = unsafe {
        let look_up = |address: *const libc::sockaddr, length: usize, name: &mut [u8]| {
            libc::getnameinfo(
                address,
                length as libc::socklen_t,
                name.as_mut_ptr().cast(),
                name.len() as libc::socklen_t,
                std::ptr::null_mut(),
                0,
                libc::NI_NAMEREQD,
            )
        };
        match address {
            IpAddr::V4(address) => {
                let mut place: libc::sockaddr_in = std::mem::zeroed();
                place.sin_family = libc::AF_INET as libc::sa_family_t;
                place.sin_addr.s_addr = u32::from_ne_bytes(address.octets());
                look_up((&raw const place).cast(), size_of_val(&place), &mut name)
            }
            IpAddr::V6(address) => {
                let mut place: libc::sockaddr_in6 = std::mem::zeroed();
                place.sin6_family = libc::AF_INET6 as libc::sa_family_t;
                place.sin6_addr.s6_addr = address.octets();
                look_up((&raw const place).cast(), size_of_val(&place), &mut name)
            }
        }
    };
    let name = Text::from_c_field(&name);
    (failed == 0 && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::sync::mpsc::{channel, sync_channel};

    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    /// Waits for so many names.
    fn names(resolver: &mut Resolver, count: usize) -> Vec<(IpAddr, String)> {
        let mut names = Vec::new();
        while names.len() < count {
            names.extend(resolver.take().into_iter().map(|told| (told.address, told.name.to_string())));
            std::thread::yield_now();
        }
        names.sort();
        names
    }

    #[test]
    fn each_address_is_asked_for_once_and_its_name_is_harmless() {
        let (teller, asked) = channel();
        let mut resolver = Resolver::asking(move |wanted| {
            teller.send(wanted).unwrap();
            (wanted != address(2)).then(|| Text::from_bytes(b"evil\x1b[2J"))
        })
        .unwrap();
        for number in [1, 2, 1, 3, 2] {
            resolver.want(address(number));
        }
        let name = String::from("evil\\x1b[2J");
        assert_eq!(names(&mut resolver, 2), [(address(1), name.clone()), (address(3), name)]);
        let mut asked: Vec<_> = (0..3).map(|_| asked.recv().unwrap()).collect();
        asked.sort();
        assert_eq!(asked, [1, 2, 3].map(address));
    }

    #[test]
    fn a_name_server_that_is_silent_costs_a_bounded_amount() {
        let (let_go, held) = sync_channel::<()>(0);
        let held = Mutex::new(held);
        let mut resolver = Resolver::asking(move |_| {
            // All but one wait for the lock, that one for the test; without the test they go on.
            let _ = held.lock().map(|held| held.recv());
            Some(Text::from("late"))
        })
        .unwrap();
        for number in 0..10_000 {
            resolver.want(address(number));
        }
        let waiting = resolver.is_known.len();
        assert!((MOST_WAITING..=MOST_WAITING + THREADS).contains(&waiting), "{waiting}");
        assert!(resolver.take().is_empty());
        drop(let_go);
        assert_eq!(names(&mut resolver, waiting).len(), waiting);
        // Those that found no room are asked for when they are met again.
        resolver.want(address(9_999));
        assert_eq!(names(&mut resolver, 1), [(address(9_999), String::from("late"))]);
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let mut resolver = Resolver::asking(|_| Some(Text::from("name"))).unwrap();
        for number in 0..=MOST_KNOWN as u32 {
            resolver.want(address(number));
            names(&mut resolver, 1);
        }
        assert_eq!((resolver.known.len(), resolver.is_known.len()), (MOST_KNOWN, MOST_KNOWN));
        resolver.want(address(0));
        assert_eq!(names(&mut resolver, 1).len(), 1, "the oldest is asked for again");
    }
}
