//! The completions in the shells they are for.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::folder;

const APIKEY: &str = env!("CARGO_BIN_EXE_apikey");

/// A home with a registry that has one key, whose vault is dead afterwards.
fn home_with_a_key() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let ran =
        apikey(home.path(), &["create", "rotunda", "--scope", "orders:read", "--vault", "keyfile", "-q"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    fs::remove_file(home.path().join(".local/share/apikey/master.key")).unwrap();
    home
}

fn apikey(home: &Path, words: &[&str]) -> Output {
    Command::new(APIKEY).args(words).env_clear().env("HOME", home).output().unwrap()
}

fn shell(home: &Path, shell: &str, words: &[&str]) -> String {
    let bin = Path::new(APIKEY).parent().unwrap().display();
    let ran = Command::new(shell)
        .args(words)
        .env_clear()
        .env("HOME", home)
        .env("TERM", "dumb")
        .env("PATH", format!("{bin}:/usr/local/bin:/usr/bin:/bin"))
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{shell} {words:?}\n{out}\n{error}");
    format!("{out}{error}")
}

#[test]
#[ignore = "needs bash, zsh and fish"]
fn each_shell_loads_its_script() {
    let home = tempfile::tempdir().unwrap();
    let script = |file: &str| folder("completions").join(file).display().to_string();
    shell(home.path(), "bash", &["-n", &script("apikey.bash")]);
    let said =
        shell(home.path(), "bash", &["-c", &format!("source {}; complete -p apikey", script("apikey.bash"))]);
    assert!(said.contains("-F _apikey"), "{said}");
    let load = format!(
        "fpath=({} $fpath); autoload -Uz compinit; compinit -u -d $HOME/dump; (( $+functions[_apikey] )) && echo loaded",
        folder("completions").display()
    );
    assert!(shell(home.path(), "zsh", &["-f", "-c", &load]).contains("loaded"));
    shell(home.path(), "fish", &["--no-execute", &script("apikey.fish")]);
    let asked = format!("source {}; complete -C 'apikey rot'", script("apikey.fish"));
    assert!(shell(home.path(), "fish", &["-c", &asked]).contains("rotate"));
}

#[test]
#[ignore = "needs bash, zsh and fish"]
fn the_dynamic_script_completes_the_name_of_a_key_though_the_vault_is_dead() {
    let home = home_with_a_key();
    let asked = "apikey completions fish --dynamic | source; complete -C 'apikey show rot'";
    assert!(shell(home.path(), "fish", &["-c", asked]).contains("rotunda"));
    let asked = "source <(apikey completions bash --dynamic); COMP_WORDS=(apikey show rot); COMP_CWORD=2; \
                 COMP_TYPE=9; _clap_complete_apikey apikey rot show; printf '%s\\n' \"${COMPREPLY[@]}\"";
    assert!(shell(home.path(), "bash", &["-c", asked]).contains("rotunda"));
    // A name is no code, however it is completed.
    let registry = home.path().join("odd/registry.db").display().to_string();
    let made = apikey(
        home.path(),
        &["create", "rot$(touch x)", "-q", "--registry", &registry, "--vault", "keyfile"],
    );
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let asked = format!("export APIKEY_REGISTRY={registry}; {asked}");
    assert!(shell(home.path(), "bash", &["-c", &asked]).contains("rot\\$\\(touch\\ x\\)"));
    let loaded = "autoload -Uz compinit; compinit -u -d $HOME/dump; source <(apikey completions zsh --dynamic); \
                  (( $+_comps[apikey] )) && echo loaded";
    assert!(shell(home.path(), "zsh", &["-f", "-c", loaded]).contains("loaded"));
}
