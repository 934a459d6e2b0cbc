//! What is wrong with a configuration, and where.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use scopetop_tracker::text::Text;

/// One thing that is wrong, safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what was expected, in one line.
    pub message: String,
}

/// Why a configuration cannot be used. Its `Display` is one line for each thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", name(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is something else than a file.
    #[error("{}: this is a directory, not a file", name(path))]
    Directory {
        /// Where.
        path: PathBuf,
    },
    /// It is too large to have been written by hand.
    #[error("{}: this is no configuration: it has more than {} bytes", name(path), super::file::MOST)]
    Large {
        /// The file.
        path: PathBuf,
    },
    /// It is no text.
    #[error("{}:{line}:{column}: from here on this is no text in UTF-8", name(path))]
    Binary {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// Something in it is wrong.
    #[error("{}", lines(path, problems))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong, in the order of the file.
        problems: Vec<Problem>,
    },
}

fn name(path: &Path) -> Text {
    Text::from(path.to_string_lossy().as_ref())
}

fn lines(path: &Path, problems: &[Problem]) -> String {
    let name = name(path);
    let mut lines = String::new();
    for Problem { line, column, message } in problems {
        let end = if lines.is_empty() { "" } else { "\n" };
        // Writing to a string does not fail.
        let _ = write!(lines, "{end}{name}:{line}:{column}: {message}");
    }
    lines
}
