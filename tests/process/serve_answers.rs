//! What `apikey serve` answers about keys that the command line made: a pair, and one of which there is little to say.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::machine::Machine;
use crate::serving::{Serving, say};

/// An answer without its date, the one field that differs.
fn undated(answer: &str) -> String {
    answer.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_pair_passes_with_its_own_consumer_key_and_is_a_stranger_with_that_of_another() {
    let machine = Machine::with_registry();
    let [(one, secret), (other, other_secret)] = ["one", "other"].map(|name| {
        let secret = machine.run(&["create", "-q", name, "--kind", "pair"]).ended(0).line();
        let shown = machine.run(&["show", name, "--json"]).ended(0).json();
        (shown["consumer_key"].as_str().unwrap().to_owned(), secret)
    });
    let asker = machine.run(&["create", "-q", "asker", "--scope", "apikey:verify"]).ended(0).line();
    let serving = Serving::start(&machine, &[]);
    let basic = |user: &str, password: &str| {
        let both = BASE64_STANDARD.encode(format!("{user}:{password}"));
        undated(&serving.ask("GET /verify", &[&format!("authorization: Basic {both}")]))
    };
    let answer = basic(&one, &secret);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\nx-apikey-name: one\n"), "{answer}");
    let stranger = undated(&serving.ask("GET /verify", &[]));
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    for (user, password) in [(&other, &secret), (&one, &other_secret), (&one, &one), (&secret, &secret)] {
        assert_eq!(basic(user, password), stranger, "{user}");
    }
    let answer_to = |consumer_key: &str| {
        let question = serde_json::json!({ "secret": secret, "consumer_key": consumer_key }).to_string();
        let head = format!("authorization: Bearer {asker}\r\ncontent-length: {}\r\n", question.len());
        let all =
            format!("POST /v1/verify HTTP/1.1\r\nhost: api\r\nconnection: close\r\n{head}\r\n{question}");
        let answer = say(&mut serving.connect(), all.as_bytes());
        serde_json::from_str::<serde_json::Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let answer = answer_to(&one);
    assert_eq!((&answer["code"], &answer["key"]["name"]), (&"accepted".into(), &"one".into()));
    let answer = answer_to(&other);
    assert_eq!((&answer["code"], &answer["key"]), (&"not_found".into(), &serde_json::Value::Null));
}

#[test]
fn no_field_that_says_who_asks_is_ever_empty_or_beyond_ascii() {
    let machine = Machine::with_registry();
    let arguments =
        ["create", "-q", "zoë 50%", "--owner", "Müller", "--project", "größe", "--expires", "never"];
    let secret = machine.run(&arguments).ended(0).line();
    let answer =
        Serving::start(&machine, &[]).ask("GET /verify", &[&format!("authorization: Bearer {secret}")]);
    let fields: Vec<(&str, &str)> =
        answer.lines().filter_map(|line| line.strip_prefix("x-apikey-")?.split_once(": ")).collect();
    let shown = machine.run(&["list", "--json"]).ended(0).json();
    let of = |field: &str| shown[0][field].as_str().unwrap().to_owned();
    let expected = [
        ("id", &*of("id")),
        ("secret-id", secret.split('_').nth(3).unwrap()),
        ("name", "zo%C3%AB 50%25"),
        ("owner", "M%C3%BCller"),
        ("project", "gr%C3%B6%C3%9Fe"),
        ("env", "live"),
        ("kind", "sk"),
        ("scopes", "none"),
        ("expires", "never"),
    ];
    assert_eq!(fields, expected, "{answer}");
}
