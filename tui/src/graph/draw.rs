//! Draws the boxes, and tells how many of the nodes are not on the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Beyond;
use super::focus::Focus;
use super::glyph::UNICODE;
use super::lines::{Light, Window, lit};
use super::place::{Block, Place, Places};
use super::text;
use crate::human;
use crate::theme::Theme;
use crate::trend::{Trends, sparkline};
use crate::view::{GroupKey, NodeState, View, ViewNode};

/// What stands at the right end of a node's row.
pub(super) fn detail_of(node: &ViewNode) -> String {
    if node.detail.is_empty() && node.connections == 0 { String::from("idle") } else { node.detail.clone() }
}

/// What a box is called, in so many cells: of a container its name, of a namespace's number also the end.
fn title(block: &Block, cells: i32) -> String {
    match block.group {
        _ if block.continued => text::cut_end(&format!("… {}", block.title), cells),
        GroupKey::Namespace(..) => text::cut_middle(&block.title, cells),
        _ => text::cut_end(&block.title, cells),
    }
}

/// The fewest cells in which something of a namespace's name can be read.
const LEAST_NETNS: i32 = 10;

/// The fewest and the most cells of a trend.
const BARS: (i32, i32) = (4, 12);

/// Says why there is no picture.
pub(super) fn nothing(buffer: &mut Buffer, area: Rect, view: &View, theme: &Theme) {
    let text = match (view.hidden.nodes, view.hidden.connections) {
        (0, 0) if view.host.is_none() => String::from("waiting for the first tick"),
        (0, 0) => String::from("no connections"),
        (nodes, connections) => {
            let (nodes, connections) = (text::count(nodes), text::count(connections));
            format!("the filter keeps {nodes} nodes and {connections} connections away")
        }
    };
    let text = text::cut_end(&text, i32::from(area.width));
    let width = u16::try_from(text::width(&text)).unwrap_or(area.width);
    buffer.set_string(
        area.x + area.width.saturating_sub(width) / 2,
        area.y + area.height / 2,
        text,
        theme.dim,
    );
}

/// All that drawing a box needs to know.
pub(super) struct Scene<'a> {
    pub(super) window: Window,
    pub(super) view: &'a View,
    pub(super) places: &'a Places,
    pub(super) at: &'a [Option<Place>],
    pub(super) focus: &'a Focus,
    /// The selected node.
    pub(super) selected: Option<usize>,
    pub(super) trends: &'a Trends,
    pub(super) theme: &'a Theme,
}

impl Scene<'_> {
    /// Draws all boxes that are at least partly on the screen.
    pub(super) fn boxes(&self, buffer: &mut Buffer) {
        let (left, top, right, bottom) = self.window.bounds();
        for block in &self.places.blocks {
            let column = &self.places.columns[block.column];
            let height = block.drawn_height();
            let visible = block.top < bottom
                && block.top + height > top
                && column.x < right
                && column.channel_start() > left;
            if height > 0 && visible {
                if block.line { self.line(buffer, block) } else { self.frame(buffer, block) }
            }
        }
    }

    /// Writes a text on the plane, cut at the window's sides.
    fn put(&self, buffer: &mut Buffer, (mut x, y): (i32, i32), text: &str, style: Style) {
        let mut last_cell = None;
        for character in text.chars() {
            let width = unicode_width::UnicodeWidthChar::width(character).unwrap_or(0);
            if width == 0 {
                // An accent belongs to the letter before it.
                if let Some(cell) = last_cell.and_then(|at: (u16, u16)| buffer.cell_mut(at)) {
                    let letter = format!("{}{character}", cell.symbol());
                    cell.set_symbol(&letter);
                }
                continue;
            }
            // A wide character that only half fits would spill over the panel's side.
            let last = self.window.on_screen(x + i32::from(width == 2), y);
            last_cell = None;
            if let (Some(at), Some(_)) = (self.window.on_screen(x, y), last) {
                last_cell = Some(at);
                if let Some(cell) = buffer.cell_mut(at) {
                    cell.set_char(character).set_style(style);
                }
                if width == 2
                    && let Some(cell) = buffer.cell_mut((at.0 + 1, at.1))
                {
                    cell.set_symbol("").set_style(style);
                }
            }
            x += i32::try_from(width).unwrap_or(1);
        }
    }

    /// How bright a box is: as bright as its brightest node.
    fn light(&self, block: &Block) -> Light {
        block.nodes().map(|node| self.focus.node(node, self.view)).max().unwrap_or_default()
    }

    fn frame(&self, buffer: &mut Buffer, block: &Block) {
        let column = &self.places.columns[block.column];
        let (x, y, width) = (column.x, block.top, column.width);
        let bottom = y + block.drawn_height() - 1;
        let light = self.light(block);
        let hue = self.theme.group(&block.title);
        let border = lit(hue, light);
        let [top_left, top_right, bottom_left, bottom_right] = UNICODE.corners;
        let rule = |count: i32| UNICODE.horizontal.to_string().repeat(usize::try_from(count).unwrap_or(0));
        let title = title(block, width - 5);
        let used = text::width(&title);
        self.put(buffer, (x, y), &format!("{top_left} "), border);
        self.put(buffer, (x + 2, y), &title, lit(hue.add_modifier(Modifier::BOLD), light));
        self.put(buffer, (x + 2 + used, y), &format!(" {}{top_right}", rule(width - 4 - used)), border);
        for row in y + 1..bottom {
            self.put(buffer, (x, row), &UNICODE.vertical.to_string(), border);
            self.put(buffer, (x + width - 1, row), &UNICODE.vertical.to_string(), border);
        }
        self.put(buffer, (x, bottom), &format!("{bottom_left}{}{bottom_right}", rule(width - 2)), border);
        let taken = if block.crowd.is_empty() {
            0
        } else {
            self.crowd_row(buffer, block, (x + 2, bottom), width - 4, light)
        };
        self.netns(buffer, block, (x + width - 2, bottom), width - 4 - taken, light);
        for (slot, node) in block.live() {
            let row = block.row(slot);
            self.row(buffer, node, (x + 1, row), width - 2);
            if block.tall > 1 {
                self.flow_row(buffer, node, (x + 1, row + 1), width - 2);
            }
        }
    }

    /// The network namespace of a box whose title does not tell it, at the end of the lower border: boxes of one namespace
    /// have it in one hue.
    fn netns(&self, buffer: &mut Buffer, block: &Block, (end, y): (i32, i32), room: i32, light: Light) {
        let node = block.nodes().next().and_then(|node| self.view.nodes.get(node));
        let Some(netns) = node.and_then(|node| node.group_netns.as_ref()) else { return };
        if room < LEAST_NETNS {
            return;
        }
        let name = format!("netns {netns}");
        let text =
            if text::width(&name) <= room - 2 { name.clone() } else { text::cut_middle(netns, room - 2) };
        let hue = lit(self.theme.group(&name), light);
        self.put(buffer, (end - text::width(&text) - 2, y), &format!(" {text} "), hue);
    }

    /// What stands for the nodes of a box that have no row: how many, and the selected one by name. Returns its width.
    fn crowd_row(
        &self,
        buffer: &mut Buffer,
        block: &Block,
        (x, y): (i32, i32),
        room: i32,
        light: Light,
    ) -> i32 {
        let count = block.crowd.len();
        let linked = block.folded().any(|node| self.view.nodes[node].connections > 0);
        let more = |count: usize| format!("+{} {}", text::count(count), if linked { "more" } else { "idle" });
        let selected = self.selected.filter(|&node| block.folded().any(|other| other == node));
        let Some(node) = selected else {
            let text = format!(" {} ", text::cut_end(&more(count), room - 2));
            self.put(buffer, (x - 1, y), &text, lit(self.theme.text, light));
            return text::width(&text);
        };
        let rest = if count > 1 { format!("+{} ", text::count(count - 1)) } else { String::new() };
        let label = text::cut_middle(&self.view.nodes[node].label, room - 2 - text::width(&rest));
        let label = format!(" {label} ");
        self.put(buffer, (x - 1, y), &label, self.theme.selected);
        self.put(buffer, (x - 1 + text::width(&label), y), &rest, self.theme.text);
        text::width(&label) + text::width(&rest)
    }

    /// A group that is folded to one line.
    fn line(&self, buffer: &mut Buffer, block: &Block) {
        let column = &self.places.columns[block.column];
        let light = self.light(block);
        let hue = lit(self.theme.group(&block.title), light);
        let count = block.crowd.len();
        let selected = self.selected.filter(|&node| block.folded().any(|other| other == node));
        let end = match (selected, count) {
            (Some(node), _) => format!(" {} ", self.view.nodes[node].label),
            (None, 1) => {
                block.folded().next().map(|node| self.view.nodes[node].label.clone()).unwrap_or_default()
            }
            (None, _) => format!("×{}", text::count(count)),
        };
        let end = text::cut_middle(&end, column.width * 2 / 3);
        let room = column.width - 5 - text::width(&end);
        let title = title(block, room);
        self.put(buffer, (column.x, block.top), &format!("{} ", UNICODE.folded), hue);
        self.put(buffer, (column.x + 2, block.top), &title, hue);
        let style = if selected.is_some() { self.theme.selected } else { lit(self.theme.text, light) };
        self.put(buffer, (column.channel_start() - text::width(&end) - 2, block.top), &end, style);
    }

    /// A node's row, between the borders.
    fn row(&self, buffer: &mut Buffer, node: usize, (x, y): (i32, i32), width: i32) {
        let shown = &self.view.nodes[node];
        let selected = self.selected == Some(node);
        let light = self.focus.node(node, self.view);
        let mut style = lit(self.theme.node(shown.state), light);
        if shown.matched_by_search {
            style = style.patch(self.theme.found);
        }
        if selected {
            style = self.theme.selected;
        }
        let mark = match shown.state {
            NodeState::New => UNICODE.new,
            NodeState::Steady => ' ',
            NodeState::Closed => UNICODE.closed,
        };
        let room = width - 2;
        let detail = detail_of(shown);
        let label_width = text::width(&shown.label).min(room);
        // The name comes first; what is left is for the ports.
        let spare = room - label_width - 1;
        let detail = text::ports(&detail, spare);
        let label = text::cut_middle(&shown.label, room);
        let gap = room - text::width(&label) - text::width(&detail);
        let blank = " ".repeat(usize::try_from(gap).unwrap_or(0));
        self.put(buffer, (x, y), &format!("{mark}{label}{blank}"), style);
        let is_idle = shown.connections == 0 && !selected;
        let detail_style = if is_idle { style.patch(self.theme.dim) } else { style };
        self.put(buffer, (x + 1 + room - text::width(&detail), y), &format!("{detail} "), detail_style);
    }

    /// The second row of a node: how many connections it has, how its rate went lately, and what it is now.
    fn flow_row(&self, buffer: &mut Buffer, node: usize, (x, y): (i32, i32), width: i32) {
        let shown = &self.view.nodes[node];
        if shown.connections == 0 {
            return;
        }
        let light = self.focus.node(node, self.view);
        let style =
            if self.selected == Some(node) { self.theme.selected } else { lit(self.theme.text, light) };
        let room = width - 4;
        let now = text::cut_end(&human::rate(shown.rate.to_server + shown.rate.to_client), room);
        let count = format!("{} conn", text::count(shown.connections));
        let left = room - text::width(&now);
        let trend = self.trends.node(&shown.key).map(|trend| trend.rate());
        let bars = |cells: i32| {
            let cells = usize::try_from(cells.min(BARS.1)).unwrap_or(0);
            trend.map_or_else(String::new, |values| sparkline(&values, cells))
        };
        let (count, bars) = match left - text::width(&count) - 2 {
            cells if cells >= BARS.0 => (count, bars(cells)),
            // The trend says more than the count.
            _ if left > BARS.0 && trend.is_some() => (String::new(), bars(left - 1)),
            cells if cells >= -1 => (count, String::new()),
            _ => (String::new(), String::new()),
        };
        let gap = left - text::width(&count) - text::width(&bars) - 1;
        let gap = " ".repeat(usize::try_from(gap).unwrap_or(0));
        self.put(buffer, (x, y), &format!("   {count}{gap}{bars} {now} "), style);
    }

    /// Says what one is looking at where nobody talks to anybody, in the last row if nothing is drawn there.
    pub(super) fn quiet(&self, buffer: &mut Buffer) {
        let (left, _, _, bottom) = self.window.bounds();
        let area = self.window.area;
        let sentence = if self.view.hidden.connections > 0 {
            String::from("none of these has a connection that the filter lets through")
        } else {
            format!("{}: lines appear as they begin", super::QUIET)
        };
        let sentence = text::cut_end(&sentence, i32::from(area.width) - 1);
        let row = area.bottom() - 1;
        if (area.left()..area.right()).all(|x| buffer[(x, row)].symbol() == " ") {
            self.put(buffer, (left + 1, bottom - 1), &sentence, self.theme.dim);
        }
    }

    /// How many nodes are not on the screen, and where.
    pub(super) fn beyond(&self) -> Beyond {
        let (left, top, right, bottom) = self.window.bounds();
        let mut beyond = Beyond::default();
        for place in self.at.iter().flatten() {
            let column = &self.places.columns[place.column];
            if place.y < top {
                beyond.above += 1;
            } else if place.y >= bottom {
                beyond.below += 1;
            } else if column.x + 2 < left {
                beyond.left += 1;
            } else if column.channel_start() - 2 > right {
                beyond.right += 1;
            }
        }
        beyond
    }
}
