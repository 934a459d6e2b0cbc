//! The characters that the graph is drawn with, in one place, and which of them a line's cell takes.

/// How heavy a line is in one of the four directions out of a cell; the heavier wins where lines share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// No line.
    #[default]
    None,
    /// All that it stands for is over.
    Dashed,
    /// Open.
    Light,
    /// Open, and much flows.
    Heavy,
    /// Open, and very much flows.
    Double,
}

/// The lines that leave a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arms {
    pub(super) north: Weight,
    pub(super) east: Weight,
    pub(super) south: Weight,
    pub(super) west: Weight,
}

/// All characters of the graph.
#[derive(Debug)]
pub(super) struct Glyphs {
    /// Every crossing of light and heavy lines, by the base-3 number north, east, south, west
    /// (0 none, 1 light, 2 heavy).
    junctions: [char; 81],
    /// The same of double lines, with light ones across them: by the base-3 number north, east, south, west
    /// (0 none, 1 light, 2 double). A light line that goes on as a double one is drawn double: there is no character.
    doubles: [char; 81],
    dashed_horizontal: char,
    dashed_vertical: char,
    pub(super) to_right: char,
    pub(super) to_left: char,
    pub(super) failed: char,
    pub(super) to_self: char,
    pub(super) folded: char,
    pub(super) new: char,
    pub(super) closed: char,
    pub(super) horizontal: char,
    pub(super) vertical: char,
    /// Top left, top right, bottom left, bottom right.
    pub(super) corners: [char; 4],
}

/// The characters of a terminal that knows UTF-8.
pub(super) const UNICODE: Glyphs = Glyphs {
    junctions: [
        ' ', '╴', '╸', '╷', '╮', '┑', '╻', '┒', '┓', '╶', '─', '╾', '╭', '┬', '┭', '┎', '┰', '┱', '╺', '╼',
        '━', '┍', '┮', '┯', '┏', '┲', '┳', '╵', '╯', '┙', '│', '┤', '┥', '╽', '┧', '┪', '╰', '┴', '┵', '├',
        '┼', '┽', '┟', '╁', '╅', '┕', '┶', '┷', '┝', '┾', '┿', '┢', '╆', '╈', '╹', '┚', '┛', '╿', '┦', '┩',
        '┃', '┨', '┫', '┖', '┸', '┹', '┞', '╀', '╃', '┠', '╂', '╉', '┗', '┺', '┻', '┡', '╄', '╇', '┣', '╊',
        '╋',
    ],
    doubles: [
        ' ', '╴', '═', '╷', '╮', '╕', '║', '╖', '╗', '╶', '─', '═', '╭', '┬', '╤', '╓', '╥', '╦', '═', '═',
        '═', '╒', '╤', '╤', '╔', '╦', '╦', '╵', '╯', '╛', '│', '┤', '╡', '║', '╢', '╣', '╰', '┴', '╧', '├',
        '┼', '╪', '╟', '╫', '╬', '╘', '╧', '╧', '╞', '╪', '╪', '╠', '╬', '╬', '║', '╜', '╝', '║', '╢', '╣',
        '║', '╢', '╣', '╙', '╨', '╩', '╟', '╫', '╬', '╟', '╫', '╬', '╚', '╩', '╩', '╠', '╬', '╬', '╠', '╬',
        '╬',
    ],
    dashed_horizontal: '┄',
    dashed_vertical: '┆',
    to_right: '▶',
    to_left: '◀',
    failed: '✗',
    to_self: '↺',
    folded: '▸',
    new: '+',
    closed: '┄',
    horizontal: '─',
    vertical: '│',
    corners: ['╭', '╮', '╰', '╯'],
};

impl Arms {
    /// Whether lines go both along the row and across it.
    pub(super) fn is_both(self) -> bool {
        self.north.max(self.south) > Weight::None && self.east.max(self.west) > Weight::None
    }
}

impl Glyphs {
    /// The character of a cell.
    pub(super) fn line(&self, arms: Arms) -> char {
        let across = arms.north.max(arms.south);
        let along = arms.east.max(arms.west);
        if across == Weight::None && along == Weight::Dashed {
            return self.dashed_horizontal;
        }
        if along == Weight::None && across == Weight::Dashed {
            return self.dashed_vertical;
        }
        let all = [arms.north, arms.east, arms.south, arms.west];
        let doubled = all.contains(&Weight::Double);
        let digit = |weight| match weight {
            Weight::None => 0,
            Weight::Dashed | Weight::Light => 1,
            // Heavy and double lines have no characters in common.
            Weight::Heavy if doubled => 1,
            Weight::Heavy | Weight::Double => 2,
        };
        let index = all.into_iter().fold(0, |sum, weight| sum * 3 + digit(weight));
        if doubled { self.doubles[index] } else { self.junctions[index] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arms(north: Weight, east: Weight, south: Weight, west: Weight) -> Arms {
        Arms { north, east, south, west }
    }

    #[test]
    fn a_cell_shows_the_lines_that_meet_in_it() {
        use Weight::{Dashed, Heavy, Light, None};
        assert_eq!(UNICODE.line(arms(None, Light, None, Light)), '─');
        assert_eq!(UNICODE.line(arms(None, Heavy, None, Heavy)), '━');
        assert_eq!(UNICODE.line(arms(None, Dashed, None, Dashed)), '┄');
        assert_eq!(UNICODE.line(arms(Dashed, None, Dashed, None)), '┆');
        assert_eq!(UNICODE.line(arms(None, Dashed, None, Light)), '─');
        assert_eq!(UNICODE.line(arms(None, Light, Light, None)), '╭');
        assert_eq!(UNICODE.line(arms(Light, None, Light, Light)), '┤');
        assert_eq!(UNICODE.line(arms(Light, Heavy, Light, Heavy)), '┿');
        assert_eq!(UNICODE.line(arms(Heavy, Heavy, Heavy, Heavy)), '╋');
    }

    #[test]
    fn double_lines_meet_all_others() {
        use Weight::{Dashed, Double, Heavy, Light, None};
        assert_eq!(UNICODE.line(arms(None, Double, None, Double)), '═');
        assert_eq!(UNICODE.line(arms(Double, None, Double, None)), '║');
        assert_eq!(UNICODE.line(arms(None, Double, Double, None)), '╔');
        assert_eq!(UNICODE.line(arms(Light, Double, Light, Double)), '╪');
        assert_eq!(UNICODE.line(arms(Double, Heavy, Double, None)), '╟');
        assert_eq!(UNICODE.line(arms(Double, Dashed, Double, Light)), '╫');
        assert_eq!(UNICODE.line(arms(None, Light, Light, Double)), '╤');
    }
}
