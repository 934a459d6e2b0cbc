//! Fitting text into cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::hits::{Hit, Hits};
use crate::input::Action;

/// How many cells a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text in at most so many cells; what was cut off is an ellipsis.
pub(super) fn clip(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut clipped = String::with_capacity(cells);
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used + 1 > cells {
            break;
        }
        clipped.push(character);
    }
    if cells > 0 {
        clipped.push('…');
    }
    clipped
}

/// A text in lines of at most so many cells, broken at blanks where there are any. An empty text is one empty line.
pub(super) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let bare = width(word.trim_end_matches(' '));
        if used > 0 && used + bare > cells && bare <= cells {
            lines.push(String::new());
            used = 0;
        }
        for character in word.chars() {
            let own = character.width().unwrap_or(0);
            if used + own > cells && used > 0 {
                // The blank at the end of a line is the line's end.
                if character == ' ' {
                    continue;
                }
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(character);
            }
            used += own;
        }
    }
    lines
}

/// A text in exactly so many cells.
pub(super) fn pad(text: &str, cells: usize, to_the_right: bool) -> String {
    let clipped = clip(text, cells);
    let blank = " ".repeat(cells - width(&clipped));
    if to_the_right { blank + &clipped } else { clipped + &blank }
}

/// A piece of a line. Where there is no room for all, those with the highest ranks are left out.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) rank: u8,
    /// What a click on it is on.
    pub(super) hit: Option<Hit>,
}

impl Piece {
    pub(super) fn new(text: impl Into<String>, style: Style, rank: u8) -> Self {
        Self { text: text.into(), style, rank, hit: None }
    }

    /// The same, to be clicked on.
    pub(super) fn asking(self, action: Action) -> Self {
        self.hitting(Hit::Action(action))
    }

    /// As [`Piece::asking`], for what no key asks for.
    pub(super) fn hitting(self, hit: Hit) -> Self {
        Self { hit: Some(hit), ..self }
    }
}

/// Leaves pieces out of two halves of a line until they fit beside each other: those with the lowest ranks come in first,
/// the left half's before the right one's, and any other that there is still room for.
pub(super) fn fit(left: &mut Vec<Piece>, right: &mut Vec<Piece>, cells: usize) {
    let mut order: Vec<(u8, bool, usize)> = Vec::new();
    for (is_right, half) in [(false, &*left), (true, &*right)] {
        order.extend(half.iter().enumerate().map(|(place, piece)| (piece.rank, is_right, place)));
    }
    order.sort_unstable();
    let mut kept = [vec![false; left.len()], vec![false; right.len()]];
    let mut free = cells;
    for (_, is_right, place) in order {
        let piece = if is_right { &right[place] } else { &left[place] };
        if let Some(rest) = free.checked_sub(width(&piece.text)) {
            free = rest;
            kept[usize::from(is_right)][place] = true;
        }
    }
    for (half, kept) in [left, right].into_iter().zip(kept) {
        let mut kept = kept.into_iter();
        half.retain(|_| kept.next().unwrap_or(false));
    }
}

/// Writes one half at the left and the other at the right end of a line.
pub(super) fn write(
    buffer: &mut Buffer,
    area: Rect,
    mut left: Vec<Piece>,
    mut right: Vec<Piece>,
    hits: &mut Hits,
) {
    fit(&mut left, &mut right, area.width.into());
    let mut x = area.x;
    let mut put = |piece: &Piece, x: u16| {
        let (end, _) = buffer.set_stringn(x, area.y, &piece.text, (area.right() - x).into(), piece.style);
        if let Some(hit) = &piece.hit {
            hits.spot(Rect { x, width: end - x, height: 1, ..area }, hit.clone());
        }
        end
    };
    for piece in &left {
        x = put(piece, x);
    }
    let cells: usize = right.iter().map(|piece| width(&piece.text)).sum();
    let mut x = area.right() - cells as u16;
    for piece in &right {
        x = put(piece, x);
    }
}

/// What a table's column needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// The cells that its widest text takes.
    pub(super) want: usize,
    /// The cells below which it is of no use.
    pub(super) least: usize,
    /// Where there is no room for all columns, those with the highest ranks are left out.
    pub(super) rank: u8,
}

/// How wide each column of a table is; `None` for those that are left out, and for those with nothing in them.
pub(super) fn columns(needs: &[Need], gap: usize, cells: usize) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> =
        needs.iter().map(|need| (need.want > 0).then_some(need.least.min(need.want))).collect();
    let taken = |widths: &[Option<usize>]| {
        let shown = widths.iter().flatten().count();
        widths.iter().flatten().sum::<usize>() + gap * shown.saturating_sub(1)
    };
    while taken(&widths) > cells {
        let worst =
            (0..needs.len()).filter(|&place| widths[place].is_some()).max_by_key(|&place| needs[place].rank);
        match worst {
            Some(place) if widths.iter().flatten().count() > 1 => widths[place] = None,
            _ => break,
        }
    }
    let mut free = cells.saturating_sub(taken(&widths));
    while free > 0 {
        let missing =
            |place: &usize| widths[*place].map_or(0, |width| needs[*place].want.saturating_sub(width));
        let Some(neediest) = (0..needs.len()).rev().max_by_key(missing).filter(|place| missing(place) > 0)
        else {
            break;
        };
        widths[neediest] = widths[neediest].map(|width| width + 1);
        free -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_by_cells_and_never_through_a_wide_character() {
        assert_eq!(clip("nginx", 5), "nginx");
        assert_eq!(clip("nginx", 4), "ngi…");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("nginx", 0), "");
        assert_eq!(pad("日", 4, false), "日  ");
        assert_eq!(pad("日本", 3, true), "日…");
        assert_eq!(pad("日本", 2, true), " …");
    }

    #[test]
    fn wraps_at_blanks_and_cuts_what_is_longer_than_a_line() {
        assert_eq!(wrap("nginx -c /etc/nginx.conf", 9), ["nginx -c ", "/etc/ngin", "x.conf"]);
        assert_eq!(wrap("a b c", 3), ["a b", "c"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日", 1), ["日"]);
    }

    #[test]
    fn the_least_important_pieces_go_first() {
        let piece = |text: &str, rank| Piece::new(text, Style::new(), rank);
        let mut left = vec![piece("aaa", 1), piece("bbbb", 9)];
        let mut right = vec![piece("ccc", 5), piece("ddd", 0)];
        fit(&mut left, &mut right, 10);
        let texts: Vec<_> = left.iter().chain(&right).map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, ["aaa", "ccc", "ddd"]);
    }

    #[test]
    fn columns_share_what_there_is_and_give_way_by_rank() {
        let name = Need { want: 20, least: 8, rank: 0 };
        let number = |rank| Need { want: 6, least: 6, rank };
        assert_eq!(columns(&[name, number(1), number(2)], 2, 60), [Some(20), Some(6), Some(6)]);
        assert_eq!(columns(&[name, number(1), number(2)], 2, 30), [Some(14), Some(6), Some(6)]);
        assert_eq!(columns(&[name, number(1), number(2)], 2, 20), [Some(12), Some(6), None]);
        assert_eq!(columns(&[name, number(1)], 2, 3), [Some(8), None]);
        assert_eq!(
            columns(&[name, Need { want: 0, least: 0, rank: 0 }, number(1)], 2, 28),
            [Some(20), None, Some(6)]
        );
        assert_eq!(columns(&[], 2, 3), []);
    }
}
