//! The roles by the names that a configuration gives them, and styles in words.

use ratatui::style::{Color, Modifier, Style};

use super::Theme;

/// A role: its name, what it is for, and where its look is kept.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// How a configuration names it.
    pub name: &'static str,
    /// What has this look.
    pub about: &'static str,
    /// Its look in a theme.
    pub look: fn(&mut Theme) -> &mut Style,
}

/// Every role, in the order of [`Theme`].
pub static ROLES: [Role; 17] = [
    role("text", "ordinary text", |theme| &mut theme.text),
    role("dim", "what the eye may skip", |theme| &mut theme.dim),
    role("strong", "what the eye should find", |theme| &mut theme.strong),
    role("name", "the program's name", |theme| &mut theme.name),
    role("border", "the frame of a panel", |theme| &mut theme.border),
    role("border-active", "the frame of the panel that the keys go to", |theme| &mut theme.border_active),
    role("selected", "what is selected", |theme| &mut theme.selected),
    role("found", "what the search text is found in", |theme| &mut theme.found),
    role("key", "a key, in the footer and in help", |theme| &mut theme.key),
    role("good", "what works", |theme| &mut theme.good),
    role("warning", "what wants attention", |theme| &mut theme.warning),
    role("error", "what is wrong", |theme| &mut theme.error),
    role("new", "what began in the newest tick", |theme| &mut theme.new),
    role("steady", "an open connection", |theme| &mut theme.steady),
    role("busy", "an open connection that much flows on", |theme| &mut theme.busy),
    role("closed", "what closed in the newest tick", |theme| &mut theme.closed),
    role("failed", "a connect that failed", |theme| &mut theme.failed),
];

const fn role(name: &'static str, about: &'static str, look: fn(&mut Theme) -> &mut Style) -> Role {
    Role { name, about, look }
}

/// The attributes by their names.
const ATTRIBUTES: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// The first 16 colours by their names.
const COLOURS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// A colour in words: its name, its number (0 to 255), or `#rrggbb`.
pub fn colour(word: &str) -> Option<Color> {
    if let Some((_, colour)) = COLOURS.iter().find(|(name, _)| *name == word) {
        return Some(*colour);
    }
    if let Some(digits) = word.strip_prefix('#') {
        let hex = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let hue = u32::from_str_radix(digits, 16).ok().filter(|_| hex)?;
        return Some(Color::Rgb((hue >> 16) as u8, (hue >> 8) as u8, hue as u8));
    }
    let digits = !word.is_empty() && word.bytes().all(|digit| digit.is_ascii_digit());
    word.parse().ok().filter(|_| digits).map(Color::Indexed)
}

/// A style in words: attributes and a colour in any order, `on` and a colour behind: `bold #ff8a80 on black`. The error is
/// the first word that is none (empty where one is missing), and how many bytes stand before it.
pub fn style(words: &str) -> Result<Style, (usize, &str)> {
    let mut style = Style::new();
    let mut behind = false;
    for word in words.split_ascii_whitespace() {
        let wrong = (word.as_ptr().addr() - words.as_ptr().addr(), word);
        if let Some((_, attribute)) = ATTRIBUTES.iter().find(|(name, _)| *name == word && !behind) {
            style = style.add_modifier(*attribute);
        } else if word == "on" && !behind && style.bg.is_none() {
            behind = true;
        } else {
            let colour = colour(word).ok_or(wrong)?;
            match (behind, style.fg) {
                (true, _) => style.bg = Some(colour),
                (false, None) => style.fg = Some(colour),
                // One colour is enough.
                (false, Some(_)) => return Err(wrong),
            }
            behind = false;
        }
    }
    if behind { Err((words.len(), "")) } else { Ok(style) }
}

/// Every word that a style may have, for who misspelt one.
pub(crate) fn words() -> impl Iterator<Item = &'static str> + Clone {
    let attributes = ATTRIBUTES.iter().map(|(name, _)| *name);
    attributes.chain(["on"]).chain(COLOURS.iter().map(|(name, _)| *name)).chain(["#rrggbb", "0 to 255"])
}

/// A style in the words that mean it.
pub(crate) fn written(style: Style) -> String {
    let mut words: Vec<String> = ATTRIBUTES
        .iter()
        .filter(|(_, attribute)| style.add_modifier.contains(*attribute))
        .map(|(name, _)| (*name).to_owned())
        .collect();
    words.extend(style.fg.map(of_colour));
    words.extend(style.bg.map(|colour| format!("on {}", of_colour(colour))));
    words.join(" ")
}

fn of_colour(colour: Color) -> String {
    match (colour, COLOURS.iter().find(|(_, known)| *known == colour)) {
        (_, Some((name, _))) => (*name).to_owned(),
        (Color::Rgb(red, green, blue), _) => format!("#{red:02x}{green:02x}{blue:02x}"),
        (Color::Indexed(number), _) => number.to_string(),
        (other, None) => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_in_words() {
        let plain = Style::new();
        for (words, expected) in [
            ("", plain),
            ("default", plain.fg(Color::Reset)),
            ("red", plain.fg(Color::Red)),
            (
                "bold #Ff8a80 on black",
                plain.fg(Color::Rgb(255, 138, 128)).bg(Color::Black).add_modifier(Modifier::BOLD),
            ),
            (
                "on 234 dim underlined",
                plain.bg(Color::Indexed(234)).add_modifier(Modifier::DIM | Modifier::UNDERLINED),
            ),
            ("  7  ", plain.fg(Color::Indexed(7))),
        ] {
            assert_eq!(style(words), Ok(expected), "{words}");
            assert_eq!(style(&written(expected)), Ok(expected), "{words}");
        }
        for (words, wrong) in [
            ("bold purple", (5, "purple")),
            ("red blue", (4, "blue")),
            ("on red on blue", (7, "on")),
            ("red on", (6, "")),
            ("on bold", (3, "bold")),
            ("#12345", (0, "#12345")),
            ("#+12345", (0, "#+12345")),
            ("256", (0, "256")),
            ("+1", (0, "+1")),
            ("é", (0, "é")),
        ] {
            assert_eq!(style(words), Err(wrong), "{words}");
        }
    }

    #[test]
    fn each_role_keeps_its_own_look() {
        let mut theme = Theme::plain();
        for (place, role) in (0_u8..).zip(&ROLES) {
            *(role.look)(&mut theme) = Style::new().fg(Color::Indexed(place));
        }
        for (place, role) in (0_u8..).zip(&ROLES) {
            assert_eq!(*(role.look)(&mut theme), Style::new().fg(Color::Indexed(place)), "{}", role.name);
        }
    }
}
