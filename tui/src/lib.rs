//! The terminal's side of scopetop: command line, screen, export.

pub mod graph;
pub mod theme;
pub mod view;
