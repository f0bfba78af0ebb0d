//! Tables for people: a header and rows, two spaces between columns, one line a row whatever the width, unless a
//! column's text must be there in full.
//!
//! comfy-table alone would break ids over lines on a narrow terminal, so cells are escaped and shortened first and
//! each column gets a fixed width. A listing that comes row by row is measured [`SAMPLE`] rows at a time, so that a long
//! one starts at once and is never held in memory. A name that is wider later is shortened; for a number, an id or an
//! instant that is wider the columns are fitted anew, below another header.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, Table, Width};

use super::colour::{Palette, Tone};
use super::fit::{Column, GAP, Room, fit, is_too_narrow, places, shorten, wrap};
use crate::domain::text::escape;

/// So many rows are laid out at a time, and of a listing that is not measured whole no more are held.
const SAMPLE: usize = 1_000;

/// A cell: one line of escaped text and what it says.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell of text from anywhere, which is escaped.
    #[must_use]
    pub fn new(text: &str, tone: Tone) -> Self {
        Self { text: escape(text).into_owned(), tone }
    }

    /// A cell of text that says nothing beyond itself.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Where and how a table appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The places of a terminal line.
    pub width: u16,
    /// Its colours.
    pub palette: Palette,
}

/// A table being written.
pub(super) struct TableWriter {
    columns: &'static [Column],
    look: Look,
    waiting: Vec<Vec<Cell>>,
    /// The widest cell of each column, of the rows measured so far.
    natural: Vec<usize>,
    /// So many rows are measured together.
    sample: usize,
    widths: Option<Vec<Option<usize>>>,
}

impl TableWriter {
    pub(super) fn new(columns: &'static [Column], look: Look) -> Self {
        let natural = columns.iter().map(|column| column.title.len()).collect();
        Self { columns, look, waiting: Vec::new(), natural, sample: SAMPLE, widths: None }
    }

    /// Measures all rows before any is written.
    pub(super) fn measured_whole(self) -> Self {
        Self { sample: usize::MAX, ..self }
    }

    /// Takes a row; writes when enough of them wait.
    pub(super) fn row(&mut self, out: &mut dyn Write, cells: Vec<Cell>) -> io::Result<()> {
        self.waiting.push(cells);
        if self.waiting.len() >= self.sample { self.flush(out) } else { Ok(()) }
    }

    /// Writes the rows that wait; without any row there is no header either.
    pub(super) fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.waiting);
        for row in &rows {
            widen(&mut self.natural, row);
        }
        let widths = match self.widths.take() {
            Some(widths) if !self.are_outgrown(&widths) => widths,
            before => {
                let more_may_come = before.is_some() || rows.len() >= self.sample;
                let widths = self.fitted_widths(more_may_come);
                self.lay_out(out, vec![header(self.columns)], &widths)?;
                widths
            }
        };
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            self.lay_out(out, rows.by_ref().take(SAMPLE).collect(), &widths)?;
        }
        self.widths = Some(widths);
        Ok(())
    }

    /// Whether these widths are too narrow for what came since they were fitted.
    fn are_outgrown(&self, widths: &[Option<usize>]) -> bool {
        let mut columns = self.columns.iter().zip(&self.natural).zip(widths);
        columns.any(|((column, natural), width)| {
            width.is_some_and(|width| is_too_narrow(column, *natural, width))
        })
    }

    fn fitted_widths(&self, more_may_come: bool) -> Vec<Option<usize>> {
        let all = usize::from(self.look.width);
        let mut widths = fit(self.columns, &self.natural, all);
        if more_may_come {
            spare_for_names(self.columns, &mut widths, all);
        }
        widths
    }

    fn lay_out(&self, out: &mut dyn Write, rows: Vec<Vec<Cell>>, widths: &[Option<usize>]) -> io::Result<()> {
        let shown: Vec<usize> = widths.iter().flatten().copied().collect();
        let rows: Vec<Vec<Cell>> = rows.into_iter().flat_map(|row| self.fitted(row, widths)).collect();
        let mut table = Table::new();
        table.load_style(NOTHING);
        for row in &rows {
            table.add_row(row.iter().map(|cell| comfy_table::Cell::new(&cell.text)).collect::<Vec<_>>());
        }
        for (column, width) in table.column_iter_mut().zip(&shown) {
            let width = u16::try_from(*width + GAP).unwrap_or(u16::MAX);
            column.set_padding((0, 2)).set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        let mut text = String::with_capacity(rows.len() * (usize::from(self.look.width) + 16));
        for (line, row) in table.lines().zip(&rows) {
            push_painted(&mut text, &line, row, &shown, self.look.palette);
            text.push('\n');
        }
        out.write_all(text.as_bytes())
    }

    /// The lines of a row, each with a cell for every column shown.
    fn fitted(&self, row: Vec<Cell>, widths: &[Option<usize>]) -> Vec<Vec<Cell>> {
        let mut first = Vec::new();
        let mut below: Vec<(usize, Cell)> = Vec::new();
        for ((mut cell, column), width) in row.into_iter().zip(self.columns).zip(widths) {
            let Some(width) = *width else { continue };
            match column.room {
                Room::Whole => {}
                Room::AtLeast(_) => shorten(&mut cell.text, width),
                Room::Wrapped(_) => {
                    let mut lines = wrap(&cell.text, width).into_iter();
                    let tone = cell.tone;
                    cell.text = lines.next().unwrap_or_default();
                    below.extend(lines.map(|text| (first.len(), Cell { text, tone })));
                }
            }
            first.push(cell);
        }
        let shown = first.len();
        let others = below.into_iter().map(|(place, cell)| {
            let mut line = vec![Cell::plain(""); shown];
            line[place] = cell;
            line
        });
        std::iter::once(first).chain(others).collect()
    }
}

fn header(columns: &[Column]) -> Vec<Cell> {
    columns.iter().map(|column| Cell::new(column.title, Tone::Strong)).collect()
}

fn widen(natural: &mut [usize], row: &[Cell]) {
    for (natural, cell) in natural.iter_mut().zip(row) {
        *natural = places(&cell.text).max(*natural);
    }
}

/// Gives what is left of a line to the first column that may be shortened: more rows come, and a name among them that is
/// longer than those so far is copied into the next command.
fn spare_for_names(columns: &[Column], widths: &mut [Option<usize>], all: usize) {
    let shown = widths.iter().flatten();
    let used: usize = shown.map(|width| width + GAP).sum::<usize>().saturating_sub(GAP);
    let may_be_short = |column: &&Column| matches!(column.room, Room::AtLeast(_));
    let named = columns.iter().zip(widths).find(|(column, width)| may_be_short(column) && width.is_some());
    if let Some((_, Some(width))) = named {
        *width += all.saturating_sub(used);
    }
}

/// Appends a laid-out line without the space at its end, its cells in the colours of their tones.
///
/// comfy-table measures colour codes as text, so they come in afterwards: each cell begins where the ones before
/// it, padded to their columns, end.
fn push_painted(out: &mut String, line: &str, row: &[Cell], widths: &[usize], palette: Palette) {
    let line = line.trim_end();
    let mut at = 0;
    for (cell, width) in row.iter().zip(widths) {
        let end = at + cell.text.len();
        match line.get(at..end) {
            Some(text) => out.push_str(&palette.paint(cell.tone, text)),
            None => return,
        }
        let padded = end + width.saturating_sub(places(&cell.text)) + GAP;
        out.push_str(line.get(end..padded.min(line.len())).unwrap_or_default());
        at = padded;
    }
}

/// Writes a whole table.
///
/// # Errors
/// Those of `out`.
pub fn write_table(
    out: &mut dyn Write,
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
    look: Look,
) -> io::Result<()> {
    let mut table = TableWriter::new(columns, look);
    for row in rows {
        table.row(out, row)?;
    }
    table.flush(out)
}
