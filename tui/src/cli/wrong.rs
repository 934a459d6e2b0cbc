//! What is wrong with a command line, in one line.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use scopetop_tracker::text::Text;

/// Reduces clap's paragraph to what was wrong, what may have been meant, and where to read on.
pub(super) fn one_line(error: &clap::Error) -> String {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        Some(ContextValue::Strings(words)) if !words.is_empty() => Some(words.join(", ")),
        _ => None,
    };
    // Clap names an option with its value ("--tick <MILLISECONDS>"); the option alone is what was typed.
    let option = |text: &str| text.split(' ').next().unwrap_or(text).to_owned();
    let line = match error.kind() {
        // What our own parsers say is complete.
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            match (word(ContextKind::InvalidArg), reason) {
                (Some(argument), Some(reason)) => Some(format!("{}: {reason}", option(&argument))),
                _ => None,
            }
        }
        ErrorKind::InvalidValue => match (word(ContextKind::InvalidArg), word(ContextKind::InvalidValue)) {
            (Some(argument), Some(value)) => {
                let said = if value.is_empty() {
                    "needs a value".to_owned()
                } else {
                    format!("unknown value '{value}'")
                };
                let known =
                    word(ContextKind::ValidValue).map(|values| format!(", expected one of: {values}"));
                Some(format!("{}: {said}{}", option(&argument), known.unwrap_or_default()))
            }
            _ => None,
        },
        ErrorKind::UnknownArgument => word(ContextKind::InvalidArg).map(|argument| {
            let meant =
                word(ContextKind::SuggestedArg).map(|meant| format!(", did you mean '{}'?", option(&meant)));
            format!("unknown argument '{argument}'{}", meant.unwrap_or_default())
        }),
        ErrorKind::InvalidSubcommand => word(ContextKind::InvalidSubcommand).map(|command| {
            let meant =
                word(ContextKind::SuggestedSubcommand).map(|meant| format!(", did you mean '{meant}'?"));
            format!("unknown command '{command}'{}", meant.unwrap_or_default())
        }),
        ErrorKind::MissingRequiredArgument => {
            word(ContextKind::InvalidArg).map(|argument| format!("{argument} is missing"))
        }
        ErrorKind::ArgumentConflict => word(ContextKind::InvalidArg)
            .map(|argument| format!("{}: given more than once", option(&argument))),
        _ => None,
    };
    let line = line.unwrap_or_else(|| {
        let rendered = error.render().to_string();
        rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    });
    // What was typed is shown again; it may hold anything.
    format!("{} (see 'scopetop --help')", Text::from(line.as_str()))
}
