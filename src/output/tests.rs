//! Whole outputs: the same keys in every format and at every width.

use super::fit::places;
use super::*;
use crate::domain::event::{Action, Actor, Event, FieldChange};
use crate::domain::key::{Key, KeyId, LastUse, Revocation, RevokeReason};
use crate::domain::name::{Name, Note};
use crate::domain::samples;
use crate::domain::secret::{Brand, SecretId};
use crate::registry::RecordedEvent;

fn now() -> Instant {
    Instant::from_seconds(samples::NOW)
}

fn written(format: Format, width: u16, write: impl FnOnce(&mut Out<'_>) -> io::Result<()>) -> String {
    written_in(format, width, Palette::Plain, write)
}

fn written_in(
    format: Format,
    width: u16,
    palette: Palette,
    write: impl FnOnce(&mut Out<'_>) -> io::Result<()>,
) -> String {
    let mut stream = Vec::new();
    let mut out = Out { stream: &mut stream, format, width, palette, layout: Layout::Compact, now: now() };
    write(&mut out).unwrap();
    String::from_utf8(stream).unwrap()
}

fn fixed(name: &str, bare: &str) -> Key {
    let mut key = samples::key("x");
    key.name = Name::from_stored(name.to_owned());
    key.id = KeyId::from_bare(bare).unwrap();
    key.secrets[0].id = SecretId::parse(bare).unwrap();
    key
}

/// A plain key, one with wide characters, and one whose name was put into the registry by an attacker.
fn sample_keys() -> Vec<Key> {
    let plain = fixed("ci", "aaaaaaaaaaaa");
    let mut wide = fixed("支払い🔑サービスの本番用の鍵", "bbbbbbbbbbbb");
    wide.revoked = Some(Revocation { at: now(), reason: RevokeReason::Leaked });
    wide.secrets[0].last_use = Some(LastUse { at: Instant::from_seconds(samples::NOW - 3 * 3600), ip: None });
    let mut hostile = fixed("\u{1b}[2Jx\u{202e}y\nz", "cccccccccccc");
    hostile.note = Some(Note::from_stored("a\tb\\c".to_owned()));
    vec![plain, wide, hostile]
}

fn list(keys: &[Key], out: &mut Out<'_>) -> io::Result<()> {
    let brand = Brand::default();
    let at = out.now;
    let mut list = out.keys();
    for key in keys {
        list.row(&KeyView::of(key, false, &brand, at))?;
    }
    assert_eq!(list.end()?, keys.len());
    Ok(())
}

fn table(width: u16) -> String {
    written(Format::Table, width, |out| list(&sample_keys(), out))
}

#[test]
fn a_narrow_terminal_keeps_name_id_and_status_whole_or_shortened_on_one_line() {
    assert_eq!(
        table(60),
        concat!(
            "NAME                   ID                STATUS   EXPIRES\n",
            "ci                     key_aaaaaaaaaaaa  active   in 90 days\n",
            "支払い🔑サービスの本…  key_bbbbbbbbbbbb  revoked  in 90 days\n",
            "\\x1b[2Jx\\u{202e}y\\x0…  key_cccccccccccc  active   in 90 days\n",
        )
    );
}

#[test]
fn eighty_columns_hold_env_owner_and_last_use_as_well() {
    assert_eq!(
        table(80),
        concat!(
            "NAME           ID                ENV   STATUS   OWNER    EXPIRES     LAST USED\n",
            "ci             key_aaaaaaaaaaaa  live  active   default  in 90 days  never\n",
            "支払い🔑サー…  key_bbbbbbbbbbbb  live  revoked  default  in 90 days  3 hours ago\n",
            "\\x1b[2Jx\\u{2…  key_cccccccccccc  live  active   default  in 90 days  never\n",
        )
    );
}

#[test]
fn a_hundred_and_twenty_columns_hold_everything_and_some_more_whole_names() {
    assert_eq!(
        table(120).lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "),
        "NAME ID KIND ENV STATUS OWNER PROJECT SCOPES EXPIRES LAST USED LIMITS"
    );
    assert!(
        table(132).contains(
            "支払い🔑サービスの本番用の鍵  key_bbbbbbbbbbbb  sk    live  revoked  default  default"
        )
    );
}

#[test]
fn no_line_of_a_table_is_wider_than_the_terminal_and_no_id_is_cut() {
    for width in [50, 60, 61, 72, 80, 100, 119, 120, 200] {
        let text = table(width);
        assert_eq!(text.lines().count(), 4, "one line a key");
        for (line, id) in text.lines().skip(1).zip(["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"]) {
            assert!(places(line) <= usize::from(width), "{width}: {line}");
            assert!(line.contains(&format!("key_{id} ")), "{line}");
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = written_in(Format::Table, 80, Palette::Ansi, |out| list(&sample_keys(), out));
    assert!(coloured.contains("\u{1b}[31mrevoked\u{1b}[0m"));
    let mut plain = coloured.clone();
    for code in ["0", "1", "2", "31", "32", "33"] {
        plain = plain.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(plain, table(80));
}

#[test]
fn nothing_hostile_leaves_in_a_human_or_tab_separated_output() {
    let key = &sample_keys()[2];
    let view = KeyView::of(key, false, &Brand::default(), now());
    for format in [Format::Table, Format::Tsv] {
        let text = written(format, 80, |out| list(&sample_keys(), out))
            + &written(format, 80, |out| out.key_card(&view));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(!text.contains("y\nz"), "{text}");
    }
}

#[test]
fn a_card_shows_the_public_part_with_an_ellipsis_and_the_machine_formats_without() {
    let key = &sample_keys()[0];
    let view = KeyView::of(key, false, &Brand::default(), now());
    let card = written(Format::Table, 80, |out| out.key_card(&view));
    assert_eq!(
        card,
        concat!(
            "name           ci\n",
            "id             key_aaaaaaaaaaaa\n",
            "status         active\n",
            "kind           sk\n",
            "env            live\n",
            "owner          default\n",
            "project        default\n",
            "scopes         orders:read\n",
            "addresses      any\n",
            "origins        any\n",
            "created        2026-11-23T12:00:00Z (now)\n",
            "expires        2027-02-21T12:00:00Z (in 90 days)\n",
            "lifetime       90d\n",
            "last used      never\n",
            "\n",
            "SECRET                      STATUS  CREATED  EXPIRES     LAST USED  KEPT\n",
            "apik_sk_live_aaaaaaaaaaaa…  active  now      in 90 days  never      no\n",
        )
    );
    for format in [Format::Tsv, Format::Json, Format::Jsonl] {
        let text = written(format, 80, |out| out.key_card(&view));
        assert!(text.contains("apik_sk_live_aaaaaaaaaaaa") && !text.contains('…'), "{text}");
    }
}

#[test]
fn tab_separated_output_has_a_header_and_as_many_fields_in_every_line() {
    let text = written(Format::Tsv, 80, |out| list(&sample_keys(), out));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("id\tname\tkind\tenv\tstatus\t"));
    assert!(lines.iter().all(|line| line.split('\t').count() == KeyView::SHAPE.fields.len()));
    assert_eq!(
        lines[1],
        concat!(
            "key_aaaaaaaaaaaa\tci\tsk\tlive\tactive\tdefault\tdefault\torders:read\t\t\t\t\t7776000\t",
            "2026-11-23T12:00:00Z\t\t2027-02-21T12:00:00Z\t\t\t\t\t\t\t\t\t\tapik_sk_live_aaaaaaaaaaaa"
        )
    );
    assert!(lines[3].contains("\\x1b[2Jx\\u{202e}y\\nz") && lines[3].contains("a\\tb\\\\c"));
}

#[test]
fn an_array_has_one_object_a_line_and_an_empty_listing_is_an_empty_array() {
    let text = written(Format::Json, 80, |out| list(&sample_keys(), out));
    let keys: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[2]["name"], "\u{1b}[2Jx\u{202e}y\nz");
    assert_eq!(text.lines().count(), 5);
    let lines = written(Format::Jsonl, 80, |out| list(&sample_keys(), out));
    assert_eq!(lines.lines().map(|line| line.starts_with("{\"id\":")).filter(|is| *is).count(), 3);
    assert_eq!(written(Format::Json, 80, |out| list(&[], out)), "[]\n");
    assert_eq!(written(Format::Jsonl, 80, |out| list(&[], out)), "");
    assert_eq!(written(Format::Table, 80, |out| list(&[], out)), "");
    assert_eq!(written(Format::Tsv, 80, |out| list(&[], out)).lines().count(), 1);
}

#[test]
fn an_event_is_one_line_with_whole_instants() {
    let actor = Actor { user: "ana".into(), host: "mill".into(), ci_run: None };
    let mut event = Event::on(Action::KeyChanged, &actor, "default/ci", now());
    event.changes = vec![FieldChange { field: "note".into(), before: None, after: Some("a\tb".into()) }];
    let recorded = RecordedEvent { number: 3, event, hash: [0xab; 32], seal: None };
    let write = |out: &mut Out<'_>| {
        let mut list = out.events();
        list.row(&EventView::of(&recorded))?;
        list.end().map(drop)
    };
    assert_eq!(
        written(Format::Table, 100, write),
        concat!(
            "#  AT                    ACTION       SUBJECT     BY        CHANGES\n",
            "3  2026-11-23T12:00:00Z  key_changed  default/ci  ana@mill  note: - -> a\\x09b\n",
        )
    );
    assert!(
        written(Format::Tsv, 80, write).ends_with(&format!("note: - -> a\\tb\tfalse\t{}\n", "ab".repeat(32)))
    );
    assert_eq!(
        written(Format::Table, 40, write),
        concat!("AT                    ACTION\n", "2026-11-23T12:00:00Z  key_changed\n")
    );
}

#[test]
fn rows_after_the_measured_ones_keep_the_columns_of_the_first() {
    let mut keys = vec![fixed("ci", "aaaaaaaaaaaa"); 1_000];
    keys.push(fixed("a-name-that-is-longer", "bbbbbbbbbbbb"));
    let text = written(Format::Table, 120, |out| list(&keys, out));
    assert_eq!(text.lines().filter(|line| line.starts_with("NAME")).count(), 1);
    let column = text.find("key_aaaaaaaaaaaa").unwrap() - text.find('\n').unwrap() - 1;
    let last = text.lines().last().unwrap();
    assert_eq!(places(&last[..last.find("key_").unwrap()]), column, "{last}");
    assert!(last.contains('…'));
}

#[test]
fn what_is_never_cut_is_whole_after_the_measured_rows_too_below_another_header() {
    let mut keys = vec![fixed("ci", "aaaaaaaaaaaa"); 2_000];
    let mut seldom = fixed("seldom", "bbbbbbbbbbbb");
    seldom.secrets[0].last_use =
        Some(LastUse { at: Instant::from_seconds(samples::NOW - 59 * 60), ip: None });
    seldom.disabled_at = Some(now());
    keys.extend([fixed("ci", "cccccccccccc"), seldom, fixed("ci", "dddddddddddd")]);
    for width in [50, 72, 80, 100, 120, 200] {
        let text = written(Format::Table, width, |out| list(&keys, out));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2_003 + 2, "{width}");
        assert_eq!((&lines[0][..4], &lines[2_001][..4]), ("NAME", "NAME"), "{width}");
        for (line, id) in lines[2_002..].iter().zip(["cccccccccccc", "bbbbbbbbbbbb", "dddddddddddd"]) {
            assert!(line.contains(&format!(" key_{id} ")), "{width}: {line}");
        }
        let seldom = lines[2_003];
        assert!(seldom.starts_with("seldom ") && seldom.contains(" disabled"), "{width}: {seldom}");
        assert_eq!(seldom.contains(" 59 minutes ago"), lines[2_001].contains("LAST USED"), "{width}");
        assert!(lines.iter().all(|line| places(line) <= usize::from(width)), "{width}");
    }
}

#[test]
fn a_long_listing_is_begun_before_it_is_over_and_one_that_is_measured_whole_is_not() {
    const COLUMNS: &[Column] = &[Column { title: "N", rank: 0, room: Room::Whole }];
    let written = |mut table: table::TableWriter| {
        let mut text = Vec::new();
        for number in 0..1_500 {
            table.row(&mut text, vec![Cell::plain(&number.to_string())]).unwrap();
        }
        let begun = text.split(|byte| *byte == b'\n').count() - 1;
        table.flush(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        (begun, text.lines().count(), text.matches('N').count(), text.ends_with("\n1499\n"))
    };
    let look = Look { width: 80, palette: Palette::Plain };
    let table = || table::TableWriter::new(COLUMNS, look);
    assert_eq!(written(table()), (1_001, 1_502, 2, true), "1000 is wider than 999");
    assert_eq!(written(table().measured_whole()), (0, 1_501, 1, true));
}

#[test]
fn names_of_a_long_table_get_what_is_left_of_a_line_since_longer_ones_may_come() {
    let mut keys = vec![fixed("ci", "aaaaaaaaaaaa"); 999];
    let last = fixed("a-name-that-is-longer", "bbbbbbbbbbbb");
    let written = |keys: &[Key]| written(Format::Table, 200, |out| list(keys, out));
    let width = |text: &str| places(text.split("key_aaaaaaaaaaaa").next().unwrap().lines().last().unwrap());
    assert_eq!(width(&written(&keys)), "ci  ".len().max("NAME  ".len()), "all were measured");
    keys.extend([fixed("ci", "aaaaaaaaaaaa"), last]);
    let text = written(&keys);
    assert!(width(&text) > "a-name-that-is-longer  ".len(), "{}", text.lines().next().unwrap());
    assert!(text.lines().last().unwrap().starts_with("a-name-that-is-longer  "));
    assert!(text.lines().all(|line| places(line) <= 200));
}

#[test]
fn a_format_is_what_was_asked_for_and_never_json_unasked() {
    assert_eq!(Format::choose(None, true), Format::Table);
    assert_eq!(Format::choose(None, false), Format::Tsv);
    for format in Format::ALL {
        assert_eq!(format.code().parse(), Ok(format));
        assert_eq!(Format::choose(Some(format), false), format);
    }
    assert!("JSON".parse::<Format>().is_err());
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in Format::ALL {
        let mut stream = Closed;
        let mut out = Out {
            stream: &mut stream,
            format,
            width: 80,
            palette: Palette::Plain,
            layout: Layout::Compact,
            now: now(),
        };
        let error = list(&sample_keys(), &mut out).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
    }
}

/// `cargo test --release listing_speed -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "elapsed times are the result")]
fn listing_speed() {
    let keys: Vec<Key> = std::iter::repeat_with(|| samples::key("payments")).take(10_000).collect();
    for format in Format::ALL {
        let begun = std::time::Instant::now();
        let bytes = written(format, 120, |out| list(&keys, out)).len();
        eprintln!("{:6} 10,000 keys: {:?}, {bytes} bytes", format.code(), begun.elapsed());
    }
}

#[test]
fn a_finding_is_never_cut_however_narrow_the_terminal() {
    use view::{FindingStatus, FindingView};
    let message = "others have access: /home/ada/.local/share/apikey/registry.db has mode 0644";
    let finding = FindingView {
        check: "permissions",
        status: FindingStatus::Problem,
        message: message.into(),
        hint: None,
    };
    let shown = |width| {
        written_in(Format::Table, width, Palette::Plain, |out| {
            let mut list = ListWriter::begin(out, FindingView::SHAPE);
            list.row(&finding)?;
            list.end().map(drop)
        })
    };
    assert_eq!(
        shown(60),
        concat!(
            "CHECK        STATUS   FOUND\n",
            "permissions  problem  others have access:\n",
            "                      /home/ada/.local/share/apikey/registry\n",
            "                      .db has mode 0644\n",
        )
    );
    for width in [40, 50, 60, 80, 120] {
        let text = shown(width);
        let found: String = text.lines().skip(1).map(|line| line[22..].replace(' ', "")).collect();
        assert_eq!(found, message.replace(' ', ""), "{width}");
        assert!(text.lines().all(|line| places(line) <= usize::from(width)), "{width}: {text}");
    }
}
