//! How many colours a terminal shows, and the nearest one of those to a colour that it does not.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    /// None.
    None,
    /// The 16 that its user chose.
    Sixteen,
    /// Those, and 240 that are the same everywhere.
    Palette,
    /// Every colour.
    #[default]
    True,
}

/// The values of red, green and blue in the cube of 6×6×6 colours from number 16 on.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The first 16 colours as xterm has them. Users choose others; what is bright and which hue it is stays.
const FIRST: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

impl Depth {
    /// Every depth, with how the configuration names it.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::None, "none"), (Self::Sixteen, "16"), (Self::Palette, "256"), (Self::True, "true")];

    /// The nearest colour that a terminal of this depth shows.
    pub fn nearest(self, colour: Color) -> Color {
        match (self, colour) {
            (Self::None, _) => Color::Reset,
            (Self::Palette, Color::Rgb(red, green, blue)) => Color::Indexed(indexed([red, green, blue])),
            (Self::Sixteen, Color::Rgb(red, green, blue)) => named([red, green, blue]),
            (Self::Sixteen, Color::Indexed(number)) => match FIRST.get(usize::from(number)) {
                Some((colour, _)) => *colour,
                None => named(of_index(number)),
            },
            (_, colour) => colour,
        }
    }
}

/// The red, green and blue of one of the 240 colours.
fn of_index(number: u8) -> [u8; 3] {
    if let Some(grey) = number.checked_sub(232) {
        return [8 + 10 * grey; 3];
    }
    let place = usize::from(number.saturating_sub(16));
    [CUBE[place / 36], CUBE[place / 6 % 6], CUBE[place % 6]]
}

/// The number of the nearest of the 240 colours.
fn indexed(colour: [u8; 3]) -> u8 {
    let nearest =
        |value: u8| (0..6).min_by_key(|&step: &usize| CUBE[step].abs_diff(value)).unwrap_or(0) as u8;
    let [red, green, blue] = colour.map(nearest);
    let in_cube = 16 + 36 * red + 6 * green + blue;
    let mean = colour.iter().map(|&value| u16::from(value)).sum::<u16>() / 3;
    let grey = 232 + (mean.saturating_sub(3) / 10).min(23) as u8;
    if distance(of_index(grey), colour) < distance(of_index(in_cube), colour) { grey } else { in_cube }
}

/// The nearest of the first 16 colours. A hue stays a hue: grey would mean something else.
fn named(colour: [u8; 3]) -> Color {
    let spread = |colour: [u8; 3]| {
        colour.iter().max().copied().unwrap_or(0) - colour.iter().min().copied().unwrap_or(0)
    };
    let is_hue = spread(colour) > 48;
    // A hue is told by its proportions: a pale or a dark one is the same hue.
    let pure = |colour: [u8; 3]| {
        let least = colour.iter().min().copied().unwrap_or(0);
        let most = spread(colour).max(1);
        colour.map(|value| (u16::from(value - least) * 255 / u16::from(most)) as u8)
    };
    let is_bright = |colour: [u8; 3]| colour.into_iter().max() > Some(240);
    let far = |candidate: [u8; 3]| {
        if is_hue {
            (distance(pure(candidate), pure(colour)), u32::from(is_bright(candidate) != is_bright(colour)))
        } else {
            (luma(candidate).abs_diff(luma(colour)), 0)
        }
    };
    let candidates = FIRST.iter().filter(|(_, candidate)| (spread(*candidate) > 0) == is_hue);
    candidates.min_by_key(|(_, candidate)| far(*candidate)).map_or(Color::Reset, |(colour, _)| *colour)
}

/// How light a colour is, in thousandths of 255.
fn luma([red, green, blue]: [u8; 3]) -> u32 {
    (299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)) / 255
}

/// How far apart two colours look: the eye is less sure of red in what is dark, and of blue in what is bright.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let [red, green, blue] = [0, 1, 2].map(|place| {
        let difference = u32::from(one[place].abs_diff(other[place]));
        difference * difference
    });
    let mean = u32::midpoint(one[0].into(), other[0].into());
    ((512 + mean) * red + 1024 * green + (767 - mean) * blue) / 256
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rgb(hue: u32) -> Color {
        Color::Rgb((hue >> 16) as u8, (hue >> 8) as u8, hue as u8)
    }

    #[test]
    fn a_colour_that_the_terminal_has_stays_itself() {
        for number in 16..=255 {
            let [red, green, blue] = of_index(number);
            let found = Depth::Palette.nearest(Color::Rgb(red, green, blue));
            let Color::Indexed(found) = found else { panic!("{found:?}") };
            // Some greys are in the cube too.
            assert_eq!(of_index(found), [red, green, blue], "{number}");
        }
        for (colour, [red, green, blue]) in FIRST {
            assert_eq!(Depth::Sixteen.nearest(colour), colour);
            assert_eq!(Depth::Sixteen.nearest(Color::Rgb(red, green, blue)), colour);
            assert_eq!(Depth::Palette.nearest(colour), colour);
        }
    }

    #[test]
    fn hues_stay_hues_and_greys_stay_grey() {
        for (hue, expected) in [
            (0xff_8a80, Color::LightRed),
            (0xb3_161f, Color::Red),
            (0x5c_cfb2, Color::Cyan),
            (0x66_6666, Color::DarkGray),
            (0xa6_a6a6, Color::DarkGray),
            (0x10_1010, Color::Black),
            (0xf8_f8f8, Color::White),
        ] {
            assert_eq!(Depth::Sixteen.nearest(rgb(hue)), expected, "{hue:06x}");
        }
    }

    #[test]
    fn every_colour_is_shown_by_one_of_the_terminals() {
        for value in (0..0x100_0000).step_by(4_999) {
            assert!(matches!(Depth::Palette.nearest(rgb(value)), Color::Indexed(16..=255)));
            let named = Depth::Sixteen.nearest(rgb(value));
            assert!(FIRST.iter().any(|(colour, _)| *colour == named), "{named:?}");
            assert_eq!(Depth::None.nearest(rgb(value)), Color::Reset);
            assert_eq!(Depth::True.nearest(rgb(value)), rgb(value));
        }
        for number in 0..=255 {
            let named = Depth::Sixteen.nearest(Color::Indexed(number));
            assert!(FIRST.iter().any(|(colour, _)| *colour == named), "{number}: {named:?}");
        }
    }
}
