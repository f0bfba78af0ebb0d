//! The 62-letter alphabet of ids and secrets: digits, then upper case, then lower case.

use rand::CryptoRng;

/// The alphabet in order of value: `0-9A-Za-z`.
pub const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whether every byte of `text` is one of the 62 characters.
#[must_use]
pub fn is_base62(text: &[u8]) -> bool {
    // Without an early end, so that many are looked at in one instruction.
    text.iter().fold(true, |holds, byte| holds & byte.is_ascii_alphanumeric())
}

/// Appends `count` characters, each uniform: a byte above the largest multiple of 62 is drawn again.
pub fn push_random(out: &mut String, count: usize, rng: &mut dyn CryptoRng) {
    const LIMIT: u8 = 62 * 4;
    let mut left = count;
    let mut pool = zeroize::Zeroizing::new([0_u8; 64]);
    while left > 0 {
        rng.fill_bytes(pool.as_mut_slice());
        for &byte in pool.iter().filter(|byte| **byte < LIMIT).take(left) {
            out.push(char::from(ALPHABET[usize::from(byte % 62)]));
            left -= 1;
        }
    }
}

/// Appends `value` in base 62, most significant first, left-padded with `0` to six characters.
///
/// Six characters hold every `u32`, since 62⁶ > 2³².
pub fn push_u32(out: &mut String, value: u32) {
    out.extend(digits(value).iter().map(|digit| char::from(*digit)));
}

/// `value` in base 62, most significant first, six characters.
#[must_use]
pub fn digits(value: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_check_value_fits_six_characters() {
        let mut text = String::new();
        push_u32(&mut text, u32::MAX);
        assert_eq!(text, "4gfFC3");
        text.clear();
        push_u32(&mut text, 0);
        assert_eq!(text, "000000");
    }

    #[test]
    fn every_character_of_the_alphabet_is_drawn_about_as_often() {
        let mut text = String::new();
        push_random(&mut text, 62_000, &mut crate::domain::samples::rng());
        assert_eq!(text.len(), 62_000);
        for letter in ALPHABET {
            let seen = text.bytes().filter(|byte| byte == letter).count();
            // 1000 expected; eight standard deviations either side.
            assert!((750..1250).contains(&seen), "{} came {seen} times", char::from(*letter));
        }
    }
}
