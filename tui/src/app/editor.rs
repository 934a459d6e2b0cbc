//! A line of text that is being typed.

use scopetop_tracker::text::Text;

use crate::input::Edit;

/// The longest line in bytes, more or less: what is pasted by mistake must not hold the program up.
const LONGEST: usize = 4096;

/// A line and its cursor. What is in it is safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// In bytes, at the boundary of a character.
    cursor: usize,
}

impl Editor {
    /// A line that holds a text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        let text = Text::from(text).as_str().to_owned();
        Self { cursor: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor and from it on.
    pub fn split(&self) -> (&str, &str) {
        self.text.split_at(self.cursor)
    }

    /// Puts text in at the cursor: its first line, made safe, as far as there is room.
    pub fn insert(&mut self, text: &str) {
        let free = LONGEST.saturating_sub(self.text.len());
        let line = text.lines().next().unwrap_or_default();
        let line = &line[..line.floor_char_boundary(free)];
        let safe = Text::from(line);
        self.text.insert_str(self.cursor, &safe);
        self.cursor += safe.len();
    }

    /// Does what a key asked for; taking and forgetting the text is not for the line to do.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Accept | Edit::Cancel => {}
            Edit::Left => self.cursor = self.before(),
            Edit::Right => self.cursor = self.after(),
            Edit::Home => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::Backspace => self.delete_from(self.before()),
            Edit::Delete => {
                let end = self.after();
                self.text.replace_range(self.cursor..end, "");
            }
            Edit::DeleteToStart => self.delete_from(0),
            Edit::DeleteWord => {
                let before = self.text[..self.cursor].trim_end();
                let start = before.rfind(char::is_whitespace).map_or(0, |space| {
                    // A space may be wider than one byte.
                    space + before[space..].chars().next().map_or(0, char::len_utf8)
                });
                self.delete_from(start);
            }
        }
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(place, _)| place)
    }

    fn after(&self) -> usize {
        self.cursor + self.text[self.cursor..].chars().next().map_or(0, char::len_utf8)
    }

    fn delete_from(&mut self, start: usize) {
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, edits: &[Edit]) -> (String, String) {
        let mut editor = Editor::new(text);
        for edit in edits {
            editor.edit(*edit);
        }
        let (before, rest) = editor.split();
        (before.to_owned(), rest.to_owned())
    }

    fn halves(before: &str, rest: &str) -> (String, String) {
        (before.to_owned(), rest.to_owned())
    }

    #[test]
    fn the_cursor_moves_by_characters_and_stops_at_the_ends() {
        assert_eq!(after("añb", &[Edit::Left, Edit::Left]), halves("a", "ñb"));
        assert_eq!(after("añb", &[Edit::Home, Edit::Left, Edit::Right, Edit::Right]), halves("añ", "b"));
        assert_eq!(after("añb", &[Edit::Home, Edit::End, Edit::Right]), halves("añb", ""));
    }

    #[test]
    fn deletes_characters_words_and_everything_before() {
        assert_eq!(after("aé", &[Edit::Backspace]), halves("a", ""));
        assert_eq!(after("aé", &[Edit::Left, Edit::Delete, Edit::Delete]), halves("a", ""));
        assert_eq!(after("port=443 and  ", &[Edit::DeleteWord]), halves("port=443 ", ""));
        assert_eq!(after("a\u{3000}b", &[Edit::DeleteWord]), halves("a\u{3000}", ""));
        assert_eq!(after("one two", &[Edit::Left, Edit::DeleteToStart]), halves("", "o"));
        assert_eq!(after("", &[Edit::Backspace, Edit::DeleteWord, Edit::Delete]), halves("", ""));
    }

    #[test]
    fn what_is_pasted_is_one_safe_line_at_the_cursor() {
        let mut editor = Editor::new("port=");
        editor.edit(Edit::Home);
        editor.insert("a\u{1b}[2J\r\nsecond");
        assert_eq!(editor.split(), ("a\\x1b[2J", "port="));
    }

    #[test]
    fn a_paste_that_never_ends_is_cut() {
        let mut editor = Editor::default();
        editor.insert(&"日(".repeat(1_000_000));
        assert!(editor.text().len() <= LONGEST && editor.text().len() > LONGEST - 4);
        editor.insert("more");
        editor.insert("more");
        assert!(editor.text().len() <= LONGEST);
    }
}
