//! The clipboard of whoever sits at the terminal, reached through the terminal itself (OSC 52): it works over ssh too.

/// The longest text in bytes that is handed over: the smallest terminals take 4,096 bytes in base64, and none needs
/// more for a line.
pub const LONGEST: usize = 3_000;

/// The sequence that makes a terminal copy a text, cut at [`LONGEST`]. Inside tmux it is told twice: to tmux itself,
/// which takes it with `set-clipboard on`, and through it to the terminal, which it lets pass with `allow-passthrough on`.
pub fn sequence(text: &str, in_tmux: bool) -> String {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    if !in_tmux {
        return plain;
    }
    // Each escape of what passes through is doubled.
    format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"))
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit > group.len() {
                text.push('=');
            } else {
                text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }

    #[test]
    fn tmux_is_told_and_lets_it_pass() {
        assert_eq!(sequence("foo", false), "\x1b]52;c;Zm9v\x07");
        assert_eq!(sequence("foo", true), "\x1b]52;c;Zm9v\x07\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
    }

    #[test]
    fn a_text_without_end_is_cut_between_characters() {
        let sequence = sequence(&"é".repeat(10_000), false);
        assert_eq!(sequence.len(), "\x1b]52;c;\x07".len() + LONGEST / 3 * 4);
        assert_eq!(super::sequence(&format!("a{}", "é".repeat(10_000)), false).len(), sequence.len());
    }
}
