//! Reading a configuration: everything in it is looked at, and everything that is wrong is told, with its place.

use std::ops::{Range, RangeInclusive};

use scopetop_tracker::filter::nearest;
use scopetop_tracker::text::Text;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::setting::{SETTINGS, TABLES};
use super::{Config, Problem};

/// How many problems are told: with more than these it is another kind of file.
const TOLD: usize = 50;

/// Reads a configuration, or tells everything that is wrong with it, in the order of the text.
pub fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, problems: Vec::new() };
    let mut config = Config::default();
    reader.root(root.get_ref(), &mut config);
    // What stands on a line that is no TOML was guessed: what is wrong there is that it is none.
    let lines: Vec<Range<usize>> =
        errors.iter().map(|error| reader.line_around(start(error, text))).collect();
    reader.problems.retain(|(at, _)| !lines.iter().take(TOLD).any(|line| line.contains(at)));
    let mut told = 0;
    for error in &errors {
        let at = start(error, text);
        // The first one of a line: the others follow from it.
        if at >= told {
            reader.wrong(at, error.message());
            told = reader.line_around(at).end;
        }
    }
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.told()) }
}

fn start(error: &toml::de::Error, text: &str) -> usize {
    error.span().map_or(text.len(), |span| span.start.min(text.len()))
}

/// The line and the column of a byte, both from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line..].chars().count() + 1)
}

/// What is read, and what was wrong with it so far, each with the byte that it begins at.
pub(super) struct Reader<'t> {
    text: &'t str,
    problems: Vec<(usize, String)>,
}

/// A value with its place.
pub(super) type Value<'v> = Spanned<DeValue<'v>>;

impl Reader<'_> {
    pub(super) fn wrong(&mut self, at: usize, message: impl Into<String>) {
        self.problems.push((at, message.into()));
    }

    /// How many problems there are so far.
    pub(super) fn problems(&self) -> usize {
        self.problems.len()
    }

    fn line_around(&self, at: usize) -> Range<usize> {
        let at = self.text.floor_char_boundary(at);
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
        start..end + 1
    }

    fn told(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems.dedup();
        let more = self.problems.len().saturating_sub(TOLD);
        let last = self.problems.get(TOLD).map(|(at, _)| *at);
        self.problems.truncate(TOLD);
        if let Some(at) = last {
            self.problems.push((at, format!("and {more} more from here on")));
        }
        let problem = |(at, message): (usize, String)| {
            let (line, column) = place(self.text, at);
            // A message shows what was written, which may hold anything.
            Problem { line, column, message: Text::from(message.as_str()).to_string() }
        };
        self.problems.into_iter().map(problem).collect()
    }

    fn root(&mut self, root: &DeTable<'_>, config: &mut Config) {
        for (key, value) in root {
            let name: &str = key.get_ref();
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) {
                (setting.read)(self, config, value);
            } else if let Some(table) = TABLES.iter().find(|table| table.name == name) {
                match value.get_ref() {
                    DeValue::Table(entries) => (table.read)(self, config, entries),
                    other => {
                        self.wrong(value.span().start, format!("expected a table, not {}", called(other)));
                    }
                }
            } else {
                let known = SETTINGS.iter().map(|setting| setting.name);
                self.unknown(
                    key.span().start,
                    "setting",
                    name,
                    known.chain(TABLES.iter().map(|table| table.name)),
                );
            }
        }
    }

    /// A word that is none of those that are known.
    pub(super) fn unknown<'k>(
        &mut self,
        at: usize,
        kind: &str,
        word: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let message = match nearest(word, known.clone()) {
            Some(meant) => format!("there is no {kind} {}; did you mean `{meant}`?", shown(word)),
            None => format!(
                "there is no {kind} {}; there are {}",
                shown(word),
                known.collect::<Vec<_>>().join(", ")
            ),
        };
        self.wrong(at, message);
    }

    /// What one of these words stands for. A number and a truth count as the word that they are written as.
    pub(super) fn word<T: Copy>(&mut self, value: &Value<'_>, known: &[(&'static str, T)]) -> Option<T> {
        let word = match value.get_ref() {
            DeValue::String(word) => Some(word.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Boolean(truth) => Some(truth.to_string()),
            _ => None,
        };
        let found = word.as_ref().and_then(|word| known.iter().find(|(name, _)| name == word));
        if let Some((_, meaning)) = found {
            return Some(*meaning);
        }
        let names = known.iter().map(|(name, _)| *name);
        let written = word.as_deref().map_or_else(|| called(value.get_ref()).to_owned(), shown);
        let meant = word.and_then(|word| nearest(&word, names.clone()));
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        let names = names.collect::<Vec<_>>().join(", ");
        self.wrong(value.span().start, format!("expected one of {names}, not {written}{meant}"));
        None
    }

    pub(super) fn truth(&mut self, value: &Value<'_>) -> Option<bool> {
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            let written = called(value.get_ref());
            self.wrong(value.span().start, format!("expected true or false, not {written}"));
        }
        truth
    }

    /// A whole number of something.
    pub(super) fn whole(&mut self, value: &Value<'_>, range: &RangeInclusive<u64>, of: &str) -> Option<u64> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let written = match value.get_ref() {
                DeValue::Integer(number) => number.to_string(),
                other => called(other).to_owned(),
            };
            let (least, most) = (range.start(), range.end());
            self.wrong(
                value.span().start,
                format!("expected a whole number from {least} to {most} ({of}), not {written}"),
            );
        }
        number
    }

    /// A string; `what` says of what.
    pub(super) fn string<'v>(&mut self, value: &'v Value<'_>, what: &str) -> Option<&'v str> {
        let string = value.get_ref().as_str();
        if string.is_none() {
            let written = called(value.get_ref());
            self.wrong(value.span().start, format!("expected {what}, not {written}"));
        }
        string
    }

    /// The byte of the text that a byte of a string stands at; the string's beginning where it is written with escapes.
    pub(super) fn inside(&self, span: Range<usize>, string: &str, at: usize) -> usize {
        let raw = self.text.get(span.clone()).unwrap_or_default();
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
        let inner = raw.get(quotes..raw.len().saturating_sub(quotes));
        if inner == Some(string) { span.start + quotes + at } else { span.start }
    }
}

/// What kind of value it is, as a sentence says it.
pub(super) fn called(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A word as a message shows it: in backticks and not too long.
pub(super) fn shown(word: &str) -> String {
    const LONGEST: usize = 40;
    let cut = word.char_indices().nth(LONGEST).map_or(word.len(), |(end, _)| end);
    format!("`{}{}`", &word[..cut], if cut < word.len() { "…" } else { "" })
}
