//! Text from outside, made safe to show where it enters.
//!
//! Process, container and file names are bytes that anybody can choose. They become [`Text`] once, on the way
//! in, and are harmless from then on: in a terminal, in a table, in JSON.

use std::fmt;
use std::fmt::Write as _;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A string with no control characters, no characters that change the direction of text, no invisible
/// ones, and no invalid UTF-8: each of those is spelled out (`\x1b`, `\u{202e}`). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Arc<str>);

impl Text {
    /// Takes bytes as the kernel or a file gives them; what is not UTF-8 is spelled out byte for byte.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut safe = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            push_safe(&mut safe, chunk.valid());
            for byte in chunk.invalid() {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\x{byte:02x}");
            }
        }
        Self(safe.into())
    }

    /// Takes a C string in a fixed field: everything up to the first NUL.
    pub fn from_c_field(field: &[u8]) -> Self {
        let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
        Self::from_bytes(&field[..end])
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character may be shown as it is.
fn is_safe(character: char) -> bool {
    !(character.is_control()
        || matches!(character,
            // Marks, embeddings, overrides and isolates of direction; joiners and other invisible ones;
            // line and paragraph separators; tags; the byte order mark; interlinear annotations.
            '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'))
}

fn push_safe(safe: &mut String, text: &str) {
    for character in text.chars() {
        if is_safe(character) {
            safe.push(character);
        } else if (character as u32) < 0x80 {
            let _ = write!(safe, "\\x{:02x}", character as u32);
        } else {
            let _ = write!(safe, "\\u{{{:x}}}", character as u32);
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    /// A recording is input too: what it says is made safe again.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_can_be_shown() {
        assert_eq!(Text::from("nginx: worker ünïcode 日本").as_str(), "nginx: worker ünïcode 日本");
    }

    #[test]
    fn spells_out_escapes_bidi_and_invalid_bytes() {
        assert_eq!(Text::from_bytes(b"a\x1b[31mb\xff\n").as_str(), "a\\x1b[31mb\\xff\\x0a");
        assert_eq!(Text::from("evil\u{202e}exe\u{9b}").as_str(), "evil\\u{202e}exe\\u{9b}");
    }

    #[test]
    fn a_c_field_ends_at_its_first_nul() {
        assert_eq!(Text::from_c_field(b"sh\0junk").as_str(), "sh");
        assert_eq!(Text::from_c_field(b"exactly16bytes!!").as_str(), "exactly16bytes!!");
    }

    #[test]
    fn making_safe_twice_changes_nothing() {
        let once = Text::from_bytes(b"\x07\xc3\x28\\x07");
        assert_eq!(Text::from(once.as_str()), once);
    }
}
