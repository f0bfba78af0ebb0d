//! The README shows only commands that exist.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]

#[test]
fn every_command_of_the_readme_is_one_the_command_line_takes() {
    let readme = include_str!("../README.md");
    let mut commands = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let lines = block.lines().filter_map(|line| line.strip_prefix("$ "));
        for line in lines.flat_map(|line| line.split(" | ")).filter(|line| line.starts_with("apikey ")) {
            let words = shell_words::split(line).unwrap();
            if let Err(error) = apikey::cli::command().try_get_matches_from(words) {
                panic!("{line}: {error}");
            }
            commands += 1;
        }
    }
    assert!(commands > 20, "only {commands} commands were found");
}

#[test]
fn the_readme_lists_every_exit_code_that_is_ours() {
    let readme = include_str!("../README.md");
    for (exit, _) in apikey::exit::ALL.iter().filter(|(exit, _)| (*exit as u8) < 128) {
        assert!(readme.contains(&format!("\n| {} |", *exit as u8)), "{exit:?}");
    }
}
