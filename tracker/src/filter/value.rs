//! From the text of a value to the value that its key is compared with.

use super::amount::{self, BYTES, NANOSECONDS, Wrong};
use super::error::{ParseError, one_of, shown};
use super::expression::{Dir, Name, Test};
use super::key::{Key, Kind, Operator};
use super::lexer::Span;
use super::nearest::nearest;
use super::pattern::Pattern;
use crate::block::Block;
use crate::connection::{Protocol, State};
use crate::network::Scope;
use crate::text::Text;

/// One value and where it stands.
pub(super) type Value = (String, Span);

/// What `key` followed by `operator` is held against: `first`, or one of it and `more`.
pub(super) fn test(key: Key, operator: Operator, first: &Value, more: &[Value]) -> Result<Test, ParseError> {
    let set = || std::iter::once(first).chain(more);
    Ok(match key.info().kind {
        Kind::Name if operator == Operator::Matches => {
            Test::Pattern(Pattern::compile(&first.0).map_err(|reason| first.1.error(reason))?)
        }
        Kind::Name => Test::Names(set().map(|(text, _)| name(text)).collect()),
        Kind::Address => Test::Blocks(set().map(block).collect::<Result<_, _>>()?),
        kind @ (Kind::Whole(_) | Kind::Bytes | Kind::Duration) => {
            if matches!(operator, Operator::Equal | Operator::NotEqual) {
                Test::Numbers(set().map(|value| number(key, kind, value)).collect::<Result<_, _>>()?)
            } else {
                Test::Compared(operator, number(key, kind, first)?)
            }
        }
        Kind::Protocol => {
            const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Unix];
            Test::Protocols(choices(set(), "protocol", &ALL, Protocol::name)?)
        }
        Kind::State => Test::States(choices(set(), "state", &State::ALL, State::name)?),
        Kind::Direction => Test::Directions(choices(set(), "direction", &Dir::ALL, Dir::name)?),
        Kind::Scope => Test::Scopes(choices(set(), "scope", &Scope::ALL, Scope::name)?),
    })
}

fn name(text: &str) -> Name {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    Name { text: Text::from(text), number }
}

fn block((text, span): &Value) -> Result<Block, ParseError> {
    Block::parse(text).ok_or_else(|| {
        let expected = "expected one such as 10.0.0.1, 10.0.0.0/8 or fd00::/8";
        span.error(format!("{} is not an address or a CIDR block; {expected}", shown(text)))
    })
}

fn number(key: Key, kind: Kind, (text, span): &Value) -> Result<u64, ParseError> {
    let wrong =
        |what: &str, expected: &str| span.error(format!("{} is {what}; expected {expected}", shown(text)));
    let units = match kind {
        Kind::Bytes => BYTES,
        Kind::Duration => NANOSECONDS,
        Kind::Whole(largest) => {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|&number: &u64| is_number && number <= u64::from(largest));
            let what = format!("not a {}", key.info().name);
            return number.ok_or_else(|| wrong(&what, &format!("a whole number from 0 to {largest}")));
        }
        _ => return Err(wrong("not a number", kind.about())),
    };
    let (what, expected, unit) = match kind {
        Kind::Duration => (
            "not a length of time",
            "a number with its unit, us, ms, s, m, h or d, such as 500ms",
            "nanosecond",
        ),
        _ => ("not an amount of bytes", "a number, with k, m or g if need be, such as 10m", "byte"),
    };
    amount::parse(text, units).map_err(|reason| match reason {
        Wrong::Form => wrong(what, expected),
        Wrong::TooLarge => span.error(format!("{} is too large", shown(text))),
        Wrong::TooFine => span.error(format!("{} has a fraction of a {unit}", shown(text))),
    })
}

/// Reads values each of which is one of a few words.
fn choices<'a, T: Copy>(
    values: impl Iterator<Item = &'a Value>,
    what: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str + Copy,
) -> Result<Vec<T>, ParseError> {
    let choice = |(text, span): &Value| {
        if let Some(&choice) = all.iter().find(|&&choice| name(choice).eq_ignore_ascii_case(text)) {
            return Ok(choice);
        }
        let names = || all.iter().map(|&choice| name(choice));
        let suggestion = nearest(text, names());
        let hint = match suggestion {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected {}", one_of(names())),
        };
        let error = span.error(format!("{} is not a {what}; {hint}", shown(text)));
        Err(ParseError { suggestion: suggestion.map(str::to_owned), ..error })
    };
    values.map(choice).collect()
}
