//! The characters that are drawn as lines and areas: as text they would meet in no font but the one they were made
//! for, and a picture cannot know the fonts of whoever looks at it.

/// What a character looks like. Weights are 0 (no line), 1 (light) and 2 (heavy), in the order up, right, down, left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Lines from the middle of the cell to its edges.
    Lines([u8; 4]),
    /// The same, light, as one bend.
    Bend([u8; 4]),
    /// A line through the cell in so many dashes.
    Dashed {
        /// Its weights.
        arms: [u8; 4],
        /// How many dashes.
        dashes: u8,
    },
    /// A part of the cell, in eighths of its width and height: left, top, right, bottom.
    Block([u8; 4]),
    /// Quarters of the cell: bits for the upper left, upper right, lower left, lower right.
    Quarters(u8),
    /// The whole cell, so many quarters dense.
    Shade(u8),
    /// Braille dots, a bit each, as Unicode numbers them.
    Dots(u8),
    /// A triangle that points up, right, down or left (0 to 3), small or not.
    Triangle {
        /// Where it points.
        way: u8,
        /// Whether it is the small one.
        small: bool,
    },
}

/// The arms of U+2500 to U+257F, a digit each; those that are no plain lines have their own entries below.
const ARMS: [&str; 8] = [
    "0101 0202 1010 2020 .... .... .... .... .... .... .... .... 0110 0210 0120 0220",
    "0011 0012 0021 0022 1100 1200 2100 2200 1001 1002 2001 2002 1110 1210 2110 1120",
    "2120 2210 1220 2220 1011 1012 2011 1021 2021 2012 1022 2022 0111 0112 0211 0212",
    "0121 0122 0221 0222 1101 1102 1201 1202 2101 2102 2201 2202 1111 1112 1211 1212",
    "2111 1121 2121 2112 2211 1122 1221 2212 1222 2122 2221 2222 .... .... .... ....",
    ".... .... .... .... .... .... .... .... .... .... .... .... .... .... .... ....",
    ".... .... .... .... .... .... .... .... .... .... .... .... .... .... .... ....",
    ".... .... .... .... 0001 1000 0100 0010 0002 2000 0200 0020 0201 1020 0102 2010",
];

/// What a cell's symbol looks like; `None` for one that is text.
pub(super) fn of(symbol: &str) -> Option<Shape> {
    let mut characters = symbol.chars();
    let character = characters.next()?;
    if characters.next().is_some() {
        return None;
    }
    let [across, down, heavy_across, heavy_down] = [[0, 1, 0, 1], [1, 0, 1, 0], [0, 2, 0, 2], [2, 0, 2, 0]];
    let dashed = |arms, dashes| Some(Shape::Dashed { arms, dashes });
    match character {
        '╭' => Some(Shape::Bend([0, 1, 1, 0])),
        '╮' => Some(Shape::Bend([0, 0, 1, 1])),
        '╯' => Some(Shape::Bend([1, 0, 0, 1])),
        '╰' => Some(Shape::Bend([1, 1, 0, 0])),
        '╌' => dashed(across, 2),
        '┄' => dashed(across, 3),
        '┈' => dashed(across, 4),
        '╎' => dashed(down, 2),
        '┆' => dashed(down, 3),
        '┊' => dashed(down, 4),
        '╍' => dashed(heavy_across, 2),
        '┅' => dashed(heavy_across, 3),
        '┉' => dashed(heavy_across, 4),
        '╏' => dashed(heavy_down, 2),
        '┇' => dashed(heavy_down, 3),
        '┋' => dashed(heavy_down, 4),
        '\u{2500}'..='\u{257f}' => lines(character),
        '▀' => Some(Shape::Block([0, 0, 8, 4])),
        '\u{2581}'..='\u{2588}' => Some(Shape::Block([0, 8 - (character as u32 - 0x2580) as u8, 8, 8])),
        '\u{2589}'..='\u{258f}' => Some(Shape::Block([0, 0, 8 - (character as u32 - 0x2588) as u8, 8])),
        '▐' => Some(Shape::Block([4, 0, 8, 8])),
        '░' => Some(Shape::Shade(1)),
        '▒' => Some(Shape::Shade(2)),
        '▓' => Some(Shape::Shade(3)),
        '▔' => Some(Shape::Block([0, 0, 8, 1])),
        '▕' => Some(Shape::Block([7, 0, 8, 8])),
        '▖' => Some(Shape::Quarters(0b0100)),
        '▗' => Some(Shape::Quarters(0b1000)),
        '▘' => Some(Shape::Quarters(0b0001)),
        '▙' => Some(Shape::Quarters(0b1101)),
        '▚' => Some(Shape::Quarters(0b1001)),
        '▛' => Some(Shape::Quarters(0b0111)),
        '▜' => Some(Shape::Quarters(0b1011)),
        '▝' => Some(Shape::Quarters(0b0010)),
        '▞' => Some(Shape::Quarters(0b0110)),
        '▟' => Some(Shape::Quarters(0b1110)),
        '▲' => Some(Shape::Triangle { way: 0, small: false }),
        '▶' => Some(Shape::Triangle { way: 1, small: false }),
        '▼' => Some(Shape::Triangle { way: 2, small: false }),
        '◀' => Some(Shape::Triangle { way: 3, small: false }),
        '▴' => Some(Shape::Triangle { way: 0, small: true }),
        '▸' => Some(Shape::Triangle { way: 1, small: true }),
        '▾' => Some(Shape::Triangle { way: 2, small: true }),
        '◂' => Some(Shape::Triangle { way: 3, small: true }),
        '\u{2800}'..='\u{28ff}' => Some(Shape::Dots((character as u32 - 0x2800) as u8)),
        _ => None,
    }
}

fn lines(character: char) -> Option<Shape> {
    let place = (character as usize).checked_sub(0x2500)?;
    let arms = ARMS.get(place / 16)?.as_bytes().get(place % 16 * 5..place % 16 * 5 + 4)?;
    let weight =
        |arm: usize| arms.get(arm).and_then(|digit| digit.checked_sub(b'0')).filter(|&weight| weight < 3);
    Some(Shape::Lines([weight(0)?, weight(1)?, weight(2)?, weight(3)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_arms_that_unicode_names() {
        for (symbol, arms) in [
            ("─", [0, 1, 0, 1]),
            ("┃", [2, 0, 2, 0]),
            ("┌", [0, 1, 1, 0]),
            // DOWN HEAVY AND LEFT UP LIGHT, RIGHT LIGHT AND LEFT DOWN HEAVY, LEFT LIGHT AND RIGHT VERTICAL HEAVY.
            ("┧", [1, 0, 2, 1]),
            ("┱", [0, 1, 2, 2]),
            ("╊", [2, 2, 2, 1]),
            // LIGHT LEFT AND HEAVY RIGHT.
            ("╼", [0, 2, 0, 1]),
            ("╷", [0, 0, 1, 0]),
        ] {
            assert_eq!(of(symbol), Some(Shape::Lines(arms)), "{symbol}");
        }
    }

    #[test]
    fn every_crossing_of_light_and_heavy_lines_is_there_once() {
        let mut all: Vec<_> = ('\u{2500}'..='\u{257f}')
            .filter_map(|character| match of(&character.to_string()) {
                Some(Shape::Lines(arms)) => Some(arms),
                _ => None,
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        // Three weights in four directions, without the empty one.
        assert_eq!(all.len(), 80);
    }

    #[test]
    fn blocks_fill_what_they_cover_and_text_stays_text() {
        assert_eq!(of("▁"), Some(Shape::Block([0, 7, 8, 8])));
        assert_eq!(of("█"), Some(Shape::Block([0, 0, 8, 8])));
        assert_eq!(of("▏"), Some(Shape::Block([0, 0, 1, 8])));
        assert_eq!(of("⣿"), Some(Shape::Dots(255)));
        for text in ["a", "✗", "═", "日", "", "e\u{301}"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
