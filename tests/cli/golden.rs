//! What scripts read: every command's whole JSON, as it was when it was promised.
//!
//! Within a major version fields are added, never removed, renamed or retyped. The transcripts are in `golden/answers`;
//! `UPDATE_GENERATED=1 cargo test --test cli golden` writes them anew, and then the difference shows what scripts lose.

pub(crate) mod normal;
mod stories;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use apikey::exit::Exit;

use super::world::{Ran, World};
use normal::Placeholders;

/// Commands that print text for a shell or a person, whatever the format, or leave it to another program.
const WITHOUT_JSON: [&str; 4] = ["completions", "help", "run", "serve"];

/// Transcripts that are of no single command.
const BESIDE_COMMANDS: [&str; 1] = ["errors"];

/// A world, and the transcript of what is asked of it.
struct Told {
    world: World,
    /// The command that every shown line must be of.
    command: &'static str,
    placeholders: Placeholders,
    transcript: String,
}

impl Told {
    fn new(command: &'static str) -> Self {
        let world = World::new();
        let placeholders = Placeholders::new(&world.home());
        Self { world, command, placeholders, transcript: String::new() }
    }

    /// Prepares the world; nothing of it is in the transcript.
    #[track_caller]
    fn given(&self, line: &str) -> String {
        let words = shell_words::split(line).unwrap();
        self.world.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).done().stdout
    }

    /// The secret of a new key; `line` is what follows `create`. The next one is younger, so lists have one order.
    #[track_caller]
    fn given_key(&self, line: &str) -> String {
        self.world.pass("1s");
        self.given(&format!("create -q {line}")).trim_end().to_owned()
    }

    /// Runs a line with `--json` and writes the whole answer down.
    #[track_caller]
    fn show(&mut self, line: &str) -> Ran {
        self.show_with(line, b"")
    }

    /// The same with something on standard input.
    #[track_caller]
    fn show_with(&mut self, line: &str, stdin: &[u8]) -> Ran {
        let mut words = shell_words::split(line).unwrap();
        assert!(
            BESIDE_COMMANDS.contains(&self.command) || command_of(&words) == self.command,
            "{line} is not of `{}`",
            self.command
        );
        words.push("--json".to_owned());
        let ran = self.world.run_with_stdin(&words.iter().map(String::as_str).collect::<Vec<_>>(), stdin);
        let answer = if ran.exit == Exit::Done || ran.stderr.is_empty() { &ran.stdout } else { &ran.stderr };
        assert!(!answer.is_empty(), "{line}: {ran:?}");
        let text = format!(
            "$ apikey {}\n{}exit {}\n\n",
            shell_words::join(&words),
            normal::pretty(answer),
            ran.exit as u8
        );
        self.transcript.push_str(&self.placeholders.put_into(&text));
        ran
    }
}

/// `scope add` of the words `scope add ci orders:read`.
fn command_of(words: &[String]) -> String {
    let line = std::iter::once("apikey").chain(words.iter().map(String::as_str));
    let matches = apikey::cli::command().get_matches_from(line);
    let mut path = Vec::new();
    let mut rest = Some(&matches);
    while let Some((name, inner)) = rest.and_then(clap::ArgMatches::subcommand) {
        path.push(name.to_owned());
        rest = Some(inner);
    }
    path.join(" ")
}

/// Every command that has none below it, as `scope add`.
fn commands() -> BTreeSet<String> {
    fn walk(command: &clap::Command, path: &[&str], found: &mut BTreeSet<String>) {
        if !command.has_subcommands() {
            found.insert(path.join(" "));
        }
        for inner in command.get_subcommands() {
            walk(inner, &[path, &[inner.get_name()]].concat(), found);
        }
    }
    let mut found = BTreeSet::new();
    walk(&apikey::cli::command(), &[], &mut found);
    found
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden/answers")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says whether it writes")]
fn every_command_answers_scripts_as_it_did_before() {
    let told: BTreeMap<String, String> = stories::ALL
        .iter()
        .map(|(command, story)| {
            let mut told = Told::new(command);
            story(&mut told);
            (format!("{}.txt", command.replace(' ', "-")), told.transcript)
        })
        .collect();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        drop(fs::remove_dir_all(folder()));
        fs::create_dir_all(folder()).unwrap();
        for (file, text) in &told {
            fs::write(folder().join(file), text).unwrap();
        }
    }
    let stored: BTreeMap<String, String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    for (file, text) in &told {
        let before = stored.get(file).unwrap_or_else(|| panic!("there is no {file} in {:?}", folder()));
        let differs = before.lines().zip(text.lines()).find(|(before, now)| before != now);
        assert!(before == text, "{file} differs: before and now: {differs:#?}\nall of it now:\n{text}");
    }
    assert_eq!(told.len(), stored.len(), "a transcript of no command: {:?}", stored.keys());
}

#[test]
fn every_command_has_a_transcript_of_its_json() {
    let told: BTreeSet<String> = stories::ALL.iter().map(|(command, _)| (*command).to_owned()).collect();
    assert_eq!(told.len(), stories::ALL.len(), "two transcripts of one command");
    let expected: BTreeSet<String> = commands()
        .into_iter()
        .filter(|command| !WITHOUT_JSON.contains(&command.as_str()))
        .chain(BESIDE_COMMANDS.map(str::to_owned))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn the_commands_without_a_transcript_print_no_json() {
    let world = World::new();
    for line in [&["completions", "bash", "--json"], &["help", "create", "--json"]] {
        assert!(WITHOUT_JSON.contains(&line[0]));
        let text = world.run(line).done().stdout;
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
    }
}
