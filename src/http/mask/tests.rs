//! A key that is echoed is hidden, however it is spelled.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const KEY: &str = "apik_sk_live_AAAAAAAAAAAA_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGXXXXXX";
const BODY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGXXXXXX";

fn mask(key: &str) -> Mask {
    Mask::new(&Credential::from_text(key).unwrap())
}

#[test]
fn the_public_part_stays_and_the_private_part_goes() {
    let shown = mask(KEY).line(format!("no key {KEY}, sorry").as_bytes());
    assert_eq!(shown, "no key apik_sk_live_AAAAAAAAAAAA_[hidden], sorry");
}

#[test]
fn sixteen_characters_of_the_body_are_hidden_and_fifteen_are_not() {
    let mask = mask(KEY);
    for start in [0, 7, BODY.len() - 16] {
        assert_eq!(mask.line(&BODY.as_bytes()[start..start + 16]), HIDDEN);
        let fifteen = &BODY[start..start + 15];
        assert_eq!(mask.line(fifteen.as_bytes()), fifteen);
    }
}

#[test]
fn every_encoding_is_hidden() {
    let mask = mask(KEY);
    let each = |write: fn(u8) -> String| KEY.bytes().map(write).collect::<Vec<_>>().concat();
    let percent = each(|byte| format!("%{byte:02X}"));
    let json = each(|byte| format!("\\u{byte:04x}"));
    let entities = each(|byte| format!("&#{byte};"));
    let utf16: Vec<u8> = KEY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wrapped = KEY.as_bytes().chunks(10).collect::<Vec<_>>().join(
        &b"
"[..],
    );
    for (name, bytes) in [
        ("percent", percent.clone().into_bytes()),
        ("double percent", percent.replace('%', "%25").into_bytes()),
        ("json", json.clone().into_bytes()),
        ("json in json", json.replace('\\', "\\\\").into_bytes()),
        ("entities", entities.into_bytes()),
        ("utf-16", utf16),
        ("wrapped", wrapped),
        ("hex", hexadecimal(KEY).as_bytes().to_vec()),
        ("upper", KEY.to_uppercase().into_bytes()),
        ("lower", KEY.to_lowercase().into_bytes()),
        ("partly", KEY.replace('a', "%61").replace('b', "\\u0062").into_bytes()),
    ] {
        let shown = mask.line(&bytes);
        assert!(shown.contains(HIDDEN), "{name}: {shown}");
        assert!(!shown.to_lowercase().contains("xyzabc") && !shown.contains("%7a"), "{name}: {shown}");
    }
}

#[test]
fn base64_is_hidden_at_each_alignment_and_inside_basic() {
    let mask = mask(KEY);
    for user in ["", "u:", "us:", "use:", "someone@example.com:"] {
        for tail in ["", ":", "\n"] {
            let pair = format!("{user}{KEY}{tail}");
            for encoded in [STANDARD.encode(&pair), URL_SAFE.encode(&pair)] {
                let shown = mask.line(encoded.as_bytes());
                // What is left may hold the user and two boundary characters, never a piece of the key.
                assert!(shown.contains(HIDDEN), "{shown}");
                let left = shown.replace(HIDDEN, "").len();
                assert!(left <= user.len() * 4 / 3 + 8, "{user}{tail}: {shown}");
                let escaped = encoded.replace('/', "\\/").replace('=', "%3D");
                assert!(mask.line(escaped.as_bytes()).contains(HIDDEN));
            }
        }
    }
}

#[test]
fn a_short_foreign_key_is_hidden_as_a_whole_and_in_basic() {
    let mask = mask("hunter2!");
    assert_eq!(mask.line(b"you sent hunter2!."), "you sent [hidden].");
    assert_eq!(mask.line(b"hunter2%21"), "[hidden]");
    assert!(!mask.line(STANDARD.encode("hunter2!:").as_bytes()).contains("aHVudGVyMiE"));
    assert_eq!(mask.line(b"hunter"), "hunter");
}

#[test]
fn what_is_not_the_key_is_left_alone_but_escaped() {
    let mask = mask(KEY);
    assert_eq!(mask.line(b"{\"ok\":true}"), "{\"ok\":true}");
    assert_eq!(mask.line(b"\x1b]52;c;QUFB\x07\xff"), "\\x1b]52;c;QUFB\\x07\u{fffd}");
    assert_eq!(mask.block_before(b"a\nb\x1b[2J", 99), "a\nb\\x1b[2J");
}

#[test]
fn the_longest_key_is_found_in_a_large_body_in_reasonable_time() {
    let key: String = (0..8192_u32).map(|n| char::from(b'!' + u8::try_from(n * n % 94).unwrap())).collect();
    let body = [vec![b'%'; 60_000], key.as_bytes().to_vec(), vec![b'\\'; 60_000]].concat();
    assert!(mask(&key).line(&body).contains(HIDDEN));
}

#[test]
fn a_key_across_the_limit_is_found_and_nothing_behind_the_limit_is_shown() {
    let written = format!("ab{BODY}cd");
    assert_eq!(mask(KEY).line_before(written.as_bytes(), 7), "ab[hidden]");
}

proptest! {
    #[test]
    fn no_key_survives_whatever_surrounds_it(key in "[!-~]{16,80}", before in ".{0,20}", after in ".{0,20}") {
        let shown = mask(&key).line(format!("{before}{key}{after}").as_bytes());
        prop_assert!(!shown.contains(&key));
        prop_assert!(shown.contains(HIDDEN));
    }
}
