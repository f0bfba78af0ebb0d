//! All the ways to read bytes that a server wrote: as they are, and with percent, backslash and entity escapes undone.
//!
//! An echoed key can be escaped by several layers, partly, and differently from place to place. So bytes are not
//! compared with encodings of the key; they are decoded, up to three layers deep, and each decoded character keeps
//! the range it came from. Only visible ASCII is kept: a key broken by newlines, NULs (UTF-16) or zero-width
//! characters reads as one.

const DEEPEST: usize = 3;

/// One visible ASCII character and the bytes it was written with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) byte: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Calls `visit` with each reading of `bytes`; the plain one comes first. Readings that change nothing are left out.
pub(super) fn each_reading(bytes: &[u8], visit: &mut dyn FnMut(&[Token])) {
    let plain: Vec<Token> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_graphic())
        .map(|(at, &byte)| Token { byte, start: at, end: at + 1 })
        .collect();
    descend(&plain, DEEPEST, visit);
}

/// Whether any reading of `bytes`, taken as text, satisfies `is_found`.
pub(super) fn any_reading(bytes: &[u8], is_found: impl Fn(&str) -> bool) -> bool {
    let mut found = is_found(&String::from_utf8_lossy(bytes));
    each_reading(bytes, &mut |tokens| {
        found = found || is_found(&tokens.iter().map(|token| char::from(token.byte)).collect::<String>());
    });
    found
}

fn descend(tokens: &[Token], layers: usize, visit: &mut dyn FnMut(&[Token])) {
    visit(tokens);
    if layers == 0 {
        return;
    }
    for escape in [percent, backslash, entity] {
        if let Some(decoded) = decode(tokens, escape) {
            descend(&decoded, layers - 1, visit);
        }
    }
}

/// What an escape stands for, and how many characters it takes. A code beyond one byte is not visible ASCII.
type Escape = fn(&[u8]) -> Option<(u32, usize)>;

/// Longest escape: `&#x000061;`.
const LONGEST_ESCAPE: usize = 12;

fn decode(tokens: &[Token], escape: Escape) -> Option<Vec<Token>> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    let mut is_changed = false;
    while let Some(token) = tokens.get(at) {
        let found = is_marker(token.byte).then(|| escape(&peek(&tokens[at..]))).flatten();
        let Some((code, length)) = found else {
            out.push(*token);
            at += 1;
            continue;
        };
        is_changed = true;
        let end = tokens[at + length - 1].end;
        if let Some(byte) = u8::try_from(code).ok().filter(u8::is_ascii_graphic) {
            out.push(Token { byte, start: token.start, end });
        }
        at += length;
    }
    is_changed.then_some(out)
}

fn is_marker(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

fn peek(tokens: &[Token]) -> Vec<u8> {
    tokens.iter().take(LONGEST_ESCAPE).map(|token| token.byte).collect()
}

fn percent(text: &[u8]) -> Option<(u32, usize)> {
    let [b'%', digits @ ..] = text else { return None };
    Some((hex(digits.get(..2)?)?, 3))
}

fn backslash(text: &[u8]) -> Option<(u32, usize)> {
    match text {
        [b'\\', b'u', b'{', digits @ ..] => {
            let length =
                digits.iter().position(|&byte| byte == b'}').filter(|length| (1..=6).contains(length))?;
            Some((hex(&digits[..length])?, length + 4))
        }
        [b'\\', b'u', digits @ ..] => Some((hex(digits.get(..4)?)?, 6)),
        [b'\\', b'x', digits @ ..] => Some((hex(digits.get(..2)?)?, 4)),
        [b'\\', first @ b'0'..=b'3', second @ b'0'..=b'7', third @ b'0'..=b'7', ..] => {
            Some((octal(&[*first, *second, *third]), 4))
        }
        [b'\\', first @ b'0'..=b'7', second @ b'0'..=b'7', ..] => Some((octal(&[*first, *second]), 3)),
        [b'\\', b'n' | b'r' | b't' | b'b' | b'f' | b'0', ..] => Some((0, 2)),
        [b'\\', other, ..] => Some((u32::from(*other), 2)),
        _ => None,
    }
}

/// Of digits that were looked at.
fn octal(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 8 + u32::from(digit - b'0'))
}

fn entity(text: &[u8]) -> Option<(u32, usize)> {
    let end = text.iter().position(|&byte| byte == b';')?;
    let code = match text.get(..end)? {
        [b'&', b'#', b'x' | b'X', digits @ ..] => hex(digits)?,
        [b'&', b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
        b"&amp" => u32::from(b'&'),
        b"&lt" => u32::from(b'<'),
        b"&gt" => u32::from(b'>'),
        b"&quot" => u32::from(b'"'),
        b"&apos" => u32::from(b'\''),
        _ => return None,
    };
    Some((code, end + 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_through_every_escape_and_three_layers_of_them() {
        for written in [
            "key",
            "%6bey",
            "%6B%65%79",
            "%256bey",
            "%25256bey",
            "\\u006bey",
            "\\u{6b}ey",
            "\\x6Bey",
            "\\153ey",
            "\\153\\145\\171",
            "k\\ey",
            "\\\\u006bey",
            "&#107;ey",
            "&#x6b;ey",
            "&amp;#107;ey",
            "%5Cu006bey",
            "k\ne\0y",
            "k\\ney",
            "k\u{200b}ey",
        ] {
            assert!(any_reading(written.as_bytes(), |text| text.contains("key")), "{written}");
        }
        assert!(!any_reading(b"%2525256bey", |text| text.contains("key")), "four layers");
    }

    #[test]
    fn broken_escapes_are_read_as_they_are() {
        for written in
            ["%", "%6", "%zz", "\\", "\\u00", "\\u{", "\\u{}", "\\x1", "&", "&;", "&#;", "&#x;", "&#+1;"]
        {
            assert!(any_reading(written.as_bytes(), |text| text == written), "{written}");
        }
    }
}
