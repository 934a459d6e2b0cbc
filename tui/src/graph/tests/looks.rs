//! What is bright and what is dim.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::build::{Picture, process, text};
use crate::graph::{GraphState, render};
use crate::theme::Theme;
use crate::trend::Trends;
use crate::view::{EdgeState, Selection, View};

fn picture() -> Picture {
    Picture::default()
        .host("one 1", "")
        .host("two 2", ":2")
        .host("three 3", "")
        .host("four 4", ":4")
        .steady("one 1", "two 2", 2, 5)
        .edge("three 3", "four 4", 4, 5, EdgeState::Closed)
}

fn draw(view: &View, selection: Option<&Selection>, theme: &Theme) -> Buffer {
    let area = Rect::new(0, 0, 80, 10);
    let mut buffer = Buffer::empty(area);
    render(&mut buffer, area, view, &mut GraphState::default(), selection, (&Trends::default(), theme));
    buffer
}

/// The style of the first cell of a word on the screen.
fn style(buffer: &Buffer, word: &str) -> Style {
    let (row, line) = text(buffer)
        .lines()
        .map(str::to_owned)
        .enumerate()
        .find(|(_, line)| line.contains(word))
        .expect("it is on the screen");
    let column = line.split(word).next().expect("what is before it").chars().count();
    buffer[(u16::try_from(column).expect("a column"), u16::try_from(row).expect("a row"))].style()
}

fn is(buffer: &Buffer, word: &str, modifier: Modifier) -> bool {
    style(buffer, word).add_modifier.contains(modifier)
}

#[test]
fn the_selected_node_and_its_neighbours_stand_out() {
    let view = picture().view();
    let buffer = draw(&view, Some(&Selection::Node(process("one 1"))), &Theme::plain());
    assert!(is(&buffer, "one 1", Modifier::REVERSED));
    assert!(!is(&buffer, "two 2", Modifier::DIM) && !is(&buffer, "─ 5 ─", Modifier::DIM));
    assert!(is(&buffer, "three 3", Modifier::DIM) && is(&buffer, "┄ 5 ┄", Modifier::DIM));
    let nothing = draw(&view, None, &Theme::plain());
    assert!(!is(&nothing, "three 3", Modifier::DIM) && !is(&nothing, "─ 5 ─", Modifier::DIM));
}

#[test]
fn the_selected_edge_and_its_ends_stand_out() {
    let view = picture().view();
    let edge = view.edges.iter().find(|edge| edge.state == EdgeState::Steady).expect("an edge");
    let buffer = draw(
        &view,
        Some(&Selection::Edge(view.edge_key(edge).expect("an edge of the view"))),
        &Theme::plain(),
    );
    assert!(is(&buffer, "─ 5 ─", Modifier::BOLD));
    assert!(!is(&buffer, "one 1", Modifier::DIM) && !is(&buffer, "two 2", Modifier::DIM));
    assert!(is(&buffer, "four 4", Modifier::DIM) && is(&buffer, "┄ 5 ┄", Modifier::DIM));
}

#[test]
fn what_a_search_does_not_find_is_dim() {
    let view = picture().with("three 3", |node| node.matched_by_search = true).view();
    let buffer = draw(&view, None, &Theme::plain());
    assert!(is(&buffer, "three 3", Modifier::UNDERLINED) && !is(&buffer, "three 3", Modifier::DIM));
    assert!(is(&buffer, "one 1", Modifier::DIM) && is(&buffer, "─ 5 ─", Modifier::DIM));
}

#[test]
fn only_what_closed_is_grey() {
    let buffer = draw(&picture().view(), None, &Theme::colour());
    let grey = |cell: &&ratatui::buffer::Cell| matches!(cell.fg, Color::DarkGray | Color::Gray);
    let grey: String = buffer.content.iter().filter(grey).map(ratatui::buffer::Cell::symbol).collect();
    assert!(!grey.is_empty() && grey.chars().all(|shown| "┄▶ 5".contains(shown)), "{grey}");
}

#[test]
fn a_box_has_the_hue_of_its_group() {
    let theme = Theme::colour();
    let buffer = draw(&picture().view(), None, &theme);
    assert_eq!(style(&buffer, "host").fg, theme.group("host").fg);
    assert!(theme.group("host").fg.is_some());
}

#[test]
fn an_empty_picture_says_why() {
    let mut view = View::default();
    assert!(text(&draw(&view, None, &Theme::plain())).contains("waiting"));
    view.hidden.nodes = 7;
    assert!(text(&draw(&view, None, &Theme::plain())).contains("the filter keeps 7 nodes"));
}

/// The namespace stands on the lower border, behind what is folded, as far as there is room for it.
#[test]
fn a_box_tells_its_namespace() {
    let pod = |netns: &str, idle: usize| {
        let picture = Picture::default()
            .container("web  nginx", "nginx 1", ":80")
            .container("proxy  envoy", "envoy 2", ":443")
            .steady("envoy 2", "nginx 1", 80, 3);
        let picture = (0..idle).fold(picture, |picture, number| {
            picture.container("web  nginx", &format!("helper {}", 10 + number), "")
        });
        let mut view = picture.view();
        for node in &mut view.nodes {
            node.group_netns = Some(netns.into());
        }
        view
    };
    let theme = Theme::colour();
    let shared = draw(&pod("web", 0), None, &theme);
    let shown = text(&shared);
    assert_eq!(shown.matches("─ netns web ─╯").count(), 2, "{shown}");
    assert_eq!(style(&shared, "netns web").fg, theme.group("netns web").fg);
    let long = text(&draw(&pod("a-very-long-name-of-a-namespace-that-goes-on", 0), None, &theme));
    // The end tells it from its like.
    assert!(long.contains("─ a-very-") && long.matches("-goes-on ─╯").count() == 2, "{long}");
    let crowd = text(&draw(&pod("web", 40), None, &theme));
    assert!(crowd.contains("idle ─") && crowd.matches(" netns web ─╯").count() == 2, "{crowd}");
    let both = text(&draw(&pod("a-very-long-name-of-a-namespace-that-goes-on", 40), None, &theme));
    assert!(both.contains(" idle ─ a-"), "{both}");
}

/// A line that leaves the panel says who is at its end.
#[test]
fn a_line_from_out_of_sight_tells_from_whom() {
    let chain = (0..7).fold(Picture::default(), |picture, number| {
        picture.host(&format!("service-{number} {number}"), ":80")
    });
    let chain = (0..6).fold(chain, |picture, number| {
        let name = |number: u32| format!("service-{number} {number}");
        picture.steady(&name(number), &name(number + 1), 80, 1)
    });
    let view = chain.steady("service-0 0", "service-6 6", 80, 1).view();
    let area = Rect::new(0, 0, 47, 12);
    let look = |selected: &str| {
        let mut buffer = Buffer::empty(area);
        let selected = Selection::Node(process(selected));
        let theme = Theme::plain();
        let state = &mut GraphState::default();
        render(&mut buffer, area, &view, state, Some(&selected), (&Trends::default(), &theme));
        text(&buffer)
    };
    let first = look("service-0 0");
    assert!(first.lines().any(|line| line.ends_with("─ service-6 6…")), "{first}\n{}", look("service-6 6"));
    let last = look("service-6 6");
    assert!(last.lines().any(|line| line.starts_with("…service-0 0 ─")), "{last}");
}
