//! What is done to a finished picture so that this terminal can show it, and how is known what it can show.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::{Depth, Named, ascii};

/// What is done to a picture when everything is drawn. The default does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finish {
    /// How many colours there are.
    pub depth: Depth,
    /// Whether there is nothing but ASCII.
    pub ascii: bool,
    /// The colour of text that has none of its own; without one, the terminal's.
    pub foreground: Option<Color>,
    /// The colour behind everything; without one, the terminal's.
    pub background: Option<Color>,
    /// Whether nothing may be dimmed.
    pub undimmed: bool,
}

impl Finish {
    /// Finishes a picture.
    pub fn apply(&self, buffer: &mut Buffer) {
        if *self == Self::default() {
            return;
        }
        for cell in &mut buffer.content {
            if let (Color::Reset, Some(foreground)) = (cell.fg, self.foreground) {
                cell.fg = foreground;
            }
            if let (Color::Reset, Some(background)) = (cell.bg, self.background) {
                cell.bg = background;
            }
            cell.fg = self.depth.nearest(cell.fg);
            cell.bg = self.depth.nearest(cell.bg);
            if self.undimmed {
                cell.modifier.remove(Modifier::DIM);
            }
        }
        if self.ascii {
            ascii::replace(buffer);
        }
    }
}

/// What the environment tells of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// `NO_COLOR`.
    pub no_color: Option<String>,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `TERM`.
    pub term: Option<String>,
    /// `COLORFGBG`.
    pub colorfgbg: Option<String>,
    /// The one of `LC_ALL`, `LC_CTYPE` and `LANG` that holds.
    pub locale: Option<String>,
}

impl Terminal {
    /// Reads the environment by a function that knows it. A variable that is empty counts as missing.
    pub fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            no_color: variable("NO_COLOR"),
            colorterm: variable("COLORTERM"),
            term: variable("TERM"),
            colorfgbg: variable("COLORFGBG"),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable),
        }
    }

    /// How many colours it shows, as far as it says. `NO_COLOR` asks for none (<https://no-color.org>).
    pub fn depth(&self) -> Depth {
        let term = self.term.as_deref().unwrap_or_default();
        if self.no_color.is_some() || term == "dumb" {
            Depth::None
        } else if matches!(self.colorterm.as_deref(), Some("truecolor" | "24bit")) || term.contains("direct")
        {
            Depth::True
        } else if term.contains("256color") {
            Depth::Palette
        } else {
            Depth::Sixteen
        }
    }

    /// Whether it shows nothing but ASCII: a locale is set, and is not one of UTF-8. Where none is set nothing says so.
    pub fn ascii(&self) -> bool {
        self.locale.as_deref().is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            !(locale.contains("utf-8") || locale.contains("utf8"))
        })
    }

    /// The theme for its background. Some terminals tell its colour's number in `COLORFGBG` (`15;0`); where it is not
    /// told, one that holds on dark and light.
    pub fn theme(&self) -> Named {
        let background = self.colorfgbg.as_deref().and_then(|colours| colours.rsplit(';').next());
        match background.and_then(|number| number.parse::<u8>().ok()) {
            Some(0..=6 | 8) => Named::Dark,
            Some(7 | 9..=15) => Named::Light,
            _ => Named::Neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn terminal(variables: &[(&str, &str)]) -> Terminal {
        Terminal::new(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_tells_how_many_colours_there_are() {
        for (variables, depth) in [
            (&[("TERM", "xterm")] as &[(&str, &str)], Depth::Sixteen),
            (&[("TERM", "xterm-256color")], Depth::Palette),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm"), ("COLORTERM", "24bit")], Depth::True),
            (&[("TERM", "xterm"), ("COLORTERM", "gnome-terminal")], Depth::Sixteen),
            (&[("TERM", "xterm-direct")], Depth::True),
            (&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Palette),
            (&[], Depth::Sixteen),
        ] {
            assert_eq!(terminal(variables).depth(), depth, "{variables:?}");
        }
    }

    #[test]
    fn the_locale_that_holds_tells_whether_there_is_utf8() {
        for (variables, ascii) in [
            (&[("LANG", "de_DE.UTF-8")] as &[(&str, &str)], false),
            (&[("LANG", "C.utf8")], false),
            (&[("LANG", "C")], true),
            (&[("LANG", "de_DE")], true),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], true),
            (&[("LANG", "C"), ("LC_CTYPE", "C.UTF-8")], false),
            (&[("LANG", "C.UTF-8"), ("LC_CTYPE", "POSIX"), ("LC_ALL", "")], true),
            (&[], false),
        ] {
            assert_eq!(terminal(variables).ascii(), ascii, "{variables:?}");
        }
    }

    #[test]
    fn the_background_chooses_the_theme_where_it_is_told() {
        for (told, theme) in [
            ("15;0", Named::Dark),
            ("15;default;0", Named::Dark),
            ("7;8", Named::Dark),
            ("0;15", Named::Light),
            ("0;7", Named::Light),
            ("0;default", Named::Neutral),
            ("0;200", Named::Neutral),
            (";", Named::Neutral),
        ] {
            assert_eq!(terminal(&[("COLORFGBG", told)]).theme(), theme, "{told}");
        }
        assert_eq!(terminal(&[]).theme(), Named::Neutral);
    }

    #[test]
    fn a_picture_gets_the_themes_colours_and_then_the_terminals() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        let dim = Style::new().add_modifier(Modifier::DIM);
        buffer.set_string(0, 0, "a", dim);
        buffer.set_string(1, 0, "b", Style::new().fg(Color::Rgb(255, 138, 128)).bg(Color::Blue));
        let drawn = buffer.clone();
        Finish::default().apply(&mut buffer);
        assert_eq!(buffer, drawn);
        let finish = Finish {
            depth: Depth::Palette,
            foreground: Some(Color::Rgb(255, 255, 255)),
            background: Some(Color::Rgb(0, 0, 0)),
            undimmed: true,
            ascii: false,
        };
        finish.apply(&mut buffer);
        let look = |x: u16| (buffer[(x, 0)].fg, buffer[(x, 0)].bg, buffer[(x, 0)].modifier);
        let (white, black) = (Color::Indexed(231), Color::Indexed(16));
        assert_eq!(look(0), (white, black, Modifier::empty()));
        assert_eq!(look(1), (Color::Indexed(210), Color::Blue, Modifier::empty()));
        assert_eq!(look(2), (white, black, Modifier::empty()));
    }
}
