//! Placeholders for what is drawn, measured or of this machine; and JSON laid out so that a difference is one line.

use std::path::Path;

/// Ids get numbers in the order they appear, so that one that appears twice is seen to be the same.
pub(crate) struct Placeholders {
    home: String,
    ids: Vec<String>,
}

/// Fields whose values are milliseconds that passed.
const MEASURED: [&str; 4] = ["connect", "tls", "first_byte", "total"];

impl Placeholders {
    pub(crate) fn new(home: &Path) -> Self {
        Self { home: home.display().to_string(), ids: Vec::new() }
    }

    /// The same text without what differs from run to run.
    pub(crate) fn put_into(&mut self, text: &str) -> String {
        let text = text.replace(&self.home, "/home/ada");
        text.split_inclusive('\n').map(|line| without_measurement(&self.words(&without_port(line)))).collect()
    }

    fn words(&mut self, line: &str) -> String {
        let mut out = String::new();
        for word in line.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
            let end = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()).len();
            let (bare, after) = word.split_at(end);
            out.push_str(&self.placeholder(bare));
            out.push_str(after);
        }
        out
    }

    fn placeholder(&mut self, word: &str) -> String {
        let is_plain = word.bytes().all(|byte| byte.is_ascii_lowercase());
        match word.len() {
            12 if !is_plain => {
                let place = self.ids.iter().position(|id| id == word).unwrap_or_else(|| {
                    self.ids.push(word.to_owned());
                    self.ids.len() - 1
                });
                format!("ID{:010}", place + 1)
            }
            49 => "BODYANDCHECK".to_owned(),
            64 if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "HASH".to_owned(),
            _ => word.to_owned(),
        }
    }
}

fn without_port(line: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    let Some((before, after)) = line.split_once(HOST) else { return line.to_owned() };
    let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{before}{HOST}PORT{}", without_port(after))
}

fn without_measurement(line: &str) -> String {
    let Some((name, value)) = line.split_once(": ") else { return line.to_owned() };
    let is_number = value.starts_with(|digit: char| digit.is_ascii_digit());
    if is_number && MEASURED.contains(&name.trim().trim_matches('"')) {
        let end = value.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
        return format!("{name}: 0.0{end}");
    }
    line.to_owned()
}

/// JSON of one value or several, a field a line, in the order it came: a parsed object forgets that order.
pub(super) fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut in_text, mut escaped) = (String::new(), 0_usize, false, false);
    for letter in json.chars() {
        if in_text {
            in_text = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            out.push(letter);
            continue;
        }
        match letter {
            '{' | '[' => {
                depth += 1;
                out.push(letter);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                let is_empty = out.trim_end().ends_with(['{', '[']);
                out.truncate(out.trim_end().len());
                if !is_empty {
                    new_line(&mut out, depth);
                }
                out.push(letter);
                if depth == 0 {
                    out.push('\n');
                }
            }
            ',' => {
                out.push(letter);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if letter.is_whitespace() => {}
            _ => {
                in_text = letter == '"';
                out.push(letter);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

#[test]
fn json_is_laid_out_a_field_a_line_and_texts_stay_whole() {
    let text = r#"{"a":[],"b":{"c":"x:\"{,"},"d":[1,2]}"#;
    let laid_out =
        "{\n  \"a\": [],\n  \"b\": {\n    \"c\": \"x:\\\"{,\"\n  },\n  \"d\": [\n    1,\n    2\n  ]\n}\n";
    assert_eq!(pretty(text), laid_out);
    assert_eq!(pretty("{}\n{}\n"), "{}\n{}\n");
}

#[test]
fn ids_are_numbered_and_only_what_differs_from_run_to_run_is_replaced() {
    let mut placeholders = Placeholders::new(Path::new("/tmp/x"));
    let line = "key_iGaLd1EaGMpx of /tmp/x: registration iGaLd1EaGMpx sl0DvPkaQqIz 127.0.0.1:4711/v1\n";
    let expected =
        "key_ID0000000001 of /home/ada: registration ID0000000001 ID0000000002 127.0.0.1:PORT/v1\n";
    assert_eq!(placeholders.put_into(line), expected);
    assert_eq!(placeholders.put_into("  \"total\": 12.5,\n"), "  \"total\": 0.0,\n");
    assert_eq!(placeholders.put_into("  \"keys\": 12,\n"), "  \"keys\": 12,\n");
}
