use ratatui::layout::Rect;
use ratatui::style::Color;

use super::*;

fn screen(width: u16, height: u16) -> Buffer {
    Buffer::empty(Rect { x: 3, y: 2, width, height })
}

fn lines_of(picture: &str, element: &str) -> Vec<String> {
    picture.lines().filter(|line| line.starts_with(element)).map(str::to_owned).collect()
}

#[test]
fn text_stands_in_runs_that_are_as_wide_as_their_cells() {
    let mut screen = screen(20, 2);
    screen.set_string(3, 2, "ab  日c", Style::new());
    screen.set_string(5, 3, "d", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
    screen.set_string(6, 3, "e", Style::new().fg(Color::Red));
    let picture = picture(&screen, "t");
    assert_eq!(
        lines_of(&picture, "<text"),
        [
            "<text x=\"0\" y=\"12.8\" textLength=\"16\" fill=\"#c9d1d9\">ab</text>",
            "<text x=\"32\" y=\"12.8\" textLength=\"24\" fill=\"#c9d1d9\">日c</text>",
            "<text x=\"16\" y=\"29.8\" textLength=\"8\" fill=\"#ff7b72\" font-weight=\"bold\">d</text>",
            "<text x=\"24\" y=\"29.8\" textLength=\"8\" fill=\"#ff7b72\">e</text>",
        ]
    );
}

#[test]
fn lines_are_joined_across_cells_and_meet_in_corners() {
    let mut screen = screen(4, 3);
    for (y, row) in [(2, "┌──┐"), (3, "│  ┃"), (4, "└──╯")] {
        screen.set_string(3, y, row, Style::new());
    }
    let picture = picture(&screen, "t");
    let path = |width: f32| {
        let all: Vec<_> = picture
            .lines()
            .filter(|line| line.contains(&format!("stroke-width=\"{width}\"")))
            .filter_map(|line| line.split(" d=\"").nth(1))
            .collect();
        all.concat()
    };
    // The rows at the top and at the bottom, the columns at the left and (above and below the heavy piece) at the right.
    assert_eq!(path(1.2), "M4 8.5h24M4 42.5h20M4 8.5v34M28 8.5v8.5M28 34V38.5Q28 42.5 24 42.5\"/>");
    assert_eq!(path(2.6), "M28 17v17\"/>");
    assert!(lines_of(&picture, "<text").is_empty());
}

#[test]
fn areas_cover_their_part_of_the_cell() {
    let mut screen = screen(3, 1);
    screen.set_string(3, 2, "▄⠁▶", Style::new());
    let picture = picture(&screen, "t");
    let path = lines_of(&picture, "<path").concat();
    assert_eq!(
        path.split(" d=\"").nth(1),
        Some("M0 8.5h8v8.5h-8zM8.9 1.025h2.2v2.2h-2.2zM23.6 8.5L16.4 12.1L16.4 4.9Z\"/>")
    );
}

#[test]
fn what_is_behind_text_is_one_area_a_run() {
    let mut screen = screen(9, 1);
    screen.set_string(4, 2, "a b", Style::new().add_modifier(Modifier::REVERSED));
    screen.set_string(7, 2, "c", Style::new().bg(Color::Blue));
    let picture = picture(&screen, "t");
    assert_eq!(
        lines_of(&picture, "<rect x"),
        [
            "<rect x=\"8\" y=\"0\" width=\"24\" height=\"17\" fill=\"#c9d1d9\"/>",
            "<rect x=\"32\" y=\"0\" width=\"8\" height=\"17\" fill=\"#79c0ff\"/>",
        ]
    );
}

#[test]
fn nothing_on_the_screen_is_markup() {
    let mut screen = screen(30, 1);
    screen.set_string(3, 2, "</text><script>&\"'", Style::new());
    let picture = picture(&screen, "<&\u{1b}\u{ffff}>");
    assert!(picture.contains(">&lt;/text&gt;&lt;script&gt;&amp;\"'</text>"), "{picture}");
    assert!(picture.contains("<title>&lt;&amp;&gt;</title>"), "{picture}");
    // What the picture itself consists of, and nothing more.
    assert_eq!(picture.matches('<').count(), 11, "{picture}");
    assert!(!picture.contains("<script"));
}

#[test]
fn the_picture_is_as_large_as_the_screen() {
    let picture = picture(&screen(120, 40), "t");
    assert!(picture.starts_with(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"984\" height=\"704\" viewBox=\"0 0 984 704\" role=\"img\">"
    ));
    assert!(picture.ends_with("</svg>\n"));
}
