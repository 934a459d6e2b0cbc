//! How the rate of a thing and the usage of its processes went lately.

use super::Known;
use super::model::{Body, Chart, Place, Section, Unit};
use crate::human;
use crate::trend::{Trend, Values};
use crate::usage::Wanted;

/// The charts of a node or a group.
pub(super) fn of_node(known: Known<'_>, trend: Option<Trend<'_>>, wanted: &Wanted) -> Section {
    let mut charts: Vec<Chart> = trend.iter().map(|trend| chart("rate", Unit::Rate, &trend.rate())).collect();
    if !wanted.processes.is_empty() {
        let (cpu, memory) = known.usage.together(&wanted.processes, known.sequence());
        charts.push(chart("CPU", Unit::Percent, &cpu));
        charts.push(chart("memory", Unit::Bytes, &memory));
    }
    charts.extend(trend.map(|trend| chart("round trip", Unit::Micros, &trend.rtt_us())).filter(is_known));
    let mut section = section(known, charts);
    if wanted.of > wanted.processes.len() {
        let (some, all) = (human::count(wanted.processes.len()), human::count(wanted.of));
        section.note = format!("CPU and memory of {some} of {all} processes");
    }
    section
}

/// The charts of an edge.
pub(super) fn of_edge(known: Known<'_>, trend: Option<Trend<'_>>) -> Section {
    let charts = trend.iter().flat_map(|trend| {
        [
            chart("rate →", Unit::Rate, &trend.to_server()),
            chart("← rate", Unit::Rate, &trend.to_client()),
            chart("round trip", Unit::Micros, &trend.rtt_us()),
        ]
    });
    section(known, charts.filter(is_known).collect())
}

fn chart(name: &'static str, unit: Unit, values: &Values) -> Chart {
    Chart { name, unit, values: *values }
}

fn is_known(chart: &Chart) -> bool {
    chart.values.iter().any(Option::is_some)
}

fn section(known: Known<'_>, charts: Vec<Chart>) -> Section {
    // A single tick, as the first one, may be longer or shorter.
    let tick = known.tick.or_else(|| known.view.host.as_ref().map(|host| host.duration)).unwrap_or(0);
    Section {
        heading: "lately",
        note: String::new(),
        place: Place::Right,
        body: Body::Charts { charts, tick },
    }
}
