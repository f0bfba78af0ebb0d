//! The chapters of the man page that are not options.

/// `config.toml`, as `src/settings.rs` reads it.
const CONFIGURATION: [(&str, &str); 9] = [
    ("registry", "the registry file"),
    ("vault", "keyring, file or keyfile"),
    ("master_key_file", "the key file of the vault keyfile"),
    ("owner", "the owner of new keys"),
    ("project", "the project of new keys"),
    ("env", "the environment of new keys: live or test"),
    ("expires", "how long secrets of new keys live: a span, a date, or never"),
    ("grace", "how long a rotated secret is still accepted"),
    ("keep", "whether a sealed copy of each secret is kept: true or false"),
];

const ENVIRONMENT: [(&str, &str); 16] = [
    ("APIKEY_REGISTRY", "the registry file, as --registry"),
    ("APIKEY_PROFILE", "the profile, as --profile"),
    ("APIKEY_CONFIG", "the configuration file"),
    ("APIKEY_VAULT", "the kind of vault, as --vault"),
    ("APIKEY_MASTER_KEY_FILE", "the key file of the vault keyfile, as --master-key-file"),
    ("APIKEY_PASSPHRASE_FILE", "a file with the passphrase of the vault file, as --passphrase-file"),
    ("APIKEY_PASSPHRASE_COMMAND", "a command that prints the passphrase; run without a shell"),
    ("APIKEY_PASSPHRASE", "the passphrase itself; other processes of yours can read it"),
    ("CREDENTIALS_DIRECTORY", "set by systemd; a file apikey.passphrase in it holds the passphrase"),
    ("NO_COLOR", "no colour, if not empty"),
    ("CLICOLOR_FORCE", "colour even off a terminal, if not 0"),
    ("CLICOLOR", "no colour, if 0"),
    ("COLUMNS", "how wide tables are; else as wide as the terminal"),
    ("CI", "never ask, if not empty"),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY", "the proxy of test-call"),
    ("NO_PROXY", "hosts that test-call reaches without a proxy"),
];

const FILES: [(&str, &str); 4] = [
    ("$XDG_DATA_HOME/apikey/registry.db", "the registry; ~/.local/share where XDG_DATA_HOME is not set"),
    ("$XDG_DATA_HOME/apikey/profiles/NAME/registry.db", "the registry of a profile"),
    ("master.key, master.key.sealed", "beside the registry: the vaults keyfile and file"),
    ("$XDG_CONFIG_HOME/apikey/config.toml", "the configuration; ~/.config where XDG_CONFIG_HOME is not set"),
];

/// EXIT STATUS, ENVIRONMENT, FILES and CONFIGURATION.
pub(crate) fn of_root() -> String {
    let mut text = String::from(".SH EXIT STATUS\n");
    for (exit, meaning) in apikey::exit::ALL {
        text.push_str(&entry(&(exit as u8).to_string(), meaning));
    }
    text.push_str(
        ".SH ENVIRONMENT\nA flag overrides the environment, and the environment the configuration file.\n",
    );
    text.extend(ENVIRONMENT.iter().map(|(name, meaning)| entry(name, meaning)));
    text.push_str(".SH FILES\n");
    text.extend(FILES.iter().map(|(name, meaning)| entry(name, meaning)));
    text.push_str(".SH CONFIGURATION\nThe file is TOML. Every key is optional:\n");
    text.extend(CONFIGURATION.iter().map(|(name, meaning)| entry(name, meaning)));
    text.push_str(
        ".PP\nA table \\fB[profile.NAME]\\fR holds the same keys for that profile. What it leaves out is taken from \
         above, but for \\fBregistry\\fR and \\fBmaster_key_file\\fR, which a profile never shares.\n",
    );
    text
}

/// Points back to the first page.
pub(crate) fn see_also(name: &str) -> String {
    let parent = name.rsplit_once('-').map_or("apikey", |(parent, _)| parent);
    let parent = if matches!(parent, "apikey-test") { "apikey" } else { parent };
    let more = if parent == "apikey" { String::new() } else { format!("\\fB{}\\fR(1), ", escaped(parent)) };
    format!(".SH SEE ALSO\n{more}\\fBapikey\\fR(1)\n")
}

fn entry(name: &str, meaning: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escaped(name), escaped(meaning))
}

/// The text as roff shows it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('~', "\\(ti")
}
