//! Addresses and routes of network namespaces, by rtnetlink inside each.
//!
//! Nobody subscribes to changes: a socket that is kept keeps its namespace alive. A namespace is asked when it is new,
//! when a socket in it has an address that it did not tell of, and, while sockets open, once in a while.

mod message;

use rustix::io::Errno;

use self::message::{
    RTM_NEWADDR, RTM_NEWROUTE, Route, ask_addresses, ask_routes, parse_address, parse_route,
};
use crate::identity::NetnsId;
use crate::kernel::netlink::{NetlinkError, NetlinkSocket, Patience};
use crate::kernel::visits::{Visit, Visits, Ways};
use crate::network::Network;
use crate::text::Text;

/// More addresses or routes than this are not read: a router of the whole internet has more, and of no use here.
const MESSAGES: usize = 100_000;

/// A namespace to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) netns: NetnsId,
    /// A process that may be in it.
    pub(crate) pid: Option<u32>,
}

/// What a namespace told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) netns: NetnsId,
    /// `None` where it is gone or did not let itself be asked.
    pub(crate) network: Option<Network>,
    /// How many links beside loopback have an address: one with two or more may pass packets on.
    pub(crate) links: usize,
    /// What could not be had, and why.
    pub(crate) reason: Option<Text>,
}

/// What to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// The namespaces of sockets.
    pub(crate) wanted: Vec<Wanted>,
    /// Whether all others that a way leads into are to be asked as well: one without a socket may translate addresses.
    pub(crate) others: bool,
}

/// Asks namespaces. It moves the thread into them.
pub(crate) fn ask(ways: &mut Ways, question: Question) -> Vec<Told> {
    let Question { mut wanted, others } = question;
    if others && ways.list().is_ok() {
        let others = ways.namespaces().filter(|id| wanted.iter().all(|wanted| wanted.netns != *id));
        let mut others: Vec<_> = others.collect();
        others.sort_unstable();
        wanted.extend(others.into_iter().map(|netns| Wanted { netns, pid: None }));
    }
    let mut visits = Visits::new(ways);
    let mut buffer = Vec::new();
    wanted
        .into_iter()
        .map(|Wanted { netns, pid }| {
            let nothing = Told { netns, network: None, links: 0, reason: None };
            match visits.enter(netns, pid) {
                Ok(Visit::Inside) => match read(&mut buffer) {
                    Ok((network, links, reason)) => {
                        let reason = reason.map(|reason| sentence(netns, &reason));
                        Told { network: Some(network), links, reason, ..nothing }
                    }
                    Err(error) => Told { reason: Some(sentence(netns, &error)), ..nothing },
                },
                Ok(Visit::Gone) => nothing,
                Err(Errno::PERM | Errno::ACCESS) => {
                    let reason = "addresses of other namespaces are not known: entering needs CAP_SYS_ADMIN";
                    Told { reason: Some(Text::from(reason)), ..nothing }
                }
                Err(error) => Told { reason: Some(sentence(netns, &error)), ..nothing },
            }
        })
        .collect()
}

fn sentence(netns: NetnsId, error: &dyn std::fmt::Display) -> Text {
    let sentence = format!("network namespace {netns}: addresses and routes not seen whole: {error}");
    Text::from(sentence.as_str())
}

/// Asks the namespace of this thread. Without its routes its addresses are still worth having.
fn read(buffer: &mut Vec<u8>) -> Result<(Network, usize, Option<NetlinkError>), NetlinkError> {
    let socket = NetlinkSocket::open(None, Patience::SHORT)?;
    let mut network = Network::default();
    let mut links = Vec::new();
    socket.list(&ask_addresses(1), 1, MESSAGES, buffer, |kind, body| {
        if kind == RTM_NEWADDR
            && let Some(own) = parse_address(body)?
        {
            network.addresses.push(own.address);
            if !own.address.is_loopback() {
                links.push(own.link);
            }
        }
        Ok(())
    })?;
    // A new socket: what is left of an answer that was given up would come first.
    let socket = NetlinkSocket::open(None, Patience::SHORT)?;
    let routes = socket.list(&ask_routes(2), 2, MESSAGES, buffer, |kind, body| {
        if kind == RTM_NEWROUTE {
            match parse_route(body)? {
                Some(Route::Local(block)) if block.address().is_none() => network.local.push(block),
                Some(Route::Local(block)) => network.addresses.extend(block.address()),
                Some(Route::Connected(block)) => network.connected.push(block),
                None => {}
            }
        }
        Ok(())
    });
    links.sort_unstable();
    links.dedup();
    network.addresses.sort_unstable();
    network.addresses.dedup();
    for blocks in [&mut network.local, &mut network.connected] {
        blocks.sort_unstable();
        blocks.dedup();
    }
    Ok((network, links.len(), routes.err()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::kernel::proc_dir::{netns_of, open_directory, open_proc};

    #[test]
    fn the_own_namespace_has_loopback() {
        let proc = open_proc().unwrap();
        let own = netns_of(open_directory(&proc, c"thread-self").unwrap()).unwrap().unwrap();
        let wanted = Wanted { netns: own, pid: None };
        let gone = Wanted { netns: NetnsId(1), pid: Some(std::process::id()) };
        let mut ways = Ways::new("/nowhere");
        let told = ask(&mut ways, Question { wanted: vec![gone, wanted], others: false });
        assert_eq!(told[0], Told { netns: NetnsId(1), network: None, links: 0, reason: None });
        assert_eq!((told[1].netns, &told[1].reason), (own, &None));
        let network = told[1].network.as_ref().unwrap();
        assert!(network.addresses.contains(&"127.0.0.1".parse().unwrap()), "{network:?}");
        assert!(network.owns("127.1.2.3".parse().unwrap()), "{network:?}");
        let all = ask(&mut ways, Question { wanted: Vec::new(), others: true });
        assert_eq!(all.iter().filter(|told| told.netns == own).count(), 1, "{all:?}");
        assert!(!network.owns("203.0.113.254".parse().unwrap()), "{network:?}");
    }
}
