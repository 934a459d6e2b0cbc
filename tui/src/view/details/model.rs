//! What the details consist of: plain data, in the order of its importance.

use std::borrow::Cow;

use crate::human;
use crate::trend::Values;
use crate::usage::Wanted;
use crate::view::EdgeState;

/// What is known of a node or an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// What it is called.
    pub title: String,
    /// What is known, grouped.
    pub sections: Vec<Section>,
    /// The processes that it consists of, as far as they are of a host whose processes can be looked at.
    pub wanted: Wanted,
}

/// What belongs together, under a heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The heading.
    pub heading: &'static str,
    /// What the heading says besides: how many there are. Safe to show.
    pub note: String,
    /// Where it stands, where there is room for two beside each other.
    pub place: Place,
    /// What it says.
    pub body: Body,
}

/// Where a section stands on a wide screen; on others they stand below each other in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the left side.
    Left,
    /// On the right side.
    Right,
    /// Below, over the whole width.
    Whole,
}

/// What a section says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Facts, the most important first.
    Facts(Vec<Fact>),
    /// A table.
    Table(Table),
    /// How numbers went lately. `tick`: the time between two of them, in nanoseconds.
    Charts {
        /// The numbers.
        charts: Vec<Chart>,
        /// The time between two of them, in nanoseconds.
        tick: u64,
    },
}

/// A fact: its name and what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name. Safe to show.
    pub name: Cow<'static, str>,
    /// What is known. Safe to show.
    pub value: String,
}

/// How a number went lately.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it is.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// One value a tick, the oldest first; `None` where nothing is known.
    pub values: Values,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes a second.
    Rate,
    /// Bytes.
    Bytes,
    /// Percent of one processor.
    Percent,
    /// Microseconds.
    Micros,
}

impl Unit {
    /// A number of this unit as people read it.
    pub fn told(self, number: f32) -> String {
        match self {
            Self::Rate => human::rate(number.into()),
            Self::Bytes => human::bytes(number.max(0.0) as u64),
            Self::Percent => human::percent(number),
            Self::Micros => human::micros(number.max(0.0) as u32),
        }
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of its columns. Those of numbers are aligned to the right.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// How many more there are.
    pub more: usize,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether it holds numbers.
    pub number: bool,
    /// Where there is no room for all columns, those with the highest ranks are left out.
    pub rank: u8,
    /// To how many cells it may be cut before one is left out.
    pub least: usize,
}

/// A column of texts that are of no use when they are cut: states, addresses.
pub(super) const fn text(name: &'static str, rank: u8) -> Column {
    Column { name, number: false, rank, least: usize::MAX }
}

/// A column of names.
pub(super) const fn names(name: &'static str, rank: u8) -> Column {
    Column { name, number: false, rank, least: 20 }
}

/// A column of numbers.
pub(super) const fn number(name: &'static str, rank: u8) -> Column {
    Column { name, number: true, rank, least: usize::MAX }
}

/// A row: one text a column, and the state that it is shown in.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The state; `None` for what has none.
    pub state: Option<EdgeState>,
    /// The texts. Safe to show.
    pub cells: Vec<String>,
}

impl Section {
    /// A section of facts; nothing is told of those without a value.
    pub(super) fn facts(heading: &'static str, place: Place, facts: Vec<Fact>) -> Self {
        Self { heading, note: String::new(), place, body: Body::Facts(facts) }
    }

    /// A section of a table.
    pub(super) fn table(heading: &'static str, note: String, place: Place, table: Table) -> Self {
        Self { heading, note, place, body: Body::Table(table) }
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        match &self.body {
            Body::Facts(facts) => facts.is_empty(),
            Body::Table(table) => table.rows.is_empty(),
            Body::Charts { charts, .. } => charts.is_empty(),
        }
    }
}

/// Facts in the making: what is empty is not known, and left out.
#[derive(Debug, Default)]
pub(super) struct Facts(pub(super) Vec<Fact>);

impl Facts {
    pub(super) fn add(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.push(Fact { name: name.into(), value });
        }
    }

    pub(super) fn section(self, heading: &'static str, place: Place) -> Section {
        Section::facts(heading, place, self.0)
    }
}
