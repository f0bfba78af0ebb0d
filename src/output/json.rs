//! JSON: one object, an array in one pass, or one object a line.

use std::io::{self, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use super::view::{ErrorBody, ErrorView};

/// Bytes that any object with a secret in it fits, so that no copy of it is left behind by growing.
const ROOM_FOR_ONE: usize = 64 * 1024;

/// How one object is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On one line.
    Compact,
    /// Two spaces for each level, for people.
    Pretty,
}

/// Writes one object and a newline. What was written in between leaves memory: it may hold a secret.
///
/// # Errors
/// Those of `out`, and a value that serde refuses.
pub fn write_object(out: &mut dyn Write, value: &impl Serialize, layout: Layout) -> io::Result<()> {
    let mut text = Zeroizing::new(Vec::with_capacity(ROOM_FOR_ONE));
    match layout {
        Layout::Compact => serde_json::to_writer(&mut *text, value)?,
        Layout::Pretty => serde_json::to_writer_pretty(&mut *text, value)?,
    }
    text.push(b'\n');
    out.write_all(&text)
}

/// Writes an error as one line: `{"error":{…}}`.
///
/// # Errors
/// Those of `out`.
pub fn write_error(out: &mut dyn Write, error: &ErrorBody<'_>) -> io::Result<()> {
    write_object(out, &ErrorView { error: error.clone() }, Layout::Compact)
}

/// Appends an array's next item on a line of its own; the caller opens and closes the array.
pub(super) fn push_item(text: &mut Vec<u8>, value: &impl Serialize, first: bool) -> io::Result<()> {
    text.extend_from_slice(if first { b"[\n" } else { b",\n" });
    Ok(serde_json::to_writer(text, value)?)
}

/// Appends the end of an array.
pub(super) fn push_end(text: &mut Vec<u8>, empty: bool) {
    text.extend_from_slice(if empty { b"[]\n" } else { b"\n]\n" });
}

/// Appends one object and a newline.
pub(super) fn push_line(text: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *text, value)?;
    text.push(b'\n');
    Ok(())
}
