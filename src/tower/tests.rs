//! The layer around a service that notes whether it was reached, with a registry that changes behind it.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tower_layer::Layer as _;
use tower_service::Service;

use super::*;
use crate::domain::decision::Denial;
use crate::domain::key::Allowed;
use crate::domain::limit::Limits;
use crate::domain::scope::Scopes;
use crate::domain::secret::Kind;
use crate::registry::sqlite::tests::edit;
use crate::serve::Gate;
use crate::serve::journal::{Form, Journal, Requests};
use crate::serve::peer::Peer;
use crate::verifier::VerifiedKey;
use crate::verifier::tests::{Scene, scene, wish};

/// What is behind the layer.
#[derive(Debug, Clone, Default)]
struct Inner {
    calls: Arc<AtomicUsize>,
    is_ready: Arc<AtomicBool>,
    /// The request that came through last.
    reached: Arc<Mutex<Option<Parts>>>,
}

impl Service<Request<()>> for Inner {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.is_ready.load(Ordering::SeqCst) { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::SeqCst);
        *self.reached.lock().unwrap() = Some(request.into_parts().0);
        ready(Ok(Response::builder().header("ratelimit", "\"own\";r=1").body("reached".into()).unwrap()))
    }
}

/// A registry, and a service on it behind a layer.
struct Guarded {
    scene: Scene,
    service: ApiKeyService<Inner>,
    inner: Inner,
}

fn guarded(scene: Scene, lay: impl FnOnce(ApiKeyLayer) -> ApiKeyLayer) -> Guarded {
    let inner = Inner::default();
    let layer = lay(ApiKeyLayer::new(Arc::new(scene.second())));
    Guarded { service: layer.layer(inner.clone()), scene, inner }
}

fn plain(lay: impl FnOnce(ApiKeyLayer) -> ApiKeyLayer) -> Guarded {
    guarded(scene(vec![wish("one", Limits::default(), Kind::Private)]), lay)
}

fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn request<B>(fields: &[(&str, String)], body: B) -> Request<B> {
    let mut request = Request::get("/orders/7").body(body).unwrap();
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

impl Guarded {
    fn send(&mut self, request: Request<()>) -> Response<Bytes> {
        now(self.service.call(request)).unwrap()
    }

    fn ask(&mut self, fields: &[(&str, String)]) -> Response<Bytes> {
        self.send(request(fields, ()))
    }

    /// The status, and the code of a problem or nothing.
    fn code(&mut self, fields: &[(&str, String)]) -> (u16, String) {
        let before = self.calls();
        let response = self.ask(fields);
        let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let is_through = response.body() == "reached";
        assert_eq!(self.calls() - before, usize::from(is_through), "reached when it passes, and only then");
        (response.status().as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
    }

    fn bearer(&self) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.scene.text(0)))
    }

    fn calls(&self) -> usize {
        self.inner.calls.load(Ordering::SeqCst)
    }

    fn reached(&self) -> Parts {
        self.inner.reached.lock().unwrap().take().unwrap()
    }
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn basic(text: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(text)))
}

#[test]
fn what_passes_carries_its_key_and_no_secret() {
    let mut guarded = plain(|layer| layer);
    let text = guarded.scene.text(0);
    for field in [guarded.bearer(), basic(&format!("{text}:")), ("x-api-key", text.clone())] {
        let mut fields = vec![field, ("x-request-id", "7".to_owned())];
        assert_eq!(guarded.code(&fields), is(200, ""));
        let parts = guarded.reached();
        let names: Vec<&str> = parts.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!((names, parts.uri.path()), (vec!["x-request-id"], "/orders/7"));
        let key = parts.extensions.get::<VerifiedKey>().unwrap();
        assert_eq!((&*key.name, &*key.owner, &*key.project), ("one", "default", "default"));
        assert_eq!(
            (key.env, key.kind, key.scopes.joined()),
            (Env::Live, Kind::Private, "orders:read".into())
        );
        assert_eq!(key.secret_id.as_str(), text.split('_').nth(3).unwrap());
        assert!(key.expires_at.is_some());
        assert!(!format!("{:?}{:?}", parts.extensions, guarded.service).contains(&text));
        fields.push(("authorization", format!("Bearer {text}")));
        fields.push(("x-api-key", text.clone()));
        assert_eq!(guarded.code(&fields), is(200, ""), "one secret in every place");
        assert_eq!(guarded.reached().headers.len(), 1);
    }
}

#[test]
fn what_presents_no_one_known_secret_is_a_stranger() {
    let mut guarded = plain(|layer| layer);
    let text = guarded.scene.text(0);
    let mut wrong = text.clone();
    wrong.replace_range(30..31, if &text[30..31] == "a" { "b" } else { "a" });
    for (text, denial) in
        [(None, Denial::Missing), (Some("x"), Denial::Malformed), (Some(&*wrong), Denial::NotFound)]
    {
        let fields: Vec<_> = text.map(|text| ("x-api-key", text.to_owned())).into_iter().collect();
        assert_eq!(guarded.ask(&fields).extensions().get(), Some(&denial), "said to those around the layer");
    }
    for fields in [
        vec![],
        vec![("x-api-key", String::new())],
        vec![("x-api-key", wrong)],
        vec![guarded.bearer(), ("x-api-key", "other".to_owned())],
        vec![("authorization", "Bearer other".to_owned()), ("x-api-key", text.clone())],
        vec![guarded.bearer(), ("authorization", "Bearer other".to_owned())],
        vec![basic(&format!("someone:{text}"))],
        vec![("authorization", "Basic ?".to_owned())],
        vec![("authorization", format!("Token {text}"))],
        vec![("authorization", text.clone())],
        vec![("authorization", String::new())],
        vec![("x-other-key", text.clone())],
    ] {
        assert_eq!(guarded.code(&fields), is(401, "unauthorized"), "{fields:?}");
    }
    assert_eq!(guarded.calls(), 0);
}

/// The whole answer, to compare; how long it is, a router adds and a service alone does not.
fn whole(status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    let mut headers = headers.clone();
    headers.remove(CONTENT_LENGTH);
    let mut fields: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    fields.sort();
    format!("{status}\n{}\n{}", fields.join("\n"), String::from_utf8_lossy(body))
}

#[test]
fn a_denial_is_answered_as_by_the_server_byte_for_byte() {
    let limits = Limits { rate: Some(Rate::parse("1/1m", None).unwrap()), quota: None };
    let mut over = wish("over", limits, Kind::Private);
    let mut elsewhere = wish("elsewhere", Limits::default(), Kind::Private);
    let unable = wish("unable", Limits::default(), Kind::Private);
    over.scopes = Scopes::new(["orders:write".parse().unwrap()]).unwrap();
    elsewhere.networks = Allowed::Only(vec!["192.0.2.0/24".parse().unwrap()]);
    let gone = wish("gone", Limits::default(), Kind::Private);
    let scene = scene(vec![over, elsewhere, unable, gone]);
    let mut guarded = guarded(scene, |layer| layer.requires("orders:write".parse().unwrap()));
    guarded.scene.revoke(3);
    let texts = [0, 1, 2, 3].map(|place| guarded.scene.text(place));
    assert_eq!(guarded.code(&[("x-api-key", texts[0].clone())]), is(200, ""), "the burst is used up");

    let (journal, _) = Journal::begin(Form::Off, Requests::None, crate::host::real::now);
    let rules = Rules::parse("scopes = ['orders:write']").unwrap();
    let mut server = crate::serve::router(Arc::new(Gate::new(guarded.scene.second(), rules, journal)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut serve = |fields: &[(&str, String)]| {
        let mut request = request(fields, Body::empty());
        *request.uri_mut() = "/verify".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(Peer::Unix));
        runtime.block_on(async {
            let response = server.call(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, 10_000).await.unwrap();
            whole(parts.status.as_u16(), &parts.headers, &body)
        })
    };
    let strange = [String::new(), "x".to_owned(), format!("{}x", texts[0])];
    let said = [429, 403, 403, 401, 401, 401, 401];
    for (text, status) in texts.iter().chain(&strange).zip(said) {
        let fields = [("x-api-key", text.clone())];
        let answer = guarded.ask(&fields);
        let answer = whole(answer.status().as_u16(), answer.headers(), answer.body());
        assert_eq!(answer, serve(&fields));
        assert!(answer.starts_with(&status.to_string()), "{answer}");
    }
    assert_eq!(guarded.calls(), 1);
}

#[test]
fn limits_are_told_beside_those_of_the_service_itself() {
    let limits = Limits { rate: Some(Rate::parse("3/1m", None).unwrap()), quota: None };
    let mut guarded = guarded(scene(vec![wish("one", limits, Kind::Private)]), |layer| layer.cost(2));
    let accepted = guarded.ask(&[guarded.bearer()]);
    let told: Vec<_> = accepted.headers().get_all("ratelimit").iter().collect();
    assert_eq!(told, ["\"own\";r=1", "\"key-rate\";r=1;t=40"]);
    assert_eq!(accepted.headers()["ratelimit-policy"], "\"key-rate\";q=3;w=60");
    assert_eq!(guarded.code(&[guarded.bearer()]), is(429, "rate_limited"), "two are not left");

    let mut unlimited = plain(|layer| layer);
    let accepted = unlimited.ask(&[unlimited.bearer()]);
    assert_eq!(
        (accepted.headers().len(), &accepted.headers()["ratelimit"]),
        (1, &"\"own\";r=1".parse().unwrap())
    );
}

#[test]
fn a_change_of_the_registry_holds_from_the_next_request_on() {
    let mut guarded = plain(|layer| layer);
    assert_eq!(guarded.code(&[guarded.bearer()]), is(200, ""));
    guarded.scene.revoke(0);
    assert_eq!(guarded.code(&[guarded.bearer()]), is(401, "revoked"));
}

/// What somebody does to a registry.
type Spoil = fn(&mut Scene);

#[test]
fn where_nothing_can_be_decided_nothing_passes() {
    let replaced = |scene: &mut Scene| scene.replace();
    let unreadable = |scene: &mut Scene| edit(scene.path(), "ALTER TABLE touched RENAME TO gone");
    let ways: [(&str, Spoil); 2] = [("was replaced", replaced), ("triggers", unreadable)];
    for (why, spoil) in ways {
        let said = Arc::new(Mutex::new(Vec::new()));
        let notes = said.clone();
        let mut guarded =
            plain(|layer| layer.on_undecided(move |error| notes.lock().unwrap().push(error.to_string())));
        assert_eq!(guarded.code(&[guarded.bearer()]), is(200, ""));
        assert_eq!(*said.lock().unwrap(), Vec::<String>::new());
        spoil(&mut guarded.scene);
        for fields in [vec![guarded.bearer()], vec![]] {
            assert_eq!(guarded.code(&fields), is(503, "undecided"), "{why}");
        }
        let said = said.lock().unwrap();
        assert!(said.len() == 2 && said.iter().all(|said| said.contains(why)), "{said:?}");
    }
}

#[test]
fn no_client_can_say_who_it_is() {
    let two = ["one", "two"].map(|name| wish(name, Limits::default(), Kind::Private));
    let mut guarded = guarded(scene(two.into()), |layer| layer);
    // A key that another layer, or a request that is sent on, left among the extensions.
    guarded.ask(&[("x-api-key", guarded.scene.text(1))]);
    let other = guarded.reached().extensions.remove::<VerifiedKey>().unwrap();
    let mut forged = request(&[("x-apikey-name", "two".to_owned()), guarded.bearer()], ());
    forged.extensions_mut().insert(other.clone());
    guarded.send(forged);
    assert_eq!(guarded.reached().extensions.get::<VerifiedKey>().unwrap().name, "one");
    let mut nobody = request(&[("x-apikey-name", "two".to_owned())], ());
    nobody.extensions_mut().insert(other);
    assert_eq!((guarded.send(nobody).status().as_u16(), guarded.calls()), (401, 2));
}

#[test]
fn what_a_request_needs_can_depend_on_it_and_what_is_not_known_does_not_pass() {
    let limits = Limits { rate: Some(Rate::parse("2/1m", None).unwrap()), quota: None };
    let by_kind = |parts: &Parts| match parts.headers.get("x-kind")?.to_str().ok()? {
        "read" => Some(vec!["orders:read".parse().ok()?]),
        "write" => Some(vec!["orders:write".parse().ok()?]),
        "none" => Some(Vec::new()),
        _ => None,
    };
    let mut guarded =
        guarded(scene(vec![wish("one", limits, Kind::Private)]), |layer| layer.requires_by(by_kind));
    let with = |guarded: &Guarded, kind: &str| [guarded.bearer(), ("x-kind", kind.to_owned())];
    for (kind, said) in [
        ("other", is(403, "no_route")),
        ("write", is(403, "insufficient_scope")),
        ("other", is(403, "no_route")),
        ("read", is(200, "")),
        ("none", is(200, "")),
        ("none", is(429, "rate_limited")),
    ] {
        let fields = with(&guarded, kind);
        assert_eq!(guarded.code(&fields), said, "{kind}");
    }
    assert_eq!(guarded.code(&[("x-kind", "other".to_owned())]), is(401, "unauthorized"));
    let mut both = plain(|layer| layer.requires("orders:write".parse().unwrap()).requires_by(by_kind));
    let fields = with(&both, "read");
    assert_eq!(both.code(&fields), is(403, "insufficient_scope"), "all that are asked for");
}

#[test]
fn an_address_comes_from_the_connection_a_trusted_proxy_or_whoever_is_asked() {
    let from = |address: Option<&str>, forwarded: &str, lay: fn(ApiKeyLayer) -> ApiKeyLayer| {
        let mut wish = wish("one", Limits::default(), Kind::Private);
        wish.networks = Allowed::Only(vec!["192.0.2.0/24".parse().unwrap()]);
        let mut guarded = guarded(scene(vec![wish]), lay);
        let fields = [guarded.bearer(), ("x-forwarded-for", forwarded.to_owned())];
        let mut request = request(&fields, ());
        if let Some(address) = address {
            let address: SocketAddr = address.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(address));
        }
        guarded.send(request).status().as_u16()
    };
    let trusting: fn(ApiKeyLayer) -> ApiKeyLayer =
        |layer| layer.trusted_proxies(["10.0.0.0/8".parse().unwrap()]);
    let asking: fn(ApiKeyLayer) -> ApiKeyLayer =
        |layer| layer.client_address(|_| Some([192, 0, 2, 9].into()));
    assert_eq!(from(Some("192.0.2.7:1"), "203.0.113.9", |layer| layer), 200);
    assert_eq!(from(Some("[::ffff:192.0.2.7]:1"), "", |layer| layer), 200);
    assert_eq!(from(Some("10.0.0.1:1"), "192.0.2.7", |layer| layer), 403, "a stranger's word");
    assert_eq!(from(None, "192.0.2.7", |layer| layer), 403, "not told");
    assert_eq!(from(None, "192.0.2.7", trusting), 403, "nobody who is trusted");
    assert_eq!(from(Some("10.0.0.1:1"), "192.0.2.7", trusting), 200);
    assert_eq!(from(Some("10.0.0.1:1"), "192.0.2.7, 203.0.113.9", trusting), 403, "from the right");
    assert_eq!(from(Some("203.0.113.9:1"), "", asking), 200);
}

#[test]
fn an_address_of_ipv4_is_recorded_as_one_whatever_it_was_dressed_as() {
    let scene = scene(vec![wish("one", Limits::default(), Kind::Private)]);
    let dressed: SocketAddr = "[::ffff:192.0.2.7]:1".parse().unwrap();
    let layer = ApiKeyLayer::new(Arc::new(scene.second()));
    let told = layer.clone().client_address(move |_| Some(dressed.ip()));
    let mut parts = request(&[], ()).into_parts().0;
    parts.extensions.insert(ConnectInfo(dressed));
    for layer in [layer, told] {
        assert_eq!(layer.rule.request(&parts).ip, Some([192, 0, 2, 7].into()));
    }
}

#[test]
fn the_other_settings_ask_what_they_say() {
    let mut test_only = plain(|layer| layer.env(Env::Test));
    assert_eq!(test_only.code(&[test_only.bearer()]), is(403, "wrong_environment"));

    let mut other = plain(|layer| layer.key_headers([HeaderName::from_static("x-shop-key")]));
    let text = other.scene.text(0);
    assert_eq!(other.code(&[("x-api-key", text.clone())]), is(401, "unauthorized"));
    assert_eq!(other.code(&[("x-shop-key", text.clone()), ("x-api-key", "mine".to_owned())]), is(200, ""));
    let headers = other.reached().headers;
    assert_eq!((headers.len(), &headers["x-api-key"]), (1, &"mine".parse().unwrap()), "not ours to take");

    let mut slow = plain(|layer| layer.strangers(Rate::parse("1/1d", None).unwrap()));
    assert_eq!(slow.code(&[]), is(401, "unauthorized"));
    assert_eq!(slow.code(&[]), is(429, "too_many_requests"));
    assert_eq!(slow.code(&[slow.bearer()]), is(200, ""), "whoever has a key is no stranger");
    let fields = [slow.bearer()];
    assert!(!slow.ask(&fields).headers().contains_key(AUTHORIZATION));

    let limits = Limits { rate: Some(Rate::parse("1/1d", None).unwrap()), quota: None };
    let mut free = guarded(scene(vec![wish("one", limits, Kind::Private)]), |layer| layer.cost(0));
    for _ in 0..3 {
        assert_eq!(free.code(&[free.bearer()]), is(200, ""));
    }
}

#[test]
fn it_is_ready_when_the_service_behind_it_is() {
    let mut guarded = plain(|layer| layer);
    let is_ready = |guarded: &mut Guarded| {
        let mut asked = pin!(poll_fn(|context| guarded.service.poll_ready(context)));
        asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
    assert!(!is_ready(&mut guarded));
    guarded.inner.is_ready.store(true, Ordering::SeqCst);
    assert!(is_ready(&mut guarded));
}

#[test]
fn one_layer_changed_leaves_its_copies_as_they_were() {
    let scene = scene(vec![wish("one", Limits::default(), Kind::Private)]);
    let layer = ApiKeyLayer::new(Arc::new(scene.second()));
    let strict = layer.clone().requires("orders:write".parse().unwrap());
    let ask = |layer: &ApiKeyLayer| {
        let request = request(&[("x-api-key", scene.text(0))], ());
        now(layer.layer(Inner::default()).call(request)).unwrap().status().as_u16()
    };
    assert_eq!((ask(&layer), ask(&strict)), (200, 403));
}
