//! Regular expressions and words to search for: what is looked for inside a text.

use std::net::SocketAddr;

use regex::{Regex, RegexBuilder};

use crate::block::Block;
use crate::text::Text;

/// The most memory that one compiled expression may take. It bounds the time to compile as well.
const LARGEST: usize = 1 << 20;

/// A regular expression. Two are equal if they are written the same.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) source: Text,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Compiles it; the error is one line that says why not.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        let source = Text::from(source);
        let regex = RegexBuilder::new(&source)
            .size_limit(LARGEST)
            .dfa_size_limit(LARGEST)
            .build()
            .map_err(|error| reason(&error))?;
        Ok(Self { source, regex })
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => String::from("this regular expression is too large"),
        other => {
            // A drawing of the place, then a line "error: …" with the reason.
            let message = other.to_string();
            let reason = message.rsplit("error: ").next().unwrap_or_default();
            format!("not a regular expression: {}", Text::from(reason.trim()))
        }
    }
}

/// A word to search for in names, paths, addresses and ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Text,
    lower: String,
    /// The word as a port, a block of addresses, or an address with its port, if it can be read as one.
    pub(super) port: Option<u16>,
    pub(super) block: Option<Block>,
    pub(super) address: Option<SocketAddr>,
}

impl Word {
    pub(super) fn new(text: &str) -> Self {
        let port = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let (block, address) = (Block::parse(text), text.parse().ok());
        let text = Text::from(text);
        let lower = text.to_lowercase();
        Self { text, lower, port, block, address }
    }

    /// Whether the word is in the text, whatever their cases. Allocates nothing.
    pub(super) fn is_in(&self, text: &str) -> bool {
        if self.lower.is_ascii() {
            // A letter outside ASCII whose lower case is in it (the Kelvin sign) is not worth the slow way.
            let (word, text) = (self.lower.as_bytes(), text.as_bytes());
            return text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        }
        text.char_indices().any(|(start, _)| {
            let mut rest = text[start..].chars().flat_map(char::to_lowercase);
            self.lower.chars().all(|wanted| rest.next() == Some(wanted))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn a_word_is_found_in_any_case_and_script() {
        for (word, text) in
            [("NGinx", "/usr/sbin/nginX: worker"), ("größe", "die GRÖSSE Größe"), ("日本", "x日本")]
        {
            assert!(Word::new(word).is_in(text), "{word}");
        }
        assert!(!Word::new("nginx").is_in("ngin"));
        assert!(!Word::new("größe").is_in("grösse"));
    }

    #[test]
    fn a_reason_is_one_line() {
        assert_eq!(Pattern::compile("a(b").unwrap_err(), "not a regular expression: unclosed group");
        assert_eq!(Pattern::compile(r"(\w{500}){500}").unwrap_err(), "this regular expression is too large");
        for wrong in
            ["(?x) a(", "[z-a]", r"\", "*", "a{9999999999}", r"\p{nope}", "(?P<a>.)(?P<a>.)", "(?=a)"]
        {
            let reason = Pattern::compile(wrong).unwrap_err();
            assert!(!reason.contains('\n') && reason.len() > 30, "{wrong}: {reason}");
        }
    }
}
