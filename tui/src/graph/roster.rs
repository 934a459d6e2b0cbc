//! Who of a view's nodes was in the view before, and where.

use std::cmp::Ordering;

use crate::view::{ShownKey, View};

/// The place of one that went.
const NOWHERE: u32 = u32::MAX;

/// How the nodes of a view differ from those of the view before.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Where each node of the view before stands now; empty where nobody came or went: then all stand where they stood.
    now: Vec<u32>,
    /// The places of those that were not there before, in the order of their keys.
    came: Vec<usize>,
}

impl Moves {
    /// Compares a view with the one before, whose keys become those of this view. Both are in the order of the keys.
    pub(super) fn take(keys: &mut Vec<ShownKey>, view: &View) -> Self {
        if keys.len() == view.nodes.len() && keys.iter().zip(&view.nodes).all(|(key, node)| *key == node.key)
        {
            return Self::default();
        }
        let before = std::mem::replace(keys, Vec::with_capacity(view.nodes.len()));
        let mut moves = Self { now: Vec::with_capacity(before.len()), came: Vec::new() };
        let mut nodes = view.nodes.iter().enumerate().peekable();
        for key in before {
            while let Some((place, node)) = nodes.next_if(|(_, node)| node.key < key) {
                moves.came.push(place);
                keys.push(node.key.clone());
            }
            match nodes.next_if(|(_, node)| node.key.cmp(&key) == Ordering::Equal) {
                Some((place, _)) => {
                    moves.now.push(place as u32);
                    keys.push(key);
                }
                None => moves.now.push(NOWHERE),
            }
        }
        for (place, node) in nodes {
            moves.came.push(place);
            keys.push(node.key.clone());
        }
        moves
    }

    /// Where one stands now that stood at a place before; `None` if it went.
    pub(super) fn now(&self, before: usize) -> Option<usize> {
        if self.now.is_empty() && self.came.is_empty() {
            return Some(before);
        }
        self.now.get(before).filter(|&&now| now != NOWHERE).map(|&now| now as usize)
    }

    /// Where one stands that was not there before; `None` if it did not come.
    pub(super) fn came(&self, key: &ShownKey, view: &View) -> Option<usize> {
        let found = self.came.binary_search_by(|&place| view.nodes[place].key.cmp(key)).ok()?;
        Some(self.came[found])
    }
}
