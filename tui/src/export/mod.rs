//! Taking along what is on the screen: as data, as a drawing for other programs, as a picture, as a line of text.

pub mod clipboard;
pub mod diagram;
pub mod dot;
pub mod file;
mod line;
pub mod mermaid;
pub mod svg;

use std::io;

use ratatui::buffer::Buffer;
use scopetop_tracker::topology::Topology;

pub use line::line;

use crate::output::picture::Picture;
use crate::output::snapshot_json;
use crate::view::{Look, View};
use diagram::Diagram;

/// As what the screen is taken along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What is shown, with all that is known of it: the object that `snapshot --format json` prints.
    Json,
    /// For Graphviz.
    Dot,
    /// For Mermaid.
    Mermaid,
    /// The screen as a picture.
    Svg,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Json, Self::Dot, Self::Mermaid, Self::Svg];

    /// The letter that chooses it.
    pub const fn key(self) -> char {
        match self {
            Self::Json => 'j',
            Self::Dot => 'd',
            Self::Mermaid => 'm',
            Self::Svg => 's',
        }
    }

    /// Its name and what it is for.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Json => "JSON, all that is known of what is shown",
            Self::Dot => "DOT, for Graphviz",
            Self::Mermaid => "Mermaid, for Markdown",
            Self::Svg => "SVG, this screen as a picture",
        }
    }

    /// How the names of its files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Dot => "dot",
            Self::Mermaid => "mmd",
            Self::Svg => "svg",
        }
    }
}

/// What is on the screen in a format: the view, as it was made of the topology by that look; for a picture the screen
/// itself.
pub fn document(
    format: Format,
    topology: &Topology,
    view: &View,
    look: Look<'_>,
    screen: &Buffer,
) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match format {
        Format::Json => snapshot_json::write(&mut out, &Picture::shown(topology, view, look))?,
        Format::Dot => dot::write(&mut out, &Diagram::of(view))?,
        Format::Mermaid => mermaid::write(&mut out, &Diagram::of(view))?,
        Format::Svg => out = svg::picture(screen, &title(view)).into_bytes(),
    }
    Ok(out)
}

/// What a picture of a view is called.
pub fn title(view: &View) -> String {
    match &view.host {
        Some(host) => format!("scopetop: who talks to whom on {}, {}", host.name, host.at.to_rfc3339()),
        None => String::from("scopetop"),
    }
}
