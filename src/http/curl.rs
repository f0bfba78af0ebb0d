//! A curl command for the same call, without the key in it.
//!
//! The key comes from the variable `SECRET` through a pipe into curl's configuration, so that it is in no
//! argument list: `printf` is built into every shell, `sed` reads it on its input.

use super::placement::Placement;
use super::request::default_content_type;
use super::target::{Target, is_loopback};

/// Characters that a curl configuration file and JSON both write with a backslash, as a `sed` command.
const QUOTE: &str = r#"s/[\\"]/\\&/g"#;

/// Two lines for `sh`: one that reads the key into `SECRET` without showing it, and one that makes the call.
///
/// Every word is quoted for a shell. `username` is the consumer key of HTTP Basic, `ca_file` what certificates are
/// held against. Data that is not text is referred
/// to as `@request-body.bin`. Needs curl 7.87 for `query`.
#[must_use]
pub fn print_curl(target: &Target, username: Option<&str>, ca_file: Option<&str>) -> String {
    let words = shell_words::join(arguments(target, ca_file));
    format!(
        "stty -echo; IFS= read -r SECRET; stty echo\nprintf '%s\\n' \"$SECRET\" | sed {} | curl {words}\n",
        shell_words::join(script(target, username).iter().flat_map(|command| ["-e", command.as_str()])),
    )
}

/// `sed` commands that turn the line with the key into one line of curl configuration.
fn script(target: &Target, username: Option<&str>) -> Vec<String> {
    let option = |before: &str, after: &str| vec![QUOTE.to_owned(), surround(before, after)];
    match &target.spec().placement {
        Placement::Bearer => option("header = \"Authorization: Bearer ", "\""),
        Placement::Header(name) => option(&format!("header = \"{name}: "), "\""),
        Placement::Query(name) => {
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            option(&format!("url-query = \"{name}="), "\"")
        }
        Placement::Basic => match username {
            Some(username) => option(&format!("user = \"{}:", backslashed(username)), "\""),
            None => option("user = \"", ":\""),
        },
        Placement::Body(field) => {
            let (before, after) = around_field(target, field);
            // Once for JSON, then once more for curl: the key as well as what surrounds it.
            vec![
                QUOTE.to_owned(),
                surround(&before, &after),
                QUOTE.to_owned(),
                surround("data-raw = \"", "\""),
            ]
        }
    }
}

/// What stands before and after the value of `field` in the JSON object that is sent.
fn around_field(target: &Target, field: &str) -> (String, String) {
    let name = serde_json::Value::from(field);
    let others = super::target::data_object(target.spec().data.as_deref()).unwrap_or_default();
    if others.is_empty() {
        return (format!("{{{name}:\""), "\"}".to_owned());
    }
    let others = serde_json::Value::Object(others).to_string();
    (format!("{{{name}:\""), format!("\",{}", &others[1..]))
}

/// `s/^.*$/BEFORE&AFTER/`, with both taken literally.
fn surround(before: &str, after: &str) -> String {
    let literal = |text: &str| text.replace('\\', "\\\\").replace('/', "\\/").replace('&', "\\&");
    format!("s/^.*$/{}&{}/", literal(before), literal(after))
}

fn backslashed(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn arguments(target: &Target, ca_file: Option<&str>) -> Vec<String> {
    let spec = target.spec();
    let mut words: Vec<String> =
        ["--disable", "--config", "-", "--globoff", "--include", "--proto", "=http,https"]
            .map(String::from)
            .into();
    words.extend(["--max-time".to_owned(), spec.timeout.as_secs_f64().to_string()]);
    if let Some(file) = ca_file {
        words.extend(["--cacert".to_owned(), file.to_owned()]);
    }
    if is_loopback(target.url()) {
        words.extend(["--noproxy".to_owned(), "*".to_owned()]);
    }
    match spec.method.as_str() {
        "HEAD" => words.push("--head".to_owned()),
        method => words.extend(["--request".to_owned(), method.to_owned()]),
    }
    for (name, value) in &spec.headers {
        // `Name:` would take the header away; `Name;` sends it empty.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.extend(["--header".to_owned(), line]);
    }
    if let Some(kind) = default_content_type(target) {
        words.extend(["--header".to_owned(), format!("Content-Type: {kind}")]);
    }
    words.extend(data(target));
    words.extend(["--url".to_owned(), target.url().to_string()]);
    words
}

fn data(target: &Target) -> Vec<String> {
    if matches!(target.spec().placement, Placement::Body(_)) {
        return Vec::new();
    }
    match target.spec().data.as_deref().map(std::str::from_utf8) {
        None => Vec::new(),
        Some(Ok(text)) if !text.contains('\0') => vec!["--data-raw".to_owned(), text.to_owned()],
        Some(_) => vec!["--data-binary".to_owned(), "@request-body.bin".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::client::{Route, call};
    use super::super::credential::Credential;
    use super::super::loopback::Server;
    use super::super::target::TargetSpec;
    use super::*;

    const PLACEMENTS: [&str; 6] =
        ["bearer", "header:X-K&e'y", "query:k k&", "basic", "body:fie\"ld\\", "body"];
    const NASTY: &str = r#"a\b"c'd$e&f/g%h`i!j;k{l}"#;

    fn target(url: &str, placement: &str) -> Target {
        let data = r#"{"a":"it's \"\\ & / \n $HOME é","z":[1]}"#;
        Target::new(TargetSpec {
            method: "POST".to_owned(),
            placement: placement.parse().unwrap(),
            headers: vec![
                ("X-Note".to_owned(), "it's; $(id) `id` \"q\"".to_owned()),
                ("X-Empty".to_owned(), String::new()),
            ],
            data: Some(data.as_bytes().to_vec()),
            ..TargetSpec::get(url)
        })
        .unwrap()
    }

    #[test]
    fn every_word_is_quoted_and_the_secret_is_only_a_variable() {
        let text =
            print_curl(&target("https://a.example/it's?x=$(id)&y=[1]", "bearer"), None, Some("it's.pem"));
        assert!(shell_words::split(&text).unwrap().windows(2).any(|two| two == ["--cacert", "it's.pem"]));
        assert_eq!(text.matches("$SECRET").count(), 1);
        let (_, command) = text.trim_end().split_once(" | curl ").unwrap();
        let words = shell_words::split(command).unwrap();
        assert_eq!(words.last().unwrap(), "https://a.example/it's?x=$(id)&y=[1]");
        assert!(words.contains(&"X-Note: it's; $(id) `id` \"q\"".to_owned()));
        assert_eq!(words[0], "--disable");
    }

    /// What a server saw, as far as it should not differ between the two clients.
    fn essence(request: &str) -> (String, Vec<String>, serde_json::Value) {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines().map(str::to_owned);
        let first = lines.next().unwrap();
        // curl writes `%5c` where we write `%5C`.
        let first: Vec<_> = url::form_urlencoded::parse(first.as_bytes()).collect();
        let first = format!("{first:?}");
        let mut headers: Vec<String> = lines
            .map(|line| {
                line.split_once(':')
                    .map(|(name, value)| format!("{}:{}", name.to_lowercase(), value.trim()))
                    .unwrap()
            })
            .filter(|line| {
                !["user-agent", "accept", "accept-encoding", "content-length"]
                    .iter()
                    .any(|name| line.starts_with(&format!("{name}:")))
            })
            .collect();
        headers.sort();
        (first, headers, serde_json::from_str(body).unwrap())
    }

    #[test]
    #[ignore = "needs curl"]
    fn the_printed_command_run_by_sh_sends_what_the_client_sends() {
        let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        for placement in PLACEMENTS {
            for username in [None, Some("us\"er\\&")] {
                let target = target(&server.url("/it's?x=1&y=[1]"), placement);
                let credential = Credential::from_text(NASTY).unwrap();
                let credential = match username {
                    Some(username) => credential.with_username(username).unwrap(),
                    None => credential,
                };
                call(&target, &credential, &Route::default()).unwrap();
                let text = print_curl(&target, username, None);
                let command = text.lines().skip(1).collect::<Vec<_>>().join("\n");
                let ran = Command::new("sh").arg("-c").arg(&command).env("SECRET", NASTY).output().unwrap();
                assert!(ran.status.success(), "{command}\n{}", String::from_utf8_lossy(&ran.stderr));
                let seen = server.seen();
                let [.., ours, curls] = seen.as_slice() else { panic!("two requests") };
                assert_eq!(essence(curls), essence(ours), "{command}");
            }
        }
    }
}
