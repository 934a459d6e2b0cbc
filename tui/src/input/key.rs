//! A key: what it is on the keyboard, and how it is written in a configuration, on the help screen and in the footer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use scopetop_tracker::filter::nearest;

/// A key with what is held down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The key alone (or a character that shift makes).
    Plain(KeyCode),
    /// With the shift key: for keys that are no characters.
    Shift(KeyCode),
    /// With the control key.
    Control(KeyCode),
    /// With the alt key.
    Alt(KeyCode),
}

/// Why a text names no key: the whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

/// Keys that are no characters: in a configuration, on the help screen, in the footer.
const NAMED: [(KeyCode, &str, &str, &str); 16] = [
    (KeyCode::Up, "up", "↑", "↑"),
    (KeyCode::Down, "down", "↓", "↓"),
    (KeyCode::Left, "left", "←", "←"),
    (KeyCode::Right, "right", "→", "→"),
    (KeyCode::Enter, "enter", "Enter", "⏎"),
    (KeyCode::Esc, "esc", "Esc", "esc"),
    (KeyCode::Tab, "tab", "Tab", "⇥"),
    (KeyCode::BackTab, "shift-tab", "⇧Tab", "⇧⇥"),
    (KeyCode::Backspace, "backspace", "Backspace", "⌫"),
    (KeyCode::Delete, "delete", "Delete", "Del"),
    (KeyCode::Insert, "insert", "Insert", "Ins"),
    (KeyCode::Home, "home", "Home", "Home"),
    (KeyCode::End, "end", "End", "End"),
    (KeyCode::PageUp, "pageup", "PgUp", "PgUp"),
    (KeyCode::PageDown, "pagedown", "PgDn", "PgDn"),
    (KeyCode::Char(' '), "space", "Space", "␣"),
];

/// What is held while another key is pressed.
const HELD: [&str; 3] = ["ctrl", "shift", "alt"];

/// Keys that a terminal tells by the same byte as the control key with a letter.
const SAME_BYTE: [(char, &str); 5] =
    [('i', "tab"), ('m', "enter"), ('j', "enter"), ('h', "backspace"), ('[', "esc")];

impl Key {
    /// Whether an event is this key going down.
    pub fn is(self, event: &KeyEvent) -> bool {
        let held = event.modifiers.difference(KeyModifiers::SHIFT);
        let shifted = event.modifiers.contains(KeyModifiers::SHIFT);
        match self {
            // Terminals differ in whether they tell of the shift key that makes a character.
            Self::Plain(code @ (KeyCode::Char(_) | KeyCode::BackTab)) => {
                event.code == code && held.is_empty()
            }
            Self::Plain(code) => event.code == code && event.modifiers.is_empty(),
            Self::Shift(code) => event.code == code && held.is_empty() && shifted,
            // Terminals tell a control character with either case of the letter.
            Self::Control(KeyCode::Char(letter)) => {
                held == KeyModifiers::CONTROL
                    && matches!(event.code, KeyCode::Char(typed) if typed.eq_ignore_ascii_case(&letter))
            }
            Self::Control(code) => event.code == code && event.modifiers == KeyModifiers::CONTROL,
            Self::Alt(code @ KeyCode::Char(_)) => event.code == code && held == KeyModifiers::ALT,
            Self::Alt(code) => event.code == code && event.modifiers == KeyModifiers::ALT,
        }
    }

    /// Whether it types a character.
    pub fn types(self) -> bool {
        matches!(self, Self::Plain(KeyCode::Char(_)))
    }

    /// How a configuration writes it: `R`, `ctrl-l`, `shift-left`, `f5`.
    pub fn name(self) -> String {
        let (before, code) = match self {
            Self::Plain(code) => ("", code),
            Self::Shift(code) => ("shift-", code),
            Self::Control(code) => ("ctrl-", code),
            Self::Alt(code) => ("alt-", code),
        };
        let word = written(code, |(_, name, _, _)| name);
        format!("{before}{}", if matches!(code, KeyCode::F(_)) { word.to_lowercase() } else { word })
    }

    /// How the help screen and the manual write it: `R`, `^L`, `⇧←`, `F5`.
    pub fn shown(self) -> String {
        self.marked(|(_, _, shown, _)| shown)
    }

    /// How the footer writes it, where there is little room: `⏎`.
    pub fn brief(self) -> String {
        self.marked(|(_, _, _, brief)| brief)
    }

    fn marked(self, form: fn(Named) -> &'static str) -> String {
        match self {
            Self::Plain(code) => written(code, form),
            Self::Shift(code) => format!("⇧{}", written(code, form)),
            Self::Control(KeyCode::Char(letter)) if letter != ' ' => {
                format!("^{}", letter.to_ascii_uppercase())
            }
            Self::Control(code) => format!("^{}", written(code, form)),
            Self::Alt(code) => format!("Alt-{}", written(code, form)),
        }
    }

    /// The key that a configuration names.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut rest = text;
        let mut held = Vec::new();
        // A hyphen alone is a key too.
        while let Some((before, after)) =
            rest.split_once('-').filter(|(before, after)| !before.is_empty() && !after.is_empty())
        {
            held.push(before.to_ascii_lowercase());
            rest = after;
        }
        let code = code(rest).ok_or_else(|| unknown(text, rest))?;
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        match (held.as_slice(), code) {
            ([], code) => Ok(Self::Plain(code)),
            (["shift"], KeyCode::Tab) => Ok(Self::Plain(KeyCode::BackTab)),
            (["shift"], KeyCode::Char(letter)) if letter.is_alphabetic() => {
                Ok(Self::Plain(KeyCode::Char(letter.to_uppercase().next().unwrap_or(letter))))
            }
            (["shift"], KeyCode::Char(_)) => {
                Err(KeyError(String::from("with shift it is another character: write that one")))
            }
            (["shift"], code) => Ok(Self::Shift(code)),
            (["ctrl" | "control"], KeyCode::Char(letter)) => {
                let letter = letter.to_ascii_lowercase();
                if let Some((_, same)) = SAME_BYTE.iter().find(|(other, _)| *other == letter) {
                    return Err(KeyError(format!("a terminal tells `ctrl-{letter}` as `{same}`")));
                }
                if letter.is_ascii_lowercase() || letter == ' ' {
                    Ok(Self::Control(KeyCode::Char(letter)))
                } else {
                    Err(KeyError(String::from(
                        "ctrl goes with letters, space and keys that are no characters",
                    )))
                }
            }
            (["ctrl" | "control"], code) => Ok(Self::Control(code)),
            (["alt"], code) => Ok(Self::Alt(code)),
            ([one], _) if *one != "control" && !HELD.contains(one) => Err(unknown(text, one)),
            _ => Err(KeyError(String::from("one of ctrl, alt and shift can be held"))),
        }
    }
}

type Named = (KeyCode, &'static str, &'static str, &'static str);

fn written(code: KeyCode, form: fn(Named) -> &'static str) -> String {
    if let Some(row) = NAMED.into_iter().find(|(named, ..)| *named == code) {
        return form(row).to_owned();
    }
    match code {
        KeyCode::Char(character) => character.to_string(),
        KeyCode::F(number) => format!("F{number}"),
        other => format!("{other:?}"),
    }
}

fn code(word: &str) -> Option<KeyCode> {
    let mut characters = word.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return (!character.is_control() && character != ' ').then_some(KeyCode::Char(character));
    }
    let word = word.to_ascii_lowercase();
    if let Some((code, ..)) = NAMED.iter().find(|(_, name, ..)| *name == word) {
        return Some(*code);
    }
    let number =
        word.strip_prefix('f').filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    number.parse().ok().filter(|number| (1..=12).contains(number)).map(KeyCode::F)
}

/// `part` of the text is no key, nor what is held with one.
fn unknown(text: &str, part: &str) -> KeyError {
    let names = NAMED.iter().map(|(_, name, ..)| *name);
    let no_key = format!("there is no key `{}`", shown(text));
    let Some(meant) = nearest(part, names.chain(HELD)) else {
        return KeyError(format!(
            "{no_key}: a key is one character, f1 to f12, or one of {}, after ctrl-, alt- or shift-",
            NAMED.map(|(_, name, ..)| name).join(", ")
        ));
    };
    // What is held comes first, the key last.
    let is_last = text.ends_with(part);
    if is_last && HELD.contains(&meant) {
        return KeyError(format!("{no_key}: {meant} is held with another key, as in `{meant}-f5`"));
    }
    let (before, after) = text.split_at(if is_last { text.len() - part.len() } else { part.len() });
    let whole = if is_last { format!("{before}{meant}") } else { format!("{meant}{after}") };
    KeyError(format!("{no_key}; did you mean `{}`?", shown(&whole)))
}

/// A text from a configuration, safe to show and not too long.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(20).collect();
    scopetop_tracker::text::Text::from(short.as_str()).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn shift_makes_another_key_of_an_arrow() {
        let arrow = |modifiers| press(KeyCode::Up, modifiers);
        let (plain, shift) = (Key::Plain(KeyCode::Up), Key::Shift(KeyCode::Up));
        assert!(plain.is(&arrow(KeyModifiers::NONE)) && !shift.is(&arrow(KeyModifiers::NONE)));
        assert!(shift.is(&arrow(KeyModifiers::SHIFT)) && !plain.is(&arrow(KeyModifiers::SHIFT)));
        assert!(!shift.is(&arrow(KeyModifiers::SHIFT | KeyModifiers::ALT)));
        let home = Key::Control(KeyCode::Home);
        assert!(home.is(&press(KeyCode::Home, KeyModifiers::CONTROL)));
        assert!(!home.is(&press(KeyCode::Home, KeyModifiers::NONE)));
        let alt = Key::Alt(KeyCode::Char('x'));
        assert!(alt.is(&press(KeyCode::Char('x'), KeyModifiers::ALT)));
        assert!(!alt.is(&press(KeyCode::Char('x'), KeyModifiers::NONE)));
    }

    #[test]
    fn keys_in_words() {
        for (text, key, name, shown, brief) in [
            ("R", Key::Plain(KeyCode::Char('R')), "R", "R", "R"),
            ("shift-r", Key::Plain(KeyCode::Char('R')), "R", "R", "R"),
            ("-", Key::Plain(KeyCode::Char('-')), "-", "-", "-"),
            ("ctrl-L", Key::Control(KeyCode::Char('l')), "ctrl-l", "^L", "^L"),
            ("Control-Home", Key::Control(KeyCode::Home), "ctrl-home", "^Home", "^Home"),
            ("ctrl-space", Key::Control(KeyCode::Char(' ')), "ctrl-space", "^Space", "^␣"),
            ("shift-left", Key::Shift(KeyCode::Left), "shift-left", "⇧←", "⇧←"),
            ("shift-tab", Key::Plain(KeyCode::BackTab), "shift-tab", "⇧Tab", "⇧⇥"),
            ("space", Key::Plain(KeyCode::Char(' ')), "space", "Space", "␣"),
            ("F5", Key::Plain(KeyCode::F(5)), "f5", "F5", "F5"),
            ("alt-x", Key::Alt(KeyCode::Char('x')), "alt-x", "Alt-x", "Alt-x"),
            ("alt--", Key::Alt(KeyCode::Char('-')), "alt--", "Alt--", "Alt--"),
            ("é", Key::Plain(KeyCode::Char('é')), "é", "é", "é"),
        ] {
            let parsed = Key::parse(text).unwrap();
            assert_eq!(parsed, key, "{text}");
            assert_eq!(
                (parsed.name().as_str(), parsed.shown().as_str(), parsed.brief().as_str()),
                (name, shown, brief)
            );
            assert_eq!(Key::parse(name), Ok(key), "{name}");
        }
    }

    #[test]
    fn what_is_no_key_says_why() {
        for (text, says) in [
            ("", "there is no key ``: a key is one character"),
            (" ", "there is no key ` `: a key is one character"),
            ("f13", "did you mean"),
            ("entr", "there is no key `entr`; did you mean `enter`?"),
            ("ctl-l", "there is no key `ctl-l`; did you mean `ctrl-l`?"),
            ("CTL-L", "there is no key `CTL-L`; did you mean `ctrl-L`?"),
            ("ctrl-entr", "there is no key `ctrl-entr`; did you mean `ctrl-enter`?"),
            ("ctrl-", "there is no key `ctrl-`: ctrl is held with another key, as in `ctrl-f5`"),
            ("ctrl", "there is no key `ctrl`: ctrl is held with another key, as in `ctrl-f5`"),
            ("alt-ctrl", "there is no key `alt-ctrl`: ctrl is held with another key, as in `ctrl-f5`"),
            ("shft", "there is no key `shft`: shift is held with another key, as in `shift-f5`"),
            ("ctrl-i", "a terminal tells `ctrl-i` as `tab`"),
            ("ctrl-1", "ctrl goes with letters, space and keys that are no characters"),
            ("shift-1", "with shift it is another character: write that one"),
            ("ctrl-alt-x", "one of ctrl, alt and shift can be held"),
            ("\u{1b}[31m", "there is no key `\\x1b[31m`: "),
            ("super-x", "there is no key `super-x`: "),
        ] {
            let told = Key::parse(text).unwrap_err().to_string();
            assert!(
                told.starts_with(says) || says == "did you mean" && told.contains("no key"),
                "{text}: {told}"
            );
        }
    }
}
