//! The themes: which hues mean what.
//!
//! Red is failure, green is new, grey is closed; groups have none of these. Most text keeps the terminal's own colour,
//! whatever that is; hues are chosen so that they can be read on every background that the theme is for (the tests
//! compute the contrasts).

use ratatui::style::{Color, Modifier, Style};

use super::{Finish, Theme};

/// A theme by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Named {
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// For dark and light backgrounds: hues between the two.
    #[default]
    Neutral,
    /// The 16 colours of the terminal, as its user chose them.
    Terminal,
    /// White and bright hues on black; nothing is dimmed.
    Contrast,
    /// No colours.
    Plain,
}

/// Every theme, in the order that help tells them.
pub const ALL: [Named; 6] =
    [Named::Dark, Named::Light, Named::Neutral, Named::Terminal, Named::Contrast, Named::Plain];

/// The hues of a theme.
struct Hues {
    accent: Color,
    found: Color,
    good: Color,
    warning: Color,
    error: Color,
    new: Color,
    closed: Color,
    groups: [Color; 7],
}

impl Named {
    /// How the configuration names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Neutral => "neutral",
            Self::Terminal => "terminal",
            Self::Contrast => "contrast",
            Self::Plain => "plain",
        }
    }

    /// What it is for, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Dark => "for dark backgrounds",
            Self::Light => "for light backgrounds",
            Self::Neutral => "for both",
            Self::Terminal => "the terminal's own 16 colours",
            Self::Contrast => "bright on black, nothing dimmed",
            Self::Plain => "no colours",
        }
    }

    /// The theme.
    pub fn theme(self) -> Theme {
        match self {
            Self::Dark => coloured(&DARK),
            Self::Light => coloured(&LIGHT),
            Self::Neutral => coloured(&NEUTRAL),
            Self::Terminal => coloured(&TERMINAL),
            Self::Contrast => contrast(),
            Self::Plain => Theme::plain(),
        }
    }
}

fn coloured(hues: &Hues) -> Theme {
    let plain = Style::new();
    let dim = plain.add_modifier(Modifier::DIM);
    Theme {
        text: plain,
        dim,
        strong: plain.add_modifier(Modifier::BOLD),
        name: plain.fg(hues.accent).add_modifier(Modifier::BOLD),
        border: dim,
        border_active: plain.fg(hues.accent),
        selected: plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
        found: plain.fg(hues.found).add_modifier(Modifier::UNDERLINED),
        key: plain.fg(hues.accent),
        good: plain.fg(hues.good),
        warning: plain.fg(hues.warning),
        error: plain.fg(hues.error).add_modifier(Modifier::BOLD),
        new: plain.fg(hues.new).add_modifier(Modifier::BOLD),
        steady: plain,
        busy: plain.add_modifier(Modifier::BOLD),
        closed: plain.fg(hues.closed),
        failed: plain.fg(hues.error),
        groups: hues.groups.to_vec(),
        finish: Finish::default(),
    }
}

fn contrast() -> Theme {
    let mut theme = coloured(&CONTRAST);
    theme.dim = Style::new();
    theme.border = Style::new();
    theme.finish.foreground = Some(rgb(0x00ff_ffff));
    theme.finish.background = Some(rgb(0x0000_0000));
    theme.finish.undimmed = true;
    theme
}

const fn rgb(hue: u32) -> Color {
    Color::Rgb((hue >> 16) as u8, (hue >> 8) as u8, hue as u8)
}

const DARK: Hues = Hues {
    accent: rgb(0x4f_c3dc),
    found: rgb(0xf0_c75e),
    good: rgb(0x7b_d88f),
    warning: rgb(0xf0_c75e),
    error: rgb(0xff_8a80),
    new: rgb(0xa5_f28c),
    closed: rgb(0xa6_a6a6),
    groups: [
        rgb(0x56_c8d8),
        rgb(0x82_aaff),
        rgb(0xd2_a8ff),
        rgb(0xe5_c07b),
        rgb(0x5c_cfb2),
        rgb(0xff_9ecb),
        rgb(0xff_b26b),
    ],
};

const LIGHT: Hues = Hues {
    accent: rgb(0x00_657a),
    found: rgb(0x7a_4f00),
    good: rgb(0x1a_6b2c),
    warning: rgb(0x7a_4f00),
    error: rgb(0xb3_161f),
    new: rgb(0x0f_6e1a),
    closed: rgb(0x66_6666),
    groups: [
        rgb(0x00_5f73),
        rgb(0x1f_4fb0),
        rgb(0x7a_2ea0),
        rgb(0x6d_5200),
        rgb(0x0b_6653),
        rgb(0xa0_1863),
        rgb(0x8a_3d00),
    ],
};

/// All of one lightness, halfway between black and white.
const NEUTRAL: Hues = Hues {
    accent: rgb(0x00_809a),
    found: rgb(0x9b_6c00),
    good: rgb(0x18_882b),
    warning: rgb(0x9b_6c00),
    error: rgb(0xeb_0e06),
    new: rgb(0x17_8900),
    closed: rgb(0x76_7676),
    groups: [
        rgb(0x00_828d),
        rgb(0x20_6df3),
        rgb(0xae_39e9),
        rgb(0x8d_7207),
        rgb(0x00_8564),
        rgb(0xdd_198b),
        rgb(0xbd_5800),
    ],
};

const CONTRAST: Hues = Hues {
    accent: rgb(0x00_e5ff),
    found: rgb(0xff_e100),
    good: rgb(0x5d_ff5d),
    warning: rgb(0xff_e100),
    error: rgb(0xff_8f8f),
    new: rgb(0x5d_ff5d),
    closed: rgb(0xb4_b4b4),
    groups: [
        rgb(0x5f_f0ff),
        rgb(0x9f_c4ff),
        rgb(0xe0_b8ff),
        rgb(0xff_e680),
        rgb(0x6f_f0cc),
        rgb(0xff_b0dc),
        rgb(0xff_c080),
    ],
};

const TERMINAL: Hues = Hues {
    accent: Color::Cyan,
    found: Color::Yellow,
    good: Color::Green,
    warning: Color::Yellow,
    error: Color::Red,
    new: Color::LightGreen,
    closed: Color::DarkGray,
    groups: [
        Color::Cyan,
        Color::Blue,
        Color::Magenta,
        Color::Yellow,
        Color::LightCyan,
        Color::LightBlue,
        Color::LightMagenta,
    ],
};
