//! Where a passphrase comes from, in which order.

use std::collections::HashMap;

use super::*;

/// Surroundings in which nothing is named, changed by each test.
#[derive(Default)]
struct Given {
    flag: Option<PathBuf>,
    environment: HashMap<&'static str, OsString>,
    stdin: Vec<u8>,
    answers: Option<Vec<&'static str>>,
    questions: Vec<String>,
}

impl Given {
    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name, value.into());
        self
    }

    fn ask(&mut self, purpose: Purpose) -> Result<String, PassphraseError> {
        let environment = self.environment.clone();
        let lookup = |name: &str| environment.get(name).cloned();
        let mut answers = self.answers.clone().unwrap_or_default().into_iter();
        let questions = &mut self.questions;
        let mut prompt = |question: &str| {
            questions.push(question.to_owned());
            answers.next().map(str::to_owned).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        };
        let mut source = PassphraseSource {
            flag: self.flag.clone(),
            environment: &lookup,
            stdin: &mut self.stdin.as_slice(),
            prompt: self.answers.is_some().then_some(&mut prompt as Prompt<'_>),
        };
        source.passphrase(purpose).map(|words| String::from_utf8(words.expose().to_vec()).unwrap())
    }

    fn open(&mut self) -> Result<String, PassphraseError> {
        self.ask(Purpose::Open)
    }
}

fn command(line: &str) -> Given {
    Given::default().with(COMMAND, line)
}

fn private(home: &Path, name: &str, text: &[u8]) -> PathBuf {
    let path = home.join(name);
    files::create(&path, text).unwrap();
    path
}

#[test]
fn the_first_source_named_wins() {
    let home = tempfile::tempdir().unwrap();
    private(home.path(), CREDENTIAL, b"credential\n");
    let mut given = Given { stdin: b"stdin\n".into(), answers: Some(vec!["typed"]), ..Given::default() };
    assert_eq!(given.open().unwrap(), "typed");
    given = given.with(WORDS, "environment");
    assert_eq!(given.open().unwrap(), "environment");
    given = given.with(COMMAND, "echo command");
    #[cfg(unix)]
    assert_eq!(given.open().unwrap(), "command");
    given = given.with("CREDENTIALS_DIRECTORY", home.path());
    assert_eq!(given.open().unwrap(), "credential");
    given = given.with(FILE, private(home.path(), "by-environment", b"file\n"));
    assert_eq!(given.open().unwrap(), "file");
    given.flag = Some(private(home.path(), "by-flag", b"flag\n"));
    assert_eq!(given.open().unwrap(), "flag");
    given.flag = Some("-".into());
    assert_eq!(given.open().unwrap(), "stdin");
}

#[test]
fn a_named_source_that_fails_is_not_passed_over_for_another() {
    let mut given = Given { answers: Some(vec!["typed"]), ..Given::default() }.with(WORDS, "words");
    for broken in [(FILE, "/no/such/file"), (FILE, ""), (COMMAND, ""), (COMMAND, "/no/such/program")] {
        let mut given = Given { answers: Some(vec!["typed"]), ..Given::default() }
            .with(WORDS, "words")
            .with(broken.0, broken.1);
        assert!(given.open().is_err(), "{broken:?}");
        assert!(given.questions.is_empty());
    }
    assert_eq!(given.open().unwrap(), "words");
}

#[test]
fn a_credentials_directory_without_the_passphrase_is_no_source() {
    let home = tempfile::tempdir().unwrap();
    let mut given = Given::default().with("CREDENTIALS_DIRECTORY", home.path()).with(WORDS, "words");
    assert_eq!(given.open().unwrap(), "words");
}

#[test]
fn with_nothing_named_and_nobody_there_none_is_given() {
    let error = Given::default().open().unwrap_err();
    assert!(matches!(error, PassphraseError::NotGiven), "{error}");
    assert!(error.hint().contains("--passphrase-file"));
}

#[test]
fn exactly_one_line_end_is_taken_off() {
    for (text, expected) in [
        ("words", "words"),
        ("words\n", "words"),
        ("words\r\n", "words"),
        ("words\n\n", "words\n"),
        (" words ", " words "),
        ("words\r", "words\r"),
        ("two\nlines\n", "two\nlines"),
    ] {
        let mut given = Given { flag: Some("-".into()), stdin: text.into(), ..Given::default() };
        assert_eq!(given.open().unwrap(), expected);
    }
}

#[test]
fn an_empty_passphrase_is_refused_wherever_it_comes_from() {
    for text in ["", "\n", "\r\n"] {
        let mut from_stdin = Given { flag: Some("-".into()), stdin: text.into(), ..Given::default() };
        assert!(matches!(from_stdin.open(), Err(PassphraseError::Empty)), "{text:?}");
        assert!(matches!(Given::default().with(WORDS, text).open(), Err(PassphraseError::Empty)));
    }
    let mut typed = Given { answers: Some(vec!["", ""]), ..Given::default() };
    assert!(matches!(typed.ask(Purpose::New), Err(PassphraseError::Empty)));
}

#[test]
fn a_passphrase_is_at_most_4096_bytes() {
    let stdin = |length| Given { flag: Some("-".into()), stdin: vec![b'x'; length], ..Given::default() };
    assert_eq!(stdin(LONGEST).open().unwrap().len(), LONGEST);
    for length in [LONGEST + 1, LONGEST + 2, LONGEST + 3, 10 << 20] {
        assert!(matches!(stdin(length).open(), Err(PassphraseError::TooLong)), "{length}");
    }
}

#[test]
fn a_new_passphrase_is_asked_for_twice_and_an_old_one_once() {
    let mut given = Given { answers: Some(vec!["words", "words"]), ..Given::default() };
    assert_eq!(given.ask(Purpose::New).unwrap(), "words");
    assert_eq!(given.questions.len(), 2);
    assert_eq!(given.open().unwrap(), "words");
    assert_eq!(given.questions.len(), 3);
    let mut given = Given { answers: Some(vec!["words", "word"]), ..Given::default() };
    assert!(matches!(given.ask(Purpose::New), Err(PassphraseError::Different)));
}

#[test]
fn a_passphrase_does_not_show_itself() {
    let words = Passphrase::new(b"words".to_vec().into()).unwrap();
    assert_eq!(format!("{words:?}"), "Passphrase(hidden)");
}

#[test]
fn a_line_that_is_no_command_is_refused_and_not_shown() {
    for line in ["", "  ", "echo 'hunter2", "# hunter2"] {
        let error = command(line).open().unwrap_err();
        assert!(matches!(error, PassphraseError::NotACommand), "{line:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn a_command_does_not_inherit_what_says_where_the_passphrase_is() {
    let command = prepared("true", &[]);
    let mut removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).collect();
    removed.sort();
    assert_eq!(removed.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), [WORDS, COMMAND, FILE]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_passphrase_file_open_to_others_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = private(home.path(), "words", b"words\n");
        for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let answer = Given { flag: Some(path.clone()), ..Given::default() }.open();
            match answer {
                Ok(words) => assert!(good && words == "words", "{mode:o}"),
                Err(error) => {
                    assert!(
                        !good && matches!(error, PassphraseError::Permissions { .. }),
                        "{mode:o} {error}"
                    );
                    assert!(error.hint().contains("chmod 600"), "{}", error.hint());
                }
            }
        }
    }

    #[test]
    fn a_pipe_is_read_as_a_shell_hands_it_over() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "words\n").unwrap()
        });
        assert_eq!(Given { flag: Some(pipe), ..Given::default() }.open().unwrap(), "words");
        writer.join().unwrap();
    }

    #[test]
    fn an_endless_device_or_a_folder_is_refused() {
        let zero = Given { flag: Some("/dev/zero".into()), ..Given::default() }.open();
        assert!(matches!(zero, Err(PassphraseError::TooLong)));
        let folder = Given { flag: Some("/".into()), ..Given::default() }.open();
        assert!(matches!(folder, Err(PassphraseError::Io { .. })));
    }

    #[test]
    fn only_the_first_line_of_a_command_counts() {
        assert_eq!(command("printf 'first\\r\\nsecond\\n'").open().unwrap(), "first");
        assert_eq!(command("printf ' no end'").open().unwrap(), " no end");
    }

    #[test]
    fn a_command_is_words_and_not_a_shell_script() {
        assert_eq!(
            command("echo '$HOME' `id` ; echo 'a  b' > /x").open().unwrap(),
            "$HOME `id` ; echo a  b > /x"
        );
    }

    #[test]
    fn a_command_that_prints_nothing_fails_or_never_stops_gives_no_passphrase() {
        assert!(matches!(command("true").open(), Err(PassphraseError::Empty)));
        assert!(matches!(command("printf '\\nsecond'").open(), Err(PassphraseError::Empty)));
        let failing = command("sh -c 'echo words; exit 3'").open().unwrap_err();
        assert!(matches!(failing, PassphraseError::CommandFailed { .. }), "{failing}");
        assert!(!format!("{failing} {failing:?}").contains("words"));
        assert!(matches!(command("yes").open(), Err(PassphraseError::TooLong)));
        assert!(matches!(command("/no/such/program").open(), Err(PassphraseError::Io { .. })));
    }

    #[test]
    fn a_command_has_no_standard_input() {
        assert_eq!(command("sh -c 'cat; echo end'").open().unwrap(), "end");
    }
}
