//! What may be called, and what never is.

use super::super::placement::PlacementError;
use super::*;

const SECRET: &str = "apik_sk_live_AAAAAAAAAAAA_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGXXXXXX";

fn refusal(spec: TargetSpec) -> TargetError {
    Target::new(spec).unwrap_err()
}

fn with_placement(placement: &str) -> TargetSpec {
    TargetSpec { placement: placement.parse().unwrap(), ..TargetSpec::get("https://api.example.com/v1") }
}

fn with_header(name: &str, value: &str) -> TargetSpec {
    TargetSpec { headers: vec![(name.to_owned(), value.to_owned())], ..TargetSpec::get("https://a.example") }
}

#[test]
fn plain_http_is_for_this_machine_unless_allowed() {
    for url in [
        "http://localhost:8080/",
        "http://127.0.0.1/",
        "http://127.9.9.9/",
        "http://[::1]:1/",
        "http://2130706433/",
    ] {
        assert!(Target::new(TargetSpec::get(url)).unwrap().is_loopback_only(), "{url}");
    }
    for url in [
        "http://example.com/",
        "http://localhost.example.com/",
        "http://localhost./",
        "http://a.localhost/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://128.0.0.1/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://127.0.0.1.example.com/",
    ] {
        assert!(matches!(refusal(TargetSpec::get(url)), TargetError::PlainHttp(_)), "{url}");
        let allowed = TargetSpec { allow_http: true, ..TargetSpec::get(url) };
        assert!(!Target::new(allowed).unwrap().is_loopback_only(), "{url}");
    }
}

#[test]
fn only_absolute_http_urls_without_user_and_fragment_are_targets() {
    for url in [
        "",
        "/v1",
        "example.com",
        "ftp://a.example/",
        "file:///etc/passwd",
        "javascript:1",
        "https://",
        "https://a b/",
    ] {
        assert_eq!(refusal(TargetSpec::get(url)), TargetError::Url, "{url}");
    }
    assert_eq!(refusal(TargetSpec::get("https://a.example/\r\nX: y")), TargetError::Url);
    for url in ["https://user@a.example/", "https://:pw@a.example/", "https://a.example@evil.example/"] {
        assert_eq!(refusal(TargetSpec::get(url)), TargetError::UrlUser, "{url}");
    }
    assert_eq!(refusal(TargetSpec::get("https://a.example/#top")), TargetError::UrlFragment);
}

#[test]
fn a_secret_outside_its_placement_is_refused_in_any_disguise() {
    let escaped = SECRET.replace('_', "%5F");
    for url in [format!("https://a.example/?k={SECRET}"), format!("https://a.example/{escaped}")] {
        assert_eq!(refusal(TargetSpec::get(&url)), TargetError::ContainsSecret("url"));
    }
    assert_eq!(refusal(with_header("X-Note", SECRET)), TargetError::ContainsSecret("header"));
    let json = format!("{{\"k\":\"{}\"}}", SECRET.replace("apik", "\\u0061pik"));
    let spec = TargetSpec { data: Some(json.into_bytes()), ..TargetSpec::get("https://a.example") };
    assert_eq!(refusal(spec), TargetError::ContainsSecret("data"));
    assert_eq!(refusal(with_placement(&format!("query:{SECRET}"))), TargetError::ContainsSecret("placement"));
}

#[test]
fn no_refusal_repeats_a_secret() {
    let specs = [
        TargetSpec::get(&format!("http://{SECRET}.example/")),
        TargetSpec::get(&format!("https://u:{SECRET}@a.example/")),
        with_header("Cookie", SECRET),
        with_header(SECRET, "x"),
    ];
    for spec in specs {
        let error = refusal(spec);
        assert!(!format!("{error} {error:?}").contains("0123456789abcdef"), "{error:?}");
    }
}

#[test]
fn headers_cannot_inject_or_take_the_place_of_the_key() {
    for value in ["a\r\nHost: evil", "a\nb", "a\0", "\x1b[2J", "\u{9b}"] {
        assert_eq!(refusal(with_header("X-A", value)), TargetError::Header, "{value:?}");
    }
    for name in ["", "X A", "X\r\nY", "X:"] {
        assert!(matches!(refusal(with_header(name, "v")), TargetError::HeaderName(_)), "{name:?}");
    }
    assert!(matches!(
        refusal(with_header("hOsT", "v")),
        TargetError::HeaderName(PlacementError::Reserved(_))
    ));
    assert_eq!(refusal(with_header("authorization", "v")), TargetError::Occupied("Authorization".to_owned()));
    let spec = TargetSpec { placement: "header:X-Key".parse().unwrap(), ..with_header("x-kEy", "v") };
    assert_eq!(refusal(spec), TargetError::Occupied("X-Key".to_owned()));
    assert!(matches!(
        refusal(TargetSpec {
            headers: vec![("A".to_owned(), "b".to_owned()); 51],
            ..with_placement("bearer")
        }),
        TargetError::TooManyHeaders
    ));
    assert_eq!(parse_header("X-A:  b: c "), Ok(("X-A".to_owned(), "b: c".to_owned())));
    assert_eq!(parse_header("X-A"), Err(TargetError::Header));
}

#[test]
fn a_parameter_or_field_is_given_once() {
    let spec = TargetSpec { url: "https://a.example/?api%5Fkey=1".to_owned(), ..with_placement("query") };
    assert_eq!(refusal(spec), TargetError::Occupied("api_key".to_owned()));
    let body = |data: &str| TargetSpec { data: Some(data.as_bytes().to_vec()), ..with_placement("body:k") };
    assert_eq!(refusal(body("{\"k\":1}")), TargetError::Occupied("k".to_owned()));
    for data in ["[1]", "1", "", "{", "{} {}"] {
        assert_eq!(refusal(body(data)), TargetError::NotAnObject, "{data}");
    }
    assert!(Target::new(body("{\"a\":1}")).is_ok());
    assert!(Target::new(with_placement("body")).is_ok());
}

#[test]
fn a_method_is_a_word_in_capitals_and_not_connect() {
    let with_method = |method: &str| TargetSpec { method: method.to_owned(), ..with_placement("bearer") };
    for method in ["GET", "PATCH", "PROPFIND", "M-SEARCH"] {
        assert!(Target::new(with_method(method)).is_ok());
    }
    for method in ["", "get", "GET /", "GET\r\n", "G\0"] {
        assert_eq!(refusal(with_method(method)), TargetError::Method, "{method:?}");
    }
    assert_eq!(refusal(with_method("CONNECT")), TargetError::Connect);
}

#[test]
fn a_timeout_is_from_one_millisecond_to_ten_minutes() {
    for (millis, fits) in [(0, false), (1, true), (600_000, true), (600_001, false)] {
        let spec = TargetSpec { timeout: Duration::from_millis(millis), ..with_placement("bearer") };
        assert_eq!(Target::new(spec).is_ok(), fits, "{millis}");
    }
}

#[test]
fn data_ends_at_one_mebibyte() {
    let with_data = |size| TargetSpec { data: Some(vec![b' '; size]), ..with_placement("bearer") };
    assert!(Target::new(with_data(LARGEST_DATA)).is_ok());
    assert_eq!(refusal(with_data(LARGEST_DATA + 1)), TargetError::DataTooLarge);
}

#[test]
fn a_stored_target_reads_back_the_same_and_is_checked_again() {
    let spec = TargetSpec {
        method: "POST".to_owned(),
        headers: vec![("X-A".to_owned(), "b".to_owned())],
        data: Some(b"{\"a\":\"\xc3\xa9\"}".to_vec()),
        expect: Some("200,4xx".parse().unwrap()),
        ..with_placement("body:k")
    };
    let target = Target::new(spec).unwrap();
    let json = serde_json::to_string(&target).unwrap();
    assert_eq!(serde_json::from_str::<Target>(&json).unwrap(), target);
    for (from, to) in [
        ("https://api", "http://api"),
        ("body:k", "body:a"),
        ("POST", "CONNECT"),
        ("10000", "0"),
        ("\"b\"", "\"b\\r\\nHost: e\""),
        ("\"method\"", "\"unknown\":1,\"method\""),
    ] {
        let edited = json.replace(from, to);
        assert_ne!(edited, json);
        assert!(serde_json::from_str::<Target>(&edited).is_err(), "{edited}");
    }
}

#[test]
fn what_sounds_private_is_named() {
    let parts = |spec: TargetSpec| Target::new(spec).unwrap().private_parts();
    assert_eq!(parts(with_header("Cookie", "a=b")), ["header `Cookie`"]);
    assert!(parts(with_header("Accept", "a/b")).is_empty());
    let with = |query: &str, data: &str| {
        let spec = TargetSpec::get(&format!("https://api.example/?{query}"));
        parts(TargetSpec { data: Some(data.as_bytes().to_vec()), ..spec })
    };
    assert_eq!(
        with("a=1&Token=x", "{\"password\": 1, \"b\": 2}"),
        ["query parameter `Token`", "field `password`"]
    );
    assert_eq!(with("a=1", "user=a&api_key=x"), ["field `api_key`"]);
    assert!(with("a=token", "a token in a text").is_empty());
}
