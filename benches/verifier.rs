//! Verification inside a program, beside a yardstick in the same run: `cargo bench --bench verifier [-- KEYS]`.
//!
//! The yardstick does the whole job in as little as it takes, and nothing else: SHA-256 of the presented string, a look-up,
//! expiry, owner, scope, a rate in one atomic word, the clock. The [`Verifier`] does what the product promises: a keyed
//! digest, constant-time comparison, judged seals, a look at the file for changes, limits shared with other processes,
//! usage. Prints nanoseconds for each request and ratios; asserts nothing. The registry of KEYS keys (10,000) is kept under
//! `target/bench` for the next run.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a program that measures and prints; nothing of it ships"
)]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch, SystemTime, UNIX_EPOCH};

use apikey::Verifier;
use apikey::crypto::rows::seal_new_party;
use apikey::crypto::{MasterKey, Subkeys};
use apikey::domain::decision::Request;
use apikey::domain::key::Allowed;
use apikey::domain::lifetime::Lifetime;
use apikey::domain::limit::{Limits, Rate};
use apikey::domain::party::{Party, PartyKind};
use apikey::domain::scope::Scopes;
use apikey::domain::secret::{Brand, Env, Kind};
use apikey::domain::time::Instant;
use apikey::issuance::{Wish, draft};
use apikey::registry::sqlite::SqliteRegistry;
use apikey::registry::{Change, Identity, Registry as _};
use apikey::vault::{KeyFile, Vault as _};
use apikey::verifier::Credential;
use sha2::{Digest as _, Sha256};

/// Requests in each round; rounds of all candidates take turns, and the fastest of each counts.
const REQUESTS: usize = 100_000;
const ROUNDS: usize = 15;

fn main() {
    let keys = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let master = MasterKey::from_bytes([7; 32]);
    let (path, secrets, unlimited) = registry(keys, &master);
    println!("{keys} keys, one thread, a random good key in each request");

    let begun = Stopwatch::now();
    let verifier = Verifier::open(&path, &master, Box::new(apikey::host::real::now)).unwrap();
    println!("ready after {:.2} s, {} MB resident", begun.elapsed().as_secs_f64(), resident_kb() / 1024);
    // `serve.sh` has added some of its own.
    assert!(verifier.keys() >= keys + unlimited.len());

    let yardstick = Yardstick::new(&secrets);
    let digest = Subkeys::derive(&master).digest;
    let request = Request { scopes: vec!["orders:read".parse().unwrap()], ..Request::default() };
    let ask = |text: &[u8], cost: u32| {
        let credential = Credential { secret: Some(text), consumer_key: None };
        let code = |verdict: &apikey::verifier::Verdict<'_>| verdict.decision.code();
        black_box(verifier.verify(credential, (&request, cost), code).unwrap())
    };
    let verify = |text: &[u8]| ask(text, 1);
    let hash = |text: &[u8]| {
        _ = black_box(Sha256::digest(text));
    };
    let keyed = |text: &[u8]| {
        _ = black_box(digest.digest(text));
    };
    let rule = |text: &[u8]| assert!(yardstick.verify(text));
    let whole = |text: &[u8]| assert_eq!(verify(text), "accepted");
    let decision = |text: &[u8]| assert_eq!(ask(text, 0), "accepted");
    let wrong = |text: &[u8]| assert_eq!(verify(&altered(text, text.len() - 20)), "not_found");
    let unknown = |text: &[u8]| assert_eq!(verify(&altered(text, 16)), "not_found");
    let malformed = |text: &[u8]| assert_eq!(verify(&text[..70]), "malformed");
    let copied = |text: &[u8]| assert_eq!(verify(&altered(text, 200)), "accepted");
    let candidates: [Candidate<'_>; 9] = [
        ("SHA-256 of the string", &secrets, &hash),
        ("keyed digest of the string", &secrets, &keyed),
        ("yardstick", &secrets, &rule),
        ("accepted", &secrets, &whole),
        ("accepted, of a copy", &secrets, &copied),
        ("a wrong secret, of a copy", &secrets, &wrong),
        ("an unknown id, of a copy", &secrets, &unknown),
        ("malformed", &secrets, &malformed),
        ("the decision alone: found, compared, judged", &unlimited, &decision),
    ];
    let best = fastest(&candidates);
    for ((name, ..), nanos) in candidates.iter().zip(best) {
        println!("{nanos:8.0} ns  {:5.2} × the yardstick  {name}", nanos / best[2]);
    }
    println!("the decision alone is {:.2} × SHA-256, {:.2} × keyed", best[8] / best[0], best[8] / best[1]);
    let [one, two] = [1, 2].map(|threads| per_second(threads, &secrets, &whole));
    let [yard_one, yard_two] = [1, 2].map(|threads| per_second(threads, &secrets, &rule));
    println!(
        "{one:.0} requests/s with one thread, {two:.0} with two: {:.2} × as many; the yardstick {:.2} ×",
        two / one,
        yard_two / yard_one
    );
    println!("{} MB resident at the end", resident_kb() / 1024);
}

/// Requests in a second, in the fastest of some rounds, with so many threads that share one verifier.
fn per_second(threads: usize, secrets: &[String], work: &(dyn Fn(&[u8]) + Sync)) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..ROUNDS {
        let begun = Stopwatch::now();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                // Steps that have no factor in common with most numbers of keys: each thread its own order.
                let order = (0..REQUESTS).map(move |place| place * 7_919 + thread * 104_729);
                scope.spawn(move || order.for_each(|place| work(secrets[place % secrets.len()].as_bytes())));
            }
        });
        best = best.max((threads * REQUESTS) as f64 / begun.elapsed().as_secs_f64());
    }
    best
}

/// What is measured: its name, the secrets it is given in random order, and the work.
type Candidate<'a> = (&'static str, &'a [String], &'a dyn Fn(&[u8]));

/// Nanoseconds for each request in the fastest round.
fn fastest<const N: usize>(candidates: &[Candidate<'_>; N]) -> [f64; N] {
    let orders = candidates.map(|(_, secrets, _)| shuffled(secrets.len()));
    let mut best = [f64::MAX; N];
    for round in 0..ROUNDS {
        for ((best, order), (_, secrets, work)) in best.iter_mut().zip(&orders).zip(candidates) {
            let first = round * REQUESTS;
            let begun = Stopwatch::now();
            for place in first..first + REQUESTS {
                work(secrets[order[place % order.len()]].as_bytes());
            }
            *best = best.min(begun.elapsed().as_nanos() as f64 / REQUESTS as f64);
        }
    }
    best
}

/// A copy with the character at `place` another one, if there is such a place.
fn altered(text: &[u8], place: usize) -> [u8; 75] {
    let mut copy = [0; 75];
    copy.copy_from_slice(text);
    if let Some(byte) = copy.get_mut(place) {
        *byte = if *byte == b'a' { b'b' } else { b'a' };
    }
    copy
}

/// The whole job, for one program and one thread of its owner's choosing.
struct Yardstick {
    by_digest: HashMap<[u8; 32], u32, BuildHasherDefault<FirstBytes>>,
    lines: Vec<Line>,
    owners: Vec<bool>,
}

struct Line {
    expires: u64,
    arrival: AtomicU64,
    scopes: u64,
    owner: u32,
}

#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    }
    fn write_usize(&mut self, _: usize) {}
}

impl Yardstick {
    fn new(secrets: &[String]) -> Self {
        let by_digest = secrets.iter().zip(0..).map(|(text, place)| (Sha256::digest(text).into(), place));
        let line = |_| Line { expires: u64::MAX, arrival: AtomicU64::new(0), scopes: 0b101, owner: 0 };
        Self {
            by_digest: by_digest.collect(),
            lines: secrets.iter().map(line).collect(),
            owners: vec![true; 16],
        }
    }

    fn verify(&self, text: &[u8]) -> bool {
        const INTERVAL: u64 = 1_000;
        let digest: [u8; 32] = Sha256::digest(text).into();
        let Some(&place) = self.by_digest.get(&digest) else { return false };
        let line = &self.lines[place as usize];
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        if line.expires <= now || !self.owners[line.owner as usize] || line.scopes & 1 == 0 {
            return false;
        }
        let step = |arrival: u64| {
            let next = arrival.max(now) + INTERVAL;
            (next <= now + 1_000_000 * INTERVAL).then_some(next)
        };
        line.arrival.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).is_ok()
    }
}

fn shuffled(length: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for place in (1..length).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(place, (state >> 33) as usize % (place + 1));
    }
    order
}

/// A registry with so many keys, each with a rate, and at most 10,000 without any limit; their secrets. Made at the first
/// run.
fn registry(count: usize, master: &MasterKey) -> (PathBuf, Vec<String>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench").join(count.to_string());
    let (path, list) = (folder.join("registry.db"), folder.join("secrets"));
    if !list.exists() {
        // Whatever is left of a run that was interrupted.
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        let begun = Stopwatch::now();
        // For `benches/serve.sh`, which runs the program on it.
        let key_file = folder.join("apikey.key");
        KeyFile::new(&key_file).store(master, &mut rand::rng()).unwrap();
        let all = make(count, count + count.min(10_000), master, &path);
        let unlimited = all.lines().nth(count).and_then(|line| all.find(line)).unwrap();
        fs::write(folder.join("unlimited"), &all[unlimited..]).unwrap();
        fs::write(&list, &all[..unlimited]).unwrap();
        println!("made in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let lines = |path: &Path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    let (limited, unlimited) = (lines(&list), lines(&folder.join("unlimited")));
    (path, limited, unlimited)
}

/// `count` keys, of which the first `limited` have a rate.
fn make(limited: usize, count: usize, master: &MasterKey, path: &Path) -> String {
    const PIECE: usize = 20_000;
    let (keys, mut rng) = (Subkeys::derive(master), rand::rng());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let now = Instant::from_seconds(i64::try_from(since).unwrap());
    let mut parties =
        [PartyKind::Owner, PartyKind::Project].map(|kind| Party::new(kind, "default".parse().unwrap(), now));
    for party in &mut parties {
        seal_new_party(&keys.row, party);
    }
    let identity = Identity {
        id: "0000000000ID".into(),
        brand: Brand::default(),
        vault_kind: "keyfile".into(),
        check_value: master.check_value(),
        created_at: now,
    };
    let first = Change { new_parties: &parties, ..Change::default() };
    SqliteRegistry::create(path, &identity, &first).unwrap();
    let mut registry = SqliteRegistry::open(path).unwrap();
    let mut secrets = String::new();
    for begin in (0..count).step_by(PIECE) {
        let mut piece = Vec::with_capacity(PIECE);
        for number in begin..count.min(begin + PIECE) {
            let issued =
                draft(wish(number, number < limited), &identity.brand, &keys, &mut rng, now).unwrap();
            secrets.push_str(issued.secret.expose());
            secrets.push('\n');
            piece.push(issued.key);
        }
        registry.apply(&Change { insert: &piece, ..Change::default() }).unwrap();
    }
    secrets
}

fn wish(number: usize, is_limited: bool) -> Wish {
    let rate = is_limited.then(|| Rate::parse("1000000/1s", None).unwrap());
    Wish {
        name: format!("worker-{number:07}").parse().unwrap(),
        kind: Kind::Private,
        env: Env::Live,
        owner: "default".parse().unwrap(),
        project: "default".parse().unwrap(),
        scopes: Scopes::new(["orders:read".parse().unwrap()]).unwrap(),
        networks: Allowed::Any,
        origins: Allowed::Any,
        limits: Limits { rate, quota: None },
        lifetime: Lifetime::DEFAULT,
        not_before: None,
        rotate_every: None,
        tags: BTreeSet::new(),
        note: None,
        keep: false,
    }
}

fn resident_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
