//! Whole outputs: the same keys in every format and at every width.

use super::fit::places;
use super::view::{CheckOutcome, CheckView, ExposedSecret};
use super::*;
use crate::domain::event::{Action, Actor, Event, FieldChange};
use crate::domain::key::{Key, KeyId, LastUse, Revocation, RevokeReason};
use crate::domain::name::{Name, Note};
use crate::domain::samples;
use crate::domain::secret::{Brand, SecretId};
use crate::registry::RecordedEvent;

fn now() -> Instant {
    Instant::from_seconds(samples::NOW)
}

fn written(format: Format, width: u16, write: impl FnOnce(&mut Out<'_>) -> io::Result<()>) -> String {
    written_in(format, width, Palette::Plain, write)
}

fn written_in(
    format: Format,
    width: u16,
    palette: Palette,
    write: impl FnOnce(&mut Out<'_>) -> io::Result<()>,
) -> String {
    let mut stream = Vec::new();
    let mut out = Out { stream: &mut stream, format, width, palette, layout: Layout::Compact, now: now() };
    write(&mut out).unwrap();
    String::from_utf8(stream).unwrap()
}

fn fixed(name: &str, bare: &str) -> Key {
    let mut key = samples::key("x");
    key.name = Name::from_stored(name.to_owned());
    key.id = KeyId::from_bare(bare).unwrap();
    key.secrets[0].id = SecretId::parse(bare).unwrap();
    key
}

/// A plain key, one with wide characters, and one whose name was put into the registry by an attacker.
fn sample_keys() -> Vec<Key> {
    let plain = fixed("ci", "aaaaaaaaaaaa");
    let mut wide = fixed("支払い🔑サービスの本番用の鍵", "bbbbbbbbbbbb");
    wide.revoked = Some(Revocation { at: now(), reason: RevokeReason::Leaked });
    wide.secrets[0].last_use = Some(LastUse { at: Instant::from_seconds(samples::NOW - 3 * 3600), ip: None });
    let mut hostile = fixed("\u{1b}[2Jx\u{202e}y\nz", "cccccccccccc");
    hostile.note = Some(Note::from_stored("a\tb\\c".to_owned()));
    vec![plain, wide, hostile]
}

fn list(keys: &[Key], out: &mut Out<'_>) -> io::Result<()> {
    let brand = Brand::default();
    let at = out.now;
    let mut list = out.keys();
    for key in keys {
        list.row(&KeyView::of(key, false, &brand, at))?;
    }
    assert_eq!(list.end()?, keys.len());
    Ok(())
}

fn table(width: u16) -> String {
    written(Format::Table, width, |out| list(&sample_keys(), out))
}
