//! The terminal's side of scopetop: command line, screen, export.

pub mod cli;
pub mod command;
pub mod error;
pub mod output;
