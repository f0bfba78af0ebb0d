//! What leaves the program: [`Out`] writes results in the format asked for, and nothing else decides that.
//!
//! A table is for a terminal, tab-separated full values for a pipe, and JSON for whoever asks for it: never unasked.
//! Every text that is not JSON is escaped. All errors are those of the stream; a closed pipe is the caller's to name.

mod bar;
mod card;
mod colour;
mod fit;
mod json;
mod limit_rows;
mod list;
mod log_rows;
mod relative;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod tsv;
mod usage_rows;
pub mod view;

use std::io::{self, Write};
use std::str::FromStr;

use serde::Serialize;

pub use bar::Strokes;
pub use colour::{Palette, Tone, colour_wanted};
pub use fit::{Column, Room};
pub use json::{Layout, write_error, write_object};
pub use list::{ListWriter, Record, Shape};
pub use relative::{date, relative};
pub use table::{Cell, Look, write_table};
pub use tsv::Line;

pub use crate::domain::text::escape;
use crate::domain::time::Instant;
use view::{CheckView, DecisionView, EventView, KeyView, LimitView, PartyView, ScopeView, UsageView};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    Table,
    /// Tab-separated full values.
    Tsv,
    /// An object for one thing, an array for a list.
    Json,
    /// One object a line.
    Jsonl,
}

impl Format {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 4] = [Self::Table, Self::Tsv, Self::Json, Self::Jsonl];

    /// What was asked for; else a table on a terminal and tab-separated values in a pipe.
    #[must_use]
    pub fn choose(asked: Option<Self>, is_terminal: bool) -> Self {
        asked.unwrap_or(if is_terminal { Self::Table } else { Self::Tsv })
    }

    /// The word on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Tsv => "tsv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }

    /// Whether errors are JSON as well.
    #[must_use]
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

/// Not one of the formats.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a format: table, tsv, json or jsonl")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.code() == text)
            .ok_or_else(|| UnknownFormat(escape(&text.chars().take(40).collect::<String>()).into_owned()))
    }
}

/// Where results go, and how they look there.
pub struct Out<'a> {
    /// stdout, or what stands for it.
    pub stream: &'a mut dyn Write,
    /// In which format.
    pub format: Format,
    /// The places of a terminal line.
    pub width: u16,
    /// Its colours.
    pub palette: Palette,
    /// How one JSON object is laid out: pretty on a terminal.
    pub layout: Layout,
    /// The instant that `in 89 days` is seen from.
    pub now: Instant,
}

impl<'a> Out<'a> {
    /// Begins a listing of keys: rows are [`KeyView`]s.
    pub fn keys(&mut self) -> ListWriter<'_, 'a> {
        ListWriter::begin(self, KeyView::SHAPE)
    }

    /// Begins a listing of events: rows are [`EventView`]s.
    pub fn events(&mut self) -> ListWriter<'_, 'a> {
        ListWriter::begin(self, EventView::SHAPE)
    }

    /// Begins a listing of owners or projects: rows are [`PartyView`]s.
    pub fn parties(&mut self) -> ListWriter<'_, 'a> {
        ListWriter::begin(self, PartyView::SHAPE)
    }

    /// Begins a listing of the scope catalogue: rows are [`ScopeView`]s.
    pub fn scopes(&mut self) -> ListWriter<'_, 'a> {
        ListWriter::begin(self, ScopeView::SHAPE)
    }

    /// Begins a listing of limits: rows are [`LimitView`]s.
    pub fn limits(&mut self) -> ListWriter<'_, 'a> {
        ListWriter::begin(self, LimitView::SHAPE).measured_whole()
    }

    /// Begins a listing of summed requests: rows are [`UsageView`]s.
    pub fn usage(&mut self) -> ListWriter<'_, 'a> {
        ListWriter::begin(self, UsageView::SHAPE).measured_whole()
    }

    /// Writes one key: a card, a header with one line, or an object.
    ///
    /// # Errors
    /// Those of the stream, here and below.
    pub fn key_card(&mut self, key: &KeyView<'_>) -> io::Result<()> {
        let look = self.look();
        match self.format {
            Format::Table => card::write_key(self.stream, key, look, self.now)?,
            Format::Tsv => self.single(key)?,
            Format::Json | Format::Jsonl => self.object(key)?,
        }
        self.stream.flush()
    }

    /// Writes a decision, and below an empty line its checks, if it carries them.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn decision(&mut self, decision: &DecisionView<'_>) -> io::Result<()> {
        if self.format.is_json() {
            self.object(decision)?;
            return self.stream.flush();
        }
        self.single(decision)?;
        let Some(checks) = &decision.checks else { return Ok(()) };
        self.stream.write_all(b"\n")?;
        let mut list = ListWriter::begin(self, CheckView::SHAPE);
        for check in checks {
            list.row(check)?;
        }
        list.end().map(drop)
    }

    /// Writes one object as JSON whatever the format; commands without a table of their own use it for `--json`.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn object(&mut self, value: &impl Serialize) -> io::Result<()> {
        let layout = if self.format == Format::Jsonl { Layout::Compact } else { self.layout };
        write_object(self.stream, value, layout)
    }

    /// Writes one line for people, escaped.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(escape(text).as_bytes())?;
        self.stream.write_all(b"\n")
    }

    /// How tables look here.
    #[must_use]
    pub fn look(&self) -> Look {
        Look { width: self.width, palette: self.palette }
    }

    fn single<R: Record>(&mut self, record: &R) -> io::Result<()> {
        let mut list = ListWriter::begin(self, R::SHAPE);
        list.row(record)?;
        list.end().map(drop)
    }
}
