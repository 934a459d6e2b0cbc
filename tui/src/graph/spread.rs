//! Columns that suit the panel: two side by side instead of one that is higher than the panel, while there is width to
//! spare; one instead of two, where names would be cut else and the height serves for both.

use std::collections::BTreeMap;

use super::links::Links;
use super::place::{self, rows};
use crate::view::{GroupKey, NodeKind, View};

/// How many nodes of a group without lines, or outside, count: the others fold.
const COUNTED: usize = 4;
/// A name of 15 characters and the end of a process's number, between borders.
const WHOLE_NAME: i32 = 24;
/// A channel with room for a number, and the narrowest.
const CHANNEL: i32 = 5;
const NARROW: i32 = 4;
/// Fewer columns than this are never joined: they say who calls whom.
const FEWEST: usize = 4;
/// More columns than this are never made.
const MOST: usize = 16;

/// What of a group stands in one column.
struct Part {
    nodes: Vec<usize>,
    /// The rows of its box and the free one after it.
    height: i32,
    /// Lines to the right more than lines to the left.
    pull: i32,
}

/// Makes the columns as many as suit the panel.
pub(super) fn suit(view: &View, links: &Links, columns: &mut [usize], size: (i32, i32), tall: i32) {
    let count = columns.iter().max().map_or(0, |last| last + 1);
    let mut widths: Vec<i32> = vec![place::NARROWEST; count];
    for (node, &column) in view.nodes.iter().zip(columns.iter()) {
        let width = place::row_width(&node.label, "").min(WHOLE_NAME);
        widths[column] = widths[column].max(width);
    }
    join(view, links, columns, &mut widths, (size, tall));
    spread(view, links, columns, &mut widths, (size, tall));
}

/// The cells that columns and the channels between them need.
fn needed(widths: &[i32], channel: i32) -> i32 {
    widths.iter().sum::<i32>() + rows(widths.len().saturating_sub(1)) * channel
}

/// The rows of a column.
fn height(parts: &[Part]) -> i32 {
    parts.iter().map(|part| part.height).sum::<i32>() - 1
}

/// Joins neighbours while the picture is wider than the panel and the panel is high enough for both: what calls what is
/// then seen above each other. Addresses outside stay apart as long as others can be joined.
fn join(
    view: &View,
    links: &Links,
    columns: &mut [usize],
    widths: &mut Vec<i32>,
    (size, tall): ((i32, i32), i32),
) {
    while widths.len() > FEWEST && needed(widths, NARROW) > size.0 {
        let heights: Vec<i32> =
            (0..widths.len()).map(|column| height(&parts(view, links, columns, column, tall))).collect();
        let mut outside = vec![true; widths.len()];
        for (node, &column) in view.nodes.iter().zip(columns.iter()) {
            outside[column] &= node.kind == NodeKind::Remote;
        }
        let cost = |left: usize| {
            let both = heights[left] + heights[left + 1] + 1;
            (outside[left] != outside[left + 1], both, widths.len() - left)
        };
        let joined = (0..widths.len() - 1)
            .filter(|&left| heights[left] + heights[left + 1] < size.1)
            .min_by_key(|&left| cost(left));
        let Some(left) = joined else { return };
        for place in columns.iter_mut().filter(|place| **place > left) {
            *place -= 1;
        }
        let right = widths.remove(left + 1);
        widths[left] = widths[left].max(right);
    }
}

/// Splits the highest columns while one is higher than the panel and another one would fit in. Whole groups move; of a
/// column with one group, half its nodes.
fn spread(
    view: &View,
    links: &Links,
    columns: &mut [usize],
    widths: &mut Vec<i32>,
    (size, tall): ((i32, i32), i32),
) {
    while widths.len() < MOST {
        let highest = (0..widths.len())
            .filter(|&column| needed(widths, CHANNEL) + widths[column] + CHANNEL <= size.0)
            .map(|column| (column, parts(view, links, columns, column, tall)))
            .map(|(column, parts)| (height(&parts), column, parts))
            .filter(|&(height, ..)| height > size.1)
            .max_by_key(|&(height, column, _)| (height, column));
        let Some((height, column, parts)) = highest else { return };
        let moved = right_half(parts, height);
        if moved.is_empty() {
            return;
        }
        for place in columns.iter_mut().filter(|place| **place > column) {
            *place += 1;
        }
        for node in moved {
            columns[node] = column + 1;
        }
        widths.insert(column, widths[column]);
    }
}

/// The groups of a column.
fn parts(view: &View, links: &Links, columns: &[usize], column: usize, tall: i32) -> Vec<Part> {
    let mut parts: BTreeMap<&GroupKey, Part> = BTreeMap::new();
    for node in (0..columns.len()).filter(|&node| columns[node] == column) {
        let new = || Part { nodes: Vec::new(), height: 0, pull: 0 };
        let part = parts.entry(&view.nodes[node].group).or_insert_with(new);
        part.nodes.push(node);
        part.pull +=
            rows(links.servers(node).iter().filter(|&&other| columns[other as usize] > column).count());
        part.pull -=
            rows(links.clients(node).iter().filter(|&&other| columns[other as usize] < column).count());
    }
    for part in parts.values_mut() {
        let folds = |&&node: &&usize| !links.linked[node] || view.nodes[node].kind == NodeKind::Remote;
        let may_fold = part.nodes.iter().filter(folds).count();
        part.height = rows(part.nodes.len() - may_fold + may_fold.min(COUNTED)) * tall + 3;
    }
    parts.into_values().collect()
}

/// The nodes that go to the right: those of the groups that call to the right, about half the height.
fn right_half(mut parts: Vec<Part>, height: i32) -> Vec<usize> {
    if let [only] = parts.as_mut_slice() {
        return only.nodes.split_off(only.nodes.len().div_ceil(2));
    }
    parts.sort_by_key(|part| part.pull);
    let mut taken = 0;
    let mut moved = Vec::new();
    let count = parts.len();
    for (index, part) in parts.into_iter().rev().enumerate() {
        // At least one group goes, and one stays.
        if index > 0 && (taken + part.height / 2 > height / 2 || index + 1 == count) {
            break;
        }
        taken += part.height;
        moved.extend(part.nodes);
    }
    moved
}
