//! Which folder may use which: read from the sources, so that the map in `src/lib.rs` stays true.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LIMIT: usize = 500;
const LIMIT_WITHOUT_TESTS: usize = 300;

/// What each layer may use of the crate besides itself. A layer that is not named is the command layer, which may use
/// everything but is used by nobody below it.
const LAYERS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("crypto", &["domain"]),
    ("registry", &["domain", "crypto"]),
    ("vault", &["crypto"]),
    ("http", &["domain"]),
    ("output", &["domain", "registry"]),
    ("issuance", &["domain", "crypto", "registry"]),
    ("verification", &["domain", "crypto", "registry"]),
    ("verifier", &["domain", "crypto", "registry", "vault", "verification", "host"]),
    ("tower", &["domain", "serve", "verifier"]),
    ("config_file", &[]),
    ("settings", &["config_file", "domain", "exit", "host", "vault"]),
];

/// What may be named only in some places, and in which; a place is a file or a folder of `src`.
const CONFINED: [(&str, &[&str]); 12] = [
    (
        "anyhow::",
        &["commands", "cli.rs", "exit.rs", "session", "handover.rs", "secret_input.rs", "lib.rs", "main.rs"],
    ),
    ("keyring::", &["vault/os_keyring.rs", "vault/os_keyring"]),
    ("rusqlite::", &["registry/sqlite"]),
    ("ureq::", &["http"]),
    ("argon2::", &["crypto"]),
    ("chacha20poly1305::", &["crypto"]),
    ("hmac::", &["crypto"]),
    ("hkdf::", &["crypto"]),
    ("dialoguer::", &["host"]),
    ("comfy_table::", &["output"]),
    ("tower_layer::", &["tower"]),
    ("pin_project_lite::", &["tower"]),
];

/// What makes a rule depend on more than its arguments.
const NOT_IN_DOMAIN: [&str; 15] = [
    "std::fs",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "SystemTime",
    "Timestamp::now",
    "rusqlite",
    "serde",
    "clap",
    "anyhow",
    "keyring",
];

struct Source {
    /// Below `src`, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The lines that ship: no comments, and nothing from the first `#[cfg(test)] mod` with a body on.
    fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = if self.is_for_tests() { 0 } else { self.shipped_lines() };
        let numbered = self.text.lines().take(all).enumerate();
        numbered
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn shipped_lines(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().collect();
        let begins = |pair: &[&str]| {
            (pair[0].starts_with("#[cfg(test)]") || pair[0].starts_with("#[cfg(all(test"))
                && pair[1].starts_with("mod ")
                && pair[1].ends_with('{')
        };
        lines.windows(2).position(begins).unwrap_or(lines.len())
    }

    /// Files that are compiled for tests only: their `mod` line is under `#[cfg(test)]`.
    fn is_for_tests(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        matches!(
            name,
            "tests.rs" | "conformance.rs" | "memory.rs" | "samples.rs" | "attacks.rs" | "loopback.rs"
        ) || self.path.contains("/conformance/")
            || self.path.contains("/tests/")
    }

    /// The folder directly below `src`, or the file's name without `.rs`.
    fn layer(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn is_in(&self, place: &str) -> bool {
        self.path == place || self.path.starts_with(&format!("{place}/"))
    }
}

fn sources() -> Vec<Source> {
    let found = sources_of("src");
    assert!(found.len() > 50, "the sources are not where this test looks");
    found
}

/// Those below a folder of the crate.
fn sources_of(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    let below = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    found.iter().map(|path| Source { path: below(path), text: fs::read_to_string(path).unwrap() }).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether `word` stands in `line` by itself, and not as the end of a longer word.
fn names(line: &str, word: &str) -> bool {
    let inside = |character: char| character.is_ascii_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(inside))
}

/// The modules of the crate that a line names: `crate::one::…`, `crate::{one, two::…}` written on one line.
fn own_modules(line: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, start) in line.match_indices("crate::") {
        let rest = &line[at + start.len()..];
        let parts: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split(['}', ';']).next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for part in parts {
            let word: String = part
                .trim_start()
                .chars()
                .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
                .collect();
            found.insert(word);
        }
    }
    found.remove("");
    found
}

fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn each_layer_uses_only_the_layers_below_it() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some((layer, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == source.layer()) else {
            continue;
        };
        for (number, line) in source.shipped() {
            for module in own_modules(line) {
                if module != *layer && !allowed.contains(&module.as_str()) {
                    broken.push(format!("{}:{number}: {module}", source.path));
                }
            }
        }
    }
    assert_none(&broken, "a layer uses what it must not know of");
}

#[test]
fn nothing_imports_the_crate_root_where_this_test_would_not_see_it() {
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.shipped() {
            if line.trim_end().ends_with("crate::{") || line.contains("use crate::*") {
                broken.push(format!("{}:{number}", source.path));
            }
        }
    }
    assert_none(&broken, "write one `use crate::module::…` a line");
}

#[test]
fn the_domain_depends_on_its_arguments_alone() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.layer() == "domain") {
        for (number, line) in source.shipped() {
            for word in NOT_IN_DOMAIN.iter().filter(|word| names(line, word)) {
                broken.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    assert_none(&broken, "the domain has effects");
}

#[test]
fn a_package_is_named_only_where_it_belongs() {
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.shipped() {
            for (package, places) in CONFINED {
                if names(line, package) && !places.iter().any(|place| source.is_in(place)) {
                    broken.push(format!("{}:{number}: {package}", source.path));
                }
            }
        }
    }
    assert_none(&broken, "a package is used outside its module");
}

#[test]
fn nothing_prints_past_the_streams_it_was_handed() {
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.shipped() {
            for word in ["println!", "eprintln!", "print!", "eprint!"].iter().filter(|word| names(line, word))
            {
                broken.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    assert_none(&broken, "a closed pipe would be a panic");
}

#[test]
fn nothing_that_ships_unwraps() {
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.shipped().filter(|(_, line)| line.contains(".unwrap()")) {
            broken.push(format!("{}:{number}: {}", source.path, line.trim()));
        }
    }
    assert_none(&broken, "use `?`, or `expect` with the invariant");
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let mut broken = Vec::new();
    for source in sources() {
        let (all, shipped) = (source.text.lines().count(), source.shipped_lines());
        if all > LIMIT || (!source.is_for_tests() && shipped > LIMIT_WITHOUT_TESTS) {
            broken.push(format!("{}: {all} lines, {shipped} without its tests", source.path));
        }
    }
    assert_none(&broken, "split it");
}

#[test]
fn the_first_line_of_every_file_says_what_it_is_for() {
    let silent = |source: &Source| !source.text.starts_with("//! ");
    let all = ["src", "tests", "benches"].into_iter().flat_map(sources_of);
    let broken: Vec<String> = all.filter(silent).map(|source| source.path).collect();
    assert_none(&broken, "begin it with `//! `");
}

/// Everything that can see a secret, the master key, a passphrase or a credential in the clear. A file that is added
/// here is one more to review whenever the question is where a secret can go.
#[test]
fn secrets_are_exposed_in_these_files_and_no_others() {
    // As a method or as a path.
    let exposing = |source: &Source| {
        source.shipped().any(|(_, line)| [".expose()", "::expose"].iter().any(|way| line.contains(way)))
    };
    let found: Vec<String> = sources().into_iter().filter(exposing).map(|source| source.path).collect();
    let reviewed = [
        "commands/create/answer.rs",
        "commands/demo.rs",
        "commands/kept.rs",
        "commands/reveal.rs",
        "commands/rotate/answer.rs",
        "commands/run.rs",
        "commands/show.rs",
        "commands/test_call/registry_side.rs",
        "handover.rs",
        "http/client.rs",
        "http/credential.rs",
        "http/mask.rs",
        "http/request.rs",
        "issuance.rs",
        "vault/key_file.rs",
        "vault/mod.rs",
        "vault/passphrase_source.rs",
        "vault/sealed_file.rs",
    ];
    assert_eq!(found, reviewed);
}

#[test]
fn this_test_sees_what_it_looks_for() {
    let modules = |line| own_modules(line).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(modules("use crate::domain::key::Key;"), "domain");
    assert_eq!(modules("use crate::{vault::Vault, crypto};"), "crypto vault");
    assert_eq!(modules("    let a = crate::host::real();  // crate::exit"), "exit host");
    assert!(names("let e: keyring::Error", "keyring::") && !names("os_keyring::x", "keyring::"));
    let source = |text: &str| Source { path: "a/b.rs".into(), text: text.into() };
    assert_eq!(source("a\n// b\nc\n#[cfg(test)]\nmod tests {\nd\n}\n").shipped().count(), 2);
    assert_eq!(source("#[cfg(test)]\nmod tests;\na\n").shipped().count(), 3);
}
