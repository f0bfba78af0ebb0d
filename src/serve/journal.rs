//! What a server says about itself on standard error: a line an event, bounded in number, and never a secret.
//!
//! Lines go through a channel of bounded length to whoever writes them: a reader that is slow costs lines, which are
//! counted, and never a request. Strangers are counted and summed up, or anybody could fill the disk.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::metrics::Outcome;
use crate::domain::text::escape;
use crate::domain::time::Instant;

/// Lines that wait to be written.
const WAITING: usize = 1024;
/// Lines about single requests and failures: so many at once, and so many a second.
const BURST: i64 = 50;
const A_SECOND: i64 = 10;
/// What is shown of a path.
const LONGEST: usize = 300;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// `TIME LEVEL EVENT name=value …`
    Text,
    /// An object a line
    Json,
    /// Nothing
    Off,
}

/// Which requests have a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Requests {
    /// None
    None,
    /// Those denied to a known key, 50 at once and 10 a second at most
    Denied,
    /// All, strangers' too: as many lines as requests
    All,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody should look.
    Warn,
    /// Something does not work.
    Error,
}

/// A value of a line.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Anybody's text.
    Text(&'a str),
    /// A number.
    Number(u64),
}

/// One request, as far as it is told.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) outcome: Outcome,
    /// Key and secret, if they are known.
    pub(super) ids: Option<(String, String)>,
    pub(super) ip: Option<IpAddr>,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
}

/// Writes lines.
#[derive(Debug)]
pub struct Journal {
    form: Form,
    requests: Requests,
    lines: Sender<String>,
    now: fn() -> Instant,
    /// Of requests, and of failures: whoever is denied a thousand times a second must not keep those from being told.
    budgets: [Mutex<Budget>; 2],
    unsaid: AtomicU64,
    dropped: AtomicU64,
}

impl Journal {
    /// A journal, and the lines that somebody must write.
    #[must_use]
    pub fn begin(form: Form, requests: Requests, now: fn() -> Instant) -> (Self, Receiver<String>) {
        let (lines, written) = channel(WAITING);
        let budgets = [0; 2].map(|_| Mutex::new(Budget { left: BURST, at: now() }));
        let (unsaid, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
        (Self { form, requests, lines, now, budgets, unsaid, dropped }, written)
    }

    /// Says something.
    pub fn say(&self, level: Level, event: &str, fields: &[(&str, Value<'_>)]) {
        if self.form == Form::Off {
            return;
        }
        if self.lines.try_send(line(self.form, (self.now)(), (level, event), fields)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says something that may happen a million times a second, unless it was said too often; then it is counted.
    pub fn say_rarely(&self, level: Level, event: &str, fields: &[(&str, Value<'_>)]) {
        if self.form == Form::Off {
            return;
        }
        let now = (self.now)();
        let budget = &self.budgets[usize::from(level != Level::Info)];
        if budget.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
            self.say(level, event, fields);
        } else {
            self.unsaid.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a request that ended like this is to be told.
    pub(super) fn wants(&self, outcome: Outcome, is_known: bool) -> bool {
        self.form != Form::Off
            && match self.requests {
                Requests::None => false,
                Requests::Denied => is_known && !outcome.is_accepted(),
                Requests::All => true,
            }
    }

    /// Says what came of a request that is wanted. `brand` begins every secret, and hides what it begins.
    pub(super) fn request(&self, told: &Told<'_>, brand: &str) {
        let path = presentable(told.path, brand);
        let client = told.ip.map(|ip| ip.to_string());
        let mut fields = vec![("code", Value::Text(told.outcome.code()))];
        if let Some((key, secret)) = &told.ids {
            fields.extend([("key_id", Value::Text(key)), ("secret_id", Value::Text(secret))]);
        }
        if let Some(client) = &client {
            fields.push(("client", Value::Text(client)));
        }
        fields.extend([("method", Value::Text(well_known(told.method))), ("path", Value::Text(&path))]);
        let event = if told.outcome.is_accepted() { "accepted" } else { "denied" };
        match self.requests {
            Requests::All => self.say(Level::Info, event, &fields),
            Requests::Denied | Requests::None => self.say_rarely(Level::Info, event, &fields),
        }
    }

    /// Lines that were due and not written since the last time this was asked.
    pub(super) fn take_unsaid(&self) -> u64 {
        self.unsaid.swap(0, Ordering::Relaxed)
    }

    /// Lines that nobody read in time.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// How many lines may still be written.
#[derive(Debug)]
struct Budget {
    left: i64,
    at: Instant,
}

impl Budget {
    fn take(&mut self, now: Instant) -> bool {
        let gained = (now.micros() - self.at.micros()) * A_SECOND / 1_000_000;
        // A clock that was set back begins anew.
        if gained != 0 {
            self.left = (self.left + gained.max(0)).min(BURST);
            self.at = now;
        }
        let may = self.left > 0;
        self.left -= i64::from(may);
        may
    }
}

/// A method may be any word, a secret too.
fn well_known(method: &str) -> &str {
    const METHODS: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    if METHODS.contains(&method) { method } else { "other" }
}

/// A path without its query, without anything that begins like a secret, and not too long.
fn presentable(path: &str, brand: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let begins = format!("{brand}_");
    let hidden = |segment: &str| {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        // What is encoded twice could be anything.
        let is_hidden = decoded.contains(&begins) || segment.contains("%25");
        if is_hidden { "…".to_owned() } else { segment.to_owned() }
    };
    let path = path.split('/').map(hidden).collect::<Vec<_>>().join("/");
    match path.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path,
    }
}

fn line(form: Form, now: Instant, (level, event): (Level, &str), fields: &[(&str, Value<'_>)]) -> String {
    let level = match level {
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    if form == Form::Json {
        let mut object = serde_json::Map::new();
        object.insert("time".to_owned(), now.to_string().into());
        object.insert("level".to_owned(), level.into());
        object.insert("event".to_owned(), event.into());
        for (name, value) in fields {
            let value = match *value {
                Value::Text(text) => escape(text).into(),
                Value::Number(number) => number.into(),
            };
            object.insert((*name).to_owned(), value);
        }
        return format!("{}\n", serde_json::Value::Object(object));
    }
    let mut line = format!("{now} {level} {event}");
    for (name, value) in fields {
        line.push(' ');
        line.push_str(name);
        line.push('=');
        match *value {
            Value::Text(text) => line.push_str(&quoted(text)),
            Value::Number(number) => line.push_str(&number.to_string()),
        }
    }
    line.push('\n');
    line
}

/// A value that ends where it seems to end.
fn quoted(text: &str) -> String {
    let text = escape(text);
    if text.is_empty() || text.contains([' ', '"', '=', '\\']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::{Decision, Denial};

    fn noon() -> Instant {
        Instant::parse("2026-11-24T12:00:00Z").unwrap()
    }

    fn told(path: &str) -> Told<'_> {
        let ids = Some(("key_1".to_owned(), "1".to_owned()));
        let ip = Some("192.0.2.1".parse().unwrap());
        Told { outcome: Outcome::Decided(Decision::Denied(Denial::Revoked)), ids, ip, method: "GET", path }
    }

    fn said(form: Form, path: &str) -> String {
        let (journal, mut lines) = Journal::begin(form, Requests::Denied, noon);
        journal.request(&told(path), "apik");
        lines.try_recv().unwrap()
    }

    #[test]
    fn a_line_is_one_line_whatever_the_path_holds() {
        assert_eq!(
            said(Form::Text, "/a"),
            "2026-11-24T12:00:00Z info denied code=revoked key_id=key_1 secret_id=1 client=192.0.2.1 method=GET path=/a\n"
        );
        assert!(said(Form::Text, "/a\nb \"c").ends_with("path=\"/a\\\\x0ab \\\"c\"\n"));
        let value: serde_json::Value = serde_json::from_str(&said(Form::Json, "/a\nb")).unwrap();
        assert_eq!((&value["event"], &value["path"]), (&"denied".into(), &"/a\\x0ab".into()));
    }

    #[test]
    fn neither_a_query_nor_a_secret_in_the_path_is_told() {
        let line = said(Form::Text, "/a/apik_sk_live_x/b?token=1");
        assert!(line.ends_with("path=/a/…/b\n"), "{line}");
        let line = said(Form::Text, "/%61pik_sk_live_x/%2561pik_sk_live_x/b");
        assert!(line.ends_with("path=/…/…/b\n"), "{line}");
        assert!(said(Form::Text, &"/é".repeat(10_000)).len() < 1200);
    }

    #[test]
    fn what_is_said_too_often_is_counted_instead() {
        let (journal, mut lines) = Journal::begin(Form::Text, Requests::Denied, noon);
        for _ in 0..1000 {
            journal.request(&told("/a"), "apik");
        }
        let written = std::iter::from_fn(|| lines.try_recv().ok()).count();
        assert_eq!((written, journal.take_unsaid()), (50, 950));
        assert_eq!(journal.take_unsaid(), 0);
        journal.say_rarely(Level::Error, "undecided", &[]);
        assert!(lines.try_recv().unwrap().contains("undecided"), "failures are told all the same");
    }

    #[test]
    fn the_budget_grows_with_time_and_no_higher_than_its_burst() {
        let mut budget = Budget { left: 0, at: noon() };
        assert!(!budget.take(noon()));
        let later = Instant::from_micros(noon().micros() + 3_600_000_000);
        assert_eq!((0..100).filter(|_| budget.take(later)).count(), 50);
        assert!(!budget.take(noon()), "set back");
    }
}
