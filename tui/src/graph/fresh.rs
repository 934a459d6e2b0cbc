//! A layout from nothing: the first one, and the one that is asked for.

use std::sync::Arc;

use super::links::Links;
use super::place::{
    Block, Column, Folded, LEAST, MARGINS, NARROWEST, Places, ROOM_FOR_SERVICES, ROOMY, SCREENS, Slot,
    WIDEST, row_width, rows, title_width,
};
use super::rank;
use super::seat::GROWTH;
use crate::view::{GroupKey, NodeKind, ShownKey, View};

/// A box that has no row yet: its nodes in their order.
struct Draft {
    group: GroupKey,
    column: usize,
    nodes: Vec<usize>,
    crowd: Vec<usize>,
    line: bool,
    /// Whether it stands right below the one before, because there is no room for a free row.
    tight: bool,
    top: i32,
    /// How many rows a node has.
    tall: i32,
}

impl Draft {
    fn height(&self) -> i32 {
        if self.line { 1 } else { rows(self.nodes.len()) * self.tall + 2 }
    }

    /// How many free rows it wants before the next: a lane for lines.
    fn gap(&self, next: &Self) -> i32 {
        i32::from(!(self.line && next.line || next.tight))
    }
}

/// How often rows are put in the order of the rows that they are linked with, to the right and back.
const SWEEPS: usize = 4;

/// Lays everything out for a panel of a size.
pub(super) fn layout(view: &View, links: &Links, size: (i32, i32), tall: i32) -> Places {
    let (width, height) = size;
    let mut columns = assign_columns(view, links, width);
    super::spread::suit(view, links, &mut columns, size, tall);
    let count = columns.iter().max().map_or(1, |last| last + 1);
    let mut drafts = draft(view, links, &columns, tall);
    order(view, links, &mut drafts, count);
    for column in 0..count {
        fold(view, links, &mut drafts, column, height);
    }
    set_rows(view, links, &mut drafts, count, (height, tall));
    let (natural, whole) = natural_widths(view, &drafts, count);
    let blocks = drafts
        .into_iter()
        .map(|draft| Block {
            title: title_of(view, &draft),
            group: draft.group,
            column: draft.column,
            top: draft.top,
            line: draft.line,
            continued: false,
            tall,
            held: draft.nodes.len(),
            slots: draft.nodes.iter().map(|node| Slot::new(view, *node, 0)).collect(),
            crowd: draft
                .crowd
                .iter()
                .map(|node| Folded { node: *node, linked: links.linked[*node], since: 0 })
                .collect(),
        })
        .collect();
    let columns = vec![Column { x: 0, width: 0, channel: 0, lines: 0 }; count];
    let mut places = Places { columns, blocks, size, tall, turn: 0 };
    // Which lines run side by side depends on the rows alone; how wide the channels must be, on the lines.
    let tracks = super::route::tracks(&places, links);
    places.columns = set_widths((&natural, &whole), &tracks, width, channel_wish(view));
    places
}

/// The name of a draft's group.
fn title_of(view: &View, draft: &Draft) -> Arc<str> {
    let node = draft.nodes.first().or(draft.crowd.first());
    node.map_or_else(|| Arc::from(""), |&node| Arc::clone(&view.nodes[node].group_label))
}

/// The column of every node. Those without connections stand where their group has most of its listeners, or where
/// there is most room.
fn assign_columns(view: &View, links: &Links, width: i32) -> Vec<usize> {
    let mut ranked = rank::columns(view, links);
    share_last_column(view, links, &mut ranked, width);
    let count = ranked.iter().flatten().max().map_or(1, |last| last + 1);
    let mut load = vec![0_usize; count];
    for column in ranked.iter().flatten() {
        load[*column] += 1;
    }
    let mut homes: std::collections::BTreeMap<&GroupKey, Vec<usize>> = std::collections::BTreeMap::new();
    for (node, column) in view.nodes.iter().zip(&ranked) {
        let counts = homes.entry(&node.group).or_insert_with(|| vec![0; count]);
        if let Some(column) = column {
            counts[*column] += 1;
        }
    }
    let homes: std::collections::BTreeMap<&GroupKey, usize> = homes
        .into_iter()
        .map(|(group, counts)| {
            let most = (0..count).max_by_key(|&column| (counts[column], usize::MAX - load[column]));
            let home = most.unwrap_or(0);
            if counts[home] == 0 {
                load[home] += 3;
            }
            (group, home)
        })
        .collect();
    view.nodes
        .iter()
        .zip(ranked)
        .map(|(node, column)| column.or_else(|| homes.get(&node.group).copied()).unwrap_or(0))
        .collect()
}

/// Where not all columns can be read at once, the remotes that are called share the column of the last processes.
fn share_last_column(view: &View, links: &Links, ranked: &mut [Option<usize>], width: i32) {
    let last = ranked.iter().flatten().max().copied().unwrap_or(0);
    let is_outside = (0..ranked.len())
        .filter(|&node| ranked[node] == Some(last))
        .all(|node| links.is_called_remote(view, node));
    if last < 2 || !is_outside || rows(last + 1) * READABLE <= width {
        return;
    }
    for (node, column) in ranked.iter_mut().enumerate() {
        let only_calls_out = links.clients(node).is_empty()
            && links.servers(node).iter().all(|&server| links.is_called_remote(view, server as usize));
        if let Some(column) = column
            && (*column == last || *column == last - 1 && only_calls_out)
        {
            *column -= 1;
        }
    }
}

/// One box a column and group.
fn draft(view: &View, links: &Links, columns: &[usize], tall: i32) -> Vec<Draft> {
    let mut order: Vec<usize> = (0..view.nodes.len()).collect();
    // Those with lines and most connections first: what folds is at the end.
    order.sort_by(|&a, &b| {
        let (left, right) = (&view.nodes[a], &view.nodes[b]);
        (columns[a], &left.group, !links.linked[a])
            .cmp(&(columns[b], &right.group, !links.linked[b]))
            .then(right.connections.cmp(&left.connections))
            .then(left.label.cmp(&right.label))
            .then(a.cmp(&b))
    });
    let mut drafts: Vec<Draft> = Vec::new();
    for node in order {
        let group = &view.nodes[node].group;
        match drafts.last_mut() {
            Some(last) if last.group == *group && last.column == columns[node] => last.nodes.push(node),
            _ => drafts.push(Draft {
                group: group.clone(),
                column: columns[node],
                nodes: vec![node],
                crowd: Vec::new(),
                line: false,
                tight: false,
                top: 0,
                tall,
            }),
        }
    }
    drafts
}

/// Puts boxes and rows in the order of what they are linked with, so that few lines cross.
fn order(view: &View, links: &Links, drafts: &mut Vec<Draft>, count: usize) {
    let mut position = vec![0.0_f64; view.nodes.len()];
    let mut column_of = vec![0; view.nodes.len()];
    let number = |drafts: &[Draft], position: &mut [f64]| {
        for column in 0..count {
            let mut y = 0.0;
            let total: i32 =
                drafts.iter().filter(|draft| draft.column == column).map(|draft| draft.height() + 1).sum();
            for draft in drafts.iter().filter(|draft| draft.column == column) {
                for (row, &node) in draft.nodes.iter().enumerate() {
                    // Columns of different heights compare by their middles.
                    position[node] = y + 1.0 + row as f64 * f64::from(draft.tall) - f64::from(total) / 2.0;
                }
                y += f64::from(draft.height() + 1);
            }
        }
    };
    for draft in drafts.iter() {
        for &node in &draft.nodes {
            column_of[node] = draft.column;
        }
    }
    number(drafts, &mut position);
    for sweep in 0..SWEEPS * 2 {
        let to_right = sweep % 2 == 0;
        for step in 0..count {
            let column = if to_right { step } else { count - 1 - step };
            let wish = |node: usize, position: &[f64]| {
                let mut sum = (0.0, 0.0);
                for other in links.others(node) {
                    let before = if to_right { column_of[other] < column } else { column_of[other] > column };
                    if before {
                        sum = (sum.0 + position[other], sum.1 + 1.0);
                    }
                }
                (sum.1 > 0.0).then(|| sum.0 / sum.1)
            };
            let mut mine: Vec<(f64, Draft)> = Vec::new();
            let mut rest: Vec<Draft> = Vec::with_capacity(drafts.len());
            for mut draft in drafts.drain(..) {
                if draft.column != column {
                    rest.push(draft);
                    continue;
                }
                let mut rows: Vec<(bool, f64, usize)> = draft
                    .nodes
                    .iter()
                    .map(|&node| (!links.linked[node], wish(node, &position).unwrap_or(position[node]), node))
                    .collect();
                rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
                let linked: Vec<f64> = draft.nodes.iter().filter_map(|&node| wish(node, &position)).collect();
                let middle =
                    draft.nodes.iter().map(|&node| position[node]).sum::<f64>() / draft.nodes.len() as f64;
                draft.nodes = rows.into_iter().map(|(_, _, node)| node).collect();
                let wished =
                    if linked.is_empty() { middle } else { linked.iter().sum::<f64>() / linked.len() as f64 };
                mine.push((wished, draft));
            }
            mine.sort_by(|a, b| a.0.total_cmp(&b.0));
            rest.extend(mine.into_iter().map(|(_, draft)| draft));
            *drafts = rest;
            number(drafts, &mut position);
        }
    }
    drafts.sort_by_key(|draft| draft.column);
}

/// Folds what does not fit: nodes without connections, then remotes, then whole groups, then the rest of long boxes.
fn fold(view: &View, links: &Links, drafts: &mut [Draft], column: usize, height: i32) {
    let mut mine: Vec<&mut Draft> = drafts.iter_mut().filter(|draft| draft.column == column).collect();
    let total = |mine: &[&mut Draft]| {
        mine.iter().map(|draft| draft.height()).sum::<i32>()
            + mine.windows(2).map(|pair| pair[0].gap(pair[1])).sum::<i32>()
    };
    if total(&mine) > height && mine.iter().map(|draft| draft.height()).sum::<i32>() <= height {
        // From the end, so that the free rows that remain are together.
        for index in (0..mine.len()).rev() {
            if total(&mine) <= height {
                break;
            }
            mine[index].tight = true;
        }
    }
    // Idle nodes, from the end of the longest boxes, only as many as must.
    while total(&mine) > height {
        let longest = mine
            .iter_mut()
            .filter(|draft| draft.nodes.last().is_some_and(|&node| !links.linked[node]))
            .max_by_key(|draft| draft.nodes.len());
        let Some(draft) = longest else { break };
        draft.crowd.extend(draft.nodes.pop());
        if draft.nodes.is_empty() {
            draft.line = true;
        }
    }
    let busiest_last = |draft: &mut Draft| {
        let least = (0..draft.nodes.len())
            .min_by_key(|&row| (view.nodes[draft.nodes[row]].connections, usize::MAX - row));
        least.map(|row| draft.nodes.remove(row))
    };
    while total(&mine) > height {
        let remotes = mine
            .iter_mut()
            .filter(|draft| {
                draft.nodes.len() > 5
                    && draft.nodes.first().is_some_and(|&node| view.nodes[node].kind == NodeKind::Remote)
            })
            .max_by_key(|draft| draft.nodes.len());
        let Some(draft) = remotes else { break };
        let folded = busiest_last(draft);
        draft.crowd.extend(folded);
    }
    let screens = height.saturating_mul(SCREENS).max(24);
    while total(&mine) > screens {
        let weight =
            |draft: &Draft| draft.nodes.iter().map(|&node| view.nodes[node].connections).sum::<usize>();
        let quietest = mine
            .iter_mut()
            .filter(|draft| {
                !draft.line && draft.nodes.len() <= 8 && matches!(draft.group, GroupKey::Container(..))
            })
            .min_by_key(|draft| weight(draft));
        let Some(draft) = quietest else { break };
        let nodes = std::mem::take(&mut draft.nodes);
        draft.crowd.splice(0..0, nodes);
        draft.line = true;
    }
    while total(&mine) > screens {
        let longest =
            mine.iter_mut().filter(|draft| draft.nodes.len() > 3).max_by_key(|draft| draft.nodes.len());
        let Some(draft) = longest else { break };
        let folded = busiest_last(draft);
        draft.crowd.extend(folded);
    }
}

/// Sets the rows of the boxes: near to what they are linked with, so that lines run straight.
fn set_rows(view: &View, links: &Links, drafts: &mut [Draft], count: usize, (height, tall): (i32, i32)) {
    let mut y: Vec<Option<i32>> = vec![None; view.nodes.len()];
    let are_groups =
        view.nodes.iter().all(|node| matches!(&node.key, ShownKey::Group(group) if *group == node.group));
    let total = |column: usize| -> i32 {
        drafts.iter().filter(|draft| draft.column == column).map(|draft| draft.height() + 1).sum()
    };
    // The highest column first: it has the least choice.
    let first = (0..count).max_by_key(|&column| (total(column), count - column)).unwrap_or(0);
    let outward = std::iter::once(first).chain(first + 1..count).chain((0..first).rev());
    for column in outward.clone().chain(outward.clone()).chain(outward) {
        let mut mine: Vec<&mut Draft> = drafts.iter_mut().filter(|draft| draft.column == column).collect();
        let gap = |above: usize| match (mine.get(above), mine.get(above + 1)) {
            (Some(draft), Some(next)) => draft.gap(next),
            _ => 0,
        };
        // Room for those that will come, below each box: half of what there is, so that lines still run straight.
        // What stands for a whole group stays alone in its box.
        let taken = (0..mine.len()).map(|index| mine[index].height() + gap(index)).sum::<i32>();
        let spare = if are_groups { 0 } else { (height - taken) / 2 };
        let growth = (spare / rows(mine.len().max(1))).clamp(0, GROWTH * tall);
        let gaps: Vec<i32> = (0..mine.len()).map(|index| gap(index) + growth).collect();
        // The latest row at which each still leaves room for those below it.
        let mut latest = vec![0; mine.len()];
        let mut end = height;
        for index in (0..mine.len()).rev() {
            latest[index] = end - gaps[index] - mine[index].height();
            end = latest[index];
        }
        let mut earliest = 0;
        for index in 0..mine.len() {
            let draft = &mine[index];
            let mut wishes: Vec<i32> = draft
                .nodes
                .iter()
                .enumerate()
                .flat_map(|(row, &node)| {
                    let y = &y;
                    links
                        .others(node)
                        .filter_map(move |other| y[other].map(|other| other - 1 - rows(row) * draft.tall))
                })
                .collect();
            wishes.sort_unstable();
            let wish = wishes.get(wishes.len() / 2).copied().unwrap_or(earliest);
            let top = wish.min(latest[index]).max(earliest);
            earliest = top + draft.height() + gaps[index];
            mine[index].top = top;
        }
        for draft in &mine {
            for (row, &node) in draft.nodes.iter().enumerate() {
                y[node] = Some(draft.top + 1 + rows(row) * draft.tall);
            }
            for &node in &draft.crowd {
                y[node] = Some(draft.top + draft.height() - 1);
            }
        }
    }
    let top = drafts.iter().map(|draft| draft.top).min().unwrap_or(0);
    for draft in drafts {
        draft.top -= top;
    }
}

/// A column in which names of 15 characters are whole.
const NAMES: i32 = 24;
/// What a column and its channel need for most names to be whole.
const READABLE: i32 = 25;
/// What a channel has at least where the picture is wider than the panel anyway.
const COMFORTABLE: i32 = 7;
/// A channel in which there is room to tell how many services a line stands for, and how many connections.
const SEVERAL_SERVICES: i32 = 23;
/// A column in which most names of containers are whole.
const LIKELY: i32 = 28;

/// The widths of the columns at which nothing of the rows is cut, and nothing of the titles.
fn natural_widths(view: &View, drafts: &[Draft], count: usize) -> (Vec<i32>, Vec<i32>) {
    let (mut natural, mut whole) = (vec![NARROWEST; count], vec![NARROWEST; count]);
    for draft in drafts {
        let rows = draft.nodes.iter().map(|&node| &view.nodes[node]);
        let row = rows.map(|node| row_width(&node.label, &super::draw::detail_of(node))).max().unwrap_or(0);
        let title = title_of(view, draft);
        // Only its number is known so far: it will be told what the container is called.
        let is_number = title.len() == 12 && title.bytes().all(|letter| letter.is_ascii_hexdigit());
        let will_grow = matches!(draft.group, GroupKey::Container(..)) && is_number;
        let title = title_width(&title).max(if will_grow { LIKELY } else { 0 });
        let (natural, whole) = (&mut natural[draft.column], &mut whole[draft.column]);
        *natural = row.max(title.min(ROOMY)).min(WIDEST.0).max(*natural);
        *whole = row.max(title).min(WIDEST.0).max(*whole);
    }
    (natural, whole)
}

/// How wide channels should be for what is written in them.
fn channel_wish(view: &View) -> i32 {
    let mut pairs: Vec<(usize, usize)> = view.edges.iter().map(|edge| (edge.client, edge.server)).collect();
    pairs.sort_unstable();
    let is_bundled = pairs.windows(2).any(|pair| pair[0] == pair[1] && pair[0].0 != pair[0].1);
    if is_bundled { SEVERAL_SERVICES } else { ROOM_FOR_SERVICES }
}

/// Sets the widths of columns and channels, for a panel of a width. The channel after the last column is the margin.
fn set_widths((natural, whole): (&[i32], &[i32]), tracks: &[i32], width: i32, wish: i32) -> Vec<Column> {
    let count = natural.len();
    let mut widths = natural.to_vec();
    // Numbers need room on both sides of the lines down.
    let mut channels: Vec<i32> = tracks.iter().map(|tracks| (tracks * 2 + 8).clamp(9, 20)).collect();
    let floors: Vec<i32> = tracks.iter().map(|tracks| (tracks + MARGINS).clamp(4, 14)).collect();
    let margin = if tracks.last().is_some_and(|&tracks| tracks > 0) { floors[count - 1] } else { 0 };
    channels[count - 1] = margin.max(4);
    let taken = |widths: &[i32], channels: &[i32]| {
        widths.iter().sum::<i32>() + channels[..count - 1].iter().sum::<i32>() + margin
    };
    for (column_floor, channel_floor) in [(i32::MAX, 7), (NAMES, 7), (NAMES, 4), (NARROWEST, 4), (LEAST, 4)] {
        let excess = taken(&widths, &channels) - width;
        shrink(&mut channels[..count - 1], |channel| floors[channel].max(channel_floor), excess);
        let excess = taken(&widths, &channels) - width;
        shrink(&mut widths, |_| column_floor, excess);
    }
    if taken(&widths, &channels) > width {
        // It has to be moved about in any case: then what is seen should be read with ease.
        for (width, natural) in widths.iter_mut().zip(natural) {
            *width = (*natural).min(NAMES);
        }
        for channel in &mut channels {
            *channel = (*channel).max(COMFORTABLE);
        }
    }
    // First room for a service on the lines, then for longer names to come and for whole titles, then air.
    let spare = width - taken(&widths, &channels);
    grow(&mut channels[..count - 1], |_| wish, spare);
    let spare = width - taken(&widths, &channels);
    grow(&mut widths, |_| ROOMY, spare);
    let spare = width - taken(&widths, &channels);
    grow(&mut widths, |column| whole[column], spare);
    let spare = width - taken(&widths, &channels);
    grow(&mut channels[..count - 1], |_| WIDEST.1, spare);
    let mut x = 0;
    widths
        .into_iter()
        .zip(channels)
        .map(|(width, channel)| {
            let column = Column { x, width, channel, lines: 0 };
            x = column.end();
            column
        })
        .collect()
}

/// Takes cells away, from the widest first, down to a floor each.
fn shrink(widths: &mut [i32], floor: impl Fn(usize) -> i32, mut excess: i32) {
    while excess > 0 {
        let over = widths.iter().enumerate().filter(|&(index, &width)| width > floor(index));
        let Some((widest, _)) = over.max_by_key(|&(index, &width)| (width, index)) else { return };
        widths[widest] -= 1;
        excess -= 1;
    }
}

/// Gives cells, to the narrowest first, up to a ceiling each.
fn grow(widths: &mut [i32], ceiling: impl Fn(usize) -> i32, mut spare: i32) {
    while spare > 0 {
        let under = widths.iter().enumerate().filter(|&(index, &width)| width < ceiling(index));
        let Some((narrowest, _)) = under.min_by_key(|&(index, &width)| (width, index)) else { return };
        widths[narrowest] += 1;
        spare -= 1;
    }
}

/// Whether a layout for one size serves another: fewer columns of cells would hide what was seen, many more would
/// stay unused.
pub(super) fn serves(made_for: (i32, i32), size: (i32, i32)) -> bool {
    size.0 >= made_for.0 && size.0 <= made_for.0 + 10
}
