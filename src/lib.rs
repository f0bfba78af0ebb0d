//! apikey: issue, track, verify and retire API keys, offline. START HERE.
//!
//! # The words
//!
//! - A **key** ([`domain::key::Key`]) is the lasting thing: a name, an owner, a project, an environment, a kind,
//!   scopes, restrictions, a lifetime. Its id is `key_` and twelve characters, and is never reused.
//! - A **secret** ([`domain::secret::Secret`]) is the string a client presents. A key has one or more over its life:
//!   rotation adds one and retires one.
//! - A **digest** ([`domain::digest::Digest`]) is what is stored in place of a secret.
//! - A **scope** ([`domain::scope::Scope`]) is `resource:action`. No scope grants nothing.
//! - An **owner** and a **project** ([`domain::party::Party`]) are who a key belongs to and what it is for. Suspending
//!   either denies all its keys.
//! - The **registry** ([`registry::Registry`]) is where keys are recorded: one SQLite file.
//! - The **master key** ([`crypto::MasterKey`]) is 32 random bytes. Everything private is derived from it or sealed
//!   under it. The **vault** ([`vault::Vault`]) is where it lives, and never the registry.
//! - A **limit** ([`domain::limit::Limits`]) is a rate or a quota, of a key or of all keys of an owner or project; asked
//!   last, all or nothing. **Usage** ([`domain::usage`]) is how many requests a key had.
//! - A **decision** ([`domain::decision::Decision`]) is the answer of a verification: accepted, or denied with one
//!   code.
//!
//! # The layers
//!
//! ```text
//! main → run → cli → commands ─┬→ issuance, verification ─┬→ registry ─┐
//!                              ├→ session ────────────────┼→ vault ────┼→ crypto → domain
//!                              └→ output, http            └────────────┘
//! ```
//!
//! [`domain`] holds the rules and has no effects: no file, clock, randomness, or SQL. [`crypto`] holds every algorithm.
//! [`registry`] and [`vault`] store; neither decides. [`issuance`] and [`verification`] own the order in which things
//! are written and undone; [`verifier`] is verification for a running program, with all keys in memory and limits counted
//! in memory that all verifiers share; [`serve`] puts it behind HTTP, and `tower`, with the feature of that name, in front
//! of a service in the same process, with the answers of [`serve`]. [`session`] is what one command has opened, [`host`]
//! the machine it runs on, as a value, so that the tests run the same commands under a stopped clock. [`commands`] has a
//! file for each subcommand; [`output`] is the only place that decides what leaves, and [`exit`] what an error means to a
//! person or a script. `tests/layers.rs` enforces who may use whom, and lists every file in which a secret is visible in
//! the clear.
//!
//! The clock is read once per command; below that, time is the value `now`. Randomness goes down as
//! `&mut dyn CryptoRng`. No switch of the shipped program can fake either.
//!
//! # One key, followed from create to verify
//!
//! `apikey create ci --scope orders:read -q`
//!
//! 1. [`cli::run`] parses the line, and [`settings::resolve`] decides where the registry is: flag, then environment,
//!    then configuration file, then default. [`commands::create::run`] turns every word into a type that cannot hold
//!    nonsense: a [`domain::name::Name`], [`domain::scope::Scopes`], a [`domain::lifetime::Lifetime`]. From here on no
//!    text is checked again.
//! 2. [`handover::Handover`] decides where the secret will go, and opens it, before there is one: off a terminal
//!    somebody must have said so.
//! 3. [`session::Session`] opens the registry and asks its vault for the master key; [`crypto::Subkeys`] has four keys
//!    derived from it, each of which can do one thing. A vault that does not answer is an error, never a new master key.
//! 4. [`issuance::draft`] draws the secret, computes its digest, seals a copy, and seals the rows: in memory.
//!    [`issuance::commit_then_hand_over`] commits key, digest and audit event as one [`registry::Change`], durably, and
//!    only then shows the secret. If showing fails, what was committed is taken back.
//!
//! `apikey verify --scope orders:read`, the secret on standard input
//!
//! 5. [`verification::look_up`] takes the text apart ([`domain::secret::read_parts`]), finds the row by the id in the
//!    middle, and compares digests in constant time. What is unknown costs the same work as what is known.
//! 6. [`crypto::rows::judged`] says whether the rows are as the program left them; one that is not grants nothing.
//! 7. [`domain::decision::decide`] goes through the checks in their published order, with `now` as an argument. It is
//!    the one place where a secret is accepted.
//! 8. [`verification::settle`] asks the limits, all or nothing, counts the request, and starts a grace that was
//!    waiting for this use. The command prints a [`output::view::DecisionView`] and exits 0, or 7 for a denial. An error means that no decision could be made, and
//!    is never an acceptance.
//!
//! # In your own program
//!
//! A [`Verifier`] has all keys of a registry in memory and sees every change of it at the next request, whichever process
//! makes it. Make one and share it among all threads.
//!
//! ```
//! use apikey::{Decision, Denial, Request, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (registry, key_file) = (folder.path().join("registry.db"), folder.path().join("master.key"));
//! # let set = [("HOME", folder.path()), ("APIKEY_REGISTRY", &*registry), ("APIKEY_VAULT", "keyfile".as_ref())];
//! # let set = apikey::host::Environment::new(set.map(|(name, value)| (name.into(), value.into())));
//! # let set: &'static apikey::host::Environment = Box::leak(Box::new(set));
//! # let apikey = |line: &str| -> std::io::Result<()> {
//! #     let exit = apikey::host::real::with_host(|host| {
//! #         (host.environment, host.stdout) = (set, Box::leak(Box::new(std::io::sink())));
//! #         host.stderr = Box::leak(Box::new(std::io::sink()));
//! #         apikey::run(["apikey"].into_iter().chain(line.split(' ')).map(Into::into), host)
//! #     })?;
//! #     assert_eq!(exit, apikey::exit::Exit::Done, "{line}");
//! #     Ok(())
//! # };
//! # let secret_file = folder.path().join("shop.secret");
//! # let out = secret_file.display();
//! // Once, on the command line; `apikey` stands for it.
//! apikey(&format!("create shop --scope orders:read --rate 2/1d --secret-out {out}"))?;
//! # let secret = std::fs::read_to_string(&secret_file)?;
//! # let secret = secret.trim_end();
//!
//! let verifier = Verifier::with_key_file(&registry, &key_file)?;
//! let request = Request { scopes: vec!["orders:read".parse()?], ..Request::default() };
//!
//! // What came with a request, what it asks for, and what it takes from the limits.
//! let key = verifier.verify(secret.into(), (&request, 1), |verdict| verdict.to_result())??;
//! assert_eq!((&*key.name, &*key.owner), ("shop", "default"));
//!
//! // A verdict says more while it is there: why not, and what is left.
//! let refund = Request { scopes: vec!["refunds:write".parse()?], ..Request::default() };
//! let (decision, left) = verifier.verify(secret.into(), (&refund, 1), |verdict| {
//!     (verdict.decision, verdict.spending.remaining())
//! })?;
//! assert_eq!((decision, left), (Decision::Denied(Denial::InsufficientScope), None));
//!
//! apikey("revoke shop --reason leaked --yes")?;
//! let denial = verifier.verify(secret.into(), (&request, 1), |verdict| verdict.to_result())?;
//! assert_eq!(denial, Err(Denial::Revoked));
//! # Ok(())
//! # }
//! ```
//!
//! A denial is a decision. A [`VerifierError`] is none, and must not let anything pass: the registry cannot be read or was
//! replaced by another file, or at the beginning the key file is missing or another's. [`Verifier::open`] takes the master
//! key of any other [`vault`], and a clock.
//!
//! Every decision on a secret that matched is counted by hour, outcome and scopes, and an acceptance as the last use of the
//! secret: what `apikey usage` shows. That is written once a second and when the verifier is dropped; a crash loses at
//! most a second of it. What strangers present is never written, and a cost of zero is not counted.
//!
//! With the feature `tower` there is a layer for axum and other services: `apikey::tower`.
//!
//! # To change something
//!
//! A rule: `domain`, beside its test. A column: a new migration in `registry/sqlite`, and what it grants into
//! [`domain::canonical`], or it is not sealed. A flag: the `Arguments` of its command; its doc comment is the help, the
//! man page and the completion. An output field: [`output::view`], where fields are added and never renamed. A new
//! message: [`exit::Failure`], with the command that mends it as the hint.

pub mod cli;
pub mod commands;
pub mod completion;
mod config_file;
pub mod crypto;
pub mod domain;
pub mod exit;
pub mod handover;
pub mod host;
pub mod http;
pub mod issuance;
pub mod output;
pub mod registry;
pub mod secret_input;
pub mod serve;
pub mod session;
pub mod settings;
#[cfg(feature = "tower")]
pub mod tower;
pub mod vault;
pub mod verification;
pub mod verifier;

pub use cli::run;
pub use domain::decision::{Decision, Denial, Request};
pub use domain::network::Network;
pub use domain::scope::{Scope, Scopes};
pub use domain::secret::{Env, Kind};
pub use verifier::{Credential, Identified, Verdict, VerifiedKey, Verifier, VerifierError};
