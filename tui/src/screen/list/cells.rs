//! What stands in a cell.

use std::borrow::Cow;

use super::fit::ARROW;
use crate::human;
use crate::list::{Column, Heading, Row, place};
use crate::trend::{Trend, Trends, sparkline};
use crate::view::{View, ViewEdge, ViewNode, flow, is_found, state_word};

/// Where nothing is known.
const UNKNOWN: &str = "–";

/// Fills cells from a view.
pub(super) struct Cells<'v> {
    view: &'v View,
    trends: &'v Trends,
    /// What is searched for, in small letters; empty where nothing is found.
    search: &'v str,
}

impl<'v> Cells<'v> {
    pub(super) fn new(view: &'v View, trends: &'v Trends, search: &'v str) -> Self {
        Self { view, trends, search }
    }

    /// Whether the search text is found in a node.
    pub(super) fn is_found(&self, node: usize) -> bool {
        self.view.nodes.get(node).is_some_and(|node| node.matched_by_search)
    }

    /// Whether the search text is found in a service.
    pub(super) fn is_service_found(&self, edge: &ViewEdge) -> bool {
        is_found(&edge.service, self.search)
    }

    /// Whether the search text is found in an open group's name.
    pub(super) fn is_heading_found(&self, heading: &Heading) -> bool {
        is_found(&heading.label, self.search)
            || heading.netns.as_deref().is_some_and(|netns| is_found(netns, self.search))
    }

    /// Whether the eye is led away from a row: something is found, and not here.
    pub(super) fn is_dim(&self, row: Row, headings: &[Heading]) -> bool {
        !self.search.is_empty()
            && !match row {
                Row::Group(group) => {
                    headings.get(group as usize).is_some_and(|heading| self.is_heading_found(heading))
                }
                Row::Node(node) => self.is_found(node as usize),
                Row::Edge { edge, .. } => {
                    self.view.edges.get(edge as usize).is_some_and(|edge| edge.matched_by_search)
                }
            }
    }

    /// A cell of an edge's row.
    pub(super) fn edge<'a>(&'a self, edge: &'a ViewEdge, column: Column, width: usize) -> Cow<'a, str> {
        let node = |place: usize| self.view.nodes.get(place);
        match column {
            Column::Client => node(edge.client).map_or("", |node| &node.label).into(),
            Column::Server => {
                let arrow = if edge.directed { '→' } else { '↔' };
                let name = node(edge.server).map_or("", |node| &node.label);
                let blank = ARROW - 1;
                format!("{arrow}{:blank$}{name}", "").into()
            }
            Column::ClientIn => node(edge.client).map_or("", place).into(),
            Column::ServerIn => node(edge.server).map_or("", place).into(),
            Column::Service => Cow::Borrowed(&edge.service),
            Column::Connections => human::count(edge.connections()).into(),
            Column::Rate => flow(edge, edge.rate.to_server + edge.rate.to_client).into(),
            Column::ToServer => flow(edge, edge.rate.to_server).into(),
            Column::ToClient => flow(edge, edge.rate.to_client).into(),
            Column::State => state_word(edge).into(),
            Column::Rtt => edge.rtt_us.map_or(UNKNOWN.into(), |rtt| human::micros(rtt).into()),
            Column::Age => match (edge.since, &self.view.host) {
                (Some(since), Some(host)) => human::age(host.at.since(since)).into(),
                _ => UNKNOWN.into(),
            },
            Column::RateTrend | Column::RttTrend => {
                let key = self.view.edge_key(edge);
                trend(key.and_then(|key| self.trends.edge(&key)), column, width).into()
            }
        }
    }

    /// A cell of a node's row; its name is not told in one.
    pub(super) fn node<'a>(&'a self, node: &'a ViewNode, column: Column, width: usize) -> Cow<'a, str> {
        let rate = |bytes: f64| if bytes < 0.5 { "·".into() } else { human::rate(bytes).into() };
        match column {
            Column::Service => Cow::Borrowed(&node.detail),
            Column::Connections => human::count(node.connections).into(),
            Column::Rate => rate(node.rate.to_server + node.rate.to_client),
            Column::ToServer => rate(node.rate.to_server),
            Column::ToClient => rate(node.rate.to_client),
            Column::RateTrend | Column::RttTrend => trend(self.trends.node(&node.key), column, width).into(),
            Column::Client
            | Column::ClientIn
            | Column::Server
            | Column::ServerIn
            | Column::State
            | Column::Rtt
            | Column::Age => Cow::Borrowed(""),
        }
    }
}

fn trend(trend: Option<Trend<'_>>, column: Column, width: usize) -> String {
    let values = trend.map(|trend| if column == Column::RttTrend { trend.rtt_us() } else { trend.rate() });
    values.map_or_else(String::new, |values| sparkline(&values, width))
}
