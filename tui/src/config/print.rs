//! The defaults as a file with comments, to begin one's own with.

use std::fmt::Write as _;

use super::setting::{BACKGROUND, GROUPS, SETTINGS};
use crate::input::{Action, bindings};
use crate::theme::{Named, ROLES, written};

const HEAD: &str = "\
# The configuration of scopetop: everything that can be set, with its default.
#
# It is read from $XDG_CONFIG_HOME/scopetop/config.toml, else from ~/.config/scopetop/config.toml (under sudo from
# root's home), or from --config FILE. What is left out keeps its default; what is unknown is an error.
";

const FILTERS: &str = "
# Filters with names: F chooses one on the live screen, and @NAME is one in --filter and in what f asks for, by itself
# or as a part of another: '@web and not ip=10.0.0.0/8'. They are not made of each other.
[filters]
# web = \"port=80,443\"
# failures = \"state=failed\"
";

const COLOURS: &str = "
# Looks in place of the theme's: bold, dim, italic, underlined, reversed, a colour, and `on` with the colour behind.
# A colour is #rrggbb, a number from 0 to 255, default, black, red, green, yellow, blue, magenta, cyan, white, or one of
# these with bright- before it. The theme `dark` has these:
[colours]
";

const KEYS: &str = "
# Keys: each action with its key, or a list of them; [] for none. A key is a character, space, enter, esc, tab,
# backspace, delete, insert, home, end, pageup, pagedown, up, down, left, right or f1 to f12, after ctrl-, alt- or
# shift- where that is held.
[keys]
";

/// The defaults as a file with comments. Without the marks of its comments that are examples it is one too.
pub fn printed() -> String {
    let mut file = String::from(HEAD);
    for setting in &SETTINGS {
        file.push('\n');
        for line in setting.about.lines() {
            put(&mut file, format_args!("# {line}\n"));
        }
        put(&mut file, format_args!("{} = {}\n", setting.name, setting.default));
    }
    file.push_str(FILTERS);
    file.push_str(COLOURS);
    let mut theme = Named::Dark.theme();
    for role in &ROLES {
        let look = written(*(role.look)(&mut theme));
        put(&mut file, format_args!("# {} = \"{look}\"  # {}\n", role.name, role.about));
    }
    put(&mut file, format_args!("# {BACKGROUND} = \"default\"  # behind everything\n"));
    let hues = theme.groups.iter().map(|hue| format!("\"{}\"", written((*hue).into())));
    let hues = hues.collect::<Vec<_>>().join(", ");
    put(&mut file, format_args!("# {GROUPS} = [{hues}]  # groups\n"));
    file.push_str(KEYS);
    keys(&mut file);
    file
}

fn keys(file: &mut String) {
    let mut told: Vec<Action> = Vec::new();
    let mut section = "";
    for binding in bindings() {
        let mut is_first = true;
        for (_, action) in binding.keys {
            if told.contains(action) {
                continue;
            }
            told.push(*action);
            if binding.section != section {
                section = binding.section;
                put(file, format_args!("\n# {section}\n"));
            }
            let keys = binding.keys.iter().filter(|(_, asked)| asked == action);
            let keys: Vec<String> = keys.map(|(key, _)| quoted(&key.name())).collect();
            let keys =
                if let [key] = keys.as_slice() { key.clone() } else { format!("[{}]", keys.join(", ")) };
            let what = if is_first { format!("  # {}", binding.what) } else { String::new() };
            put(file, format_args!("{} = {keys}{what}\n", action.name()));
            is_first = false;
        }
    }
}

fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

fn put(file: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = file.write_fmt(line);
}
