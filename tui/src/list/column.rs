//! The list's columns: which there are, which are shown, in what order.

use thiserror::Error;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// Who calls.
    Client,
    /// What the client runs in.
    ClientIn,
    /// Who is called.
    Server,
    /// What the server runs in.
    ServerIn,
    /// The service.
    Service,
    /// How many connections.
    Connections,
    /// Bytes a second, both ways together.
    Rate,
    /// How that went lately.
    RateTrend,
    /// The state.
    State,
    /// Bytes a second to the server.
    ToServer,
    /// Bytes a second to the client.
    ToClient,
    /// The round-trip time.
    Rtt,
    /// How that went lately.
    RttTrend,
    /// How long the oldest connection is open.
    Age,
}

impl Column {
    /// All of them, in the order in which they stand at first.
    pub const ALL: [Self; 14] = [
        Self::Client,
        Self::ClientIn,
        Self::Server,
        Self::ServerIn,
        Self::Service,
        Self::Connections,
        Self::Rate,
        Self::RateTrend,
        Self::State,
        Self::ToServer,
        Self::ToClient,
        Self::Rtt,
        Self::RttTrend,
        Self::Age,
    ];

    /// Its name, for a configuration and for choosing.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::ClientIn => "client-in",
            Self::Server => "server",
            Self::ServerIn => "server-in",
            Self::Service => "service",
            Self::Connections => "connections",
            Self::Rate => "rate",
            Self::RateTrend => "rate-trend",
            Self::State => "state",
            Self::ToServer => "to-server",
            Self::ToClient => "to-client",
            Self::Rtt => "rtt",
            Self::RttTrend => "rtt-trend",
            Self::Age => "age",
        }
    }

    /// The column of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What stands above it.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::ClientIn | Self::ServerIn => "in",
            Self::Connections => "conns",
            Self::RateTrend | Self::RttTrend => "",
            Self::ToServer => "rate →",
            Self::ToClient => "← rate",
            other => other.name(),
        }
    }

    /// What it tells, for choosing.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Client => "who calls",
            Self::ClientIn => "what the client runs in",
            Self::Server => "who is called",
            Self::ServerIn => "what the server runs in",
            Self::Service => "port or socket name",
            Self::Connections => "how many",
            Self::Rate => "bytes a second",
            Self::RateTrend => "the rate lately",
            Self::State => "open, busy, closed, failed",
            Self::ToServer => "bytes a second to the server",
            Self::ToClient => "bytes a second to the client",
            Self::Rtt => "round-trip time",
            Self::RttTrend => "the round-trip time lately",
            Self::Age => "age of the oldest connection",
        }
    }

    /// Where there is no room for all columns, those with the highest ranks are left out.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Client | Self::Server => 0,
            Self::Service => 1,
            Self::Connections => 2,
            Self::Rate => 3,
            Self::State => 4,
            Self::RateTrend => 5,
            Self::Age => 6,
            Self::Rtt => 7,
            Self::ServerIn => 8,
            Self::ClientIn => 9,
            Self::ToServer => 10,
            Self::ToClient => 11,
            Self::RttTrend => 12,
        }
    }

    /// Whether it is shown only where all names are whole.
    pub const fn is_extra(self) -> bool {
        self.rank() > Self::State.rank()
    }

    /// Its width; 0 for one that takes what its texts need.
    pub const fn cells(self) -> usize {
        match self {
            Self::Client | Self::ClientIn | Self::Server | Self::ServerIn | Self::Service => 0,
            Self::Connections | Self::Rtt | Self::Age => 6,
            Self::Rate | Self::ToServer | Self::ToClient => 7,
            Self::State => 10,
            Self::RateTrend | Self::RttTrend => 12,
        }
    }

    /// Whether it is written to the right.
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Connections | Self::Rate | Self::ToServer | Self::ToClient | Self::Rtt | Self::Age
        )
    }

    /// Whether rows can be sorted by it.
    pub const fn sorts(self) -> bool {
        !matches!(self, Self::RateTrend | Self::RttTrend)
    }

    /// Whether what it tells changes all the time.
    pub const fn is_restless(self) -> bool {
        self.is_number() || matches!(self, Self::State)
    }
}

/// Why no columns can be made of names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ColumnError {
    /// There is no such column.
    #[error("there is no column {0:?}")]
    Unknown(String),
    /// It is named twice.
    #[error("the column {0:?} is named twice")]
    Twice(String),
    /// None is named.
    #[error("no column is named")]
    None,
}

/// Which columns are shown, in what order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(Vec<(Column, bool)>);

impl Default for Columns {
    fn default() -> Self {
        Self(Column::ALL.map(|column| (column, true)).into())
    }
}

impl Columns {
    /// These, in this order; the others are off.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, ColumnError> {
        let mut columns: Vec<(Column, bool)> = Vec::new();
        for name in names {
            let column = Column::named(name).ok_or_else(|| ColumnError::Unknown(name.to_owned()))?;
            if columns.iter().any(|&(known, _)| known == column) {
                return Err(ColumnError::Twice(name.to_owned()));
            }
            columns.push((column, true));
        }
        if columns.is_empty() {
            return Err(ColumnError::None);
        }
        let off: Vec<_> =
            Column::ALL.into_iter().filter(|column| !columns.contains(&(*column, true))).collect();
        columns.extend(off.into_iter().map(|column| (column, false)));
        Ok(Self(columns))
    }

    /// All columns in their order, each with whether it is on.
    pub fn all(&self) -> &[(Column, bool)] {
        &self.0
    }

    /// Those that are on.
    pub fn shown(&self) -> impl Iterator<Item = Column> + '_ {
        self.0.iter().filter(|(_, on)| *on).map(|(column, _)| *column)
    }

    /// Switches the column at a place on or off. One stays on: a list of nothing could not be chosen from.
    pub fn toggle(&mut self, place: usize) {
        let is_last = self.shown().count() == 1;
        if let Some((_, on)) = self.0.get_mut(place)
            && !(*on && is_last)
        {
            *on = !*on;
        }
    }

    /// Moves the column at a place one further to the front or the end. Returns where it is now.
    pub fn shift(&mut self, place: usize, to_the_end: bool) -> usize {
        let other = if to_the_end { place + 1 } else { place.wrapping_sub(1) };
        if place < self.0.len() && other < self.0.len() {
            self.0.swap(place, other);
            return other;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    #[test]
    fn columns_are_named_once_and_known() {
        for column in Column::ALL {
            assert_eq!(Column::named(column.name()), Some(column));
        }
        let columns = Columns::named(["rate", "client"]).unwrap();
        assert_eq!(columns.shown().collect::<Vec<_>>(), [Column::Rate, Column::Client]);
        assert_eq!(columns.all().len(), Column::ALL.len(), "the others can be switched on");
        assert_eq!(Columns::named(["rate", "bytes"]), Err(ColumnError::Unknown("bytes".into())));
        assert_eq!(Columns::named(["rate", "rate"]), Err(ColumnError::Twice("rate".into())));
        assert_eq!(Columns::named([]), Err(ColumnError::None));
    }

    #[test]
    fn a_column_is_switched_and_moved_but_the_last_one_stays() {
        let mut columns = Columns::named(["client", "server"]).unwrap();
        columns.toggle(1);
        columns.toggle(0);
        assert_eq!(columns.shown().collect::<Vec<_>>(), [Column::Client]);
        assert_eq!((columns.shift(0, false), columns.shift(0, true), columns.shift(13, true)), (0, 1, 13));
        assert_eq!(columns.all()[..2], [(Column::Server, false), (Column::Client, true)]);
    }
}
