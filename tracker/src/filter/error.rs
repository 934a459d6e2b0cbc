//! What is wrong with a filter, and where.

use unicode_width::UnicodeWidthStr;

use crate::text::Text;

/// Why a filter does not parse. Its `Display` is one line, which names the column; nothing in it can disturb a
/// terminal, whatever the filter held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct ParseError {
    /// Where the wrong part begins, in characters, from 1. One past the end where something is missing there.
    pub column: usize,
    /// How many characters are wrong; at least 1.
    pub length: usize,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to write in place of the wrong part, where that can be guessed.
    pub suggestion: Option<String>,
}

impl ParseError {
    /// The filter, safe to show, and under it a line that points at what is wrong: two lines to print one under the
    /// other in a fixed-width font.
    pub fn pointed(&self, filter: &str) -> (Text, String) {
        // A character may be shown as none, as one column, as two, or spelled out.
        let columns = |characters: &mut dyn Iterator<Item = char>| {
            Text::from(characters.collect::<String>().as_str()).width()
        };
        let before = columns(&mut filter.chars().take(self.column - 1));
        let under = columns(&mut filter.chars().skip(self.column - 1).take(self.length)).max(1);
        (Text::from(filter), format!("{}{}", " ".repeat(before), "^".repeat(under)))
    }
}

/// A part of a filter as a message may show it: safe, in backticks, and not too long.
pub(super) fn shown(part: &str) -> String {
    const LONGEST: usize = 40;
    // Cut before it is made safe, so that no escape is cut in two.
    let cut = part.char_indices().nth(LONGEST).map_or(part.len(), |(end, _)| end);
    let rest = if cut < part.len() { "…" } else { "" };
    format!("`{}{rest}`", Text::from(&part[..cut]))
}

/// Words as a list that ends with "or".
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(column: usize, length: usize) -> ParseError {
        ParseError { column, length, message: String::from("no"), suggestion: None }
    }

    #[test]
    fn points_at_the_wrong_part() {
        let (filter, line) = error(5, 4).pointed("ip=1 prot=2");
        assert_eq!(format!("{filter}\n{line}"), "ip=1 prot=2\n    ^^^^");
    }

    #[test]
    fn points_right_after_wide_and_spelled_out_characters() {
        let (filter, line) = error(4, 1).pointed("日\x1bé×");
        assert_eq!(format!("{filter}\n{line}"), "日\\x1bé×\n       ^");
        let (_, line) = error(2, 2).pointed("日\x1bé×");
        assert_eq!(line, "  ^^^^^");
    }

    #[test]
    fn points_past_the_end() {
        assert_eq!(error(6, 1).pointed("port=").1, "     ^");
    }

    #[test]
    fn shows_no_control_characters_and_not_too_much() {
        assert_eq!(shown("a\x1b[0m"), "`a\\x1b[0m`");
        assert_eq!(shown(&"é".repeat(50)), format!("`{}…`", "é".repeat(40)));
    }
}
