//! The rules of rotation, at their boundaries.

use super::*;
use crate::domain::digest::Digest;
use crate::domain::key::{Kept, SecretStatus};
use crate::domain::samples;
use crate::domain::seal::Seal;
use crate::domain::secret::SecretId;
use proptest::prelude::*;

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

fn secret(created: i64, end: Option<i64>) -> KeySecret {
    KeySecret {
        number: 0,
        id: SecretId::generate(&mut crate::domain::samples::rng()),
        digest: Digest::from_bytes([0; 32]),
        created_at: at(created),
        expires_at: end.map(at),
        retires_at: None,
        retires_at_before: None,
        pending_grace: None,
        revoked_at: None,
        last_use: None,
        kept: Kept::Sealed(vec![1]),
        seal: Seal::Missing,
    }
}

fn plan(grace: &str) -> Plan {
    let grace = if grace == "0" { Span::ZERO } else { grace.parse().unwrap() };
    Plan { grace, start: GraceStart::Now, force: false }
}

fn key(end: Option<i64>) -> Key {
    Key { secrets: vec![secret(0, end)], ..samples::key("ci") }
}

#[test]
fn the_old_secret_lives_until_its_grace_ends_and_not_an_instant_longer() {
    let mut key = key(Some(10_000));
    key.rotate(secret(100, None), plan("100s"), at(100)).unwrap();
    assert_eq!(key.secret_status(&key.secrets[0], at(199)), SecretStatus::Retiring);
    assert_eq!(key.secret_status(&key.secrets[0], at(200)), SecretStatus::Retired);
}

#[test]
fn a_grace_never_lengthens_a_life() {
    let mut key = key(Some(150));
    key.rotate(secret(100, None), plan("100s"), at(100)).unwrap();
    assert_eq!(key.secrets[0].ends_at(), Some(at(150)));
    assert_eq!(key.secret_status(&key.secrets[0], at(150)), SecretStatus::Expired);
    key.extend_grace("1y".parse().unwrap(), at(110)).unwrap();
    assert_eq!(key.secrets[0].ends_at(), Some(at(150)));
}

#[test]
fn grace_zero_ends_the_old_secret_at_once_and_its_copy_with_it() {
    let mut key = key(None);
    key.rotate(secret(100, None), plan("0"), at(100)).unwrap();
    assert_eq!(key.secret_status(&key.secrets[0], at(100)), SecretStatus::Retired);
    assert_eq!(key.secrets[0].kept, Kept::No);
}

#[test]
fn a_second_rotation_is_refused_until_forced_and_then_ends_the_oldest() {
    let mut key = key(None);
    key.rotate(secret(100, None), plan("100s"), at(100)).unwrap();
    assert_eq!(key.rotate(secret(150, None), plan("100s"), at(150)), Err(RotationRefusal::UnderWay));
    assert_eq!(key.secrets.len(), 2);
    key.rotate(secret(150, None), Plan { force: true, ..plan("100s") }, at(150)).unwrap();
    assert!(!key.secrets[0].is_live(at(150)));
    assert_eq!(key.secrets[1].ends_at(), Some(at(250)));
    assert!(key.rotate(secret(260, None), plan("1s"), at(260)).is_ok(), "the grace is over");
}

#[test]
fn revoked_and_expired_keys_are_not_rotated() {
    let mut expired = key(Some(100));
    assert_eq!(expired.rotate(secret(100, None), plan("1s"), at(100)), Err(RotationRefusal::Expired));
    let mut revoked = key(None);
    revoked.revoke(crate::domain::key::RevokeReason::Leaked, at(1));
    assert_eq!(revoked.rotate(secret(2, None), plan("1s"), at(2)), Err(RotationRefusal::Revoked));
}

#[test]
fn on_first_use_the_old_secret_keeps_its_life_until_the_new_one_is_accepted() {
    let mut key = key(Some(10_000));
    key.rotate(secret(100, None), Plan { start: GraceStart::OnFirstUse, ..plan("50s") }, at(100)).unwrap();
    assert_eq!(key.secret_status(&key.secrets[0], at(5_000)), SecretStatus::Active);
    assert_eq!(key.secret_status(&key.secrets[1], at(5_000)), SecretStatus::Pending);
    assert_eq!(key.extend_grace(Span::days(1), at(5_000)), Err(RotationRefusal::GraceNotStarted));
    assert!(key.start_grace_on_use(1, at(5_000)));
    assert!(!key.start_grace_on_use(1, at(5_001)));
    assert_eq!(key.secrets[0].ends_at(), Some(at(5_050)));
}

#[test]
fn a_use_of_a_secret_that_was_taken_back_meanwhile_starts_no_grace() {
    let mut key = key(Some(10_000));
    key.rotate(secret(100, None), Plan { start: GraceStart::OnFirstUse, ..plan("50s") }, at(100)).unwrap();
    let mut cancelled = key.clone();
    cancelled.cancel_rotation(at(110)).unwrap();
    assert!(!cancelled.start_grace_on_use(1, at(109)));
    assert!(cancelled.secrets[0].is_live(at(120)), "the key is left with one");
    key.revoke(crate::domain::key::RevokeReason::Leaked, at(110));
    assert!(!key.start_grace_on_use(1, at(109)));
}

#[test]
fn cancelling_gives_the_old_secret_its_earlier_end_unless_the_new_one_was_used() {
    let mut key = key(Some(10_000));
    key.rotate(secret(100, None), plan("50s"), at(100)).unwrap();
    let mut used = key.clone();
    used.secrets[1].last_use = Some(crate::domain::key::LastUse { at: at(101), ip: None });
    assert_eq!(used.cancel_rotation(at(110)), Err(RotationRefusal::AlreadyUsed));
    key.cancel_rotation(at(149)).unwrap();
    assert_eq!(key.secrets[0].ends_at(), Some(at(10_000)));
    assert_eq!(key.secret_status(&key.secrets[1], at(149)), SecretStatus::Revoked);
}

#[test]
fn cancelling_after_the_grace_revives_nothing() {
    let mut key = key(None);
    key.rotate(secret(100, None), plan("50s"), at(100)).unwrap();
    assert_eq!(key.cancel_rotation(at(150)), Err(RotationRefusal::NotUnderWay));
    assert_eq!(key.finish_rotation(at(150)), Err(RotationRefusal::NotUnderWay));
    assert_eq!(key.extend_grace(Span::days(1), at(150)), Err(RotationRefusal::NotUnderWay));
}

#[test]
fn finishing_ends_the_grace_now() {
    let mut key = key(None);
    key.rotate(secret(100, None), plan("50s"), at(100)).unwrap();
    key.finish_rotation(at(120)).unwrap();
    assert!(!key.secrets[0].is_live(at(120)));
    assert!(key.secrets[1].is_live(at(120)));
}

#[test]
fn cancelling_gives_back_the_end_that_an_earlier_rotation_had_given() {
    let mut key = key(None);
    key.rotate(secret(100, None), plan("1000s"), at(100)).unwrap();
    let second = key.secrets[1].id;
    key.revoke_secret(second, at(200)).unwrap();
    key.rotate(secret(300, None), plan("50s"), at(300)).unwrap();
    assert_eq!(key.secrets[0].ends_at(), Some(at(350)));
    key.extend_grace(Span::days(1), at(310)).unwrap();
    assert_eq!(key.secrets[0].ends_at(), Some(at(1_100)), "no longer than it had");
    key.cancel_rotation(at(320)).unwrap();
    assert_eq!(key.secrets[0].ends_at(), Some(at(1_100)), "and not for ever");
}

#[test]
fn a_key_ends_with_the_last_of_its_secrets() {
    let mut key = key(Some(10_000));
    assert_eq!(key.expires_at(), Some(at(10_000)));
    let soon = Plan { start: GraceStart::OnFirstUse, ..plan("50s") };
    key.rotate(secret(100, Some(200)), soon, at(100)).unwrap();
    assert_eq!(key.expires_at(), Some(at(10_000)), "the new one ends before the old one");
    assert!(key.start_grace_on_use(1, at(190)));
    assert_eq!(key.expires_at(), Some(at(240)));
    let old = key.secrets[0].id;
    key.revoke_secret(old, at(191)).unwrap();
    assert_eq!(key.expires_at(), Some(at(200)));
    key.secrets[1].expires_at = None;
    assert_eq!(key.expires_at(), None, "never");
}

proptest! {
    #[test]
    fn no_rotation_ever_gives_an_issued_secret_a_later_end_than_it_had_before(
        own in prop::option::of(200_i64..5_000),
        steps in prop::collection::vec((0..6_u8, 1_i64..400), 1..16),
    ) {
        let mut key = key(own);
        let mut now = 0;
        // What each secret's end was before the last rotation began.
        let mut before = vec![None; 17];
        for (step, span) in steps {
            now += span;
            let ends: Vec<_> = key.secrets.iter().map(|one| (one.expires_at, one.ends_at(), one.is_live(at(now)))).collect();
            let span = Span::from_seconds(span).unwrap();
            let _ = match step {
                0 => key.rotate(secret(now, Some(now + 1_000)), Plan { grace: span, start: GraceStart::Now, force: false }, at(now)),
                1 => key.rotate(secret(now, Some(now + 1_000)), Plan { grace: span, start: GraceStart::OnFirstUse, force: true }, at(now)),
                2 => key.extend_grace(span, at(now)),
                3 => key.cancel_rotation(at(now)),
                4 => {
                    let newest = key.secrets[key.secrets.len() - 1].id;
                    key.revoke_secret(newest, at(now)).map(drop).map_err(|_| RotationRefusal::NotUnderWay)
                }
                _ => key.finish_rotation(at(now)),
            };
            if key.secrets.len() > ends.len() {
                before.iter_mut().zip(&ends).for_each(|(before, (_, end, _))| *before = *end);
            }
            for ((secret, (own_end, end, was_live)), before) in key.secrets.iter().zip(ends).zip(&before) {
                prop_assert_eq!(secret.expires_at, own_end, "its own end never moves");
                prop_assert!(was_live || !secret.is_live(at(now)), "what was dead stays dead");
                // Only lengthening a grace and calling it off move an end, and not beyond where it was.
                let most = if matches!(step, 2 | 3) { *before } else { end };
                prop_assert_eq!(earlier(secret.ends_at(), most), secret.ends_at());
            }
            prop_assert!(key.secrets.iter().filter(|secret| secret.is_live(at(now))).count() <= 2);
        }
    }
}
