//! From node to node with the arrow keys.

use rustc_hash::FxHashMap;

use super::links::Links;
use super::place::Place;
use crate::view::{Direction, ShownKey};

/// The nodes as they stand, column by column, from top to bottom.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    columns: Vec<Vec<Stop>>,
    index: FxHashMap<ShownKey, (usize, usize)>,
}

#[derive(Clone, Debug)]
struct Stop {
    key: ShownKey,
    y: i32,
    /// Those it is linked with, by column and row of [`Paths::columns`].
    linked: Vec<(usize, usize)>,
}

impl Paths {
    pub(super) fn new(keys: &[ShownKey], links: &Links, at: &[Option<Place>]) -> Self {
        let mut order: Vec<(usize, i32, usize, usize)> = at
            .iter()
            .enumerate()
            .filter_map(|(node, place)| place.map(|place| (place.column, place.y, place.block, node)))
            .collect();
        order.sort_unstable();
        let mut stops: Vec<(usize, usize)> = vec![(usize::MAX, 0); at.len()];
        let mut columns: Vec<Vec<Stop>> = Vec::new();
        let mut last = None;
        for &(column, y, _, node) in &order {
            if last != Some(column) {
                columns.push(Vec::new());
                last = Some(column);
            }
            let place = columns.len() - 1;
            stops[node] = (place, columns[place].len());
            columns[place].push(Stop { key: keys[node].clone(), y, linked: Vec::new() });
        }
        let mut index = FxHashMap::default();
        for &(.., node) in &order {
            let (column, row) = stops[node];
            let linked = links.others(node).map(|other| stops[other]).filter(|stop| stop.0 != usize::MAX);
            columns[column][row].linked = linked.collect();
            index.insert(keys[node].clone(), (column, row));
        }
        Self { columns, index }
    }

    /// A node's column, and how far down it stands.
    pub(super) fn position(&self, key: &ShownKey) -> Option<(usize, usize)> {
        self.index.get(key).copied()
    }

    /// The node in a direction: up and down the next of the column, to the sides one of the next column, rather one
    /// that it is linked with, and of those the nearest.
    pub(super) fn neighbour(&self, from: &ShownKey, direction: Direction) -> Option<ShownKey> {
        let &(column, row) = self.index.get(from)?;
        let here = self.columns.get(column)?.get(row)?;
        let (column, row) = match direction {
            Direction::Up => (column, row.checked_sub(1)?),
            Direction::Down => (column, row + 1),
            Direction::Left => self.nearest(here, column.checked_sub(1)?)?,
            Direction::Right => self.nearest(here, column + 1)?,
        };
        self.columns.get(column)?.get(row).map(|stop| stop.key.clone())
    }

    /// The stop of a column to go to from another column.
    fn nearest(&self, here: &Stop, column: usize) -> Option<(usize, usize)> {
        let stops = self.columns.get(column)?;
        let far = |row: usize| stops.get(row).map_or(i32::MAX, |stop| (stop.y - here.y).abs());
        let linked = here.linked.iter().filter(|stop| stop.0 == column).map(|stop| stop.1);
        linked
            .min_by_key(|&row| (far(row), row))
            .or_else(|| (0..stops.len()).min_by_key(|&row| (far(row), row)))
            .map(|row| (column, row))
    }
}
