//! Whether the themes hold: contrasts, what colours mean, and what is left of them where there are fewer.

use ratatui::style::{Color, Modifier, Style};

use super::*;

/// Backgrounds that terminals come with, dark: black, and those of widespread schemes.
const DARK: [u32; 6] = [0x00_0000, 0x1e_1e1e, 0x28_2c34, 0x00_2b36, 0x30_0a24, 0x2e_3440];
/// The same, light.
const LIGHT: [u32; 5] = [0xff_ffff, 0xfa_fafa, 0xfd_f6e3, 0xee_eeee, 0xef_f1f5];

/// The relative luminance of a colour, from 0 to 1 (WCAG 2).
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn bytes(hue: u32) -> [u8; 3] {
    [(hue >> 16) as u8, (hue >> 8) as u8, hue as u8]
}

/// The red, green and blue of a colour that is the same on every terminal.
fn shown(colour: Color) -> [u8; 3] {
    match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(grey @ 232..=255) => [8 + 10 * (grey - 232); 3],
        Color::Indexed(number @ 16..=231) => {
            let number = number - 16;
            [number / 36, number / 6 % 6, number % 6].map(|step| if step == 0 { 0 } else { 55 + 40 * step })
        }
        _ => panic!("{colour:?} is the terminal's own"),
    }
}

/// The colours of a theme's text, by role.
fn hues(named: Named) -> Vec<(String, Color)> {
    let mut theme = named.theme();
    let mut hues: Vec<_> =
        theme.groups.iter().enumerate().map(|(place, hue)| (format!("group {place}"), *hue)).collect();
    for role in &ROLES {
        let look = (role.look)(&mut theme);
        assert_eq!(look.bg, None, "{}", role.name);
        hues.extend(look.fg.map(|hue| (role.name.to_owned(), hue)));
    }
    hues
}

fn readable(named: Named, depth: Depth, backgrounds: &[u32], least: f64) {
    let hues = hues(named);
    assert!(hues.len() > 15, "{named:?}");
    for (role, hue) in hues {
        for background in backgrounds {
            let contrast = contrast(shown(depth.nearest(hue)), bytes(*background));
            assert!(contrast >= least, "{named:?}, {depth:?}, {role} on {background:06x}: {contrast:.2}");
        }
    }
}

#[test]
fn text_can_be_read_on_the_backgrounds_that_a_theme_is_for() {
    for depth in [Depth::True, Depth::Palette] {
        readable(Named::Dark, depth, &DARK, 4.5);
        readable(Named::Light, depth, &LIGHT, 4.5);
        readable(Named::Contrast, depth, &[0], 7.0);
    }
    readable(Named::Neutral, Depth::True, &[0x00_0000, 0xff_ffff], 4.5);
    // Of the 240 colours none is as far from black as from white: the nearest ones come close.
    readable(Named::Neutral, Depth::Palette, &[0x00_0000, 0xff_ffff], 3.5);
    let finish = Named::Contrast.theme().finish;
    assert_eq!(finish.background.map(shown), Some([0; 3]));
    assert_eq!(finish.foreground.map(shown), Some([255; 3]));
    assert!(finish.undimmed);
}

#[test]
fn contrast_is_computed_as_wcag_does() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.01);
    assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.01);
}

#[test]
fn only_what_is_closed_is_grey_at_every_depth() {
    let is_grey = |colour| match colour {
        Color::Black | Color::Gray | Color::DarkGray | Color::White => true,
        Color::Rgb(..) | Color::Indexed(16..) => {
            let [red, green, blue] = shown(colour);
            red == green && green == blue
        }
        _ => false,
    };
    for named in [Named::Dark, Named::Light, Named::Neutral, Named::Terminal, Named::Contrast] {
        for depth in [Depth::True, Depth::Palette, Depth::Sixteen] {
            for (role, hue) in hues(named) {
                assert_eq!(is_grey(depth.nearest(hue)), role == "closed", "{named:?}, {depth:?}, {role}");
            }
            let theme = named.theme();
            let [new, failed, closed] =
                [theme.new, theme.failed, theme.closed].map(|look| look.fg.map(|hue| depth.nearest(hue)));
            assert!(new != failed && failed != closed && new != closed, "{named:?}, {depth:?}");
            for group in &theme.groups {
                let group = Some(depth.nearest(*group));
                assert!(group != new && group != closed, "{named:?}, {depth:?}: a group is like a state");
                // With 16 colours an orange and a pink may be a red; failures have their mark.
                assert!(depth == Depth::Sixteen || group != failed, "{named:?}, {depth:?}");
            }
        }
    }
}

#[test]
fn the_plain_theme_has_no_colours() {
    let mut theme = Theme::plain();
    assert!(theme.groups.is_empty());
    for role in &ROLES {
        let look = *(role.look)(&mut theme);
        assert_eq!((look.fg, look.bg), (None, None), "{}", role.name);
    }
    let selected = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
    assert_eq!(theme.selected, selected);
}

#[test]
fn a_theme_is_found_by_its_name() {
    let names = ALL.map(Named::name);
    assert_eq!(names, ["dark", "light", "neutral", "terminal", "contrast", "plain"]);
}
