//! ASCII in place of every character that we draw, for terminals without UTF-8.

use ratatui::buffer::{Buffer, CellWidth as _};

/// What stands for text from outside that is not ASCII.
const UNKNOWN: char = '?';

/// In place of the box characters, U+2500 to U+257F. Heavy lines stay apart from light ones, and both from dashed ones.
const BOXES: &[u8; 128] = b"\
    -=||..::..::++++++++++++++++++++++++++++++++++++++++++++++++++++\
    ++++++++++++..::=|+++++++++++++++++++++++++++..'`/\\X-|-|=|=|-|-|";

/// In place of the blocks, U+2580 to U+259F: the higher, the darker.
const BLOCKS: &[u8; 32] = b"\"_.-=+*%#####||||.:%\"|..'#%##'%#";

/// In place of braille, by how many dots there are.
const DOTS: &[u8; 9] = b" ..::**##";

/// The character in place of one that we draw; `None` for one that we do not.
pub(super) fn stand_in(character: char) -> Option<char> {
    let of = |table: &[u8], first: u32| {
        let place = u32::from(character).checked_sub(first)?;
        table.get(place as usize).map(|&byte| char::from(byte))
    };
    Some(match character {
        '\u{2500}'..='\u{257f}' => return of(BOXES, 0x2500),
        '\u{2580}'..='\u{259f}' => return of(BLOCKS, 0x2580),
        '\u{2800}'..='\u{28ff}' => {
            return DOTS
                .get((u32::from(character) & 0xff).count_ones() as usize)
                .map(|&byte| char::from(byte));
        }
        '▲' | '△' | '▴' | '↑' | '⇧' | '⇡' => '^',
        '▼' | '▽' | '▾' | '↓' | '⇩' | '⇣' | '✓' | '✔' | '√' => 'v',
        '▶' | '▷' | '▸' | '▹' | '►' | '→' | '⇒' | '⇥' | '⇢' | '»' | '›' | '⏵' | '⟩' | '≥' => {
            '>'
        }
        '◀' | '◁' | '◂' | '◃' | '◄' | '←' | '⇐' | '⇤' | '⇠' | '«' | '‹' | '⏴' | '⟨' | '≤' | '⏎' | '↵'
        | '⌫' => '<',
        '●' | '•' | '◆' | '◉' | '⏺' | '★' | '∞' | '∙' | '⋯' => '*',
        '○' | '◌' | '◦' | '◇' | '◎' | '☆' | '°' => 'o',
        '■' | '▪' | '◼' | '⏹' => '#',
        '□' | '▫' | '◻' | '␣' => '_',
        '✗' | '✘' | '×' | '☓' => 'x',
        '↺' | '↻' | '⟳' | '⟲' => '@',
        '↔' | '−' | '–' | '—' | '‐' | '‑' | '↳' => '-',
        '↕' | '¦' => '|',
        '…' | '≈' | '∼' => '~',
        '·' | '⋅' | '‥' => '.',
        '‖' | '⏸' | '“' | '”' | '″' => '"',
        '‘' | '’' | '′' => '\'',
        '±' => '+',
        'µ' | 'μ' => 'u',
        'Σ' | 'Δ' => 'D',
        '⚠' => '!',
        '∅' => '0',
        _ => return None,
    })
}

/// Puts ASCII in the place of everything else, cell by cell: nothing moves.
pub(super) fn replace(buffer: &mut Buffer) {
    let mut symbol = [0; 4];
    for place in 0..buffer.content.len() {
        let cell = &mut buffer.content[place];
        if cell.symbol().is_ascii() {
            continue;
        }
        let mut characters = cell.symbol().chars();
        let only = characters.next().filter(|_| characters.next().is_none());
        let wide = cell.cell_width() > 1;
        let style = cell.style();
        cell.set_symbol(only.and_then(stand_in).unwrap_or(UNKNOWN).encode_utf8(&mut symbol));
        // The second half of a wide character has been hidden behind it, whatever it looks like.
        if let Some(hidden) = buffer.content.get_mut(place + 1).filter(|_| wide) {
            hidden.set_char(UNKNOWN).set_style(style);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::path::{Path, PathBuf};

    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};
    use unicode_width::UnicodeWidthChar as _;

    use super::*;

    fn replaced(text: &str) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, text, Style::new());
        replace(&mut buffer);
        let cells: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        cells.trim_end().to_owned()
    }

    #[test]
    fn lines_keep_what_they_tell() {
        assert_eq!(replaced("╭ host ─╮"), ". host -.");
        assert_eq!(replaced("╰──━━━▶│┃"), "`--===>||");
        assert_eq!(replaced("─┄┄▶ ┼┿├┤┬┴"), "-..> ++++++");
        assert_eq!(replaced("▁▂▃▄▅▆▇█"), "_.-=+*%#");
        assert_eq!(replaced("⠀⠁⠃⠇⡇⣿"), " ..::#");
        assert_eq!(replaced("✗ 3 … ↺ 180µs −9/s"), "x 3 ~ @ 180us -9/s");
    }

    #[test]
    fn text_from_outside_is_told_to_be_there_and_nothing_moves() {
        assert_eq!(replaced("señor 日本 e\u{301}x|"), "se?or ???? ?x|");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(0, 0, "日", Style::new().bg(Color::Red));
        replace(&mut buffer);
        assert_eq!((buffer[(1, 0)].symbol(), buffer[(1, 0)].bg), ("?", Color::Red));
        assert_eq!(buffer[(2, 0)].symbol(), " ");
    }

    #[test]
    fn what_stands_in_is_ascii_and_as_wide() {
        for character in ('\u{a0}'..='\u{ffff}').filter(|character| stand_in(*character).is_some()) {
            assert!(stand_in(character).is_some_and(|other| other.is_ascii_graphic() || other == ' '));
            assert_eq!(character.width(), Some(1), "{character}");
        }
    }

    /// What a source has before its tests; `None` where something comes after them.
    fn before_tests(source: &str) -> Option<&str> {
        const TESTS: &str = "#[cfg(test)]\nmod ";
        let Some(at) = source.find(TESTS) else { return Some(source) };
        let (code, mut rest) = source.split_at(at);
        while let Some(tests) = rest.strip_prefix(TESTS) {
            let (name, after) = tests.split_once('\n')?;
            rest = if name.ends_with(';') { after } else { after.split_once("\n}\n")?.1 }.trim_start();
        }
        rest.is_empty().then_some(code)
    }

    #[test]
    fn no_code_hides_behind_tests() {
        let code = "fn a() {}\n\n";
        for tests in ["", "#[cfg(test)]\nmod b;\n", "#[cfg(test)]\nmod b;\n#[cfg(test)]\nmod c {\n    x\n}\n"]
        {
            let source = format!("{code}{tests}");
            assert_eq!(before_tests(&source), Some(code), "{tests}");
            if !tests.is_empty() {
                assert_eq!(before_tests(&format!("{source}\nmod d;\n")), None, "{tests}");
            }
        }
    }

    /// The characters of our own sources that reach the screen: all but those of comments and tests.
    #[test]
    fn every_character_that_we_draw_has_one_that_stands_in() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut files: Vec<PathBuf> = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let name = entry.file_name().unwrap().to_string_lossy().into_owned();
                if name.contains("tests") || name.contains("fixture") || entry.ends_with("theme/ascii.rs") {
                    continue;
                }
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|extension| extension == "rs") {
                    files.push(entry);
                }
            }
        }
        assert!(files.len() > 30, "{files:?}");
        let mut drawn = 0;
        for file in files {
            let source = std::fs::read_to_string(&file).unwrap();
            let code = before_tests(&source)
                .unwrap_or_else(|| panic!("{}: code follows tests, which are left out", file.display()));
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for character in line.chars().filter(|character| !character.is_ascii()) {
                    assert!(stand_in(character).is_some(), "{character} of {}", file.display());
                    drawn += 1;
                }
            }
        }
        assert!(drawn > 100, "{drawn}");
    }
}
