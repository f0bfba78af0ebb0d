//! One decision in memory, beside hashing the same string once: run with `cargo bench --bench decision`.
//!
//! Parse, find among 10,000 keys, compare, decide: what every verification does once the rows are in memory and their
//! seals were judged. Prints nanoseconds and the ratio; asserts nothing.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program that measures and prints; nothing of it ships"
)]

use std::collections::{BTreeSet, HashMap};
use std::hint::black_box;
use std::time::Instant as Stopwatch;

use apikey::crypto::{MasterKey, Subkeys};
use apikey::domain::decision::{Matched, Presented, Request, decide};
use apikey::domain::key::Allowed;
use apikey::domain::lifetime::Lifetime;
use apikey::domain::party::{Party, PartyKind};
use apikey::domain::scope::Scopes;
use apikey::domain::secret::{Brand, Env, Kind, SecretId, read_parts};
use apikey::domain::time::Instant;
use apikey::issuance::{Issued, Wish, draft};

const KEYS: usize = 10_000;
const ROUNDS: usize = 200;

fn main() {
    let mut rng = rand::rng();
    let now = Instant::from_seconds(1_795_435_200);
    let keys = Subkeys::derive(&MasterKey::generate(&mut rng));
    let begun = Stopwatch::now();
    let issued: Vec<Issued> = (0..KEYS)
        .map(|number| draft(wish(number), &Brand::default(), &keys, &mut rng, now).unwrap())
        .collect();
    println!("drawn and sealed: {:.0} keys/s", KEYS as f64 / begun.elapsed().as_secs_f64());
    let owner = Party::new(PartyKind::Owner, "default".parse().unwrap(), now);
    let project = Party::new(PartyKind::Project, "default".parse().unwrap(), now);
    let index: HashMap<SecretId, usize> =
        issued.iter().enumerate().map(|(place, one)| (one.secret.parts().id, place)).collect();
    let request = Request { scopes: vec!["orders:read".parse().unwrap()], ..Request::default() };
    let hash = per_round(&issued, |text| {
        black_box(keys.digest.digest(black_box(text)));
    });
    let decision = per_round(&issued, |text| {
        let parts = read_parts(black_box(text)).unwrap();
        let digest = keys.digest.digest(text);
        let key = &issued[index[&parts.id]].key;
        let secret = &key.secrets[0];
        assert!(secret.digest.matches(&digest) && parts.check_holds);
        let matched = Matched { key, secret, owner: &owner, project: &project, intact: true };
        assert!(black_box(decide(Presented::Matched(matched), &request, now)).is_accepted());
    });
    println!(
        "keyed hash of the secret: {hash:.0} ns; whole decision: {decision:.0} ns; ratio {:.2}",
        decision / hash
    );
}

fn per_round(issued: &[Issued], mut work: impl FnMut(&[u8])) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS / 20 {
        let begun = Stopwatch::now();
        for _ in 0..20 {
            for one in issued {
                work(one.secret.expose().as_bytes());
            }
        }
        best = best.min(begun.elapsed().as_nanos() as f64 / (20 * issued.len()) as f64);
    }
    best
}

fn wish(number: usize) -> Wish {
    Wish {
        name: format!("worker-{number}").parse().unwrap(),
        kind: Kind::Private,
        env: Env::Live,
        owner: "default".parse().unwrap(),
        project: "default".parse().unwrap(),
        scopes: Scopes::new(["orders:read".parse().unwrap()]).unwrap(),
        networks: Allowed::Any,
        origins: Allowed::Any,
        limits: apikey::domain::limit::Limits::default(),
        lifetime: Lifetime::DEFAULT,
        not_before: None,
        rotate_every: None,
        tags: BTreeSet::new(),
        note: None,
        keep: true,
    }
}
