//! The states of limits: taken whole or not at all, leased and given back, by however many hands.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::domain::decision::{Decision, Denial};
use crate::domain::limit::{Account, Lease, Limits, Quota, Rate, Subject, Window};
use crate::domain::time::Span;
use crate::registry::ledger::{Grant, Limit, Rest, Unused, Use, Want};

for_every_backend! {
    what_was_taken_stands_on_the_account,
    what_one_account_refuses_no_other_pays_and_it_is_counted_as_that_denial,
    a_request_that_is_denied_already_takes_nothing,
    leases_of_a_rate_are_contiguous_and_disjoint,
    leases_of_a_quota_never_exceed_it_nor_are_less_than_the_cost,
    a_refused_lease_takes_nothing_from_the_other_wants,
    slots_are_given_back_only_if_nobody_has_leased_behind_them,
    a_part_of_a_quota_is_given_back_to_the_window_it_was_of,
    a_clock_at_the_end_of_time_breaks_nothing,
    however_hands_take_turns_a_rate_holds_in_every_window,
    however_hands_take_turns_a_quota_holds_exactly,
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

fn want(subject: &Subject, limit: Limit, cost: u32, most: u32) -> Want {
    Want { subject: subject.clone(), limit, cost, most }
}

fn slots(
    registry: &mut dyn Ledger,
    subject: &Subject,
    rate: Rate,
    (cost, most): (u32, u32),
) -> Option<Lease> {
    match registry.lease(&[want(subject, Limit::Rate(rate), cost, most)], at(0)).unwrap().remove(0) {
        Grant::Rate(lease) => lease.ok(),
        Grant::Quota { .. } => panic!("a quota was not asked for"),
    }
}

fn part(
    registry: &mut dyn Ledger,
    subject: &Subject,
    quota: Quota,
    amounts: (u32, u32, Instant),
) -> (Window, u64, u64) {
    let (cost, most, now) = amounts;
    match registry.lease(&[want(subject, Limit::Quota(quota), cost, most)], now).unwrap().remove(0) {
        Grant::Quota { window, granted, left } => (window, granted, left),
        Grant::Rate(_) => panic!("a rate was not asked for"),
    }
}

fn what_was_taken_stands_on_the_account(registry: &mut dyn Ledger) {
    let account = (subject(), Limits { rate: Some(rate("10/10s")), quota: Some(quota("9/day")) });
    let spending = registry.record(&request(std::slice::from_ref(&account), 4), at(0)).unwrap();
    assert_eq!((spending.denial, spending.remaining()), (None, Some(5)));
    let stands = stands(registry, &account, at(0));
    assert_eq!((stands.subject, stands.limits), account);
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
    assert_eq!(registry.record(&used, at(0)).unwrap().denial, None);
    let before = stands(registry, &own, at(1));
    let refused = registry.record(&used, at(1)).unwrap();
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
    assert_eq!(registry.record(&used, at(0)).unwrap().denial, None);
    let stands = stands(registry, &account, at(0));
    assert_eq!((stands.arrival, stands.used), (0, 0));
}

fn leases_of_a_rate_are_contiguous_and_disjoint(registry: &mut dyn Ledger) {
    let (whose, rate) = (subject(), rate("10/10s"));
    let mut end = NOW.unsigned_abs() * 1_000_000_000;
    for (amounts, slots_got) in [((1, 4), 4), ((2, 1), 2), ((1, 100), 4)] {
        let lease = slots(registry, &whose, rate, amounts).unwrap();
        assert_eq!(lease.0, end..end + slots_got * rate.interval());
        end = lease.0.end;
    }
    assert_eq!(slots(registry, &whose, rate, (1, 1)), None);
    let account = (whose, Limits { rate: Some(rate), quota: None });
    assert_eq!(registry.record(&request(&[account], 1), at(0)).unwrap().denial, Some(Denial::RateLimited));
}

fn leases_of_a_quota_never_exceed_it_nor_are_less_than_the_cost(registry: &mut dyn Ledger) {
    let (whose, quota) = (subject(), quota("10/day"));
    let window = quota.period().window(at(0));
    let mut part = |cost, most| part(registry, &whose, quota, (cost, most, at(0)));
    assert_eq!(part(1, 4), (window, 4, 6));
    assert_eq!(part(3, 1), (window, 3, 3));
    assert_eq!(part(4, 9), (window, 0, 3));
    assert_eq!(part(3, 9), (window, 3, 0));
    assert_eq!(part(1, 1), (window, 0, 0));
    let account = (whose.clone(), Limits { rate: None, quota: Some(quota) });
    let refused = registry.record(&request(&[account], 1), at(0)).unwrap();
    assert_eq!(refused.denial, Some(Denial::QuotaExceeded));
}

fn a_refused_lease_takes_nothing_from_the_other_wants(registry: &mut dyn Ledger) {
    let (one, two) = (subject(), subject());
    let wants = [
        want(&one, Limit::Rate(rate("1/1m")), 2, 5),
        want(&two, Limit::Quota(quota("5/day")), 1, 2),
        want(&one, Limit::Rate(rate("1/1m")), 1, 5),
    ];
    let grants = registry.lease(&wants, at(0)).unwrap();
    assert!(matches!(&grants[0], Grant::Rate(Err(wait)) if wait.0.is_none()));
    assert!(matches!(&grants[1], Grant::Quota { granted: 2, left: 3, .. }));
    assert!(matches!(&grants[2], Grant::Rate(Ok(_))));
}

fn slots_are_given_back_only_if_nobody_has_leased_behind_them(registry: &mut dyn Ledger) {
    let (whose, rate) = (subject(), rate("10/10s"));
    let account = (whose.clone(), Limits { rate: Some(rate), quota: None });
    let mut first = slots(registry, &whose, rate, (1, 4)).unwrap();
    let second = slots(registry, &whose, rate, (1, 4)).unwrap();
    assert!(first.spend(&rate, 1, at(0)));
    let back = |lease: &Lease| [Unused { subject: whose.clone(), rest: Rest::Rate(lease.clone()) }];
    registry.give_back(&back(&first)).unwrap();
    assert_eq!(stands(registry, &account, at(0)).arrival, second.0.end, "they are lost");
    registry.give_back(&back(&second)).unwrap();
    assert_eq!(stands(registry, &account, at(0)).arrival, second.0.start);
    registry.give_back(&back(&first)).unwrap();
    assert_eq!(rate.remaining(stands(registry, &account, at(0)).arrival, at(0)), 9);
}

fn a_part_of_a_quota_is_given_back_to_the_window_it_was_of(registry: &mut dyn Ledger) {
    let (whose, quota) = (subject(), quota("10/day"));
    let account = (whose.clone(), Limits { rate: None, quota: Some(quota) });
    let (window, granted, _) = part(registry, &whose, quota, (1, 6, at(0)));
    part(registry, &whose, quota, (1, 5, at(86_400)));
    let back = |count| [Unused { subject: whose.clone(), rest: Rest::Quota(window, count) }];
    registry.give_back(&back(granted - 1)).unwrap();
    assert_eq!(stands(registry, &account, at(0)).used, 1);
    assert_eq!(stands(registry, &account, at(86_400)).used, 5);
    registry.give_back(&back(99)).unwrap();
    assert_eq!(stands(registry, &account, at(0)).used, 0, "never less than nothing");
}

fn a_clock_at_the_end_of_time_breaks_nothing(registry: &mut dyn Ledger) {
    let account = (subject(), Limits { rate: Some(rate("5/1m")), quota: Some(quota("5/month")) });
    let end = Instant::from_seconds(i64::MAX);
    let request = request(std::slice::from_ref(&account), 1);
    registry.record(&request, end).unwrap();
    registry.lease(&[want(&account.0, Limit::Rate(rate("5/1m")), 9, 9)], end).unwrap();
    assert_eq!(registry.record(&request, at(0)).unwrap().denial, Some(Denial::RateLimited));
    assert_eq!(registry.record(&request, at(12)).unwrap().denial, None, "one burst is what it cost");
}

/// One turn of one hand: so much later, so much wanted; what to lease for it, or take it without a lease.
type Turn = (u32, usize, u32, Option<u32>);

fn turns(longest_gap: u32) -> impl Strategy<Value = Vec<Turn>> {
    let turn = (0..longest_gap, 0..3_usize, 1..4_u32, proptest::option::of(1..9_u32));
    proptest::collection::vec(turn, 1..40)
}

fn for_all<S: Strategy>(strategy: &S, mut holds: impl FnMut(S::Value) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let holds = std::cell::RefCell::new(&mut holds);
    runner.run(strategy, |value| holds.borrow_mut()(value)).unwrap();
}

fn however_hands_take_turns_a_rate_holds_in_every_window(registry: &mut dyn Ledger) {
    let strategy = (1..6_u32, 1..4_i64, 3..9_u32, turns(1_500_000));
    for_all(&strategy, |(count, seconds, burst, turns)| {
        let rate = Rate::new(count, Span::from_seconds(seconds).unwrap(), Some(burst)).unwrap();
        let account = (subject(), Limits { rate: Some(rate), quota: None });
        let mut hands = [Lease::default(), Lease::default(), Lease::default()];
        let (mut micros, mut passed) = (NOW * 1_000_000, Vec::new());
        for (gap, hand, cost, lease) in turns {
            micros += i64::from(gap);
            let now = Instant::from_micros(micros);
            let accepted = match lease {
                None => registry
                    .record(&request(std::slice::from_ref(&account), cost), now)
                    .unwrap()
                    .denial
                    .is_none(),
                Some(_) if hands[hand].spend(&rate, cost, now) => true,
                Some(most) => {
                    let rest = Rest::Rate(std::mem::take(&mut hands[hand]));
                    registry.give_back(&[Unused { subject: account.0.clone(), rest }]).unwrap();
                    let wants = [want(&account.0, Limit::Rate(rate), cost, most)];
                    if let Grant::Rate(Ok(lease)) = registry.lease(&wants, now).unwrap().remove(0) {
                        hands[hand] = lease;
                    }
                    hands[hand].spend(&rate, cost, now)
                }
            };
            passed.extend(accepted.then_some((micros, u64::from(cost))));
        }
        for (place, (begin, _)) in passed.iter().enumerate() {
            let inside = passed[place..].iter().take_while(|(then, _)| *then < begin + seconds * 1_000_000);
            let inside: u64 = inside.map(|(_, cost)| cost).sum();
            prop_assert!(inside < u64::from(burst) + u64::from(count), "{inside} of {rate}");
        }
        Ok(())
    });
}

fn however_hands_take_turns_a_quota_holds_exactly(registry: &mut dyn Ledger) {
    for_all(&(1..40_u64, turns(100_000)), |(count, turns)| {
        let quota = Quota::new(count, crate::domain::limit::Period::Day).unwrap();
        let account = (subject(), Limits { rate: None, quota: Some(quota) });
        let (window, mut hands, mut spent) = (quota.period().window(at(0)), [0_u64; 3], 0);
        for (_, hand, cost, lease) in turns {
            let whole = u64::from(cost);
            match lease {
                None => {
                    let used = request(std::slice::from_ref(&account), cost);
                    if registry.record(&used, at(0)).unwrap().denial.is_none() {
                        spent += whole;
                    }
                }
                Some(most) => {
                    if hands[hand] < whole {
                        let missing = u32::try_from(whole - hands[hand]).unwrap();
                        hands[hand] += part(registry, &account.0, quota, (missing, most, at(0))).1;
                    }
                    if hands[hand] >= whole {
                        hands[hand] -= whole;
                        spent += whole;
                    }
                }
            }
            let held: u64 = hands.iter().sum();
            prop_assert_eq!(stands(registry, &account, at(0)).used, spent + held);
            prop_assert!(spent + held <= count);
        }
        let back = hands.map(|rest| Unused { subject: account.0.clone(), rest: Rest::Quota(window, rest) });
        registry.give_back(&back).unwrap();
        let left = request(std::slice::from_ref(&account), 1);
        for _ in spent..count {
            prop_assert_eq!(registry.record(&left, at(0)).unwrap().denial, None);
        }
        prop_assert_eq!(registry.record(&left, at(0)).unwrap().denial, Some(Denial::QuotaExceeded));
        Ok(())
    });
}
