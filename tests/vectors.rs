//! The published vectors: what is a secret, what is none, and what is stored in its place.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]

use apikey::crypto::{DigestKey, MasterKey};
use apikey::domain::secret::Secret;

fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("vectors/secrets.json")).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn every_valid_secret_has_the_published_parts_and_digest() {
    let vectors = vectors();
    let master = MasterKey::from_bytes(std::array::from_fn(|place| u8::try_from(place).unwrap()));
    let key = DigestKey::derive(&master);
    let valid = vectors["valid"].as_array().unwrap();
    assert!(!valid.is_empty());
    for vector in valid {
        let text = vector["secret"].as_str().unwrap();
        let secret = Secret::parse(text).unwrap();
        let parts = secret.parts();
        assert_eq!(parts.brand, vector["brand"]);
        assert_eq!(parts.kind.code(), vector["kind"]);
        assert_eq!(parts.env.code(), vector["env"]);
        assert_eq!(parts.id.as_str(), vector["id"]);
        assert_eq!(hex(key.digest(text.as_bytes()).as_bytes()), vector["digest_hex"]);
    }
}

#[test]
fn every_malformed_text_is_refused() {
    let vectors = vectors();
    let malformed = vectors["malformed"].as_array().unwrap();
    assert!(!malformed.is_empty());
    for text in malformed {
        assert!(Secret::parse(text.as_str().unwrap()).is_err(), "{text}");
    }
}
