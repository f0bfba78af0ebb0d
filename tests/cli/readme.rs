//! The tour of the README, lived through: each command is run, and answers what is printed below it.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::golden::normal::Placeholders;
use super::world::World;

/// Standard output and standard error of a terminal: one after the other as they come.
#[derive(Clone, Default)]
struct Screen(Rc<RefCell<Vec<u8>>>);

impl io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const README: &str = include_str!("../../README.md");

/// The commands of a chapter, each with what is printed below it.
fn commands(chapter: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in chapter.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, output))) => output.push(line.to_owned()),
                (None, None) => panic!("output before the first command: {line}"),
            }
        }
    }
    commands
}

/// What a terminal shows of `apikey …`, or of `apikey … | apikey …`.
fn screen(command: &str, world: &World) -> String {
    let mut piped = Vec::new();
    let screen = Screen::default();
    let stages: Vec<&str> = command.split(" | ").collect();
    for (place, stage) in stages.iter().enumerate() {
        let words = shell_words::split(stage).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(words[0], "apikey", "{command}");
        if place + 1 < stages.len() {
            let mut stdout = Vec::new();
            world.run_into(&words[1..], &piped, (&mut stdout, &mut screen.clone()));
            piped = stdout;
        } else {
            world.run_into(&words[1..], &piped, (&mut screen.clone(), &mut screen.clone()));
        }
    }
    String::from_utf8(screen.0.take()).unwrap()
}

/// What is printed of another run differs in its ids, and what is left out may have held one.
fn without_ids(text: &str, world: &World) -> String {
    let mut bare = String::new();
    for line in text.lines() {
        let mut id_is_first = Placeholders::new(&world.home());
        bare.push_str(&id_is_first.put_into(line));
        bare.push('\n');
    }
    bare
}

/// Whether the lines are those shown; `…` alone stands for any lines, and at the end of a line for the rest of it.
fn is_shown(shown: &[&str], lines: &[&str]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((&"…", rest)) => (0..=lines.len()).any(|skipped| is_shown(rest, &lines[skipped..])),
        Some((first, rest)) => lines.split_first().is_some_and(|(line, lines)| {
            let same = first == line || first.strip_suffix('…').is_some_and(|begin| line.starts_with(begin));
            same && is_shown(rest, lines)
        }),
    }
}

#[test]
fn the_tour_of_the_readme_is_what_a_newcomer_sees() {
    let world = World::new().at_terminal().behind_a_pipe().with_variable("NO_COLOR", "1");
    let tour = commands(README.split("\n## A tour\n").nth(1).unwrap().split("\n##").next().unwrap());
    for (command, shown) in &tour {
        let lines = without_ids(&screen(command, &world), &world);
        let shown = without_ids(&shown.join("\n"), &world);
        let all: Vec<&str> = shown.lines().collect();
        assert!(
            is_shown(&all, &lines.lines().collect::<Vec<_>>()),
            "$ {command}\nprints\n{lines}\nand the README says\n{shown}"
        );
        world.pass("1m");
    }
    assert!(tour.len() > 15, "only {} commands were found", tour.len());
}

#[test]
fn the_readme_shows_what_a_rate_is_after_another_was_set() {
    let world = World::new().at_terminal().behind_a_pipe();
    let all = commands(README);
    let place = all.iter().position(|(command, _)| command.starts_with("apikey limit mobile ")).unwrap();
    screen(&all[place - 1].0, &world);
    let (command, shown) = &all[place];
    assert_eq!(screen(command, &world).lines().collect::<Vec<_>>(), *shown);
    assert_eq!(shown.len(), 1);
}

#[test]
fn what_is_left_out_of_the_readme_is_marked_so() {
    assert!(is_shown(&["a", "…", "d"], &["a", "b", "c", "d"]));
    assert!(is_shown(&["a…", "…"], &["abc"]));
    assert!(!is_shown(&["a"], &["a", "b"]));
    assert!(!is_shown(&["a", "b"], &["a"]));
    assert!(!is_shown(&["b…"], &["abc"]));
}
