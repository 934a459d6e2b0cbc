//! The terminal's side of scopetop: command line, screen, export.
