//! Standard input, standard output and inherited descriptors in every state a caller may hand them over in.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::Stdio;

use crate::machine::{Machine, finish, finish_with_stdin, watched};

#[test]
fn a_reader_that_leaves_is_silent_and_141() {
    let machine = Machine::with_registry();
    for arguments in [&["list"][..], &["list", "--json"], &["help"], &["--version"], &["log"]] {
        let mut child = machine
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ran = watched(child);
        // One that had written all before its reader left ended well.
        assert!(ran.code == 141 || ran.code == 0, "{arguments:?}: {ran:?}");
        assert_eq!(ran.stderr, "", "{arguments:?}");
    }
    // A pipe whose reader is gone before the program begins.
    let mut shell = machine.through_shell("", &["list"], "");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = shell.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let ran = watched(child).ended(141);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_key_whose_secret_nobody_received_is_taken_back() {
    let machine = Machine::with_registry();
    for arguments in [&["create", "-q", "a"][..], &["create", "a", "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = machine.command(arguments);
        let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        watched(child).ended(141);
        assert_eq!(machine.names(), [""; 0]);
    }
    let secret = machine.create("a");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = machine.command(&["rotate", "-q", "a", "--grace", "0", "--yes"]);
    let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    watched(child).ended(141);
    assert_eq!(machine.verdict(&secret), "accepted");
    machine.run(&["log", "--check"]).ended(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_whose_secret_met_a_full_disk_is_taken_back() {
    let machine = Machine::with_registry();
    let ran = finish(&mut machine.through_shell("", &["create", "-q", "a"], ">/dev/full")).ended(1);
    assert!(ran.stderr.contains("taken back: nothing was issued"), "{}", ran.stderr);
    assert!(ran.stderr.contains("No space left"), "{}", ran.stderr);
    // In several transactions, of which none is left.
    let many = ["create", "-q", "a", "--count", "5001"];
    finish(&mut machine.through_shell("", &many, ">/dev/full")).ended(1);
    assert_eq!(machine.names(), [""; 0]);
    finish(&mut machine.through_shell("", &["list", "--json"], ">/dev/full")).ended(1);
    // The file with its secret goes with it, and the same request can be made again.
    let to_file = ["create", "a", "--secret-out", "secret", "--json"];
    finish(&mut machine.through_shell("", &to_file, ">/dev/full")).ended(1);
    assert!(!machine.home().join("secret").exists());
    let request = ["create", "-q", "a", "--request-id", "run-1"];
    finish(&mut machine.through_shell("", &request, ">/dev/full")).ended(1);
    assert_eq!(machine.names(), [""; 0]);
    let secret = machine.run(&request).ended(0).line();
    assert_eq!(machine.run(&request).ended(0).line(), secret);
    let rotation = ["rotate", "-q", "a", "--request-id", "run-2"];
    finish(&mut machine.through_shell("", &rotation, ">/dev/full")).ended(1);
    let rotated = machine.run(&rotation).ended(0).line();
    assert_eq!((machine.verdict(&secret), machine.verdict(&rotated)), ("accepted".into(), "accepted".into()));
    machine.run(&["revoke", "a", "--yes"]).ended(0);
    let ran = machine.run(&["create", "a", "--secret-out", "/dev/full"]).ended(6);
    assert!(ran.stderr.contains("already exists"), "{}", ran.stderr);
    assert_eq!(machine.names(), [""; 0], "none that lives");
}

#[test]
fn closed_streams_neither_hang_nor_lose_a_key() {
    let machine = Machine::with_registry();
    for how in [&["create", "-q", "out"][..], &["create", "--json", "out", "--no-keep"]] {
        let ran = finish(&mut machine.through_shell("", how, ">&-")).ended(2);
        assert!(ran.stderr.contains("standard output is closed"), "{}", ran.stderr);
    }
    assert_eq!(machine.names(), [""; 0]);
    finish(&mut machine.through_shell("", &["create", "-q", "out"], ">/dev/null")).ended(0);
    let kept = machine.run(&["reveal", "-q", "out"]).ended(0).line();
    assert_eq!(machine.verdict(&kept), "accepted");
    let secret = finish(&mut machine.through_shell("", &["create", "-q", "error"], "2>&-")).ended(0).line();
    assert_eq!(machine.verdict(&secret), "accepted");
    let secret = finish(&mut machine.through_shell("", &["create", "-q", "in"], "<&-")).ended(0).line();
    assert_eq!(machine.verdict(&secret), "accepted");
    finish(&mut machine.through_shell("", &["verify"], "<&-")).ended(7);
    finish(&mut machine.through_shell("", &["list"], "<&- >&- 2>&-")).ended(0);
}

#[test]
fn whatever_is_presented_only_the_secret_itself_is_accepted() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let full_width: String = secret.chars().map(full_width_digit).collect();
    assert_ne!(full_width, secret);
    let with_nul = format!("{}\0{}", &secret[..40], &secret[40..]);
    let presented: [(&str, Vec<u8>); 10] = [
        ("a mebibyte", vec![b'a'; 1 << 20]),
        ("a mebibyte of secrets", secret.repeat((1 << 20) / secret.len()).into_bytes()),
        ("the secret and a mebibyte", [secret.as_bytes(), &vec![b' '; 1 << 20]].concat()),
        ("a NUL at its end", format!("{secret}\0").into_bytes()),
        ("a NUL within", with_nul.into_bytes()),
        ("only NULs", vec![0; 75]),
        ("full-width digits", full_width.into_bytes()),
        ("no UTF-8", [&secret.as_bytes()[..74], &[0xff]].concat()),
        ("a space before it", format!(" {secret}").into_bytes()),
        ("nothing", Vec::new()),
    ];
    for (what, bytes) in presented {
        let ran = machine.run_with_stdin(&["verify", "--json"], &bytes).ended(7);
        assert_eq!(ran.json()["accepted"], false, "{what}");
    }
    machine.run_with_stdin(&["verify"], secret.as_bytes()).ended(0);
    machine.run_with_stdin(&["verify"], format!("{secret}\r\n").as_bytes()).ended(0);
}

fn full_width_digit(letter: char) -> char {
    let value = letter.to_digit(10).and_then(|digit| char::from_u32('０' as u32 + digit));
    value.unwrap_or(letter)
}

#[test]
fn a_secret_altered_in_any_one_character_is_refused() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let altered = |place: usize, by: u8| {
        let mut bytes = secret.clone().into_bytes();
        bytes[place] = by;
        String::from_utf8(bytes).unwrap()
    };
    let mut lines = Vec::new();
    for (place, byte) in secret.bytes().enumerate() {
        lines.extend(
            [b'0', b'Z', b'a', b'_', b' '].into_iter().filter(|by| *by != byte).map(|by| altered(place, by)),
        );
    }
    lines.push(secret.clone());
    let ran = machine.run_with_stdin(&["verify", "--batch"], lines.join("\n").as_bytes());
    let answers: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    let accepted: Vec<usize> = (0..lines.len()).filter(|line| answers[*line]["accepted"] == true).collect();
    assert_eq!(accepted, [lines.len() - 1], "only the last, which is the secret itself");
}

#[test]
fn a_secret_is_read_from_an_inherited_descriptor() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    std::fs::write(machine.home().join("s"), &secret).unwrap();
    finish(&mut machine.through_shell("", &["verify", "--secret-fd", "3"], "3<s")).ended(0);
    finish(&mut machine.through_shell("", &["verify", "--secret-fd", "0"], "<s")).ended(0);
    finish(&mut machine.through_shell("", &["lookup", "--secret-fd", "5"], "5<s")).ended(0);
    // A pipe on descriptor 3, and on standard input.
    let piped = &mut machine.through_shell("", &["verify", "--secret-fd", "3"], "3<&0 </dev/null");
    finish_with_stdin(piped, secret.as_bytes()).ended(0);
    let stdin = &mut machine.command(&["verify", "--secret-fd", "0"]);
    finish_with_stdin(stdin, secret.as_bytes()).ended(0);
    finish_with_stdin(stdin, &secret.as_bytes()[1..]).ended(7);
}

#[test]
fn a_descriptor_nothing_can_be_read_from_is_a_usage_error() {
    let machine = Machine::with_registry();
    for descriptor in ["9", "1", "2", "99999999", "-1", "x"] {
        let flag = format!("--secret-fd={descriptor}");
        let error = machine.run(&["verify", "--json", &flag]).ended(2).error();
        assert_eq!(error["code"], "usage", "{descriptor}");
    }
    #[cfg(target_os = "linux")]
    for redirection in ["5>/dev/null", "5>&1", "5>>written", "5</"] {
        let mut command = machine.through_shell("", &["verify", "--json", "--secret-fd", "5"], redirection);
        finish(&mut command).ended(2).error();
    }
    let error = machine.run(&["verify", "--json", "--secret-file", "/"]).ended(2).error();
    assert!(error["message"].as_str().unwrap().contains("directory"), "{error}");
}

#[test]
fn one_secret_of_many_bytes_is_read_only_as_far_as_it_could_matter() {
    let machine = Machine::with_registry();
    let mut child = machine
        .command(&["verify"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = child.stdin.take().unwrap();
    std::thread::spawn(move || {
        let mut endless = std::io::repeat(b'a').take(u64::MAX);
        // Ends when the reader leaves.
        drop(std::io::copy(&mut endless, &mut { pipe }));
    });
    watched(child).ended(7);
}

#[test]
fn a_batch_is_answered_while_more_of_it_comes() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let mut command = machine.command(&["verify", "--batch"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut asks = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for (asked, code) in [(secret.as_str(), "accepted"), ("bad", "malformed"), (&secret, "accepted")] {
        writeln!(asks, "{asked}").unwrap();
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("\"code\":\"{code}\"")), "{line}");
    }
    drop(asks);
    watched(child).ended(7);
}
