//! man/ and completions/ are what the command line says: run with `UPDATE_GENERATED=1` to write them anew.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]

#[path = "generated/chapters.rs"]
mod chapters;
#[path = "generated/pages.rs"]
mod pages;
#[path = "generated/shells.rs"]
mod shells;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

type Files = BTreeMap<String, Vec<u8>>;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares the folder with what it should hold, or writes it when asked to.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says whether it writes")]
fn assert_current(name: &str, expected: &Files) {
    let folder = folder(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        for (file, bytes) in expected {
            fs::write(folder.join(file), bytes).unwrap();
        }
    }
    let found: Files = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    let differ: Vec<&String> =
        expected.keys().chain(found.keys()).filter(|file| expected.get(*file) != found.get(*file)).collect();
    assert!(
        differ.is_empty(),
        "{name}/ is out of date: {differ:?}; run UPDATE_GENERATED=1 cargo test --test generated"
    );
}

#[test]
fn the_man_pages_are_what_the_command_line_says() {
    assert_current("man", &pages::all());
}

#[test]
fn the_completion_scripts_are_what_the_command_line_says() {
    let scripts: Files = apikey::commands::completions::scripts().into_iter().collect();
    let names: Vec<&str> = scripts.keys().map(String::as_str).collect();
    assert_eq!(names, ["_apikey", "_apikey.ps1", "apikey.bash", "apikey.elv", "apikey.fish"]);
    assert_current("completions", &scripts);
}

#[test]
fn every_exit_code_is_in_the_man_page() {
    let page = String::from_utf8(pages::all().remove("apikey.1").unwrap()).unwrap();
    for (exit, meaning) in apikey::exit::ALL {
        assert!(page.contains(&format!("\\fB{}\\fR\n", exit as u8)), "{}", exit as u8);
        assert!(page.contains(&chapters::escaped(meaning)), "{meaning}");
    }
}

#[test]
fn every_setting_of_a_server_is_in_its_man_page() {
    let page = chapters::of_serve();
    for (text, count) in
        [("x = 1", 12), ("[[route]]\nx = 1", 3), ("[strangers]\nx = 1", 2), ("[connections]\nx = 1", 5)]
    {
        let refused = apikey::serve::config::Rules::parse(text).unwrap_err().to_string();
        // "unknown field `x`, expected one of `a`, `b`"
        let names: Vec<&str> =
            refused.split('`').skip(3).step_by(2).filter(|name| !name.starts_with('[')).collect();
        assert!(names.len() >= count, "{refused}");
        for name in names {
            assert!(page.contains(&chapters::escaped(name)), "{name}");
        }
    }
}

#[test]
#[ignore = "needs mandoc"]
fn mandoc_finds_nothing_to_warn_of() {
    for page in pages::all().keys() {
        let path = folder("man").join(page);
        let ran = std::process::Command::new("mandoc")
            .args(["-Tlint", "-W", "warning"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(ran.stdout.is_empty(), "{}", String::from_utf8_lossy(&ran.stdout));
    }
}
