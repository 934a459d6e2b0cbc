//! How wide names are: looked at once a view, so that columns stay where they are while rows go by.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr as _;

use super::order::place;
use crate::view::{View, ViewNode};

/// The most cells that a name can claim: one long name is no reason to leave out what is told of all.
const MOST: usize = 48;

/// The cells that the widest texts take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Widths {
    /// Of nodes that are clients.
    pub client: usize,
    /// Of what these run in.
    pub client_in: usize,
    /// Of nodes that are servers.
    pub server: usize,
    /// Of what these run in.
    pub server_in: usize,
    /// Of services.
    pub service: usize,
    /// Of all nodes.
    pub node: usize,
}

impl Widths {
    /// Those of a view.
    pub(super) fn of(view: &View) -> Self {
        let mut roles = vec![(false, false); view.nodes.len()];
        let mut service: usize = 0;
        let mut last: Option<&Arc<str>> = None;
        for edge in &view.edges {
            if let Some(role) = roles.get_mut(edge.client) {
                role.0 = true;
            }
            if let Some(role) = roles.get_mut(edge.server) {
                role.1 = true;
            }
            if !last.is_some_and(|last| Arc::ptr_eq(last, &edge.service)) {
                service = service.max(edge.service.width());
                last = Some(&edge.service);
            }
        }
        let mut widths = Self { service: service.min(MOST), ..Self::default() };
        let mut home: Option<(&ViewNode, usize)> = None;
        for (node, (is_client, is_server)) in view.nodes.iter().zip(roles) {
            // Those that run in one place stand side by side.
            let same = home.filter(|(other, _)| {
                Arc::ptr_eq(&other.group_label, &node.group_label) && other.group == node.group
            });
            let place = same.map_or_else(|| width(place(node)), |(_, width)| width);
            home = Some((node, place));
            let name = width(&node.label);
            widths.node = widths.node.max(name);
            if is_client {
                widths.client = widths.client.max(name);
                widths.client_in = widths.client_in.max(place);
            }
            if is_server {
                widths.server = widths.server.max(name);
                widths.server_in = widths.server_in.max(place);
            }
        }
        widths
    }
}

/// The cells that a name claims. Most are of ASCII, and then there is nothing to look up.
fn width(text: &str) -> usize {
    let cells = if text.is_ascii() { text.len() } else { text.width() };
    cells.min(MOST)
}
