//! From tokens to an expression, or to the first thing that is wrong.

use super::Filter;
use super::error::{ParseError, one_of, shown};
use super::expression::{Condition, Expression, Test, is_keyword};
use super::key::{KEYS, Key, KeyInfo, Operator};
use super::lexer::{Lexer, Span, Token};
use super::nearest::nearest;
use super::pattern::Word;
use super::saved::{self, Shelf};
use super::value::{self, Value};
use crate::text::Text;

/// The longest filter, in characters.
pub(super) const LONGEST: usize = 16_384;
/// How deep brackets and `not` may nest: every walk over the tree is a recursion that deep.
const DEEPEST: usize = 64;
/// How many regular expressions one filter may have: each takes time to compile and memory to keep.
const MOST_PATTERNS: usize = 32;

/// Parses a whole filter, which may be made of saved ones; `None` for one that holds everything.
pub(super) fn parse(filter: &str, saved: &[(&str, &Filter)]) -> Result<Option<Expression>, ParseError> {
    // One more than allowed is enough to know.
    let characters: Vec<char> = filter.chars().take(LONGEST + 1).collect();
    if characters.len() > LONGEST {
        let beyond = Span { start: LONGEST, end: LONGEST + 1 };
        return Err(beyond.error(format!("a filter has at most {LONGEST} characters")));
    }
    let mut parser = Parser { lexer: Lexer::new(&characters), patterns: 0, shelf: Shelf::new(saved) };
    if parser.peek()?.0 == Token::End {
        return Ok(None);
    }
    if let Some((name, span)) = parser.only_saved()? {
        return parser.shelf.take(&name, span);
    }
    let expression = parser.any(0, "expected a condition or a word")?;
    match parser.peek()? {
        (Token::End, _) => Ok(Some(expression)),
        // Everything else was taken as a part of the expression.
        (_, span) => Err(span.error("this bracket was never opened")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    patterns: usize,
    shelf: Shelf<'a>,
}

impl Parser<'_> {
    /// The name of the saved filter that all of it is.
    fn only_saved(&self) -> Result<Option<(String, Span)>, ParseError> {
        let mut ahead = self.lexer;
        let (Token::Word(word), span) = ahead.token()? else { return Ok(None) };
        let Some(name) = saved::named(&word) else { return Ok(None) };
        Ok((ahead.token()?.0 == Token::End).then(|| (name.to_owned(), span)))
    }

    /// A saved filter, as a part of this one.
    fn saved(&mut self, name: &str, span: Span) -> Result<Expression, ParseError> {
        let Some(expression) = self.shelf.take(name, span)? else {
            let everything = format!("`@{name}` holds everything: it can stand only by itself");
            return Err(span.error(everything));
        };
        self.patterns(expression.patterns(), span)?;
        Ok(expression)
    }

    /// Counts regular expressions.
    fn patterns(&mut self, more: usize, span: Span) -> Result<(), ParseError> {
        self.patterns += more;
        if self.patterns > MOST_PATTERNS {
            return Err(span.error(format!("a filter has at most {MOST_PATTERNS} regular expressions")));
        }
        Ok(())
    }

    fn peek(&self) -> Result<(Token, Span), ParseError> {
        let mut ahead = self.lexer;
        ahead.token()
    }

    /// Takes the next token if it is this keyword.
    fn keyword(&mut self, keyword: &str) -> Result<bool, ParseError> {
        let mut ahead = self.lexer;
        let (token, _) = ahead.token()?;
        let found = matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.lexer = ahead;
        }
        Ok(found)
    }

    /// Parts with `or` between them. `expected`: what to say if there is none.
    fn any(&mut self, depth: usize, expected: &str) -> Result<Expression, ParseError> {
        let mut parts = vec![self.all(depth, expected)?];
        while self.keyword("or")? {
            parts.push(self.all(depth, "expected a condition or a word after `or`")?);
        }
        Ok(Expression::any(parts))
    }

    /// Parts with `and`, or nothing, between them.
    fn all(&mut self, depth: usize, expected: &str) -> Result<Expression, ParseError> {
        let mut parts = vec![self.part(depth, expected)?];
        loop {
            if self.keyword("and")? {
                parts.push(self.part(depth, "expected a condition or a word after `and`")?);
                continue;
            }
            match self.peek()?.0 {
                Token::End | Token::Close => break,
                Token::Word(word) if word.eq_ignore_ascii_case("or") => break,
                _ => parts.push(self.part(depth, expected)?),
            }
        }
        Ok(Expression::all(parts))
    }

    /// A condition, a word, or an expression in brackets, with or without `not` before it.
    fn part(&mut self, depth: usize, expected: &str) -> Result<Expression, ParseError> {
        let (token, span) = self.lexer.token()?;
        let negates = matches!(&token, Token::Word(word) if word.eq_ignore_ascii_case("not"));
        if depth == DEEPEST && (negates || token == Token::Open) {
            return Err(span.error(format!("brackets and `not` nest at most {DEEPEST} deep")));
        }
        match token {
            _ if negates => {
                let part = self.part(depth + 1, "expected a condition or a word after `not`")?;
                Ok(Expression::Not(Box::new(part)))
            }
            Token::Open => {
                let inner = self.any(depth + 1, "expected a condition or a word after the bracket")?;
                match self.lexer.token()? {
                    (Token::Close, _) => Ok(inner),
                    _ => Err(span.error("this bracket is never closed")),
                }
            }
            Token::Word(word) if is_keyword(&word) => Err(span.error(expected)),
            Token::Word(word) => match self.lexer.operator() {
                Some((operator, place)) => self.condition(&word, span, &operator, place),
                None => match saved::named(&word) {
                    Some(name) => self.saved(name, span),
                    None => search(&word, span),
                },
            },
            Token::Quoted(words) => match self.lexer.operator() {
                Some(_) => Err(span.error("a key stands without quotes")),
                None => search(&words, span),
            },
            Token::Operator(operator) if operator.starts_with('!') && operator != "!=" => {
                Err(suggest(span, "expected `not` in place of `!`", "not"))
            }
            Token::Operator(operator) => {
                Err(span.error(format!("expected a key before {}", shown(&operator))))
            }
            Token::Comma => {
                Err(span.error("a comma stands only between the values of a key, as in port=80,443"))
            }
            Token::Close | Token::End => Err(span.error(expected)),
        }
    }

    /// What follows a key: `operator` was just read.
    fn condition(
        &mut self,
        word: &str,
        span: Span,
        operator: &str,
        place: Span,
    ) -> Result<Expression, ParseError> {
        let (key, label) = key(word, span)?;
        let row = key.info();
        let allowed = || one_of(row.kind.operators().iter().map(|operator| operator.name()));
        let Some(operator) = Operator::from_name(operator) else {
            let expected = format!("there is no operator {}; expected {}", shown(operator), allowed());
            return Err(place.error(expected));
        };
        if !row.kind.operators().contains(&operator) {
            return Err(place.error(format!(
                "{} cannot be compared with `{operator}`; expected {}",
                shown(word),
                allowed()
            )));
        }
        let first = self.value(operator)?;
        let mut more = Vec::new();
        while operator != Operator::Matches
            && let Some(comma) = self.comma()?
        {
            if !matches!(operator, Operator::Equal | Operator::NotEqual) {
                return Err(comma.error(format!("`{operator}` takes one value; a set goes with = or !=")));
            }
            more.push(self.value(operator)?);
        }
        let test = value::test(key, operator, &first, &more)?;
        if matches!(test, Test::Pattern(_)) {
            self.patterns(1, first.1)?;
        }
        Ok(Expression::Condition(Condition { key, label, negated: operator == Operator::NotEqual, test }))
    }

    /// Takes the next token if it is a comma.
    fn comma(&mut self) -> Result<Option<Span>, ParseError> {
        let mut ahead = self.lexer;
        let (token, span) = ahead.token()?;
        if token != Token::Comma {
            return Ok(None);
        }
        self.lexer = ahead;
        Ok(Some(span))
    }

    fn value(&mut self, operator: Operator) -> Result<Value, ParseError> {
        let (token, span) =
            if operator == Operator::Matches { self.lexer.pattern() } else { self.lexer.value() }?;
        match token {
            Token::Word(value) | Token::Quoted(value) => Ok((value, span)),
            Token::Open => Err(span.error("expected a value; one with brackets in it stands in quotes")),
            _ => Err(span.error("expected a value")),
        }
    }
}

/// The key that a word is, and the name of the label that it asks for.
fn key(word: &str, span: Span) -> Result<(Key, Option<Text>), ParseError> {
    if let Some(label) = word.strip_prefix(Key::Label.info().name) {
        if label.is_empty() {
            return Err(span.error("expected the label's name after the dot, as in label.app=shop"));
        }
        return Ok((Key::Label, Some(Text::from(label))));
    }
    if let Some(row) = KEYS.iter().find(|row| row.name == word) {
        // What Kubernetes' runtimes put on each container of a pod.
        let label = (row.key == Key::Pod).then(|| Text::from("io.kubernetes.pod.name"));
        return Ok((row.key, label));
    }
    // A label's own name says nothing about what the key before its dot was meant to be.
    let (stem, rest) = word.split_once('.').unwrap_or((word, ""));
    let lower = stem.to_lowercase();
    let is_called = |name: &str| KEYS.iter().find(|row| row.name == name || row.synonyms.contains(&name));
    let all_names =
        || KEYS.iter().map(|row| row.name).chain(KEYS.iter().flat_map(|row| row.synonyms).copied());
    let there_is_none = format!("there is no key {}", shown(word));
    Err(match is_called(&lower).or_else(|| is_called(nearest(stem, all_names())?)) {
        Some(row) if row.key == Key::Label && !rest.is_empty() => {
            let meant = format!("{}{}", row.name, Text::from(rest));
            suggest(span, &format!("{there_is_none}; did you mean {}?", shown(&meant)), &meant)
        }
        Some(row) => suggest(span, &format!("{there_is_none}; did you mean `{}`?", row.title()), row.name),
        None => span.error(format!("{there_is_none}; expected {}", one_of(KEYS.iter().map(KeyInfo::title)))),
    })
}

fn search(words: &str, span: Span) -> Result<Expression, ParseError> {
    match words {
        "" => Err(span.error("there is nothing to search for between the quotes")),
        "&" | "&&" => Err(suggest(span, &format!("expected `and` in place of `{words}`"), "and")),
        "|" | "||" => Err(suggest(span, &format!("expected `or` in place of `{words}`"), "or")),
        _ => Ok(Expression::Search(Word::new(words))),
    }
}

fn suggest(span: Span, message: &str, suggestion: &str) -> ParseError {
    ParseError { suggestion: Some(suggestion.to_owned()), ..span.error(message) }
}
