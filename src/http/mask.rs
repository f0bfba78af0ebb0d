//! Hiding the key wherever the far side echoes it, and making the rest safe for a terminal.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::domain::{secret, text};

use super::credential::Credential;
use super::readings::{Token, each_reading};

/// What stands in place of the key.
pub const HIDDEN: &str = "[hidden]";

/// A run of this many characters of the key is hidden, wherever it starts; shorter pieces may be a coincidence.
const WINDOW: usize = 16;
/// A short key's base64 is looked for only if at least this long: less would hide ordinary words.
const SHORTEST_ENCODED: usize = 6;
/// The body of an issued secret and its check: the part that is not public.
const PRIVATE_TAIL: usize = 49;

/// Knows one key in all the forms in which a server can give it back.
///
/// Found are, in any case of letters and under up to three layers of percent, backslash and entity escapes: the key,
/// any 16 characters of it in a row, its base64 and base64url at each of the three alignments (so inside
/// `user:key` too), and its hexadecimal, in one piece or with spaces. The public part of an issued secret is not hidden. A server that disguises
/// the key in another way (encrypts, reverses) is not stopped.
pub struct Mask {
    windows: HashSet<[u8; WINDOW]>,
    whole: Vec<Zeroizing<Vec<u8>>>,
}

impl Mask {
    /// Prepares to find `credential`.
    #[must_use]
    pub fn new(credential: &Credential) -> Self {
        let key = credential.expose();
        let private =
            if secret::read_parts(key.as_bytes()).is_ok() { &key[key.len() - PRIVATE_TAIL..] } else { key };
        let mut mask = Self { windows: HashSet::new(), whole: Vec::new() };
        mask.look_for(private, 1);
        mask.look_for(&hexadecimal(private), SHORTEST_ENCODED);
        mask.look_for(&STANDARD_NO_PAD.encode(credential.basic_pair().as_bytes()), SHORTEST_ENCODED);
        for alignment in 0..3 {
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let padded = Zeroizing::new([&vec![0_u8; alignment][..], key.as_bytes()].concat());
                let encoded = Zeroizing::new(engine.encode(&*padded));
                mask.look_for(pure_part(&encoded, alignment, padded.len()), SHORTEST_ENCODED);
            }
        }
        mask
    }

    fn look_for(&mut self, needle: &str, shortest: usize) {
        let folded = Zeroizing::new(needle.to_ascii_lowercase().into_bytes());
        if folded.len() >= WINDOW {
            self.windows
                .extend(folded.windows(WINDOW).filter_map(|window| <[u8; WINDOW]>::try_from(window).ok()));
        } else if folded.len() >= shortest {
            self.whole.push(folded);
        }
    }

    /// `bytes` with every echo of the key replaced by [`HIDDEN`].
    #[must_use]
    pub fn hide(&self, bytes: &[u8]) -> Vec<u8> {
        self.hide_before(bytes, bytes.len())
    }

    /// As [`Mask::hide`], of the first `limit` bytes only: what follows is looked at, so that a key across the
    /// limit is found, and then dropped.
    #[must_use]
    pub fn hide_before(&self, bytes: &[u8], limit: usize) -> Vec<u8> {
        let mut is_hidden = vec![false; bytes.len()];
        each_reading(bytes, &mut |tokens| self.mark(tokens, &mut is_hidden));
        let mut out = Vec::with_capacity(bytes.len());
        for (at, &byte) in bytes.iter().enumerate().take(limit) {
            if !is_hidden[at] {
                out.push(byte);
            } else if at == 0 || !is_hidden[at - 1] {
                out.extend_from_slice(HIDDEN.as_bytes());
            }
        }
        out
    }

    fn mark(&self, tokens: &[Token], is_hidden: &mut [bool]) {
        let folded: Vec<u8> = tokens.iter().map(|token| token.byte.to_ascii_lowercase()).collect();
        let mut mark = |first: usize, length: usize| {
            is_hidden[tokens[first].start..tokens[first + length - 1].end].fill(true);
        };
        for (first, window) in folded.windows(WINDOW).enumerate() {
            if self.windows.contains(window) {
                mark(first, WINDOW);
            }
        }
        for needle in &self.whole {
            for (first, window) in folded.windows(needle.len()).enumerate() {
                if window == needle.as_slice() {
                    mark(first, needle.len());
                }
            }
        }
    }

    /// One line for a person: the key hidden, control characters and the like escaped, newlines too.
    #[must_use]
    pub fn line(&self, bytes: &[u8]) -> String {
        self.line_before(bytes, bytes.len())
    }

    /// As [`Mask::line`], of the first `limit` bytes, as [`Mask::hide_before`].
    #[must_use]
    pub fn line_before(&self, bytes: &[u8], limit: usize) -> String {
        text::escape(&String::from_utf8_lossy(&self.hide_before(bytes, limit))).into_owned()
    }

    /// Several lines for a person: as [`Mask::line_before`], but newlines and tabs stay.
    #[must_use]
    pub fn block_before(&self, bytes: &[u8], limit: usize) -> String {
        text::escape_block(&String::from_utf8_lossy(&self.hide_before(bytes, limit))).into_owned()
    }
}

impl Drop for Mask {
    fn drop(&mut self) {
        // The windows are the key in pieces; a set cannot be zeroed in place, so each is taken out and wiped.
        for mut window in self.windows.drain() {
            zeroize::Zeroize::zeroize(&mut window);
        }
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Mask(hidden)")
    }
}

/// The characters of `encoded` that depend on nothing but the key: not on what is before it, nor on what follows.
fn pure_part(encoded: &str, alignment: usize, length: usize) -> &str {
    let first = if alignment == 0 { 0 } else { alignment + 1 };
    let last = length * 8 / 6;
    encoded.get(first..last).unwrap_or_default()
}

fn hexadecimal(key: &str) -> Zeroizing<String> {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is below sixteen");
    Zeroizing::new(key.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

#[cfg(test)]
mod tests;
