//! The bars in which a filter or a search text is typed.

use scopetop_tracker::filter::ParseError;

use super::{App, Editor};
use crate::config::{self, Saved};
use crate::input::Edit;
use crate::view::{ActiveFilter, Selection};

/// A text that is being typed.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The line.
    pub editor: Editor,
    /// What it is for.
    pub kind: PromptKind,
}

/// What is being typed.
#[derive(Clone, Debug)]
pub enum PromptKind {
    /// A filter: what is wrong with it, if anything.
    Filter(Option<ParseError>),
    /// A search text: what to go back to when it is given up.
    Search {
        /// The text that was searched before.
        text: String,
        /// What was selected before.
        selection: Option<Selection>,
    },
}

impl Prompt {
    pub(super) fn filter(text: &str, saved: &[Saved]) -> Self {
        Self { editor: Editor::new(text), kind: PromptKind::Filter(parse(text, saved).err()) }
    }

    pub(super) fn search(text: &str, selection: Option<Selection>) -> Self {
        Self { editor: Editor::default(), kind: PromptKind::Search { text: text.to_owned(), selection } }
    }
}

impl App {
    /// Puts typed or pasted text in, where text is being typed.
    pub fn type_text(&mut self, text: &str) {
        if let Some(prompt) = &mut self.prompt {
            prompt.editor.insert(text);
            self.text_changed();
        }
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Accept => self.accept(),
            Edit::Cancel => self.cancel(),
            _ => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.editor.edit(edit);
                    self.text_changed();
                }
            }
        }
    }

    fn text_changed(&mut self) {
        let Some(prompt) = &mut self.prompt else { return };
        let text = prompt.editor.text().to_owned();
        match &mut prompt.kind {
            PromptKind::Filter(error) => *error = parse(&text, &self.saved).err(),
            PromptKind::Search { selection, .. } => {
                let before = selection.clone();
                self.set_search(&text);
                self.search_from(before);
            }
        }
    }

    fn accept(&mut self) {
        let Some(prompt) = self.prompt.take() else { return };
        if matches!(prompt.kind, PromptKind::Search { .. }) {
            return;
        }
        match parse(prompt.editor.text(), &self.saved) {
            Ok(filter) => self.set_filter(filter),
            // The bar stays open, with what is wrong below it.
            Err(error) => self.prompt = Some(Prompt { kind: PromptKind::Filter(Some(error)), ..prompt }),
        }
    }

    fn cancel(&mut self) {
        if let Some(Prompt { kind: PromptKind::Search { text, selection }, .. }) = self.prompt.take() {
            self.set_search(&text);
            self.set_selection(selection);
        }
    }
}

/// The filter that a text means; none where there is no text.
fn parse(text: &str, saved: &[Saved]) -> Result<Option<ActiveFilter>, ParseError> {
    let text = text.trim_end();
    let filter = config::filter(text, saved)?;
    Ok((!filter.is_empty()).then(|| ActiveFilter { text: text.to_owned(), filter }))
}
