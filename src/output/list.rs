//! A listing in any format, written as it comes: [`ListWriter`] holds a page of it, never the whole.

use std::io;

use serde::Serialize;

use super::fit::Column;
use super::table::{Cell, TableWriter};
use super::tsv::Line;
use super::{Format, Out, json, tsv};
use crate::domain::time::Instant;

/// How much is written at a time.
const PAGE: usize = 64 * 1024;

/// What is the same for every record of a listing.
#[derive(Debug)]
pub struct Shape {
    /// The fields of tab-separated output.
    pub fields: &'static [&'static str],
    /// The columns of a table.
    pub columns: &'static [Column],
}

/// Something that is listed. `Serialize` is its JSON.
pub trait Record: Serialize {
    /// Its fields and columns.
    const SHAPE: &'static Shape;

    /// Writes its full values in the order of the fields.
    fn fill(&self, line: &mut Line<'_>);

    /// Its cells in the order of the columns.
    fn cells(&self, now: Instant) -> Vec<Cell>;
}

/// A listing being written.
pub struct ListWriter<'o, 'a> {
    out: &'o mut Out<'a>,
    text: Vec<u8>,
    table: TableWriter,
    count: usize,
}

impl<'o, 'a> ListWriter<'o, 'a> {
    /// Begins a listing of records of this shape.
    pub fn begin(out: &'o mut Out<'a>, shape: &'static Shape) -> Self {
        let mut text = Vec::new();
        if out.format == Format::Tsv {
            tsv::push_header(&mut text, shape.fields);
        }
        let table = TableWriter::new(shape.columns, out.look());
        Self { out, text, table, count: 0 }
    }

    /// The same for records that are all in memory before the first is written: a table is measured whole.
    pub(super) fn measured_whole(self) -> Self {
        Self { table: self.table.measured_whole(), ..self }
    }

    /// Writes one record; all of a listing have the shape it began with.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn row<R: Record>(&mut self, record: &R) -> io::Result<()> {
        match self.out.format {
            Format::Table => self.table.row(self.out.stream, record.cells(self.out.now))?,
            Format::Tsv => {
                let mut line = Line::new(&mut self.text);
                record.fill(&mut line);
                line.end();
            }
            Format::Json => json::push_item(&mut self.text, record, self.count == 0)?,
            Format::Jsonl => json::push_line(&mut self.text, record)?,
        }
        self.count += 1;
        if self.text.len() >= PAGE { self.write_page() } else { Ok(()) }
    }

    /// Ends the listing and says how many records it had.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn end(mut self) -> io::Result<usize> {
        if self.out.format == Format::Json {
            json::push_end(&mut self.text, self.count == 0);
        }
        self.table.flush(self.out.stream)?;
        self.write_page()?;
        self.out.stream.flush()?;
        Ok(self.count)
    }

    fn write_page(&mut self) -> io::Result<()> {
        self.out.stream.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }
}
