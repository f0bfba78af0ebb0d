//! What programs and holders of keys ask, and where a secret and a scope may come from.

use super::*;
use crate::domain::key::Allowed;
use crate::domain::scope::Scopes;

impl Served {
    /// The status and the body of the answer to a request with a body, as JSON if it is.
    pub(super) fn post(&self, path: &str, secret: &str, body: &str) -> (String, serde_json::Value) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: api\r\nconnection: close\r\nauthorization: Bearer {secret}\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> serde_json::Value {
        let answer = self.ask(&format!("GET {path}"), &[self.bearer()]);
        serde_json::from_str(answer.split_once("\n\n").unwrap().1).unwrap()
    }
}

fn limited(rate: &str, config: &str) -> Served {
    let limits = Limits { rate: Some(Rate::parse(rate, None).unwrap()), quota: None };
    let mut asker = wish("asker", limits, Kind::Private);
    asker.scopes = Scopes::new(["apikey:verify".parse().unwrap()]).unwrap();
    served(scene(vec![wish("one", limits, Kind::Private), asker]), config)
}

#[test]
fn a_key_may_know_what_it_is_and_has_left_and_pays_nothing_for_it() {
    let served = limited("3/1h", "");
    assert_eq!(served.status("GET /verify", &[served.bearer()]), "200");
    for _ in 0..5 {
        let view = served.get("/v1/self");
        assert_eq!((&view["name"], &view["scopes"][0]), (&"one".into(), &"orders:read".into()));
        assert_eq!((&view["limits"][0]["requests"], &view["limits"][0]["remaining"]), (&3.into(), &2.into()));
        assert!(!view.to_string().contains(&served.scene.text(0)));
    }
    let stranger = served.ask("GET /v1/self", &[]);
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    assert_eq!(served.ask("GET /v1/self", &["x-api-key: x".to_owned()]), stranger);
    for _ in 0..2 {
        assert_eq!(served.status("GET /verify", &[served.bearer()]), "200");
    }
    assert_eq!(served.get("/v1/self")["limits"][0]["remaining"], 0);
    let answer = served.ask("GET /v1/self", &[served.bearer()]);
    assert!(answer.to_lowercase().contains("cache-control: no-store"), "{answer}");
}

#[test]
fn behind_a_body_that_nobody_reads_there_is_no_other_request() {
    let served = limited("3/1h", "");
    let bearer = served.bearer();
    for (length, is_last) in [("0", false), ("5", true)] {
        let mut stream = TcpStream::connect(served.address).unwrap();
        let body = if is_last { "hello" } else { "" };
        let head = format!("host: api\r\n{bearer}\r\n");
        write!(stream, "POST /verify HTTP/1.1\r\n{head}content-length: {length}\r\n\r\n{body}").unwrap();
        write!(stream, "GET /verify HTTP/1.1\r\n{head}connection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.matches("HTTP/1.1 200").count(), if is_last { 1 } else { 2 }, "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
}

#[test]
fn whoever_still_sends_is_heard_out_and_has_its_answer() {
    let served = limited("3/1h", "");
    let head = |path: &str, place: usize| {
        let bearer = format!("authorization: Bearer {}", served.scene.text(place));
        format!("POST {path} HTTP/1.1\r\nhost: api\r\n{bearer}\r\ncontent-length: 300000\r\n\r\n")
    };
    for (begin, status) in [
        (head("/verify", 0).as_str(), "200"),
        (&head("/v1/verify", 0), "403"),
        (&head("/v1/verify", 1), "413"),
        ("nonsense\r\n\r\n", "400"),
    ] {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        // The answer is there, and nothing more was sent.
        stream.peek(&mut [0]).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        for _ in 0..3 {
            stream.write_all("x".repeat(100_000).as_bytes()).unwrap();
        }
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert!(answer.contains("\nconnection: close\r"), "{answer}");
        // Not for ever, which would keep this from ending.
        let mut endless = TcpStream::connect(served.address).unwrap();
        endless.write_all(begin.as_bytes()).unwrap();
        while endless.write_all(b"x").is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[test]
fn whoever_holds_a_secret_can_end_its_key_where_that_is_allowed() {
    let key = |config: &str| {
        let mut wish = wish("one", Limits::default(), Kind::Private);
        wish.networks = Allowed::Only(vec!["192.0.2.0/24".parse().unwrap()]);
        served(scene(vec![wish]), config)
    };
    let off = key("");
    assert_eq!(off.status("POST /v1/self/revoke", &[off.bearer()]), "404");
    let on = key("self_revoke = true");
    let stranger = on.ask("POST /v1/self/revoke", &[]);
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    assert_eq!(on.ask("POST /v1/self/revoke", &["x-api-key: x".to_owned()]), stranger);
    assert_eq!(on.status("GET /v1/self/revoke", &[on.bearer()]), "405");
    assert_eq!(on.status("GET /verify", &[on.bearer()]), "403", "not from this address");
    let (status, view) = on.post("/v1/self/revoke", &on.scene.text(0), "");
    assert_eq!((status.as_str(), &view["revoked"], &view["changed"]), ("200", &true.into(), &true.into()));
    let answer = on.ask("GET /verify", &[on.bearer()]);
    assert!(answer.contains("\"code\":\"revoked\""), "{answer}");
    let (status, view) = on.post("/v1/self/revoke", &on.scene.text(0), "");
    assert_eq!((status.as_str(), &view["revoked"], &view["changed"]), ("200", &true.into(), &false.into()));
    let said = on.scene.newest_event();
    assert_eq!((said.action.code(), said.actor.user.as_str()), ("key_revoked", "holder"));
}

#[test]
fn a_publishable_key_is_not_ended_by_whoever_has_seen_it() {
    let mut public = wish("site", Limits::default(), Kind::Publishable);
    public.origins = Allowed::Only(vec!["https://example.com".parse().unwrap()]);
    let served = served(scene(vec![public]), "self_revoke = true");
    let stranger = served.ask("POST /v1/self/revoke", &[]);
    assert_eq!(served.ask("POST /v1/self/revoke", &[served.bearer()]), stranger);
    let origin = "origin: https://example.com".to_owned();
    assert_eq!(served.status("GET /verify", &[served.bearer(), origin.clone()]), "200");
    assert_eq!(served.status("GET /verify", &[served.bearer(), origin.clone(), origin]), "403", "told twice");
}

#[cfg(target_os = "linux")]
#[test]
fn one_question_that_cannot_be_decided_leaves_the_others_their_answers() {
    let limits = Limits { rate: Some(Rate::parse("1000/1h", None).unwrap()), quota: None };
    let mut asker = wish("asker", Limits::default(), Kind::Private);
    asker.scopes = Scopes::new(["apikey:verify".parse().unwrap()]).unwrap();
    let any = wish("any", Limits::default(), Kind::Private);
    let served = served(scene(vec![wish("some", limits, Kind::Private), any, asker]), "");
    let [some, any, asker] = [0, 1, 2].map(|place| served.scene.text(place));
    let question = |secret: &str| format!("{{\"secret\":\"{secret}\"}}");
    let both = format!("{{\"questions\":[{},{}]}}", question(&some), question(&any));
    let ask = |body: &str| served.post("/v1/verify/batch", &asker, body);
    assert_eq!(ask(&both).1["answers"][0]["code"], "accepted");
    std::fs::remove_file(served.scene.path().with_file_name("registry.db-counters")).unwrap();
    // The server looks for them every second.
    let mut turns = 0..200;
    let answers = loop {
        let (status, view) = ask(&both);
        assert_eq!(status, "200");
        if view["answers"][0]["code"] == "undecided" {
            break view;
        }
        assert!(turns.next().is_some(), "{view}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(answers["answers"][0]["accepted"], false);
    assert_eq!(answers["answers"][1]["code"], "accepted");
    let (status, _) = ask(&format!("{{\"questions\":[{}]}}", question(&some)));
    assert_eq!(status, "503", "none of them could be decided");
}

#[test]
fn a_program_asks_for_one_scope_or_for_several() {
    let served = limited("100/1d", "");
    let asker = served.scene.text(1);
    for (asked, code) in [
        (r#""scope": "orders:read""#, "accepted"),
        (r#""scope": "orders:write""#, "insufficient_scope"),
        (r#""scope": "orders:read", "scopes": ["orders:read"]"#, "accepted"),
        (r#""scope": "orders:read", "scopes": ["orders:write"]"#, "insufficient_scope"),
        (r#""scope": "orders:write", "scopes": ["orders:read"]"#, "insufficient_scope"),
    ] {
        let body = format!(r#"{{"secret": "{}", {asked}}}"#, served.scene.text(0));
        let (status, answer) = served.post("/v1/verify", &asker, &body);
        assert_eq!((&*status, &answer["code"]), ("200", &code.into()), "{asked}: {answer}");
    }
}

#[test]
fn many_questions_are_answered_in_their_order_for_one_request_of_the_caller() {
    let served = limited("2/1h", "");
    let (one, asker) = (served.scene.text(0), served.scene.text(1));
    let question = |secret: &str, cost: u32| format!("{{\"secret\":\"{secret}\",\"cost\":{cost}}}");
    let batch = |questions: &[String]| format!("{{\"questions\":[{}]}}", questions.join(","));
    let questions =
        [question(&one, 0), question("nonsense", 1), question(&one, 1), question(&one, 1), question(&one, 1)];
    let (status, view) = served.post("/v1/verify/batch", &asker, &batch(&questions));
    let codes: Vec<_> =
        view["answers"].as_array().unwrap().iter().map(|answer| answer["code"].as_str().unwrap()).collect();
    assert_eq!(status, "200");
    assert_eq!(codes, ["accepted", "malformed", "accepted", "accepted", "rate_limited"]);
    let most = vec![question("x", 1); 1_001];
    assert_eq!(served.post("/v1/verify/batch", &asker, &batch(&most)).0, "400");
    let (status, _) = served.post("/v1/verify/batch", &asker, &batch(&most[1..]));
    assert_eq!(status, "429", "the caller has asked twice");
}

#[test]
fn a_batch_is_read_whole_before_any_of_it_is_decided() {
    let served = limited("10/1h", "");
    let (one, asker) = (served.scene.text(0), served.scene.text(1));
    for body in ["", "[]", "{}", "{\"questions\":[1]}", "{\"questions\":[],\"more\":1}"] {
        assert_eq!(served.post("/v1/verify/batch", &asker, body).0, "400", "{body}");
    }
    let bad = format!("{{\"questions\":[{{\"secret\":\"{one}\"}},{{\"secret\":\"x\",\"env\":\"prod\"}}]}}");
    let (status, view) = served.post("/v1/verify/batch", &asker, &bad);
    assert_eq!((status.as_str(), &view["detail"]), ("400", &"`questions[1].env` cannot be read".into()));
    assert_eq!(served.get("/v1/self")["limits"][0]["remaining"], 10);
}

#[test]
fn a_question_that_cannot_be_read_says_where_and_shows_nothing_of_it() {
    const NOT_IT: &str = "the body is not the JSON object that is asked for (line 1, column ";
    const KNOWN: &str = "an unknown field; known are `secret`, `consumer_key`, `scope`, `scopes`, `ip`, `origin`, \
        `env`, `cost` (line 1, column ";
    const MISSING: &str = "the field `secret` is missing (line 1, column ";
    let served = limited("100/1h", "");
    let (one, asker) = (served.scene.text(0), served.scene.text(1));
    let body = |rest: &str| format!(r#"{{"secret":"{one}",{rest}}}"#);
    for (body, detail) in [
        (body(r#""scopes":["a b"]"#), "`scopes` cannot be read"),
        (body(r#""origin":"shop""#), "`origin` cannot be read"),
        (body(r#""env":"prod""#), "`env` cannot be read"),
        (body(r#""cost":-1"#), NOT_IT),
        (body(r#""ip":"1.2.3""#), NOT_IT),
        (body(r#""secret":"x""#), NOT_IT),
        (format!(r#"{{"secret":["{one}"]}}"#), NOT_IT),
        (format!(r#"{{"secret":"{one}""#), NOT_IT),
        (one.clone(), NOT_IT),
        (body(&format!(r#""{one}":1"#)), KNOWN),
        (body(&format!(r#""{one}`, expected `questions`":1"#)), KNOWN),
        (format!(r#"{{"missing field `{one}`":1}}"#), KNOWN),
        (format!(r#"{{"key":"{one}"}}"#), KNOWN),
        (format!(r#"{{"origin":"{one}"}}"#), MISSING),
        ("{}".to_owned(), MISSING),
    ] {
        let (status, view) = served.post("/v1/verify", &asker, &body);
        assert_eq!(status, "400", "{body}");
        assert!(view["detail"].as_str().unwrap().starts_with(detail), "{body}: {view}");
        assert!(!view.to_string().contains(&one), "{view}");
    }
}

#[test]
fn a_batch_that_cannot_be_read_says_what_of_it_and_shows_nothing_of_it() {
    const NONE: &str = "the body is not a JSON object with a list of `questions` (line 1, column ";
    const ONE: &str = "one of `questions` is not the JSON object that is asked for (line 1, column ";
    let served = limited("100/1h", "");
    let (one, asker) = (served.scene.text(0), served.scene.text(1));
    for (body, detail) in [
        (one.clone(), NONE),
        (format!(r#"[{{"secret":"{one}"}}]"#), NONE),
        (format!(r#"{{"questions":"{one}"}}"#), NONE),
        ("{}".to_owned(), "the field `questions` is missing (line 1, column "),
        (
            format!(r#"{{"questions":[],"{one}":1}}"#),
            "an unknown field; known are `questions` (line 1, column ",
        ),
        (format!(r#"{{"questions":["{one}"]}}"#), ONE),
        (format!(r#"{{"questions":[{{"secret":"{one}"}},{{"secret":"{one}","cost":"{one}"}}]}}"#), ONE),
        (r#"{"questions":[{}]}"#.to_owned(), "the field `secret` is missing (line 1, column 16)"),
        (
            format!(r#"{{"questions":[{{"{one}":1}}]}}"#),
            "an unknown field; known are `secret`, `consumer_key`",
        ),
    ] {
        let (status, view) = served.post("/v1/verify/batch", &asker, &body);
        assert_eq!(status, "400", "{body}");
        assert!(view["detail"].as_str().unwrap().starts_with(detail), "{body}: {view}");
        assert!(!view.to_string().contains(&one), "{view}");
    }
}

#[test]
fn a_body_that_is_too_large_is_told_the_largest_that_is_read() {
    let served = limited("100/1h", "");
    let asker = served.scene.text(1);
    for (path, bytes, most) in
        [("/v1/verify", 64 * 1024, "64 KiB"), ("/v1/verify/batch", 1024 * 1024, "1024 KiB")]
    {
        assert_eq!(served.post(path, &asker, &" ".repeat(bytes)).0, "400", "{path}");
        let (status, view) = served.post(path, &asker, &" ".repeat(bytes + 1));
        assert_eq!(
            (status, view),
            (
                "413".to_owned(),
                serde_json::json!({
                    "type": "about:blank", "title": "Payload Too Large", "status": 413, "code": "too_large",
                    "detail": format!("the body is larger than {most}"),
                })
            )
        );
    }
}

#[test]
fn a_query_holds_a_secret_only_where_the_configuration_names_it() {
    let off = plain("original = 'path'");
    let path = |served: &Served| format!("GET /verify/x?a=b&key={}", served.scene.text(0));
    assert_eq!(off.status(&path(&off), &[]), "401");
    let on = plain("original = 'path'\nquery_parameter = 'key'");
    assert_eq!(on.status(&path(&on), &[]), "200");
    assert_eq!(on.status(&path(&on), &[on.bearer()]), "200");
    assert_eq!(on.status(&path(&on), &["x-api-key: other".to_owned()]), "401");
    assert_eq!(on.status(&format!("{}&key=other", path(&on)), &[]), "401");
    let nginx = plain("original = 'nginx'\nquery_parameter = 'key'");
    let told = format!("x-original-uri: /x?key={}", nginx.scene.text(0));
    assert_eq!(nginx.status("GET /verify", std::slice::from_ref(&told)), "200");
    assert_eq!(nginx.status("GET /verify", &[told, "x-original-uri: /x".to_owned()]), "401");
    assert_eq!(nginx.status(&path(&nginx), &[]), "401", "the proxy's own request says nothing");
}

#[test]
fn a_scope_is_taken_from_a_trusted_proxy_and_without_one_nothing_passes() {
    let config = "scope_header = 'X-Apikey-Require'\ntrusted_proxies = ";
    let served = plain(&format!("{config}['127.0.0.1']"));
    let with = |values: &[&str]| {
        let mut fields = vec![served.bearer()];
        fields.extend(values.iter().map(|value| format!("x-apikey-require: {value}")));
        served.status("GET /verify", &fields)
    };
    assert_eq!(with(&["orders:read"]), "200");
    for values in [
        &["orders:write"][..],
        &["orders:read, orders:write"],
        &[],
        &[""],
        &["orders"],
        &["orders:read", "orders:read"],
    ] {
        assert_eq!(with(values), "403", "{values:?}");
    }
    let other = plain(&format!("{config}['192.0.2.1']"));
    let fields = [other.bearer(), "x-apikey-require: orders:read".to_owned()];
    assert_eq!(other.status("GET /verify", &fields), "403", "told by somebody else");
    assert!(Rules::parse("scope_header = 'X-Apikey-Require'").is_err(), "nobody is believed");
}

#[test]
fn strangers_that_ask_too_often_are_told_so_and_good_keys_are_not() {
    let served = plain("trusted_proxies = ['127.0.0.1']\n[strangers]\nrate = '2/1h'");
    let from = |ip: &str, secret: &str| {
        let fields = [format!("x-forwarded-for: {ip}"), format!("x-api-key: {secret}")];
        served.ask("GET /verify", &fields)
    };
    let first = from("192.0.2.1", "x");
    assert_eq!(from("192.0.2.1", "apik_sk_live_000000000000_"), first);
    let over = from("192.0.2.1", "x");
    assert!(over.starts_with("HTTP/1.1 429") && over.contains("retry-after: 1800"), "{over}");
    assert_eq!(from("192.0.2.1", ""), over, "all of them alike");
    assert!(from("192.0.2.1", &served.scene.text(0)).starts_with("HTTP/1.1 200"));
    assert_eq!(from("192.0.2.2", "x"), first, "another address");
    for config in ["[strangers]\nrate = 'often'", "[strangers]", "strangers = 1"] {
        assert!(Rules::parse(config).is_err(), "{config}");
    }
}

#[test]
fn a_secret_that_is_over_does_not_end_what_replaced_it() {
    let edits: [fn(&mut crate::domain::key::KeySecret, crate::domain::time::Instant); 3] = [
        |old, now| old.retires_at = Some(now),
        |old, now| old.expires_at = Some(now),
        |old, now| old.revoked_at = Some(now),
    ];
    for edit in edits {
        let mut scene = scene(vec![wish("one", Limits::default(), Kind::Private)]);
        let now = scene.key(0).created_at;
        scene.change(0, |key| {
            let newer = crate::domain::key::KeySecret {
                id: crate::domain::secret::SecretId::generate(&mut crate::domain::samples::rng()),
                ..key.secrets[0].clone()
            };
            key.add_secret(newer);
            edit(&mut key.secrets[0], now);
        });
        let served = served(scene, "self_revoke = true");
        let stranger = served.ask("POST /v1/self/revoke", &[]);
        assert_eq!(served.ask("POST /v1/self/revoke", &[served.bearer()]), stranger);
        assert!(served.scene.stored(0).revoked.is_none());
    }
}

#[test]
fn a_program_that_asks_is_of_the_environment_that_is_served() {
    let served = limited("9/1h", "env = 'test'");
    let question = format!("{{\"secret\":\"{}\"}}", served.scene.text(0));
    let (status, view) = served.post("/v1/verify", &served.scene.text(1), &question);
    assert_eq!((status.as_str(), &view["code"]), ("403", &"wrong_environment".into()));
}

#[test]
fn a_publishable_key_learns_what_it_is_where_it_may_be_sent_from() {
    let mut public = wish("site", Limits::default(), Kind::Publishable);
    public.origins = Allowed::Only(vec!["https://example.com".parse().unwrap()]);
    let served = served(scene(vec![public]), "");
    let from = |origin: &str| served.status("GET /v1/self", &[served.bearer(), format!("origin: {origin}")]);
    assert_eq!((from("https://example.com"), from("https://evil.example")), ("200".into(), "403".into()));
}

#[test]
fn what_a_program_says_of_a_request_decides_and_not_how_the_program_itself_asks() {
    let named = |name: &str| wish(name, Limits::default(), Kind::Private);
    let mut near = named("near");
    near.networks = Allowed::Only(vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
    let mut here = named("here");
    here.networks = Allowed::Only(vec!["127.0.0.0/8".parse().unwrap()]);
    let mut site = named("site");
    site.origins = Allowed::Only(vec!["https://shop.example".parse().unwrap()]);
    let mut test = named("test");
    test.env = crate::domain::secret::Env::Test;
    let mut asker = named("asker");
    asker.scopes = Scopes::new(["apikey:verify".parse().unwrap()]).unwrap();
    let served = served(scene(vec![near, here, site, test, asker]), "");
    for (place, rest, code) in [
        (0, r#","ip":"192.0.2.7""#, "accepted"),
        (0, r#","ip":"::ffff:192.0.2.7""#, "accepted"),
        (0, r#","ip":"2001:db8::7""#, "accepted"),
        (0, r#","ip":"198.51.100.7""#, "ip_not_allowed"),
        (0, "", "ip_not_allowed"),
        (1, r#","ip":"127.0.0.7""#, "accepted"),
        (1, "", "ip_not_allowed"),
        (2, r#","origin":"https://shop.example""#, "accepted"),
        (2, r#","origin":"https://evil.example""#, "origin_not_allowed"),
        (2, "", "origin_not_allowed"),
        (2, r#","env":"live","origin":"https://shop.example""#, "accepted"),
        (2, r#","env":"test","origin":"https://shop.example""#, "wrong_environment"),
        (3, r#","env":"test""#, "accepted"),
        (3, r#","env":"live""#, "wrong_environment"),
        (3, "", "accepted"),
    ] {
        let question = format!(r#"{{"secret":"{}"{rest}}}"#, served.scene.text(place));
        let (status, view) = served.post("/v1/verify", &served.scene.text(4), &question);
        assert_eq!((status.as_str(), &view["code"]), ("200", &code.into()), "{place} {rest}");
        assert_eq!(view["accepted"], code == "accepted", "{place} {rest}");
    }
}

#[test]
fn a_question_takes_its_cost_from_a_quota_and_one_that_costs_nothing_takes_nothing() {
    let limits = Limits { rate: None, quota: Some("100/day".parse().unwrap()) };
    let mut asker = wish("asker", Limits::default(), Kind::Private);
    asker.scopes = Scopes::new(["apikey:verify".parse().unwrap()]).unwrap();
    let served = served(scene(vec![wish("one", limits, Kind::Private), asker]), "");
    let (one, asker) = (served.scene.text(0), served.scene.text(1));
    let left = || served.get("/v1/self")["limits"][0]["remaining"].as_u64().unwrap();
    for (cost, code, remaining) in [
        (",\"cost\":0", "accepted", 100),
        ("", "accepted", 99),
        (",\"cost\":30", "accepted", 69),
        (",\"cost\":0", "accepted", 69),
        (",\"cost\":70", "quota_exceeded", 69),
        (",\"cost\":69", "accepted", 0),
        (",\"cost\":1", "quota_exceeded", 0),
    ] {
        let question = format!("{{\"secret\":\"{one}\"{cost}}}");
        let (_, view) = served.post("/v1/verify", &asker, &question);
        assert_eq!((&view["code"], left()), (&code.into(), remaining), "{cost}");
        if code == "accepted" {
            assert_eq!(view["remaining"], remaining, "{cost}");
        }
    }
    let answer = served.ask("GET /verify", &[served.bearer()]);
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("ratelimit: \"key-quota\";r=0;"),
        "{answer}"
    );
}
