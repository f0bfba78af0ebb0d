//! The states of limits: taken whole or not at all.

use super::*;
use crate::domain::decision::{Decision, Denial};
use crate::domain::limit::{Account, Limits, Quota, Rate, Subject};
use crate::registry::ledger::Use;

for_every_backend! {
    what_was_taken_stands_on_the_account,
    what_one_account_refuses_no_other_pays_and_it_is_counted_as_that_denial,
    a_request_that_is_denied_already_takes_nothing,
    a_clock_at_the_end_of_time_breaks_nothing,
}

fn rate(text: &str) -> Rate {
    Rate::parse(text, None).unwrap()
}

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

/// A subject that nothing is recorded of yet; states do not ask whether there is such a key.
fn subject() -> Subject {
    Subject::Key(KeyId::generate(&mut samples::rng()))
}

fn request(accounts: &[(Subject, Limits)], cost: u32) -> Use {
    let key = samples::key("x");
    Use {
        key: key.id,
        secret: key.secrets[0].id,
        decision: Decision::Accepted,
        scopes: String::new(),
        ip: None,
        cost,
        accounts: accounts.to_vec(),
    }
}

fn stands(registry: &dyn Ledger, account: &(Subject, Limits), at: Instant) -> Account {
    registry.accounts(std::slice::from_ref(account), at).unwrap().remove(0)
}

fn what_was_taken_stands_on_the_account(registry: &mut dyn Ledger) {
    let account = (subject(), Limits { rate: Some(rate("10/10s")), quota: Some(quota("9/day")) });
    let spending = registry.record(&request(std::slice::from_ref(&account), 4), &|| at(0)).unwrap();
    assert_eq!((spending.denial, spending.remaining()), (None, Some(5)));
    let stands = stands(registry, &account, at(0));
    assert_eq!((stands.of, stands.limits), ("key", account.1));
    assert_eq!((stands.arrival, stands.used), ((NOW.unsigned_abs() + 4) * 1_000_000_000, 4));
}

fn what_one_account_refuses_no_other_pays_and_it_is_counted_as_that_denial(registry: &mut dyn Ledger) {
    let key = samples::key("ci");
    insert(registry, std::slice::from_ref(&key)).unwrap();
    let owner = (Subject::Owner("acme".parse().unwrap()), Limits { rate: Some(rate("2/1m")), quota: None });
    let own = (Subject::Key(key.id), Limits { rate: Some(rate("5/1m")), quota: Some(quota("5/day")) });
    let accounts = [own.clone(), owner];
    let secret = key.secrets[0].id;
    let used = Use { key: key.id, secret, ..request(&accounts, 2) };
    assert_eq!(registry.record(&used, &|| at(0)).unwrap().denial, None);
    let before = stands(registry, &own, at(1));
    let refused = registry.record(&used, &|| at(1)).unwrap();
    assert_eq!((refused.denial, refused.retry_after_seconds), (Some(Denial::RateLimited), Some(59)));
    let after = stands(registry, &own, at(1));
    assert_eq!((after.arrival, after.used), (before.arrival, before.used));
    assert_eq!(stored(registry, key.id).last_use().unwrap().at, at(0), "a refused request is no use");
    let mut outcomes = Vec::new();
    let mut visit = |row: crate::domain::usage::UsageRow| {
        outcomes.push(format!("{} {}", row.outcome, row.requests));
        std::ops::ControlFlow::Continue(())
    };
    registry.usage(&crate::registry::ledger::UsageFilter::default(), &mut visit).unwrap();
    assert_eq!(outcomes, ["accepted 1", "rate_limited 1"]);
}

fn a_request_that_is_denied_already_takes_nothing(registry: &mut dyn Ledger) {
    let account = (subject(), Limits { rate: Some(rate("2/1m")), quota: Some(quota("2/day")) });
    let denied = Decision::Denied(Denial::IpNotAllowed);
    let used = Use { decision: denied, ..request(std::slice::from_ref(&account), 1) };
    assert_eq!(registry.record(&used, &|| at(0)).unwrap().denial, None);
    let stands = stands(registry, &account, at(0));
    assert_eq!((stands.arrival, stands.used), (0, 0));
}

fn a_clock_at_the_end_of_time_breaks_nothing(registry: &mut dyn Ledger) {
    let account = (subject(), Limits { rate: Some(rate("5/1m")), quota: Some(quota("5/month")) });
    let end = Instant::from_seconds(i64::MAX);
    let request = request(std::slice::from_ref(&account), 1);
    registry.record(&request, &|| end).unwrap();
    assert_eq!(registry.record(&request, &|| at(0)).unwrap().denial, Some(Denial::RateLimited));
    assert_eq!(registry.record(&request, &|| at(12)).unwrap().denial, None, "one burst is what it cost");
}
