//! The README shows only commands and settings that exist.
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

#[test]
fn every_serve_toml_of_the_readme_is_right_where_it_belongs() {
    let readme = include_str!("../README.md");
    let blocks: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let [first, further, connections] = blocks[..] else { panic!("{} blocks", blocks.len()) };
    let (whole_server, routes) = first.split_at(first.find("[[route]]").unwrap());
    let merged = [whole_server, further, connections, routes].join("\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.toml");
    for config in [&merged, first, connections] {
        std::fs::write(&path, config).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_apikey"));
        let ran = command.args(["serve", "--check", "--config"]).arg(&path).output().unwrap();
        assert!(ran.status.success(), "{config}\n{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn every_attack_that_the_readme_names_is_a_test() {
    let readme = include_str!("../README.md");
    let section =
        readme.split("### What it was attacked with").nth(1).unwrap().split("\n## ").next().unwrap();
    let named: Vec<&str> = section.split('`').skip(1).step_by(2).filter(|word| word.contains('_')).collect();
    assert!(named.len() > 15, "{named:?}");
    let mut sources = String::new();
    let mut folders = vec![std::path::PathBuf::from("tests"), "src/serve".into(), "src/verifier".into()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                sources += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "{name}");
    }
}
