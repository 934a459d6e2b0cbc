//! The tree that a filter is, and how it is written.

use std::fmt;

use super::amount::{self, BYTES, NANOSECONDS};
use super::key::{Key, Kind, Operator};
use super::pattern::{Pattern, Word};
use super::saved;
use crate::block::Block;
use crate::connection::{Protocol, State};
use crate::network::Scope;
use crate::text::Text;

/// One expression. `All` and `Any` hold at least two parts, none of them of the same kind as they are: so the tree is
/// only as deep as brackets and `not` made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Search(Word),
    Condition(Condition),
}

/// A key compared with something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) key: Key,
    /// With a key that looks a container's label up: the label's name.
    pub(super) label: Option<Text>,
    /// Whether it holds exactly where `test` does not: `!=`.
    pub(super) negated: bool,
    pub(super) test: Test,
}

/// What a fact is held against: of the kind that the key's row in the table tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// One of these names.
    Names(Vec<Name>),
    /// A text in which this is found.
    Pattern(Pattern),
    /// In one of these blocks.
    Blocks(Vec<Block>),
    /// One of these numbers.
    Numbers(Vec<u64>),
    /// A number that compares so with this one; never `=`, `!=` or `~`.
    Compared(Operator, u64),
    /// One of these protocols.
    Protocols(Vec<Protocol>),
    /// One of these states.
    States(Vec<State>),
    /// One of these directions.
    Directions(Vec<Dir>),
    /// One of these scopes.
    Scopes(Vec<Scope>),
}

/// A name to be equal to; some things have a number as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: Text,
    pub(super) number: Option<u32>,
}

/// Where a connection leads, as a filter asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dir {
    In,
    Out,
    Local,
}

impl Dir {
    pub(super) const ALL: [Self; 3] = [Self::In, Self::Out, Self::Local];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Local => "local",
        }
    }
}

impl Expression {
    /// All of them: they must all hold.
    pub(super) fn all(parts: Vec<Self>) -> Self {
        Self::of_parts(parts, Self::All, |part| match part {
            Self::All(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// Any of them.
    pub(super) fn any(parts: Vec<Self>) -> Self {
        Self::of_parts(parts, Self::Any, |part| match part {
            Self::Any(parts) => Ok(parts),
            other => Err(other),
        })
    }

    fn of_parts(
        parts: Vec<Self>,
        whole: impl Fn(Vec<Self>) -> Self,
        same: impl Fn(Self) -> Result<Vec<Self>, Self>,
    ) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match same(part) {
                Ok(parts) => flat.extend(parts),
                Err(part) => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.swap_remove(0) } else { whole(flat) }
    }

    /// How many regular expressions are in it.
    pub(super) fn patterns(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::patterns).sum(),
            Self::Not(part) => part.patterns(),
            Self::Condition(condition) => usize::from(matches!(condition.test, Test::Pattern(_))),
            Self::Search(_) => 0,
        }
    }

    /// Writes a part, in brackets where it would otherwise fall apart.
    fn write_part(&self, formatter: &mut fmt::Formatter<'_>, bracketed: bool) -> fmt::Result {
        if bracketed { write!(formatter, "({self})") } else { write!(formatter, "{self}") }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    formatter.write_str(if place == 0 { "" } else { " and " })?;
                    part.write_part(formatter, matches!(part, Self::Any(_)))?;
                }
                Ok(())
            }
            Self::Any(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    formatter.write_str(if place == 0 { "" } else { " or " })?;
                    part.write_part(formatter, false)?;
                }
                Ok(())
            }
            Self::Not(part) => {
                formatter.write_str("not ")?;
                part.write_part(formatter, matches!(**part, Self::All(_) | Self::Any(_)))
            }
            // A word, not the name of a saved filter.
            Self::Search(word) if saved::named(&word.text).is_some() => {
                write!(formatter, "\"{}\"", word.text)
            }
            Self::Search(word) => write_quoted(formatter, &word.text),
            Self::Condition(condition) => condition.fmt(formatter),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.key.info();
        formatter.write_str(row.name)?;
        if let (Key::Label, Some(label)) = (self.key, &self.label) {
            formatter.write_str(label)?;
        }
        let operator = match &self.test {
            Test::Pattern(_) => Operator::Matches,
            Test::Compared(operator, _) => *operator,
            _ if self.negated => Operator::NotEqual,
            _ => Operator::Equal,
        };
        formatter.write_str(operator.name())?;
        let number = |formatter: &mut fmt::Formatter<'_>, number: u64| {
            formatter.write_str(&match row.kind {
                Kind::Bytes => amount::written(number, BYTES),
                Kind::Duration => amount::written(number, NANOSECONDS),
                _ => number.to_string(),
            })
        };
        match &self.test {
            Test::Names(names) => {
                write_set(formatter, names, |formatter, name| write_quoted(formatter, &name.text))
            }
            Test::Pattern(pattern) => write_quoted(formatter, &pattern.source),
            Test::Blocks(blocks) => {
                write_set(formatter, blocks, |formatter, block| write!(formatter, "{block}"))
            }
            Test::Numbers(numbers) => {
                write_set(formatter, numbers, |formatter, &value| number(formatter, value))
            }
            Test::Compared(_, value) => number(formatter, *value),
            Test::Protocols(set) => {
                write_set(formatter, set, |formatter, value| formatter.write_str(value.name()))
            }
            Test::States(set) => {
                write_set(formatter, set, |formatter, value| formatter.write_str(value.name()))
            }
            Test::Directions(set) => {
                write_set(formatter, set, |formatter, value| formatter.write_str(value.name()))
            }
            Test::Scopes(set) => {
                write_set(formatter, set, |formatter, value| formatter.write_str(value.name()))
            }
        }
    }
}

fn write_set<'f, T>(
    formatter: &mut fmt::Formatter<'f>,
    values: &[T],
    mut write: impl FnMut(&mut fmt::Formatter<'f>, &T) -> fmt::Result,
) -> fmt::Result {
    for (place, value) in values.iter().enumerate() {
        formatter.write_str(if place == 0 { "" } else { "," })?;
        write(formatter, value)?;
    }
    Ok(())
}

/// A text, written so that it is read as that text.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(formatter, self.0)
    }
}

/// Writes a text so that it is read as that text: in quotes unless it is plainly one word.
fn write_quoted(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let is_plain = |character: char| character.is_alphanumeric() || "_-./:@%+".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) && !is_keyword(text) {
        return formatter.write_str(text);
    }
    formatter.write_str("\"")?;
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            formatter.write_str("\\")?;
        }
        write!(formatter, "{character}")?;
    }
    formatter.write_str("\"")
}

/// Whether a word joins expressions rather than being searched for.
pub(super) fn is_keyword(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}
