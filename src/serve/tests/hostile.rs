//! What a hostile client says through a proxy or past it: one answer to all strangers, no second opinion about which
//! secret was presented, and no path that another server would read differently.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::*;
use crate::serve::credential::Presented;

/// What strangers present: nothing, nonsense, and what looks right.
fn strange(good: &str) -> Vec<String> {
    let other = |place: usize| {
        let mut text = good.to_owned();
        text.replace_range(place..=place, if &text[place..=place] == "a" { "b" } else { "a" });
        text
    };
    let (unknown, wrong_body, wrong_check) = (other(15), other(40), other(good.len() - 1));
    let basic = |text: &str| format!("authorization: Basic {}", BASE64_STANDARD.encode(text));
    let mut fields = vec![String::new()];
    for text in ["", " ", "x", "apik_sk_live_", &unknown, &wrong_body, &wrong_check, &good.to_uppercase()] {
        fields.push(format!("authorization: Bearer {text}"));
        fields.push(format!("x-api-key: {text}"));
        fields.push(basic(&format!("{text}:")));
        fields.push(basic(&format!("apik_ck_live_000000000000:{text}")));
    }
    fields.extend([
        basic("no colon"),
        "authorization: Basic !".to_owned(),
        "authorization: Digest x".to_owned(),
        format!("authorization: Bearer  {good}"),
        format!("authorization: Bearer {good} "),
        format!("x-api-key: \u{e9}{good}"),
        format!("authorization: Bearer {good}\r\nx-api-key: {unknown}"),
        format!("authorization: Bearer {good},{good}"),
        basic(&format!("apik_ck_live_000000000000:{good}")),
    ]);
    fields
}

#[test]
fn to_strangers_every_path_and_method_answers_one_and_the_same_byte_for_byte() {
    let served = plain("self_revoke = true");
    let good = served.scene.text(0);
    // A space at the end is no part of a field's value.
    let fields = strange(&good).into_iter().filter(|field| !field.ends_with(&format!("{good} ")));
    let fields: Vec<_> = fields.collect();
    let nothing = served.ask("GET /verify", &[]);
    assert!(
        nothing.starts_with("HTTP/1.1 401 Unauthorized\ncontent-type: application/problem+json\n"),
        "{nothing}"
    );
    for line in [
        "GET /verify",
        "POST /verify/anything?at=all",
        "BREW /verify/../x",
        "GET /v1/self",
        "POST /v1/self/revoke",
        "POST /v1/verify",
        "POST /v1/verify/batch",
    ] {
        for field in &fields {
            let field = if field.is_empty() { "accept: */*" } else { field };
            assert_eq!(served.ask(line, &[field.to_owned()]), nothing, "{line} {field}");
        }
    }
    let head = nothing.split_once("\n\n").unwrap().0;
    for field in fields.iter().filter(|field| !field.is_empty()) {
        let answer = served.ask("HEAD /verify", std::slice::from_ref(field));
        assert_eq!(answer.trim_end(), head, "{field}");
    }
}

/// A place of a request where a secret can be.
#[derive(Debug, Clone, Copy)]
enum At {
    Bearer,
    Field,
    OtherField,
    BasicUser,
    BasicPassword,
    Query,
}

const EVERYWHERE: [At; 6] =
    [At::Bearer, At::Field, At::OtherField, At::BasicUser, At::BasicPassword, At::Query];

proptest! {
    #[test]
    fn a_secret_is_presented_only_if_every_place_says_the_same(
        said in prop::collection::vec((0_usize..6, 0_usize..3), 0..5),
    ) {
        const TEXTS: [&str; 3] = ["apik_sk_live_good", "apik_sk_live_else", ""];
        let mut headers = HeaderMap::new();
        let mut query = vec!["page=1".to_owned()];
        for (place, text) in &said {
            let text = TEXTS[*text];
            let value = |text: String| HeaderValue::from_str(&text).unwrap();
            let basic = |pair: String| value(format!("Basic {}", BASE64_STANDARD.encode(pair)));
            _ = match EVERYWHERE[*place] {
                At::Bearer => headers.append("authorization", value(format!("Bearer {text}"))),
                At::Field => headers.append("x-api-key", value(text.to_owned())),
                At::OtherField => headers.append("x-token", value(text.to_owned())),
                At::BasicUser => headers.append("authorization", basic(format!("{text}:"))),
                At::BasicPassword => headers.append("authorization", basic(format!(":{text}"))),
                At::Query => {
                    query.push(format!("key={text}"));
                    false
                }
            };
        }
        let names = ["x-api-key".parse().unwrap(), "x-token".parse().unwrap()];
        let query = query.join("&");
        let presented = Presented::read(&headers, &names, Some((&query, "key")));
        let secret = presented.credential().secret;
        let is_one = said.windows(2).all(|pair| pair[0].1 == pair[1].1);
        match said.first() {
            None => prop_assert_eq!(secret, None),
            Some((_, text)) if is_one => prop_assert_eq!(secret, Some(TEXTS[*text].as_bytes())),
            Some(_) => prop_assert_eq!(secret, Some(&b"?"[..])),
        }
    }

    #[test]
    fn no_spelling_of_a_path_reaches_past_the_route_that_guards_it(
        parts in prop::collection::vec(0_usize..22, 0..7),
    ) {
        const PARTS: [&str; 22] = [
            "/", "admin", "open", ".", "..", "%2e", "%2E%2e", "%2f", "%5c", "\\", ";", ";x=1", "?", "#", "%", "%25",
            "%252e", "%00", "//", "%u002e", "x", " ",
        ];
        let target: String = std::iter::once("/").chain(parts.iter().map(|part| PARTS[*part])).collect();
        let rules = Rules::parse(
            "original = 'nginx'\n[[route]]\npath = '/admin/**'\nscopes = ['admin:all']\n\
             [[route]]\npath = '/**'\nscopes = []\n",
        ).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-original-method", HeaderValue::from_static("GET"));
        headers.insert("x-original-uri", HeaderValue::from_str(&target).unwrap());
        let uri = "/verify".parse().unwrap();
        let (original, method) = (rules.original, axum::http::Method::GET);
        let wanted = crate::serve::origin::Wanted::read(original, &method, &uri, &headers);
        let needs = wanted.and_then(|wanted| Some(rules.route(&wanted.method, &wanted.segments())?.scopes.len()));
        if is_admin_to_somebody(&target) {
            prop_assert!(needs != Some(0), "{}", target);
        }
    }
}

/// Whether a lax server could take this target for one below `/admin`: it decodes as often as it can, takes a backslash
/// for a slash, cuts parameters off segments, ignores empty ones, and keeps a fragment or drops it.
fn is_admin_to_somebody(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    [path, path.split('#').next().unwrap_or_default()].iter().any(|path| {
        let mut path = (*path).to_owned();
        for _ in 0..3 {
            path = path.replace("%u002e", ".");
            path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned();
        }
        let mut segments: Vec<&str> = Vec::new();
        for segment in path.split(['/', '\\']) {
            match segment.split([';', '\0']).next().unwrap_or_default().trim() {
                "" | "." => {}
                ".." => _ = segments.pop(),
                plain => segments.push(plain),
            }
        }
        segments.first() == Some(&"admin")
    })
}

#[test]
fn a_slash_at_the_end_reaches_past_no_route() {
    let config = "original = 'nginx'\n[[route]]\npath = '/admin'\nscopes = ['admin:all']\n\
        [[route]]\npath = '/shut/'\nscopes = ['admin:all']\n[[route]]\npath = '/'\nscopes = ['admin:all']\n\
        [[route]]\npath = '/**'\nscopes = []\n";
    let served = plain(config);
    let status = |uri: &str| {
        let told = ["x-original-method: GET".to_owned(), format!("x-original-uri: {uri}"), served.bearer()];
        served.status("GET /verify", &told)
    };
    for uri in ["/admin", "/admin/", "/admin?x", "/admin/?x", "/shut", "/shut/", "/", "/?x", "/admin//", "//"]
    {
        assert_eq!(status(uri), "403", "{uri}");
    }
    for uri in ["/other", "/other/", "/admin/x", "/adminx"] {
        assert_eq!(status(uri), "200", "{uri}");
    }
}

#[test]
fn a_proxy_that_does_not_say_who_asks_does_not_mean_itself() {
    use crate::domain::key::Allowed;
    let near = || {
        let mut wish = wish("near", Limits::default(), Kind::Private);
        wish.networks = Allowed::Only(vec!["127.0.0.0/8".parse().unwrap()]);
        scene(vec![wish])
    };
    let behind = served(near(), "trusted_proxies = ['127.0.0.1']");
    let told =
        |served: &Served, field: &str| served.status("GET /verify", &[served.bearer(), field.to_owned()]);
    assert_eq!(told(&behind, "connection: x-forwarded-for"), "403");
    assert_eq!(told(&behind, "x-forwarded-for: 192.0.2.1"), "403");
    assert_eq!(told(&behind, "x-forwarded-for: 127.0.0.2"), "200");
    let direct = served(near(), "");
    assert_eq!(told(&direct, "x-forwarded-for: 192.0.2.1"), "200", "its own address, and no proxy");
}

#[test]
fn a_target_of_any_length_is_answered_and_a_cost_is_a_whole_number() {
    let mut asker = wish("asker", Limits::default(), Kind::Private);
    asker.scopes = crate::domain::scope::Scopes::new(["apikey:verify".parse().unwrap()]).unwrap();
    let served =
        served(scene(vec![wish("one", Limits::default(), Kind::Private), asker]), "original = 'path'");
    let long = format!("GET /verify/{}", "a/".repeat(12_000));
    assert_eq!(served.status(&long, &[served.bearer()]), "200");
    let (one, asker) = (served.scene.text(0), served.scene.text(1));
    let status = |cost: &str| {
        let body = format!("{{\"secret\":\"{one}\",\"cost\":{cost}}}");
        served.post("/v1/verify", &asker, &body).0
    };
    assert_eq!(status("4294967295"), "200");
    for cost in ["-1", "1.5", "4294967296", "\"1\"", "null", "true"] {
        assert_eq!(status(cost), "400", "{cost}");
    }
}
