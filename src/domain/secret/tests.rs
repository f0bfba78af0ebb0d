//! What is read as a secret, and what never is.

use super::*;
use proptest::prelude::*;

const GOOD: &str = "apik_sk_test_0000000000ID_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0q6KDb";

#[test]
fn a_secret_with_a_four_letter_brand_has_75_characters() {
    let rng = &mut crate::domain::samples::rng();
    let secret = Secret::generate(&Brand::default(), Kind::Private, Env::Live, SecretId::generate(rng), rng);
    assert_eq!(secret.expose().len(), 75);
    assert!(Secret::parse(secret.expose()).is_ok());
}

#[test]
fn any_one_character_altered_is_refused() {
    for place in 0..GOOD.len() {
        for letter in (0_u8..128).filter(|letter| *letter != GOOD.as_bytes()[place]) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[place] = letter;
            let text = String::from_utf8(bytes).unwrap();
            assert!(Secret::parse(&text).is_err(), "{place} {letter}");
        }
    }
}

#[test]
fn full_width_digits_nul_and_a_mebibyte_are_refused() {
    assert!(Secret::parse(&GOOD.replace("0000000000ID", "\u{ff10}000000000ID")).is_err());
    assert!(Secret::parse(&format!("{GOOD}\0")).is_err());
    assert!(Secret::parse(&GOOD[..GOOD.len() - 1]).is_err());
    assert!(Secret::parse(&"A".repeat(1 << 20)).is_err());
    assert_eq!(read_parts(&[0xff; 75]), Err(MalformedSecret::Shape));
}

#[test]
fn brands_of_other_issuers_are_refused() {
    for brand in ["sk", "ghp", "xoxb", "akia", "npm"] {
        assert_eq!(brand.parse::<Brand>(), Err(BrandError::Foreign(brand.to_owned())));
    }
    for brand in ["", "a", "1ab", "Acme", "ac_me", "abcdefghijklm", "aé"] {
        assert_eq!(brand.parse::<Brand>(), Err(BrandError::Shape), "{brand}");
    }
    assert!("ab".parse::<Brand>().is_ok() && "abcdefghijkl".parse::<Brand>().is_ok());
}

#[test]
fn debug_shows_nothing_of_the_secret() {
    assert_eq!(format!("{:?}", Secret::parse(GOOD).unwrap()), "Secret(hidden)");
}

#[test]
fn a_secret_is_found_inside_other_text() {
    assert!(contains_secret(&format!("token={GOOD}&x=1")));
    assert!(contains_secret(&format!("my_{GOOD}")));
    assert!(contains_secret(&format!("{}a", &GOOD[..74])), "a mistyped check is still a secret's body");
    assert!(!contains_secret("apik_sk_test_0000000000ID"));
    assert_eq!(redacted(GOOD).unwrap(), "apik_sk_test_0000000000ID…");
}

proptest! {
    #[test]
    fn what_is_generated_is_read_back_to_the_same_parts(seed in any::<u64>(), kind in 0..3_usize, live in any::<bool>()) {
        let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(seed);
        let (kind, env) = (Kind::ALL[kind], if live { Env::Live } else { Env::Test });
        let id = SecretId::generate(&mut rng);
        let secret = Secret::generate(&"acme".parse().unwrap(), kind, env, id, &mut rng);
        let parts = secret.parts();
        prop_assert_eq!((parts.brand, parts.kind, parts.env, parts.id, parts.check_holds), ("acme", kind, env, id, true));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".*") {
        let _ = Secret::parse(&text);
        let _ = contains_secret(&text);
    }
}
