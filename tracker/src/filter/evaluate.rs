//! Whether an expression holds for a subject.
//!
//! A condition about an end holds if either end satisfies it. An unknown fact satisfies no test; what is negated, by
//! `!=` or by `not`, then holds.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::expression::{Condition, Dir, Expression, Name, Test};
use super::key::{Key, Operator};
use super::pattern::Word;
use super::subject::{ConnectionFacts, End, Holder, Reach, Subject};
use crate::connection::UnixName;
use crate::text::Text;

/// The fewest characters of a container's id that stand for it.
const SHORTEST_ID: usize = 6;

impl Expression {
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(subject)),
            Self::Not(part) => !part.holds(subject),
            Self::Search(word) => subject.ends().any(|end| is_found(word, end)),
            Self::Condition(condition) => condition.is_satisfied(subject) != condition.negated,
        }
    }
}

impl Condition {
    fn is_satisfied(&self, subject: &Subject<'_>) -> bool {
        let facts = &subject.connection;
        match self.key {
            Key::Netns
            | Key::Pid
            | Key::Comm
            | Key::Cmdline
            | Key::User
            | Key::Container
            | Key::Image
            | Key::Label
            | Key::Pod
            | Key::Ip
            | Key::Port
            | Key::Path => subject.ends().any(|end| self.is_satisfied_by_end(end)),
            Key::Proto | Key::State | Key::Dir | Key::Scope => self.test.is_satisfied_by_kind(facts),
            Key::Age => facts.age.is_some_and(|age| self.test.number(age)),
            Key::Bytes => facts.bytes.is_some_and(|bytes| self.test.number(bytes)),
            Key::Rate => facts.rate.is_some_and(|rate| self.test.real(rate)),
            Key::Rtt => facts.rtt_us.is_some_and(|rtt| self.test.number(u64::from(rtt) * 1_000)),
        }
    }

    fn is_satisfied_by_end(&self, end: &End<'_>) -> bool {
        match self.key {
            Key::Netns => self.is_satisfied_by_namespace(end),
            Key::Pid => end.pids().any(|pid| self.test.number(u64::from(pid))),
            Key::Ip => {
                let nat = end.nat.map(|nat| nat.ip());
                end.ip.into_iter().chain(nat).any(|ip| self.test.address(ip))
            }
            Key::Port => {
                let nat = end.nat.map(|nat| nat.port());
                end.port.into_iter().chain(nat).any(|port| self.test.number(u64::from(port)))
            }
            Key::Path => end.path.is_some_and(|name| self.test.unix_name(name)),
            _ => end.holders().any(|holder| self.is_satisfied_by_holder(&holder)),
        }
    }

    fn is_satisfied_by_holder(&self, holder: &Holder<'_>) -> bool {
        let is_so = |text: &Text| self.test.text(text);
        match self.key {
            Key::Comm => holder.process.is_some_and(|process| is_so(&process.comm)),
            Key::Cmdline => {
                let arguments = holder.process.and_then(|process| process.cmdline.as_deref());
                arguments.is_some_and(|arguments| self.test.arguments(arguments))
            }
            Key::User => holder.process.is_some_and(|process| {
                process.user.as_ref().is_some_and(is_so) || process.uid.is_some_and(|uid| self.test.id(uid))
            }),
            Key::Container => self.test.container(holder) || self.test.no_container(holder),
            Key::Image => holder.container.and_then(|container| container.image.as_ref()).is_some_and(is_so),
            _ => {
                let labels = holder.container.map(|container| &container.labels);
                labels
                    .zip(self.label.as_ref())
                    .and_then(|(labels, label)| labels.get(label))
                    .is_some_and(is_so)
            }
        }
    }

    fn is_satisfied_by_namespace(&self, end: &End<'_>) -> bool {
        let Some(netns) = end.netns else { return false };
        let is_of = |holder: Holder<'_>| {
            let own = holder.container.and_then(|container| container.netns);
            own == Some(netns) && self.test.container(&holder)
        };
        self.test.id(netns.0)
            || end.netns_names.iter().any(|name| self.test.text(name))
            || end.holders().any(is_of)
    }
}

/// Each test asks only for what its key has; the parser gives no key any other test.
impl Test {
    fn text(&self, text: &str) -> bool {
        match self {
            Self::Names(names) => names.iter().any(|name| *name.text == *text),
            Self::Pattern(pattern) => pattern.is_in(text),
            _ => false,
        }
    }

    /// A Unix socket's name; an abstract one with an `@` before it.
    fn unix_name(&self, name: &UnixName) -> bool {
        match (self, name) {
            (_, UnixName::Unnamed) => false,
            (_, UnixName::Path(path)) => self.text(path),
            (Self::Names(names), UnixName::Abstract(name)) => {
                names.iter().any(|wanted| wanted.text.strip_prefix('@') == Some(name))
            }
            (_, UnixName::Abstract(_)) => self.text(&name.to_string()),
        }
    }

    /// A number that stands for a name.
    fn id(&self, id: u32) -> bool {
        matches!(self, Self::Names(names) if names.iter().any(|name| name.number == Some(id)))
    }

    fn arguments(&self, arguments: &[Text]) -> bool {
        match self {
            Self::Names(names) => names.iter().any(|name| are_joined(arguments, &name.text)),
            Self::Pattern(pattern) => match arguments {
                [only] => pattern.is_in(only),
                several => pattern.is_in(&joined(several)),
            },
            _ => false,
        }
    }

    /// A container, by its name or its id.
    fn container(&self, holder: &Holder<'_>) -> bool {
        let (name, id) = (holder.container_name(), holder.container_id());
        match self {
            Self::Names(names) => names.iter().any(|wanted| {
                name.is_some_and(|name| *name == wanted.text)
                    || id.is_some_and(|id| *id == wanted.text || is_short_id(&wanted.text, id))
            }),
            // An id is hexadecimal noise: it is looked at only where there is nothing better.
            Self::Pattern(pattern) => name.or(id).is_some_and(|text| pattern.is_in(text)),
            _ => false,
        }
    }

    /// `none`: a process that is known to be in no container.
    fn no_container(&self, holder: &Holder<'_>) -> bool {
        let is_none = |name: &Name| &*name.text == "none";
        holder.process.is_some()
            && holder.container_id().is_none()
            && matches!(self, Self::Names(names) if names.iter().any(is_none))
    }

    fn address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Blocks(blocks) if blocks.iter().any(|block| block.contains(address)))
    }

    fn number(&self, number: u64) -> bool {
        match self {
            Self::Numbers(numbers) => numbers.contains(&number),
            Self::Compared(operator, with) => compares(*operator, number.cmp(with)),
            _ => false,
        }
    }

    fn real(&self, number: f64) -> bool {
        let compared = |with: u64| number.partial_cmp(&(with as f64));
        match self {
            Self::Numbers(numbers) => numbers.iter().any(|&with| compared(with) == Some(Ordering::Equal)),
            Self::Compared(operator, with) => compared(*with).is_some_and(|order| compares(*operator, order)),
            _ => false,
        }
    }

    fn is_satisfied_by_kind(&self, facts: &ConnectionFacts) -> bool {
        match self {
            Self::Protocols(protocols) => {
                facts.protocol.is_some_and(|protocol| protocols.contains(&protocol))
            }
            Self::States(states) => facts.state.is_some_and(|state| states.contains(&state)),
            Self::Directions(directions) => facts.reach.is_some_and(|reach| match reach {
                Reach::Inbound => directions.contains(&Dir::In),
                Reach::Outbound => directions.contains(&Dir::Out),
                Reach::Local => directions.contains(&Dir::Local),
                Reach::Across => directions.contains(&Dir::In) || directions.contains(&Dir::Out),
            }),
            Self::Scopes(scopes) => facts.scope.is_some_and(|scope| scopes.contains(&scope)),
            _ => false,
        }
    }
}

fn compares(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::Greater => order.is_gt(),
        Operator::AtMost => order.is_le(),
        Operator::AtLeast => order.is_ge(),
        Operator::Equal | Operator::NotEqual | Operator::Matches => false,
    }
}

/// Whether a word is the beginning of a container's id, long enough to stand for it.
fn is_short_id(word: &str, id: &str) -> bool {
    word.len() >= SHORTEST_ID && id.starts_with(word)
}

/// The arguments with one space between them.
fn joined(arguments: &[Text]) -> String {
    let mut line = String::with_capacity(arguments.iter().map(|argument| argument.len() + 1).sum());
    for (place, argument) in arguments.iter().enumerate() {
        line.push_str(if place == 0 { "" } else { " " });
        line.push_str(argument);
    }
    line
}

/// Whether the arguments with one space between them are this text. Allocates nothing.
fn are_joined(arguments: &[Text], text: &str) -> bool {
    let mut rest = Some(text);
    for (place, argument) in arguments.iter().enumerate() {
        rest = rest.and_then(|rest| rest.strip_prefix(if place == 0 { "" } else { " " }));
        rest = rest.and_then(|rest| rest.strip_prefix(&**argument));
    }
    rest == Some("")
}

/// Whether a word is found in an end's names, paths, addresses or ports.
fn is_found(word: &Word, end: &End<'_>) -> bool {
    let in_holder = |holder: Holder<'_>| {
        let in_process = holder.process.is_some_and(|process| {
            word.is_in(&process.comm)
                || process.cmdline.as_deref().is_some_and(|arguments| is_in_arguments(word, arguments))
        });
        let image = holder.container.and_then(|container| container.image.as_ref());
        in_process
            || holder.container_name().is_some_and(|name| word.is_in(name))
            // Two letters are found in every other id: a part of it has to be its beginning.
            || holder.container_id().is_some_and(|id| is_short_id(&word.text, id) || *id == word.text)
            || image.is_some_and(|image| word.is_in(image))
    };
    let nat = end.nat;
    let ports = || end.port.into_iter().chain(nat.map(|nat| nat.port()));
    let ips = || end.ip.into_iter().chain(nat.map(|nat| nat.ip()));
    (word.port.is_some() && ports().any(|port| word.port == Some(port)))
        || ips().any(|ip| is_in_address(word, ip))
        || word.address.is_some_and(|address| {
            let own = end.ip == Some(address.ip()) && end.port == Some(address.port());
            own || nat == Some(address)
        })
        || end.name.is_some_and(|name| word.is_in(name))
        || end.path.is_some_and(|name| is_in_name(word, name))
        || end.holders().any(in_holder)
}

fn is_in_arguments(word: &Word, arguments: &[Text]) -> bool {
    // A word without a space lies within one argument: no need to join them.
    if word.text.contains(' ') {
        word.is_in(&joined(arguments))
    } else {
        arguments.iter().any(|argument| word.is_in(argument))
    }
}

fn is_in_name(word: &Word, name: &UnixName) -> bool {
    match name {
        UnixName::Unnamed => false,
        UnixName::Path(path) => word.is_in(path),
        UnixName::Abstract(_) => word.is_in(&name.to_string()),
    }
}

fn is_in_address(word: &Word, ip: IpAddr) -> bool {
    /// An address as text, without an allocation: the longest is shorter than this.
    struct Written([u8; 48], usize);
    impl std::fmt::Write for Written {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let end = self.1 + text.len();
            self.0.get_mut(self.1..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
            self.1 = end;
            Ok(())
        }
    }
    if word.block.is_some_and(|block| block.contains(ip)) {
        return true;
    }
    // Most words are names: nothing of theirs can be in an address.
    if !word.text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')) {
        return false;
    }
    let mut written = Written([0; 48], 0);
    let fits = write!(written, "{ip}").is_ok();
    fits && std::str::from_utf8(&written.0[..written.1]).is_ok_and(|text| word.is_in(text))
}
