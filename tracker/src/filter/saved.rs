//! Saved filters, by name, as parts of others.

use super::Filter;
use super::error::{ParseError, shown};
use super::expression::Expression;
use super::lexer::Span;
use super::nearest::nearest;

/// How often a filter may name saved ones: each is as large as a filter may be.
const MOST: usize = 32;

/// Whether a filter can be saved by that name.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The name of the saved filter that a word without quotes stands for; `None` where it is a word to search for.
pub(super) fn named(word: &str) -> Option<&str> {
    word.strip_prefix('@').filter(|name| is_name(name))
}

/// The saved filters, and how many of them were taken so far.
pub(super) struct Shelf<'a> {
    saved: &'a [(&'a str, &'a Filter)],
    taken: usize,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(saved: &'a [(&'a str, &'a Filter)]) -> Self {
        Self { saved, taken: 0 }
    }

    /// What the saved filter of a name asks for; `None` for one that holds everything.
    pub(super) fn take(&mut self, name: &str, span: Span) -> Result<Option<Expression>, ParseError> {
        self.taken += 1;
        if self.taken > MOST {
            return Err(span.error(format!("a filter names at most {MOST} saved ones")));
        }
        match self.saved.iter().find(|(known, _)| *known == name) {
            Some((_, filter)) => Ok(filter.expression.clone()),
            None => Err(self.unknown(name, span)),
        }
    }

    fn unknown(&self, name: &str, span: Span) -> ParseError {
        let names: Vec<&str> = self.saved.iter().map(|(name, _)| *name).collect();
        let there_is_none = format!("there is no saved filter {}", shown(name));
        if names.is_empty() {
            return span.error(format!(
                "{there_is_none} to make this of; a word that begins with @ stands in quotes"
            ));
        }
        let meant = nearest(name, names.iter().copied());
        let names = names.join(", ");
        ParseError {
            suggestion: meant.map(|meant| format!("@{meant}")),
            ..span.error(match meant {
                Some(meant) => format!("{there_is_none}; did you mean `{meant}`? There are {names}"),
                None => format!("{there_is_none}; there are {names}"),
            })
        }
    }
}
