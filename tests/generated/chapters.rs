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
    ("APIKEY_REGISTRY", "the registry file, as --registry; not with --profile"),
    ("APIKEY_PROFILE", "the profile, as --profile"),
    ("APIKEY_CONFIG", "the configuration file"),
    ("APIKEY_VAULT", "the kind of vault, as --vault"),
    ("APIKEY_MASTER_KEY_FILE", "the key file of the vault keyfile, as --master-key-file; not with --profile"),
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

/// `serve.toml`, as `src/serve/config.rs` reads it.
const SERVE: [(&str, &str); 11] = [
    (
        "trusted_proxies",
        "addresses and networks of proxies whose word on a client counts, and \"unix\" for socket files",
    ),
    (
        "original",
        "where the proxy tells method and path: none, nginx, forwarded (Traefik, Caddy, HAProxy) or path (Envoy)",
    ),
    ("scopes", "what every request needs"),
    ("env", "the environment every key must be of: live or test"),
    (
        "key_headers",
        "header fields that hold a secret, besides Authorization; x-api-key unless told otherwise",
    ),
    (
        "limited_status",
        "the status of a request over a limit: 429, or 403 for nginx, which makes a 500 of 429",
    ),
    ("query_parameter", "the parameter of the query that may hold a secret; none unless told"),
    (
        "scope_header",
        "the field in which a trusted proxy says what a request needs; it must set it on every request",
    ),
    ("self_revoke", "whether the holder of a secret may revoke its key: true or false"),
    (
        "[[route]] methods, path, scopes",
        "what further a request needs: the first route that fits counts, and what fits none is denied. In a path * is one segment, and ** at its end any number; GET is HEAD too",
    ),
    (
        "[strangers] rate, burst",
        "how often those at one address (IPv6: one /64) may ask without a known secret: 60/1m",
    ),
];

/// `[connections]` of it, as `src/serve/tuning.rs` reads it.
const CONNECTIONS: [(&str, &str); 5] = [
    ("most", "how many may be open; 16384 unless told"),
    ("head_seconds", "how long the head of a request may take; 10"),
    ("request_seconds", "how long a request may take; 30"),
    ("idle_seconds", "how long a connection may stay open between two requests; 75"),
    ("head_bytes", "how large the head of a request may be; 32768"),
];

/// SERVE.TOML.
pub(crate) fn of_serve() -> String {
    let mut text = String::from(
        ".SH SERVE.TOML\nThe file of \\fB\\-\\-config\\fR is TOML. Every key is optional but for \\fBpath\\fR and \\fBscopes\\fR of a \
         route and \\fBrate\\fR of strangers; those of the whole server stand above the first table:\n",
    );
    text.extend(SERVE.iter().map(|(name, meaning)| entry(name, meaning)));
    text.push_str(
        ".PP\nA table \\fB[connections]\\fR holds what keeps one client from costing the others:\n",
    );
    text.extend(CONNECTIONS.iter().map(|(name, meaning)| entry(name, meaning)));
    text
}

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
