//! What is asked of each command: the ordinary answer, the dry run, and each flag that changes the answer's shape.

use super::Told;
use crate::endpoint::Endpoint;

type Story = fn(&mut Told);

/// The command and its story; `errors` is of no single command.
pub(super) const ALL: &[(&str, Story)] = &[
    ("init", init),
    ("create", create),
    ("list", list),
    ("show", show),
    ("scope add", |told| changed(told, "scope add ci orders:write")),
    ("scope remove", |told| changed(told, "scope remove ci orders:read")),
    ("scope set", |told| changed(told, "scope set ci --access read")),
    ("scope define", scope_define),
    ("scope undefine", scope_undefine),
    ("scope defined", scope_defined),
    ("expire", |told| changed(told, "expire ci 2027-01-31")),
    ("limit", |told| changed(told, "limit ci --rate 100/1m --burst 20 --quota 10000/day")),
    ("restrict", |told| {
        changed(told, "restrict ci --allow-ip 203.0.113.0/24 --allow-origin https://shop.example.com");
    }),
    ("edit", |told| changed(told, "edit ci --name renamed --note why --tag eu --every 30d")),
    ("rotate", rotate),
    ("revoke", revoke),
    ("disable", |told| changed(told, "disable ci")),
    ("enable", enable),
    ("purge", purge),
    ("verify", verify),
    ("test-call", test_call),
    ("lookup", lookup),
    ("reveal", reveal),
    ("forget", |told| changed(told, "forget ci --yes")),
    ("owner list", |told| party_list(told, "owner")),
    ("owner suspend", |told| party_suspend(told, "owner")),
    ("owner resume", |told| party_resume(told, "owner")),
    ("project list", |told| party_list(told, "project")),
    ("project suspend", |told| party_suspend(told, "project")),
    ("project resume", |told| party_resume(told, "project")),
    ("usage", usage),
    ("log", log),
    ("doctor", doctor),
    ("demo", |told| drop(told.show("demo"))),
    ("errors", errors),
];

fn init(told: &mut Told) {
    told.show("init --dry-run");
    told.show("init --brand acme");
    told.show("init --brand acme");
}

fn create(told: &mut Told) {
    told.show("create ci --scope orders:read --dry-run");
    told.show("create ci --scope orders:read --allow-ip 203.0.113.0/24 --tag eu --note why --every 30d --not-before 2026-12-01");
    told.show("create web --kind pk --env test --access read --allow-origin https://shop.example.com --expires 2027-01-31");
    told.show("create partner --kind pair --owner acme --project shop --expires never --no-keep");
    told.show("create limited --rate 100/1m --burst 10 --quota 10000/day");
    told.show("create many --count 2");
}

fn list(told: &mut Told) {
    told.given("init");
    told.show("list");
    told.given_key("ci --scope orders:read --owner acme --tag eu");
    told.show("list");
    told.show("list --expiring 100d --fail-if-any");
}

fn show(told: &mut Told) {
    told.given_key("ci --scope orders:read --owner acme --tag eu --note why");
    told.given("rotate ci -q");
    told.given("revoke ci --reason leaked --yes");
    told.show("show ci");
}

/// A change of the live key `ci`: only said, and done.
fn changed(told: &mut Told, line: &str) {
    told.given_key("ci --scope orders:read,orders:list");
    told.show(&format!("{line} --dry-run"));
    told.show(line);
}

fn scope_define(told: &mut Told) {
    told.given("init");
    told.show("scope define orders:read --dry-run");
    told.show("scope define orders:read --description 'Read orders'");
    told.show("scope define orders:read");
}

fn scope_undefine(told: &mut Told) {
    told.given("init");
    told.given("scope define orders:read --description 'Read orders'");
    told.show("scope undefine orders:read --dry-run");
    told.show("scope undefine orders:read");
}

fn scope_defined(told: &mut Told) {
    told.given("init");
    told.show("scope defined");
    told.given("scope define orders:read --description 'Read orders'");
    told.given("scope define orders:write");
    told.show("scope defined");
}

fn rotate(told: &mut Told) {
    told.given_key("ci --scope orders:read");
    told.show("rotate ci --status");
    told.show("rotate ci --dry-run");
    told.show("rotate ci --grace 7d");
    told.show("rotate ci --status");
    told.show("rotate ci --extend 3d --dry-run");
    told.show("rotate ci --extend 3d");
    told.show("rotate ci --cancel --yes");
    told.show("rotate ci --on-first-use --force --yes");
    told.show("rotate ci --finish --yes");
    told.given_key("nightly --every 30d");
    told.world.pass("30d");
    let folder = told.world.home().join("new");
    let folder = folder.to_str().unwrap();
    told.show(&format!("rotate --due --secret-dir {folder} --dry-run"));
    told.show(&format!("rotate --due --secret-dir {folder} --yes"));
    told.show(&format!("rotate --due --secret-dir {folder} --yes"));
}

fn revoke(told: &mut Told) {
    told.given_key("ci");
    told.given_key("cd --owner acme");
    told.given_key("ce --owner acme");
    told.show("revoke ci --reason leaked --dry-run");
    told.show("revoke ci --reason leaked --yes");
    told.show("revoke ci --reason leaked --yes");
    told.show("revoke --owner acme --reason offboarded --yes");
    told.show("revoke --owner acme --yes");
}

fn enable(told: &mut Told) {
    told.given_key("ci");
    told.given("disable ci");
    told.show("enable ci --dry-run");
    told.show("enable ci");
    told.show("enable ci");
}

fn purge(told: &mut Told) {
    told.given_key("ci");
    told.given("revoke ci --yes");
    told.show("purge ci --dry-run");
    told.show("purge ci --yes");
    told.show("purge --older-than 30d --yes");
}

fn verify(told: &mut Told) {
    let secret = told.given_key("ci --scope orders:read --allow-ip 203.0.113.0/24");
    let secret = secret.as_bytes();
    told.show_with("verify --scope orders:read --ip 203.0.113.7", secret);
    told.show_with("verify --scope orders:write --ip 203.0.113.7", secret);
    told.show_with("verify --no-consume --explain --ip 203.0.113.7", secret);
    told.show_with("verify --explain --ip 198.51.100.1", secret);
    told.show_with("verify", b"not one of ours");
    told.show_with("verify --batch --ip 203.0.113.7", &[secret, b"\nnot one of ours\n"].concat());
}

fn usage(told: &mut Told) {
    let secret = told.given_key("ci --scope orders:read --rate 10/1m --quota 10/day");
    told.given("create -q idle --expires never");
    told.show("usage");
    for _ in 0..9 {
        told.world.verdict(&secret, &["--scope", "orders:read"]);
    }
    told.world.verdict(&secret, &["--scope", "orders:write"]);
    for by in ["day", "hour", "scope", "outcome", "owner", "project", "key"] {
        told.show(&format!("usage --since 1h --by {by}"));
    }
    told.show("usage --near-limit 80%");
    told.show("usage --near-limit 91% --fail-if-any");
    told.world.pass("2d");
    told.show("usage --unused 3d --fail-if-any");
    told.show("usage --unused 1d --fail-if-any");
}

fn test_call(told: &mut Told) {
    let secret = told.given_key("ci --scope orders:read");
    let endpoint = Endpoint::accepting(&[&secret]);
    let url = endpoint.url();
    told.show(&format!("test-call ci --url {url} --dry-run"));
    told.show(&format!("test-call ci --url {url} --save"));
    told.show("test-call ci --explain");
    told.show(&format!("test-call ci --url {url} --in header:X-Api-Key"));
    told.show_with(&format!("test-call --stdin-secret --url {url}"), secret.as_bytes());
    told.given("rotate ci -q");
    told.show("test-call ci --both");
    told.given("rotate ci --cancel --yes");
    told.show("test-call --all");
}

fn lookup(told: &mut Told) {
    let secret = told.given_key("ci --scope orders:read");
    told.show_with("lookup", secret.as_bytes());
    let begin = secret.rsplit_once('_').unwrap().0;
    told.show(&format!("lookup {begin}"));
    told.world.close_vault();
    told.show_with("lookup", secret.as_bytes());
}

fn reveal(told: &mut Told) {
    told.given_key("ci");
    told.show("reveal ci");
    let path = told.world.home().join("secret");
    told.show(&format!("reveal ci --secret-out {}", path.display()));
}

fn party_list(told: &mut Told, kind: &str) {
    told.given("init");
    told.show(&format!("{kind} list"));
    told.given_key(&format!("ci --{kind} acme"));
    told.given(&format!("{kind} suspend acme --yes"));
    told.show(&format!("{kind} list"));
}

fn party_suspend(told: &mut Told, kind: &str) {
    told.given_key(&format!("ci --{kind} acme"));
    told.show(&format!("{kind} suspend acme --dry-run"));
    told.show(&format!("{kind} suspend acme --yes"));
    told.show(&format!("{kind} suspend acme --yes"));
}

fn party_resume(told: &mut Told, kind: &str) {
    told.given_key(&format!("ci --{kind} acme"));
    told.given(&format!("{kind} suspend acme --yes"));
    told.show(&format!("{kind} resume acme --dry-run"));
    told.show(&format!("{kind} resume acme"));
    told.show(&format!("{kind} resume acme"));
}

fn log(told: &mut Told) {
    told.given_key("ci --scope orders:read");
    told.given("scope add ci orders:write");
    told.given("revoke ci --yes");
    told.show("log");
    told.show("log --key ci --last 1");
    told.show("log --head");
    told.show("log --check");
    told.world.tamper("UPDATE event SET user = 'eve' WHERE number = 2");
    told.show("log --check");
}

fn doctor(told: &mut Told) {
    told.show("doctor");
    told.given_key("ci --scope orders:read --expires 10d --every 90d");
    told.show("doctor");
    told.world.tamper("UPDATE key SET scopes = '*:*'");
    told.show("doctor --problems");
}

fn errors(told: &mut Told) {
    told.show("list");
    told.given_key("ci");
    told.given_key("ci --project shop");
    told.show("show cj");
    told.show("show ci");
    told.show("show");
    told.show("owner");
    told.show("create cj --scop orders:read");
    told.show("list --status gone");
    told.show("revoke default/ci");
    told.show("create ci");
    told.show("expire default/ci soon");
    told.given("revoke default/ci --yes");
    told.show("rotate default/ci");
    told.world.close_vault();
    told.show("create other");
}
