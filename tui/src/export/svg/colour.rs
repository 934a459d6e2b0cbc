//! The colours of a picture: a terminal's names for them made into those of a dark screen.

use ratatui::style::{Color, Modifier, Style};

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rgb(pub(super) u8, pub(super) u8, pub(super) u8);

/// What is behind everything.
pub(super) const GROUND: Rgb = Rgb(0x0d, 0x11, 0x17);
/// Text of no colour of its own.
const TEXT: Rgb = Rgb(0xc9, 0xd1, 0xd9);

/// The sixteen colours, in the order of their numbers: each is readable on [`GROUND`].
const SIXTEEN: [Rgb; 16] = [
    Rgb(0x21, 0x26, 0x2d),
    Rgb(0xff, 0x7b, 0x72),
    Rgb(0x56, 0xd3, 0x64),
    Rgb(0xe3, 0xb3, 0x41),
    Rgb(0x79, 0xc0, 0xff),
    Rgb(0xd2, 0xa8, 0xff),
    Rgb(0x56, 0xd4, 0xdd),
    Rgb(0xb1, 0xba, 0xc4),
    Rgb(0x6e, 0x76, 0x81),
    Rgb(0xff, 0xa1, 0x98),
    Rgb(0x7e, 0xe7, 0x87),
    Rgb(0xf2, 0xcc, 0x60),
    Rgb(0xa5, 0xd6, 0xff),
    Rgb(0xe2, 0xc5, 0xff),
    Rgb(0xb3, 0xf0, 0xff),
    Rgb(0xf0, 0xf6, 0xfc),
];

impl Rgb {
    /// As SVG writes it.
    pub(super) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// This colour seen through another: dimmed text is as far from the ground as terminals show it.
    fn mixed(self, with: Self) -> Self {
        let mix = |one: u8, other: u8| ((u16::from(one) * 11 + u16::from(other) * 9) / 20) as u8;
        Self(mix(self.0, with.0), mix(self.1, with.1), mix(self.2, with.2))
    }
}

/// How text looks: its colour and what is behind it.
pub(super) fn of(style: Style) -> (Rgb, Rgb) {
    let (mut text, mut ground) = (colour(style.fg, TEXT), colour(style.bg, GROUND));
    if style.add_modifier.contains(Modifier::REVERSED) {
        (text, ground) = (ground, text);
    }
    if style.add_modifier.contains(Modifier::DIM) {
        text = text.mixed(ground);
    }
    (text, ground)
}

fn colour(colour: Option<Color>, otherwise: Rgb) -> Rgb {
    let number = match colour {
        None | Some(Color::Reset) => return otherwise,
        Some(Color::Rgb(red, green, blue)) => return Rgb(red, green, blue),
        Some(Color::Indexed(number)) => number,
        Some(Color::Black) => 0,
        Some(Color::Red) => 1,
        Some(Color::Green) => 2,
        Some(Color::Yellow) => 3,
        Some(Color::Blue) => 4,
        Some(Color::Magenta) => 5,
        Some(Color::Cyan) => 6,
        Some(Color::Gray) => 7,
        Some(Color::DarkGray) => 8,
        Some(Color::LightRed) => 9,
        Some(Color::LightGreen) => 10,
        Some(Color::LightYellow) => 11,
        Some(Color::LightBlue) => 12,
        Some(Color::LightMagenta) => 13,
        Some(Color::LightCyan) => 14,
        Some(Color::White) => 15,
    };
    indexed(number)
}

/// A colour of the 256: sixteen, a cube of six to each side, and greys.
fn indexed(number: u8) -> Rgb {
    match number {
        0..16 => SIXTEEN[usize::from(number)],
        16..232 => {
            let level = |place: u8| if place == 0 { 0 } else { 55 + place * 40 };
            let place = number - 16;
            Rgb(level(place / 36), level(place / 6 % 6), level(place % 6))
        }
        232.. => {
            let grey = 8 + (number - 232) * 10;
            Rgb(grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_terminals() {
        assert_eq!(indexed(196), Rgb(255, 0, 0));
        assert_eq!(indexed(67), Rgb(95, 135, 175));
        assert_eq!(indexed(255), Rgb(238, 238, 238));
        assert_eq!(of(Style::new()), (TEXT, GROUND));
        assert_eq!(
            of(Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(1))),
            (Rgb(1, 2, 3), SIXTEEN[1])
        );
    }

    #[test]
    fn reversed_text_swaps_and_dim_text_sinks_into_what_is_behind_it() {
        assert_eq!(of(Style::new().add_modifier(Modifier::REVERSED)), (GROUND, TEXT));
        assert_eq!(of(Style::new().add_modifier(Modifier::DIM)).0, TEXT.mixed(GROUND));
        assert_eq!(Rgb(200, 0, 100).mixed(Rgb(0, 100, 100)), Rgb(110, 45, 100));
    }
}
