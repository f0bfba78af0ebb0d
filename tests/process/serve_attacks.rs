//! What a hostile client does to `apikey serve`, on loopback, bounded in number and time: it costs itself, and others
//! are answered meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use apikey::domain::secret::{Brand, Env, Kind, Secret, SecretId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::machine::Machine;
use crate::serving::{Serving, rest, say, status, write_config};

/// A server that loses patience after a second, and the secret of a key.
fn hasty() -> (Machine, String, Serving) {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::configured(
        &machine,
        "[connections]\nhead_seconds = 1\nrequest_seconds = 1\nidle_seconds = 1\n",
        &[],
    );
    (machine, secret, serving)
}

#[test]
fn a_head_that_is_too_large_is_refused_and_never_kept() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    let before = serving.status("VmRSS");
    let one = format!("GET /verify HTTP/1.1\r\nhost: api\r\nx-filler: {}\r\n\r\n", "x".repeat(1 << 20));
    let many =
        format!("GET /verify HTTP/1.1\r\nhost: api\r\n{}\r\n", "x-filler: xxxxxxxxx\r\n".repeat(50_000));
    let long = format!("GET /verify/{} HTTP/1.1\r\nhost: api\r\n\r\n", "x".repeat(1 << 20));
    let endless = "x".repeat(1 << 20);
    for head in [one, many, long, endless] {
        for _ in 0..20 {
            let answer = say(&mut serving.connect(), head.as_bytes());
            // Nothing, when the connection was reset with our megabyte unread.
            assert!(matches!(status(&answer), 0 | 400 | 414 | 431), "{answer}");
        }
    }
    let fields = "x: y\r\n".repeat(101);
    let answer = say(&mut serving.connect(), format!("GET /verify HTTP/1.1\r\n{fields}\r\n").as_bytes());
    assert_eq!(status(&answer), 431);
    let kept = format!("x: {}\r\n", "y".repeat(8000)).repeat(3);
    let bearer = format!("authorization: Bearer {secret}\r\n");
    let head = format!("GET /verify HTTP/1.1\r\nconnection: close\r\n{kept}{bearer}\r\n");
    assert_eq!(status(&say(&mut serving.connect(), head.as_bytes())), 200, "large, but not too large");
    assert_eq!(serving.verdict(&secret), 200);
    let grown = serving.status("VmRSS").saturating_sub(before);
    assert!(grown < 20 * 1024, "{grown} KiB");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it took is what is asked")]
fn whoever_sends_nothing_or_a_head_without_end_is_hung_up_on() {
    let (_machine, secret, serving) = hasty();
    let began = Instant::now();
    let mut silent = serving.connect();
    let mut idle = serving.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: api\r\n\r\n").unwrap();
    let mut slow = serving.connect();
    let mut dripping = slow.try_clone().unwrap();
    let dripper = thread::spawn(move || {
        dripping.write_all(b"GET /verify HTTP/1.1\r\n").unwrap();
        for letter in "x-slow: ".bytes().chain(std::iter::repeat_n(b'x', 100)) {
            if dripping.write_all(&[letter]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("it was listened to for more than ten seconds");
    });
    assert_eq!(serving.verdict(&secret), 200, "meanwhile");
    assert_eq!(rest(&mut silent), "");
    assert_eq!(rest(&mut slow), "");
    assert!(rest(&mut idle).starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() < Duration::from_secs(8));
    dripper.join().unwrap();
    let mut busy = serving.connect();
    for _ in 0..15 {
        busy.write_all(b"GET /healthz HTTP/1.1\r\nhost: api\r\n\r\n").unwrap();
        assert!(busy.read(&mut [0; 4096]).unwrap() > 0, "one that asks now and then is kept");
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn whoever_sends_a_body_without_end_or_reads_no_answer_is_hung_up_on() {
    let (machine, secret, serving) = hasty();
    let asker = machine.run(&["create", "-q", "asker", "--scope", "apikey:verify"]).ended(0).line();
    let begun = |field: &str| {
        let mut stream = serving.connect();
        write!(stream, "POST /v1/verify HTTP/1.1\r\nhost: api\r\n{field}\r\ncontent-length: 1000\r\n\r\n{{")
            .unwrap();
        stream
    };
    let mut endless = begun(&format!("authorization: Bearer {asker}"));
    // Nothing of what a stranger sends is kept, and so nothing of it is waited for.
    assert_eq!(status(&rest(&mut begun("accept: */*"))), 401);
    assert_eq!(status(&rest(&mut begun(&format!("authorization: Bearer {secret}")))), 403);
    let mut deaf = serving.connect();
    let many = "GET /verify HTTP/1.1\r\nhost: api\r\n\r\n".repeat(1000);
    let told = (0..100_000).find(|_| deaf.write_all(many.as_bytes()).is_err());
    assert!(told.is_some(), "it was listened to for ever");
    assert_eq!(rest(&mut endless), "");
    assert_eq!(serving.verdict(&secret), 200);
}

#[test]
fn ten_thousand_idle_connections_stop_nobody() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    // Both sides are here; where the system allows fewer files, fewer connections are made.
    let most =
        usize::try_from(limit.maximum.unwrap_or(20_000)).unwrap().saturating_sub(1000).clamp(500, 10_000);
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving =
        Serving::configured(&machine, "[connections]\nhead_seconds = 120\nidle_seconds = 120\n", &[]);
    let before = serving.status("VmRSS");
    let address = serving.address_of("listening");
    let idle: Vec<TcpStream> = (0..most)
        .map(|number| {
            let mut stream = TcpStream::connect(address).unwrap();
            if number % 2 == 0 {
                stream.write_all(b"GET /verify HTTP/1.1\r\n").unwrap();
            }
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(serving.verdict(&secret), 200);
    }
    let grown = serving.status("VmRSS").saturating_sub(before);
    assert!(grown < 40 * u64::try_from(idle.len()).unwrap() + 20 * 1024, "{grown} KiB");
    drop(idle);
    let (ran, said) = serving.end();
    ran.ended(0);
    assert!(!said.contains("accept_failed") && !said.contains("connections_full"), "{said}");
}

#[test]
fn an_idle_connection_ends_in_its_own_time_however_long_a_head_may_take() {
    let machine = Machine::with_registry();
    let serving = Serving::configured(&machine, "[connections]\nhead_seconds = 300\nidle_seconds = 1\n", &[]);
    let mut begun = serving.connect();
    begun.write_all(b"GET /healthz HTTP/1.1\r\nhost: ").unwrap();
    let mut idle = serving.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: api\r\n\r\n").unwrap();
    let mut all = String::new();
    idle.read_to_string(&mut all).unwrap();
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
    begun.write_all(b"api\r\nconnection: close\r\n\r\n").unwrap();
    all.clear();
    begun.read_to_string(&mut all).unwrap();
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
}

#[test]
fn an_answer_that_is_read_slowly_and_steadily_is_read_to_its_end() {
    let machine = Machine::with_registry();
    let asker = machine.run(&["create", "asker", "--scope", "apikey:verify", "-q"]).ended(0).line();
    let config = "[connections]\nhead_seconds = 1\nidle_seconds = 1\n";
    let serving = Serving::configured(&machine, config, &["--listen", "unix:gate.sock"]);
    let question = format!("{{\"secret\":\"{asker}\"}}");
    let body = format!("{{\"questions\":[{}]}}", vec![question; 1_000].join(","));
    let mut stream = std::os::unix::net::UnixStream::connect(machine.home().join("gate.sock")).unwrap();
    let head = format!("host: api\r\nauthorization: Bearer {asker}\r\ncontent-length: {}\r\n", body.len());
    write!(stream, "POST /v1/verify/batch HTTP/1.1\r\n{head}connection: close\r\n\r\n").unwrap();
    // Longer than it may be idle: the time that a body takes is no idleness either.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    stream.write_all(body.as_bytes()).unwrap();
    let (mut answer, mut piece) = (Vec::new(), vec![0; 20_000]);
    loop {
        let read = stream.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&piece[..read]);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.ends_with("]}"), "{} bytes", answer.len());
    assert_eq!(answer.matches("\"accepted\":true").count(), 1_000);
    drop(serving);
}

#[test]
fn with_no_connection_left_others_wait_and_are_answered() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let config = "[connections]\nmost = 4\nhead_seconds = 1\nidle_seconds = 300\n";
    let serving = Serving::configured(&machine, config, &["--metrics", "127.0.0.1:0"]);
    let held: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut stream = serving.connect();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: api\r\n\r\n").unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            stream
        })
        .collect();
    let metrics =
        crate::serving::ask(&mut crate::serving::connect(serving.address_of("metrics")), "GET /metrics", &[]);
    assert!(metrics.contains("apikey_connections_open 4\n"), "{metrics}");
    assert_eq!(serving.verdict(&secret), 200, "the idle make room");
    serving.wait_for("warn connections_full most=4");
    drop(held);
}

#[test]
fn where_few_files_may_be_open_fewer_connections_are_and_the_registry_stays_readable() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    write_config(&machine, "[connections]\nhead_seconds = 2\n");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", "serve.toml"];
    let serving =
        Serving::spawn(machine.through_shell("ulimit -n 200;", &arguments, "").stdin(Stdio::null()));
    let silent: Vec<TcpStream> = (0..400).map(|_| serving.connect()).collect();
    serving.wait_for("warn connections_full most=72");
    machine.run(&["disable", "a"]).ended(0);
    machine.run(&["enable", "a"]).ended(0);
    assert_eq!(serving.verdict(&secret), 200, "after those before it were hung up on");
    drop(silent);
    let (ran, said) = serving.end();
    ran.ended(0);
    assert!(!said.contains("accept_failed") && !said.contains("undecided"), "{said}");
}

/// How many made-up secrets are presented, over how many connections, and how many before an answer is read.
const MADE_UP: usize = 1_000_000;
const OVER: usize = 2;
const AT_ONCE: usize = 100;

#[test]
fn strangers_cost_neither_memory_nor_a_write() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    assert_eq!(serving.verdict(&secret), 200);
    // What that one counted is written within a second.
    thread::sleep(Duration::from_secs(3));
    present_made_up(&serving, 2 * AT_ONCE);
    let (files, memory) = (files(&machine), serving.status("VmRSS"));
    present_made_up(&serving, MADE_UP);
    thread::sleep(Duration::from_secs(2));
    let grown = serving.status("VmRSS").saturating_sub(memory);
    assert!(grown < 20 * 1024, "{grown} KiB");
    assert_eq!(self::files(&machine), files);
    assert_eq!(serving.verdict(&secret), 200);
    let (_, said) = serving.end();
    assert!(said.lines().count() < 50, "{said}");
}

/// Registry, WAL and all else beside them: name, length and when it was written; the index is memory.
fn files(machine: &Machine) -> Vec<(String, u64, SystemTime)> {
    let mut files: Vec<_> = std::fs::read_dir(machine.folder())
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let data = file.metadata().unwrap();
            (file.file_name().into_string().unwrap(), data.len(), data.modified().unwrap())
        })
        .filter(|(name, ..)| !name.ends_with("-shm"))
        .collect();
    files.sort();
    files
}

fn present_made_up(serving: &Serving, number: usize) {
    thread::scope(|scope| {
        for connection in 0..OVER {
            scope.spawn(move || {
                let mut rng = StdRng::seed_from_u64(u64::try_from(number * OVER + connection).unwrap());
                let mut stream = serving.connect();
                for _ in 0..number / OVER / AT_ONCE {
                    let asked: String = (0..AT_ONCE).map(|_| question(&mut rng)).collect();
                    stream.write_all(asked.as_bytes()).unwrap();
                    read_denials(&mut stream, AT_ONCE);
                }
            });
        }
    });
}

fn question(rng: &mut StdRng) -> String {
    let id = SecretId::generate(rng);
    let secret = Secret::generate(&Brand::default(), Kind::Private, Env::Live, id, rng);
    format!("GET /verify HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {}\r\n\r\n", secret.expose())
}

fn read_denials(stream: &mut TcpStream, number: usize) {
    let (mut seen, mut buffer, mut kept) = (0, vec![0; 65_536], Vec::new());
    while seen < number {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "closed after {seen}");
        kept.extend_from_slice(&buffer[..length]);
        let begins = b"HTTP/1.1 401 ";
        // An answer counts once it ends, in the brace of its problem.
        let text = String::from_utf8_lossy(&kept).into_owned();
        seen += text.matches('}').count();
        let whole = text.rfind('}').map_or(0, |end| end + 1);
        for line in text[..whole].lines().filter(|line| line.contains("HTTP/1.1 ")) {
            assert!(line.contains(std::str::from_utf8(begins).unwrap()), "{line}");
        }
        kept.drain(..whole);
    }
}

#[test]
fn no_request_is_read_out_of_the_body_of_another() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    let hidden = format!("GET /verify HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {secret}\r\n\r\n");
    let behind = |fields: &str, body: &str| {
        let bytes = format!("POST /verify HTTP/1.1\r\nhost: api\r\n{fields}\r\n{body}{hidden}");
        say(&mut serving.connect(), bytes.as_bytes())
    };
    let length = hidden.len();
    for (fields, body) in [
        (format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"), "0\r\n\r\n"),
        (format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"), "0\r\n\r\n"),
        ("transfer-encoding: chunked\r\n".to_owned(), "0\r\n\r\n"),
        ("content-length: 0\r\ncontent-length: 5\r\n".to_owned(), ""),
        ("content-length: 0, 5\r\n".to_owned(), ""),
        ("content-length: +0\r\n".to_owned(), ""),
        ("content-length: -1\r\n".to_owned(), ""),
        ("transfer-encoding: identity\r\n".to_owned(), ""),
        ("transfer-encoding: chunked, identity\r\n".to_owned(), ""),
        ("transfer-encoding : chunked\r\n".to_owned(), ""),
        ("transfer-encoding: xchunked\r\n".to_owned(), ""),
        ("transfer-encoding: chunked\r\n".to_owned(), "0;\n\r\n\r\n"),
        ("x: y\r\n folded\r\n".to_owned(), ""),
        ("x: y\rz\r\n".to_owned(), ""),
        ("x: y\0z\r\n".to_owned(), ""),
        (" x: y\r\n".to_owned(), ""),
        ("x y: z\r\n".to_owned(), ""),
    ] {
        let answer = behind(&fields, body);
        assert!(!answer.contains("HTTP/1.1 200"), "{fields:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields:?}: {answer}");
    }
}

#[test]
fn what_is_not_plain_http_1_is_refused_or_means_the_same() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    let bearer = format!("authorization: Bearer {secret}");
    let is = |text: String| status(&say(&mut serving.connect(), text.as_bytes()));
    for text in [
        "GET /verify\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /verify HTTP/2.0\r\n\r\n",
        "GET /verify HTTP/1.2\r\n\r\n",
        "\u{16}\u{3}\u{1}\0\0",
        "GET  /verify HTTP/1.1\r\n\r\n",
        "/verify HTTP/1.1\r\n\r\n",
        "GET /verify\u{0} HTTP/1.1\r\n\r\n",
    ] {
        assert!(matches!(is(text.to_owned()), 0 | 400 | 505), "{text:?}");
    }
    for line in
        ["GET * HTTP/1.1", "CONNECT api:80 HTTP/1.1", "GET //verify HTTP/1.1", "GET /a/../verify HTTP/1.1"]
    {
        let code = is(format!("{line}\r\nhost: api\r\n{bearer}\r\nconnection: close\r\n\r\n"));
        assert!(matches!(code, 400 | 404), "{line}: {code}");
    }
    // The same request in another form, by the same rules: nothing passes that would not.
    for (line, end) in [
        ("GET http://elsewhere/verify HTTP/1.1", "\r\n"),
        ("GET /verify HTTP/1.0", "\r\n"),
        ("GET /verify HTTP/1.1", "\n"),
    ] {
        let with = |field: &str| is([line, field, "connection: close", "", ""].join(end));
        assert_eq!((with(&bearer), with("x: y")), (200, 401), "{line:?}");
    }
    let upgrade =
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA";
    let mut stream = serving.connect();
    write!(stream, "GET /verify HTTP/1.1\r\nhost: api\r\n{upgrade}\r\n\r\n").unwrap();
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 401 "), "no upgrade");
}
