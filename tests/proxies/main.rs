//! Real proxies in front of a small API, with the shipped binary beside them: what passes, what does not, and what a
//! client cannot bring about.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests wait for real processes"
)]
#![cfg(unix)]

mod caddy;
mod nginx;
mod stage;

const CONFIG: &str = "trusted_proxies = ['127.0.0.1']\nkey_headers = ['x-api-key']\n\
    [[route]]\nmethods = ['GET']\npath = '/orders/**'\nscopes = ['orders:read']\n\
    [[route]]\npath = '/orders/**'\nscopes = ['orders:write']\n";

/// What every proxy has to let pass and hold back. `limited` is the status of a request over its limit.
fn holds(stage: &mut stage::Stage, limited: u16) {
    passes_and_holds_back(stage, limited);
    let any = stage.create("any", &["--scope", "orders:read"]);
    let fields = [format!("authorization: Bearer {any}")];
    assert_eq!(stage.through_proxy("GET /orders/7", &fields).status, 200);
    stage.end_gate();
    let answer = stage.through_proxy("GET /orders/7", &fields);
    assert!(answer.status >= 500, "nobody decides, so nothing passes: {}", answer.text);
}

fn passes_and_holds_back(stage: &stage::Stage, limited: u16) {
    let good = stage.create("good", &["--scope", "orders:read"]);
    let with = |secret: &str| vec![format!("authorization: Bearer {secret}")];
    let ask = |line: &str, fields: &[String]| stage.through_proxy(line, fields);

    let passed = ask("GET /orders/7?x=1", &with(&good));
    assert_eq!(passed.status, 200, "{}", passed.text);
    assert!(passed.text.contains("seen by the api: name=good scopes=orders:read"), "{}", passed.text);
    assert_eq!(ask("POST /orders/7", &with(&good)).status, 403, "it may only read");
    assert_eq!(ask("GET /orders/7", &[]).status, 401);
    assert_eq!(ask("GET /orders/7", &with("apik_sk_live_nonsense")).status, 401);
    assert_eq!(ask("GET /other", &with(&good)).status, 403, "no route");

    // What a client says of itself changes nothing.
    let mut forged = with(&good);
    forged.extend(
        [
            "x-apikey-name: admin",
            "x-apikey-scopes: *:*",
            "x-original-method: GET",
            "x-original-uri: /orders/1",
            "x-forwarded-method: GET",
            "x-forwarded-uri: /orders/1",
        ]
        .map(str::to_owned),
    );
    assert_eq!(ask("POST /orders/7", &forged).status, 403, "the original request is the proxy's to tell");
    let named = ask("GET /orders/7", &forged);
    assert!(!named.text.contains("name=admin"), "{}", named.text);
    for line in ["GET /orders/%2e%2e/other", "GET /orders/..%2fother", "GET //orders/7"] {
        assert_ne!(ask(line, &with(&good)).status, 200, "{line}");
    }

    let none = stage.create("none", &[]);
    let mut asking = with(&none);
    asking.extend(["x-apikey-require: orders:read", "x-apikey-scopes: *:*"].map(str::to_owned));
    assert_eq!(ask("GET /orders/7", &asking).status, 403, "a scope that the client names");
    let twice = [with(&good), with(&none)].concat();
    assert_ne!(ask("GET /orders/7", &twice).status, 200, "two secrets");
    let large = [with(&good), vec![format!("x-large: {}", "x".repeat(1 << 20))]].concat();
    assert_ne!(ask("GET /orders/7", &large).status, 200, "a megabyte of headers");
    assert_eq!(ask("GET /orders/7", &with(&good)).status, 200, "and the next is served");
    let absolute = ask("GET http://other/orders/../other", &with(&good));
    // A proxy may answer for a host that it does not know; the API has not seen it.
    assert!(!absolute.text.contains("seen by the api"), "{}", absolute.text);

    // An address that the client put in front is not believed.
    let bound = stage.create("bound", &["--scope", "orders:read", "--allow-ip", "192.0.2.7"]);
    let mut spoofed = with(&bound);
    spoofed.push("x-forwarded-for: 192.0.2.7".to_owned());
    assert_eq!(ask("GET /orders/7", &spoofed).status, 403);

    let slow = stage.create("slow", &["--scope", "orders:read", "--rate", "1/1h"]);
    assert_eq!(ask("GET /orders/7", &with(&slow)).status, 200);
    assert_eq!(ask("GET /orders/7", &with(&slow)).status, limited, "over its limit");

    stage.apikey(&["revoke", "good", "--yes"]);
    assert_eq!(ask("GET /orders/7", &with(&good)).status, 401, "revoked a moment ago");
}
