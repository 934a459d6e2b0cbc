//! Which columns there is room for, and where they are.

use super::GAP;
use crate::list::{Column, Columns, Widths};

/// Names are of no use below this many cells.
const LEAST_NAME: usize = 16;

/// Services are of no use below this many.
const LEAST_SERVICE: usize = 9;

/// The arrow before a server's name, and a blank.
pub(super) const ARROW: usize = 2;

/// A column on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: Column,
    /// From the first column on.
    pub(super) x: u16,
    pub(super) width: usize,
}

/// A column and what it asks for.
#[derive(Clone, Copy, Debug)]
struct Claim {
    column: Column,
    want: usize,
    least: usize,
    /// The cells in which a name is whole: it gets them before anything else gets more than its least.
    name: usize,
}

impl Claim {
    fn new(column: Column, want: usize, least: usize) -> Self {
        let least = least.min(want);
        Self { column, want, least, name: least }
    }

    fn of_name(column: Column, name: usize, want: usize, least: usize) -> Self {
        Self { name: name.min(want), ..Self::new(column, want, least) }
    }
}

/// The columns of the table.
pub(super) fn table(columns: &Columns, widths: &Widths, room: usize) -> Vec<Place> {
    let claims = columns.shown().filter_map(|column| {
        let heading = column.heading().chars().count() + 1;
        let claim = match column {
            Column::Client => {
                let want = widths.client.max(heading);
                Claim::of_name(column, want, want, LEAST_NAME)
            }
            Column::Server => {
                let want = (widths.server + ARROW).max(heading);
                Claim::of_name(column, want, want, LEAST_NAME + ARROW)
            }
            Column::ClientIn => Claim::new(column, widths.client_in, widths.client_in),
            Column::ServerIn => Claim::new(column, widths.server_in, widths.server_in),
            Column::Service => service(widths),
            fixed => Claim::new(column, fixed.cells(), fixed.cells()),
        };
        // What nobody has is left out.
        (claim.want > 0).then_some(claim)
    });
    places(claims.collect(), room)
}

/// The columns of the tree: all names are in the first one.
pub(super) fn tree(columns: &Columns, widths: &Widths, room: usize) -> Vec<Place> {
    // An edge's row has a mark, an arrow, a name and, in most, what that runs in.
    let place = widths.client_in.max(widths.server_in);
    let name = widths.node + 6;
    let want = name + if place > 0 { place + 5 } else { 0 };
    let who = Claim::of_name(Column::Client, name, want, LEAST_NAME + 6);
    let names = [Column::Client, Column::ClientIn, Column::Server, Column::ServerIn];
    let others = columns.shown().filter(|column| !names.contains(column)).map(|column| match column {
        Column::Service => {
            let claim = service(widths);
            Claim { name: claim.want, ..claim }
        }
        fixed => Claim::new(fixed, fixed.cells(), fixed.cells()),
    });
    places(std::iter::once(who).chain(others).collect(), room)
}

/// Beside names of nodes, that of a service is the one to be cut; but a port is whole (`udp:65535`).
fn service(widths: &Widths) -> Claim {
    let heading = Column::Service.heading().chars().count() + 1;
    Claim::new(Column::Service, widths.service.max(heading), heading.max(LEAST_SERVICE))
}

/// Where the columns are. Extras are left out first, those with the highest ranks before the others, so that names are
/// whole; then names are cut; then the others are left out.
fn places(mut claims: Vec<Claim>, room: usize) -> Vec<Place> {
    let taken = |claims: &[Claim], cells: fn(&Claim) -> usize| {
        claims.iter().map(cells).sum::<usize>() + GAP * claims.len().saturating_sub(1)
    };
    let worst = |claims: &[Claim], only_extras: bool| {
        (0..claims.len())
            .filter(|&place| claims[place].column.is_extra() || !only_extras)
            .max_by_key(|&place| claims[place].column.rank())
    };
    while taken(&claims, |claim| claim.want) > room
        && let Some(worst) = worst(&claims, true)
    {
        claims.remove(worst);
    }
    while claims.len() > 1
        && taken(&claims, |claim| claim.least) > room
        && let Some(worst) = worst(&claims, false)
    {
        claims.remove(worst);
    }
    let mut widths: Vec<usize> = claims.iter().map(|claim| claim.least).collect();
    let mut free = room.saturating_sub(taken(&claims, |claim| claim.least));
    let goals: [fn(&Claim) -> usize; 2] = [|claim| claim.name, |claim| claim.want];
    for goal in goals {
        while free > 0 {
            let missing = |place: &usize| goal(&claims[*place]).saturating_sub(widths[*place]);
            let neediest = (0..claims.len()).rev().max_by_key(missing).filter(|place| missing(place) > 0);
            let Some(neediest) = neediest else { break };
            widths[neediest] += 1;
            free -= 1;
        }
    }
    let mut x = 0;
    let place = |(claim, width): (Claim, usize)| {
        let place = Place { column: claim.column, x: x as u16, width };
        x += width + GAP;
        place
    };
    claims.into_iter().zip(widths).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(places: &[Place]) -> Vec<(&'static str, usize)> {
        places.iter().map(|place| (place.column.name(), place.width)).collect()
    }

    #[test]
    fn at_80_cells_there_is_what_matters_and_names_are_cut_last() {
        let long = Widths { client: 30, server: 30, service: 5, ..Widths::default() };
        let places = table(&Columns::default(), &long, 76);
        assert_eq!(
            told(&places),
            [("client", 19), ("server", 21), ("service", 8), ("connections", 6), ("rate", 7), ("state", 10)]
        );
        let last = places.last().map(|place| usize::from(place.x) + place.width);
        assert_eq!(last, Some(76), "all of it");
    }

    #[test]
    fn names_are_whole_before_a_service_has_more_than_a_port_needs() {
        let widths = Widths { client: 14, server: 18, service: 24, node: 18, client_in: 11, server_in: 11 };
        assert_eq!(
            told(&table(&Columns::default(), &widths, 76)),
            [("client", 14), ("server", 20), ("service", 14), ("connections", 6), ("rate", 7), ("state", 10)]
        );
        // In the tree, what a node runs in comes after both.
        assert_eq!(
            told(&tree(&Columns::default(), &widths, 76)),
            [("client", 25), ("service", 24), ("connections", 6), ("rate", 7), ("state", 10)]
        );
    }
}
