use apikey::exit::{ALL, Exit};

use super::world::World;

#[test]
fn help_is_the_commands_own() {
    let world = World::new();
    assert!(world.run(&["help"]).done().stdout.contains("apikey demo"));
    assert!(world.run(&["help", "scope", "add"]).done().stdout.contains("Usage: apikey scope add"));
    let ran = world.run(&["help", "nothing"]).ended(Exit::Usage);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("`nothing`"));
}

#[test]
fn every_exit_code_is_listed_with_its_meaning() {
    let text = World::new().run(&["help", "exit-codes"]).done().stdout;
    for (line, (exit, meaning)) in text.lines().zip(ALL) {
        assert_eq!(line.trim(), format!("{}  {meaning}", exit as u8));
    }
    assert_eq!(text.lines().count(), ALL.len());
}

#[test]
fn every_shell_has_both_scripts_and_needs_no_home() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let world = World::new().with_variable("HOME", "");
        let plain = world.run(&["completions", shell]).done().stdout;
        let dynamic = world.run(&["completions", shell, "--dynamic"]).done().stdout;
        assert!(plain.contains("test-call") && dynamic.contains("COMPLETE"), "{shell}");
    }
}
