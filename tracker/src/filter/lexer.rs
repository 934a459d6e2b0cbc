//! From characters to tokens. What a character means depends on where it stands (a bracket in a regular expression
//! is not one of the filter's), so the parser asks for the kind of token that it expects.

use super::error::ParseError;

/// A part of a filter, in characters from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    /// An error about this part.
    pub(super) fn error(self, message: impl Into<String>) -> ParseError {
        ParseError {
            column: self.start + 1,
            length: (self.end - self.start).max(1),
            message: message.into(),
            suggestion: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The filter's end.
    End,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// As many of `=!<>~` as stand together; not necessarily an operator that exists.
    Operator(String),
    /// A word without quotes.
    Word(String),
    /// What stood in quotes.
    Quoted(String),
}

/// A place in a filter. Cheap to copy: looking ahead is lexing from a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    characters: &'a [char],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(characters: &'a [char]) -> Self {
        Self { characters, at: 0 }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Moves on for as long as the characters are such; gives what they were.
    fn take_while(&mut self, such: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&such) {
            self.at += 1;
        }
        self.characters[start..self.at].iter().collect()
    }

    /// The next token where a condition, a word or a bracket may stand.
    pub(super) fn token(&mut self) -> Result<(Token, Span), ParseError> {
        self.next(|character| !ends_value(character) && !is_operator(character))
    }

    /// The next token where a value is expected. A word there may hold operators' characters.
    pub(super) fn value(&mut self) -> Result<(Token, Span), ParseError> {
        self.next(|character| !ends_value(character))
    }

    fn next(&mut self, in_word: impl Fn(char) -> bool) -> Result<(Token, Span), ParseError> {
        self.skip_blanks();
        let start = self.at;
        let single = |lexer: &mut Self, token| {
            lexer.at += 1;
            token
        };
        let token = match self.peek() {
            None => Token::End,
            Some('(') => single(self, Token::Open),
            Some(')') => single(self, Token::Close),
            Some(',') => single(self, Token::Comma),
            Some('"') => Token::Quoted(self.quoted()?),
            Some(first) if in_word(first) => {
                let word = self.take_while(in_word);
                if self.peek() == Some('"') {
                    return Err(Span { start: self.at, end: self.at + 1 }
                        .error("a quote in the middle of a word; put quotes around the whole of it"));
                }
                Token::Word(word)
            }
            Some(_) => Token::Operator(self.take_while(is_operator)),
        };
        Ok((token, Span { start, end: self.at }))
    }

    /// The operator that stands here, if one does.
    pub(super) fn operator(&mut self) -> Option<(String, Span)> {
        let mut ahead = *self;
        ahead.skip_blanks();
        let start = ahead.at;
        let operator = ahead.take_while(is_operator);
        if operator.is_empty() {
            return None;
        }
        *self = ahead;
        Some((operator, Span { start, end: self.at }))
    }

    /// The regular expression that stands here. Without quotes it goes on until a blank or a bracket that it did not
    /// open itself; commas belong to it.
    pub(super) fn pattern(&mut self) -> Result<(Token, Span), ParseError> {
        self.skip_blanks();
        let start = self.at;
        if matches!(self.peek(), None | Some('"' | ')')) {
            return self.value();
        }
        let (mut groups, mut classes) = (0_usize, 0_usize);
        while let Some(character) = self.peek() {
            match character {
                blank if blank.is_whitespace() => break,
                '\\' if self.characters.get(self.at + 1).is_some_and(|next| !next.is_whitespace()) => {
                    self.at += 1;
                }
                '[' => {
                    classes += 1;
                    // The bracket that would close a class is one of its members if it comes first.
                    if self.characters.get(self.at + 1) == Some(&'^') {
                        self.at += 1;
                    }
                    if self.characters.get(self.at + 1) == Some(&']') {
                        self.at += 1;
                    }
                }
                ']' => classes = classes.saturating_sub(1),
                '(' if classes == 0 => groups += 1,
                ')' if classes == 0 && groups == 0 => break,
                ')' if classes == 0 => groups -= 1,
                _ => {}
            }
            self.at += 1;
        }
        let pattern = self.characters[start..self.at].iter().collect();
        Ok((Token::Word(pattern), Span { start, end: self.at }))
    }

    /// What stands in the quotes that begin here. A backslash before a quote or a backslash takes its meaning away;
    /// before anything else it is itself, so that regular expressions need no second one.
    fn quoted(&mut self) -> Result<String, ParseError> {
        let opening = Span { start: self.at, end: self.at + 1 };
        self.at += 1;
        let mut content = String::new();
        loop {
            let Some(character) = self.peek() else {
                return Err(opening.error("this quote is never closed"));
            };
            self.at += 1;
            match (character, self.peek()) {
                ('"', next) => {
                    if next.is_some_and(|next| next == '"' || !(ends_value(next) || is_operator(next))) {
                        return Err(Span { start: self.at, end: self.at + 1 }
                            .error("expected a blank after the closing quote"));
                    }
                    return Ok(content);
                }
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    content.push(escaped);
                    self.at += 1;
                }
                _ => content.push(character),
            }
        }
    }
}

fn is_operator(character: char) -> bool {
    matches!(character, '=' | '!' | '<' | '>' | '~')
}

fn ends_value(character: char) -> bool {
    character.is_whitespace() || matches!(character, '(' | ')' | ',' | '"')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    fn pattern(text: &str) -> (Token, usize) {
        let characters: Vec<char> = text.chars().collect();
        let (token, span) = Lexer::new(&characters).pattern().unwrap();
        (token, span.end)
    }

    #[test]
    fn a_pattern_keeps_its_own_brackets_and_commas() {
        for (text, end) in [
            ("(a|b){1,2}) or", 10),
            ("a) b", 1),
            (r"a\)) b", 3),
            ("[)]+) b", 4),
            ("[])]) b", 4),
            ("[^])]) b", 5),
            ("[[:alpha:])]) b", 12),
            ("\"a b\") c", 5),
        ] {
            assert_eq!(pattern(text).1, end, "{text}");
        }
    }

    #[test]
    fn a_backslash_escapes_only_quotes_and_itself() {
        assert_eq!(pattern(r#""\d\"\\x""#).0, Token::Quoted(String::from(r#"\d"\x"#)));
    }
}
