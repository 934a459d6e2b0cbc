//! Everything that a configuration can set: its name, what it is for, its default, and how it is read.

use std::time::Duration;

use scopetop_tracker::filter::{Filter, is_name};
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::grouping::By;
use toml::de::{DeTable, DeValue};

use super::read::{Reader, Value, called};
use super::{Config, Saved};
use crate::app::Mode;
use crate::cli::{MAXIMUM_SECONDS, TICK_MILLISECONDS};
use crate::input::{Action, Change, Key, Keymap, actions, named};
use crate::list::{Column, Columns, Shape};
use crate::theme::{self, Depth, Named, ROLES};

/// A setting that stands at the top.
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// Lines of explanation.
    pub(super) about: &'static str,
    /// The default, as TOML.
    pub(super) default: &'static str,
    pub(super) read: fn(&mut Reader<'_>, &mut Config, &Value<'_>),
}

/// A table of settings.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) read: fn(&mut Reader<'_>, &mut Config, &DeTable<'_>),
}

/// Every setting that stands at the top.
pub(super) static SETTINGS: [Setting; 15] = [
    Setting {
        name: "view",
        about: "By what the live screen groups at first: process, name, container, image, namespace or pod.",
        default: "\"process\"",
        read: |reader, config, value| {
            let known = By::ALL.map(|by| (by.name(), by));
            config.view = reader.word(value, &known).unwrap_or_default();
        },
    },
    Setting {
        name: "show",
        about: "What the live screen begins with: graph, list or tree.",
        default: "\"graph\"",
        read: |reader, config, value| {
            let known = [
                ("graph", (Mode::Graph, Shape::Table)),
                ("list", (Mode::List, Shape::Table)),
                ("tree", (Mode::List, Shape::Tree)),
            ];
            (config.mode, config.shape) = reader.word(value, &known).unwrap_or_default();
        },
    },
    Setting {
        name: "columns",
        about: "The columns of the list that are shown, in their order. Where there is little room, some give way.",
        default: "\
[
    \"client\", \"client-in\", \"server\", \"server-in\", \"service\", \"connections\", \"rate\", \"rate-trend\",
    \"state\", \"to-server\", \"to-client\", \"rtt\", \"rtt-trend\", \"age\"
]",
        read: columns,
    },
    Setting {
        name: "sort",
        about: "The column that the list is sorted by at first: each but the trends.",
        default: "\"client\"",
        read: |reader, config, value| {
            let columns = Column::ALL.into_iter().filter(|column| column.sorts());
            let known: Vec<_> = columns.map(|column| (column.name(), column)).collect();
            config.sort.column = reader.word(value, &known).unwrap_or(Column::Client);
        },
    },
    Setting {
        name: "sort-turned",
        about: "Whether that order is turned around: names from the end, numbers from the smallest.",
        default: "false",
        read: |reader, config, value| config.sort.turned = reader.truth(value).unwrap_or_default(),
    },
    Setting {
        name: "tick",
        about: "The length of a tick in milliseconds, from 50 to 3600000.",
        default: "1000",
        read: |reader, config, value| {
            if let Some(tick) = reader.whole(value, &TICK_MILLISECONDS, "milliseconds") {
                config.tick = Duration::from_millis(tick);
            }
        },
    },
    Setting {
        name: "history",
        about: "The live screen keeps the last so many seconds, to be looked at again.",
        default: "600",
        read: |reader, config, value| {
            let range = 0..=MAXIMUM_SECONDS;
            if let Some(seconds) = reader.whole(value, &range, "seconds") {
                config.history.span = Duration::from_secs(seconds);
            }
        },
    },
    Setting {
        name: "history-memory",
        about: "It keeps them in so many megabytes at most.",
        default: "64",
        read: |reader, config, value| {
            let range = 0..=u16::MAX.into();
            if let Some(megabytes) = reader.whole(value, &range, "megabytes") {
                config.history.bytes = (megabytes as usize) << 20;
            }
        },
    },
    Setting {
        name: "resolve",
        about: "Whether to look up the names of remote addresses, which tells your name server who is talked to.",
        default: "false",
        read: |reader, config, value| config.resolve = reader.truth(value).unwrap_or_default(),
    },
    Setting {
        name: "no-args",
        about: "Whether to hide the arguments of processes: they are not read, also not out of a recording, and no filter finds them.",
        default: "false",
        read: |reader, config, value| config.no_args = reader.truth(value).unwrap_or_default(),
    },
    Setting {
        name: "mouse",
        about: "Whether the mouse is used; else it is left to the terminal.",
        default: "true",
        read: |reader, config, value| config.mouse = reader.truth(value).unwrap_or(true),
    },
    Setting {
        name: "read-only",
        about: "Whether to change nothing on the host: no signal, no closing of connections, no stopping of containers.",
        default: "false",
        read: |reader, config, value| config.read_only = reader.truth(value).unwrap_or_default(),
    },
    Setting {
        name: "theme",
        about: "dark, light, neutral (for both), terminal (its own 16 colours), contrast, or plain (no colours).\n\
                auto: dark or light where the terminal tells its background (COLORFGBG), else neutral.",
        default: "\"auto\"",
        read: |reader, config, value| {
            let mut known = vec![("auto", None)];
            known.extend(theme::ALL.map(|named| (Named::name(named), Some(named))));
            config.theme = reader.word(value, &known).flatten();
        },
    },
    Setting {
        name: "colour",
        about: "How many colours there are: none, 16, 256 or true.\n\
                auto: as NO_COLOR, COLORTERM and TERM tell. (sudo does not pass NO_COLOR and COLORFGBG on.)",
        default: "\"auto\"",
        read: |reader, config, value| {
            let mut known = vec![("auto", None)];
            known.extend(Depth::ALL.map(|(depth, name)| (name, Some(depth))));
            config.colour = reader.word(value, &known).flatten();
        },
    },
    Setting {
        name: "ascii",
        about: "Whether to draw with ASCII alone: true or false.\n\
                auto: where LC_ALL, LC_CTYPE or LANG, whichever holds, names no UTF-8.",
        default: "\"auto\"",
        read: |reader, config, value| {
            let known = [("auto", None), ("true", Some(true)), ("false", Some(false))];
            config.ascii = reader.word(value, &known).flatten();
        },
    },
];

/// Every table.
pub(super) static TABLES: [Table; 3] = [
    Table { name: "filters", read: filters },
    Table { name: "colours", read: colours },
    Table { name: "keys", read: keys },
];

fn columns(reader: &mut Reader<'_>, config: &mut Config, value: &Value<'_>) {
    let DeValue::Array(entries) = value.get_ref() else {
        let written = called(value.get_ref());
        return reader.wrong(value.span().start, format!("expected a list of columns, not {written}"));
    };
    let before = reader.problems();
    let mut names: Vec<&str> = Vec::new();
    for entry in entries {
        let Some(name) = reader.string(entry, "a column's name") else { continue };
        if Column::named(name).is_none() {
            reader.unknown(entry.span().start, "column", name, Column::ALL.into_iter().map(Column::name));
        } else if names.contains(&name) {
            reader.wrong(entry.span().start, format!("the column `{name}` is there already"));
        } else {
            names.push(name);
        }
    }
    match Columns::named(names) {
        Ok(columns) => config.columns = columns,
        Err(error) if reader.problems() == before => reader.wrong(value.span().start, error.to_string()),
        Err(_) => {}
    }
}

fn filters(reader: &mut Reader<'_>, config: &mut Config, entries: &DeTable<'_>) {
    let mut saved = Vec::new();
    for (key, value) in entries {
        let name: &str = key.get_ref();
        if !is_name(name) {
            reader.wrong(key.span().start, "a filter's name is made of letters, digits, - and _");
        }
        let Some(text) = reader.string(value, "a filter, as a text") else { continue };
        match Filter::parse(text) {
            Ok(filter) => {
                let text = Text::from(text.trim()).to_string();
                saved.push((key.span().start, Saved { name: name.to_owned(), text, filter }));
            }
            Err(error) => {
                let at = text.char_indices().nth(error.column - 1).map_or(text.len(), |(at, _)| at);
                let at = reader.inside(value.span(), text, at);
                let message = if at == value.span().start { error.to_string() } else { error.message };
                reader.wrong(at, message);
            }
        }
    }
    saved.sort_by_key(|(at, _)| *at);
    config.filters = saved.into_iter().map(|(_, saved)| saved).collect();
}

/// The names in the table of colours that are no role.
pub(super) const BACKGROUND: &str = "background";
/// As above: the hues of groups.
pub(super) const GROUPS: &str = "groups";
/// How many hues groups may have.
const HUES: usize = 32;

fn colours(reader: &mut Reader<'_>, config: &mut Config, entries: &DeTable<'_>) {
    for (key, value) in entries {
        let name: &str = key.get_ref();
        if name == BACKGROUND {
            config.background = colour(reader, value);
        } else if name == GROUPS {
            match value.get_ref() {
                DeValue::Array(hues) if hues.len() <= HUES => {
                    config.groups = Some(hues.iter().filter_map(|hue| colour(reader, hue)).collect());
                }
                DeValue::Array(_) => {
                    reader.wrong(value.span().start, format!("expected at most {HUES} colours"));
                }
                other => {
                    reader.wrong(
                        value.span().start,
                        format!("expected a list of colours, not {}", called(other)),
                    );
                }
            }
        } else if let Some(role) = ROLES.iter().find(|role| role.name == name) {
            let Some(words) = reader.string(value, "a look, as a text like \"bold red\"") else { continue };
            match theme::style(words) {
                Ok(style) => config.looks.push((role.name, style)),
                Err((at, word)) => {
                    let at = reader.inside(value.span(), words, at);
                    if word.is_empty() {
                        reader.wrong(at, "a colour is missing after `on`");
                    } else {
                        reader.unknown(at, "colour", word, theme::words());
                    }
                }
            }
        } else {
            let roles = ROLES.iter().map(|role| role.name);
            reader.unknown(key.span().start, "look", name, roles.chain([BACKGROUND, GROUPS]));
        }
    }
}

fn colour(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<ratatui::style::Color> {
    let word = match value.get_ref() {
        DeValue::Integer(number) => number.to_string(),
        _ => reader.string(value, "a colour, as a text like \"#ff8a80\"")?.to_owned(),
    };
    let colour = theme::colour(&word);
    if colour.is_none() {
        reader.unknown(value.span().start, "colour", &word, theme::words());
    }
    colour
}

/// How many keys an action may have.
const KEYS: usize = 16;

fn keys(reader: &mut Reader<'_>, config: &mut Config, entries: &DeTable<'_>) {
    // With each change where it and each of its keys stand.
    let mut changes: Vec<(Change, usize, Vec<usize>)> = Vec::new();
    let before = reader.problems();
    for (entry, value) in entries {
        let name: &str = entry.get_ref();
        let Some(action) = named(name) else {
            let known: Vec<&str> = actions().into_iter().map(Action::name).collect();
            reader.unknown(entry.span().start, "action", name, known.into_iter());
            continue;
        };
        let words: Vec<&Value<'_>> = match value.get_ref() {
            DeValue::Array(words) if words.len() <= KEYS => words.iter().collect(),
            DeValue::Array(_) => {
                reader.wrong(value.span().start, format!("expected at most {KEYS} keys"));
                continue;
            }
            _ => vec![value],
        };
        let mut change = Change { action, keys: Vec::new() };
        let mut places = Vec::new();
        for word in words {
            let Some(text) = reader.string(word, "a key, or a list of keys, as a text like \"ctrl-l\"")
            else {
                continue;
            };
            match Key::parse(text) {
                Ok(key) => {
                    change.keys.push(key);
                    places.push(word.span().start);
                }
                Err(error) => reader.wrong(word.span().start, error.to_string()),
            }
        }
        changes.push((change, entry.span().start, places));
    }
    if reader.problems() > before {
        // What is missing may be what the others rely on.
        return;
    }
    changes.sort_by_key(|(_, at, _)| *at);
    let wanted: Vec<Change> = changes.iter().map(|(change, ..)| change.clone()).collect();
    match Keymap::changed(&wanted) {
        Ok(keymap) => config.keymap = keymap,
        Err(conflicts) => {
            for conflict in conflicts {
                let Some((_, entry, places)) = changes.get(conflict.change) else { continue };
                let at = conflict.key.and_then(|key| places.get(key)).unwrap_or(entry);
                reader.wrong(*at, conflict.message);
            }
        }
    }
}
