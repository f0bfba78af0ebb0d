//! The golden texts of every JSON shape: exact names, order, types.

use super::*;
use crate::domain::event::{Action, Actor, Event, FieldChange};
use crate::domain::key::{Allowed, Kept, Key, KeyId, LastUse, Revocation, RevokeReason};
use crate::domain::party::PartyKind;
use crate::domain::samples;
use crate::domain::secret::{Brand, Kind, SecretId};
use crate::domain::time::{Instant, Span};
use crate::registry::{DefinedScope, PartySummary, RecordedEvent};

fn now() -> Instant {
    Instant::from_seconds(samples::NOW)
}

fn fixed(name: &str) -> Key {
    let mut key = samples::key(name);
    key.id = KeyId::from_bare("7Hq2aaaaBBBB").unwrap();
    key.secrets[0].id = SecretId::parse("000011112222").unwrap();
    key
}

fn view(key: &Key) -> KeyView<'_> {
    KeyView::of(key, false, &Brand::default(), now())
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

const PLAIN: &str = concat!(
    r#""id":"key_7Hq2aaaaBBBB","name":"ci","kind":"sk","env":"live","status":"active","owner":"default","#,
    r#""project":"default","scopes":["orders:read"],"allow_ips":null,"allow_origins":null,"rate":null,"#,
    r#""quota":null,"lifetime_seconds":7776000,"created_at":"2026-11-23T12:00:00Z","not_before":null,"#,
    r#""expires_at":"2027-02-21T12:00:00Z","last_used_at":null,"last_used_ip":null,"tags":[],"note":null,"consumer_key":null,"#,
    r#""rotate_every_seconds":null,"due_at":null,"disabled_at":null,"revoked_at":null,"revoke_reason":null,"#,
    r#""secrets":[{"id":"000011112222","public":"apik_sk_live_000011112222","status":"active","#,
    r#""created_at":"2026-11-23T12:00:00Z","expires_at":"2027-02-21T12:00:00Z","last_used_at":null,"last_used_ip":null,"kept":false}]"#,
);

#[test]
fn a_plain_key_is_written_field_by_field() {
    assert_eq!(json(&view(&fixed("ci"))), format!("{{{PLAIN}}}"));
}

#[test]
fn a_key_with_everything_set_has_the_same_fields_with_values() {
    let mut key = fixed("鍵 \"ci\"");
    key.kind = Kind::Pair;
    key.networks = Allowed::from_named(["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
    key.origins = Allowed::from_named(["https://shop.example.com".parse().unwrap()]);
    key.not_before = Some(now());
    key.rotate_every = Some(Span::days(30));
    key.tags = ["b".parse().unwrap(), "a".parse().unwrap()].into();
    key.note = Some("for the\u{a0}shop".replace('\u{a0}', " ").parse().unwrap());
    key.disabled_at = Some(now());
    key.revoked = Some(Revocation { at: now(), reason: RevokeReason::Leaked });
    key.secrets[0].last_use = Some(LastUse { at: now(), ip: None });
    key.secrets[0].kept = Kept::Sealed(vec![1]);
    assert_eq!(
        json(&view(&key)),
        concat!(
            r#"{"id":"key_7Hq2aaaaBBBB","name":"鍵 \"ci\"","kind":"cs","env":"live","status":"revoked","#,
            r#""owner":"default","project":"default","scopes":["orders:read"],"#,
            r#""allow_ips":["10.0.0.0/8","2001:db8::/32"],"allow_origins":["https://shop.example.com"],"#,
            r#""rate":null,"quota":null,"lifetime_seconds":7776000,"created_at":"2026-11-23T12:00:00Z","#,
            r#""not_before":"2026-11-23T12:00:00Z","expires_at":"2027-02-21T12:00:00Z","#,
            r#""last_used_at":"2026-11-23T12:00:00Z","last_used_ip":null,"tags":["a","b"],"note":"for the shop","#,
            r#""consumer_key":"apik_ck_live_7Hq2aaaaBBBB","rotate_every_seconds":2592000,"#,
            r#""due_at":"2026-12-23T12:00:00Z","disabled_at":"2026-11-23T12:00:00Z","#,
            r#""revoked_at":"2026-11-23T12:00:00Z","revoke_reason":"leaked","#,
            r#""secrets":[{"id":"000011112222","public":"apik_cs_live_000011112222","status":"revoked","#,
            r#""created_at":"2026-11-23T12:00:00Z","expires_at":"2027-02-21T12:00:00Z","#,
            r#""last_used_at":"2026-11-23T12:00:00Z","last_used_ip":null,"kept":false}]}"#,
        )
    );
}

#[test]
fn a_secret_appears_only_in_the_field_of_that_name() {
    let key = fixed("ci");
    let mut issued = IssuedView {
        key: view(&key),
        secret: Some(ExposedSecret::new("apik_sk_live_000011112222_body")),
        dry_run: false,
        rotation: None,
    };
    assert_eq!(
        json(&issued),
        format!("{{{PLAIN},\"secret\":\"apik_sk_live_000011112222_body\",\"dry_run\":false}}")
    );
    assert!(!format!("{issued:?}").contains("body"));
    issued.secret = None;
    issued.dry_run = true;
    issued.rotation = Some(RotationView {
        old_secret_id: key.secrets[0].id,
        old_accepted_until: None,
        new_accepted_from: Shown(now()),
        pending: true,
    });
    assert_eq!(
        json(&issued),
        format!(
            "{{{PLAIN},\"secret\":null,\"dry_run\":true,{}}}",
            concat!(
                r#""rotation":{"old_secret_id":"000011112222","old_accepted_until":null,"#,
                r#""new_accepted_from":"2026-11-23T12:00:00Z","pending":true}"#
            )
        )
    );
}

#[test]
fn a_decision_names_its_checks_only_when_it_explains() {
    let key = fixed("ci");
    let denied = DecisionView {
        accepted: false,
        code: "not_found",
        message: "no such secret",
        hint: None,
        key: None,
        remaining: None,
        retry_after_seconds: None,
        checks: None,
    };
    assert_eq!(
        json(&denied),
        concat!(
            r#"{"accepted":false,"code":"not_found","message":"no such secret","hint":null,"key":null,"#,
            r#""remaining":null,"retry_after_seconds":null}"#
        )
    );
    let check = |outcome| CheckView { code: "revoked", outcome, compared: "not revoked".into() };
    let explained = DecisionView {
        accepted: true,
        code: "accepted",
        message: "accepted",
        hint: Some("x"),
        key: Some(view(&key)),
        checks: Some(vec![
            check(CheckOutcome::Passed),
            check(CheckOutcome::Denied),
            check(CheckOutcome::NotReached),
        ]),
        ..denied
    };
    let text = json(&explained);
    assert!(
        text.starts_with(r#"{"accepted":true,"code":"accepted","message":"accepted","hint":"x","key":{"id""#)
    );
    assert!(text.ends_with(concat!(
        r#""remaining":null,"retry_after_seconds":null,"#,
        r#""checks":[{"code":"revoked","outcome":"passed","compared":"not revoked"},"#,
        r#"{"code":"revoked","outcome":"denied","compared":"not revoked"},"#,
        r#"{"code":"revoked","outcome":"not_reached","compared":"not revoked"}]}"#
    )));
}

#[test]
fn the_word_of_an_outcome_is_the_one_in_json() {
    for outcome in [CheckOutcome::Passed, CheckOutcome::Denied, CheckOutcome::NotReached] {
        assert_eq!(json(&outcome), format!("\"{}\"", outcome.code()));
    }
}

#[test]
fn an_event_carries_its_number_actor_changes_and_hash() {
    let actor = Actor { user: "ana".into(), host: "mill".into(), ci_run: None };
    let mut event = Event::on(Action::KeyChanged, &actor, "default/ci", now());
    event.key = KeyId::from_bare("7Hq2aaaaBBBB");
    event.changes = vec![FieldChange { field: "note".into(), before: None, after: Some("x".into()) }];
    let recorded = RecordedEvent { number: 3, event, hash: [0xab; 32], seal: Some([0; 32]) };
    assert_eq!(
        json(&EventView::of(&recorded)),
        format!(
            "{}\"{}\"}}",
            concat!(
                r#"{"number":3,"at":"2026-11-23T12:00:00Z","action":"key_changed","#,
                r#""actor":{"user":"ana","host":"mill","ci_run":null},"key_id":"key_7Hq2aaaaBBBB","#,
                r#""subject":"default/ci","changes":[{"field":"note","before":null,"after":"x"}],"#,
                r#""sealed":true,"hash":"#
            ),
            "ab".repeat(32)
        )
    );
}

#[test]
fn owners_projects_and_scopes_have_their_own_shapes() {
    let mut party = samples::party(PartyKind::Owner);
    party.suspended_at = Some(now());
    assert_eq!(
        json(&PartyView::of(&PartySummary { party, keys: 2 })),
        concat!(
            r#"{"name":"default","kind":"owner","suspended":true,"suspended_at":"2026-11-23T12:00:00Z","#,
            r#""created_at":"2026-11-23T12:00:00Z","keys":2,"rate":null,"quota":null}"#
        )
    );
    let defined = DefinedScope { scope: "orders:read".parse().unwrap(), description: None };
    assert_eq!(json(&ScopeView::of(&defined)), r#"{"scope":"orders:read","description":null}"#);
}

#[test]
fn an_error_is_one_line() {
    let mut out = Vec::new();
    let error = ErrorBody {
        code: "not_found",
        message: "no key named `a\nb`",
        hint: None,
        exit_code: 5,
        retryable: false,
    };
    crate::output::write_error(&mut out, &error).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        concat!(
            r#"{"error":{"code":"not_found","message":"no key named `a\nb`","hint":null,"exit_code":5,"#,
            r#""retryable":false}}"#,
            "\n"
        )
    );
}
