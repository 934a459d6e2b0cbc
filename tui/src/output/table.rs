//! A table that is as wide as what is in it.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

/// To which side a column's cells lean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lean {
    Left,
    Right,
}

/// Rows of cells under a heading. Columns without a filled cell are left out.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    columns: [(&'static str, Lean); N],
    rows: Vec<(bool, [String; N])>,
}

impl<const N: usize> Table<N> {
    pub(super) const fn new(columns: [(&'static str, Lean); N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; `faint` ones are grey where colours are shown.
    pub(super) fn push(&mut self, faint: bool, cells: [String; N]) {
        self.rows.push((faint, cells));
    }

    pub(super) fn write(&self, out: &mut impl Write, colour: bool) -> io::Result<()> {
        let mut widths = [0; N];
        for (_, cells) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        for (width, (heading, _)) in widths.iter_mut().zip(&self.columns) {
            if *width > 0 {
                *width = (*width).max(heading.width());
            }
        }
        let mut line = String::new();
        self.line(&mut line, &widths, self.columns.map(|(heading, _)| heading));
        writeln!(out, "{line}")?;
        for (faint, cells) in &self.rows {
            line.clear();
            self.line(&mut line, &widths, cells.each_ref().map(String::as_str));
            if *faint && colour {
                writeln!(out, "\x1b[90m{line}\x1b[0m")?;
            } else {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }

    fn line(&self, line: &mut String, widths: &[usize; N], cells: [&str; N]) {
        for (((_, lean), &width), cell) in self.columns.iter().zip(widths).zip(cells) {
            if width == 0 {
                continue;
            }
            let space = " ".repeat(width.saturating_sub(cell.width()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            match lean {
                Lean::Left => line.extend([cell, &space]),
                Lean::Right => line.extend([space.as_str(), cell]),
            }
        }
        line.truncate(line.trim_end().len());
    }
}
