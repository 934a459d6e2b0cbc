//! The filter language: parse, explain errors, evaluate.
//!
//! ```text
//! filter     = [ any ]                               nothing at all: everything holds
//! any        = all { "or" all }
//! all        = part { [ "and" ] part }               two parts side by side must both hold
//! part       = "not" part | "(" any ")" | condition | saved | word
//! condition  = key operator value { "," value }      a set goes with = and != only
//! operator   = "=" | "!=" | "~" | "<" | ">" | "<=" | ">="
//! saved      = "@" name                              letters, digits, "-" and "_"
//! ```
//!
//! - [`KEYS`] is the table of keys: what each asks for and what it can be compared with.
//! - A condition about an end of a connection holds if either end satisfies it. `!=` is exactly `not … = …`.
//! - What is unknown satisfies no comparison: `rtt>1ms` does not hold for a connection whose round-trip time was not
//!   measured (and so `not rtt>1ms` does). The age of a connection from before the start is unknown.
//! - A value, or a word, with blanks, brackets, commas or quotes in it stands in double quotes, in which `\"` and `\\`
//!   are a quote and a backslash. A keyword in quotes is a word.
//! - `~` looks for a regular expression anywhere in the text, capital letters told apart (`(?i)` lifts that). Without
//!   quotes it ends at a blank or at a bracket that it did not open; commas belong to it.
//! - `k`, `m`, `g` and `t` are powers of 1,000: rates are told so on networks. Lengths of time need their unit.
//! - A word alone searches command names, command lines, containers' names, ids (from their beginning) and images, and
//!   addresses, capital letters or not; a number is a port as well, and a block of addresses or an address with a port
//!   is understood.
//!
//! - `@web` is the filter that is saved by that name. What begins with `@` and is no name, or stands in quotes, is a word.
//!
//! No input is too much: the length of a filter, how deep it nests, and the number and size of its regular expressions
//! are bounded, and matching takes time in proportion to the text.

mod adapt;
mod amount;
mod error;
mod evaluate;
mod expression;
#[cfg(test)]
mod fuzz;
mod key;
mod lexer;
mod nearest;
mod parser;
mod pattern;
mod saved;
mod subject;
mod value;

use std::fmt;
use std::str::FromStr;

use expression::Expression;

pub use error::ParseError;
pub use key::{KEYS, Key, KeyInfo, Kind, Operator};
pub use nearest::nearest;
pub use saved::is_name;
pub use subject::{ConnectionFacts, End, Holders, Reach, Subject};

/// A text as a filter has to have it, so that it is read as that text: in quotes unless it is plainly one word.
pub fn quoted(text: &str) -> String {
    expression::Quoted(text).to_string()
}

/// A filter, ready to be asked. The default one holds everything.
///
/// Its `Display` is a filter that parses to the same; nothing in it can disturb a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    expression: Option<Expression>,
}

impl Filter {
    /// Reads a filter as a person wrote it, where none is saved. An empty one holds everything.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_with(text, [])
    }

    /// Reads a filter that may be made of saved ones, each by its name: `@web and not port=443`.
    pub fn parse_with<'s>(
        text: &str,
        saved: impl IntoIterator<Item = (&'s str, &'s Self)>,
    ) -> Result<Self, ParseError> {
        let saved: Vec<_> = saved.into_iter().collect();
        Ok(Self { expression: parser::parse(text, &saved)? })
    }

    /// The filter that holds what all of these hold.
    pub fn all(filters: Vec<Self>) -> Self {
        let expressions: Vec<Expression> =
            filters.into_iter().filter_map(|filter| filter.expression).collect();
        Self { expression: (!expressions.is_empty()).then(|| Expression::all(expressions)) }
    }

    /// Whether it holds everything because it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.expression.is_none()
    }

    /// Whether it holds this.
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.expression.as_ref().is_none_or(|expression| expression.holds(subject))
    }
}

impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.as_ref().map_or(Ok(()), |expression| expression.fmt(formatter))
    }
}
