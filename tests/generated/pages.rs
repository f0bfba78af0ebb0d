//! One man page for each command.

use clap::Command;
use clap_mangen::Man;

use super::{Files, chapters};

/// The day of the release, not of the build: the same source gives the same pages.
const DATE: &str = "2026-11-23";

/// Every page by its file's name.
pub(crate) fn all() -> Files {
    let mut root = apikey::cli::command();
    root.build();
    let mut pages = Files::new();
    add(&root, &mut pages);
    pages
}

fn add(command: &Command, pages: &mut Files) {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let is_root = name == "apikey";
    for sub in command.get_subcommands().filter(|sub| is_root || sub.get_name() != "help") {
        add(sub, pages);
    }
    pages.insert(format!("{name}.1"), tidied(&page(command, &name)).into_bytes());
}

fn page(command: &Command, name: &str) -> String {
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .date(DATE)
        .source(concat!("apikey ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut text = Vec::new();
    man.render_title(&mut text).unwrap();
    man.render_name_section(&mut text).unwrap();
    man.render_synopsis_section(&mut text).unwrap();
    man.render_description_section(&mut text).unwrap();
    man.render_options_section(&mut text).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text).unwrap();
    }
    if command.get_after_help().is_some() || command.get_after_long_help().is_some() {
        let mut notes = Vec::new();
        man.render_extra_section(&mut notes).unwrap();
        // Lines of the help stand as they are written.
        let notes = String::from_utf8(notes).unwrap().replace(".SH EXTRA\n", ".SH NOTES\n.nf\n");
        text.extend_from_slice(notes.as_bytes());
        text.extend_from_slice(b"\n.fi\n");
    }
    let mut text = String::from_utf8(text).unwrap();
    text.push_str(&match name {
        "apikey" => chapters::of_root(),
        "apikey-serve" => chapters::of_serve() + &chapters::see_also(name),
        _ => chapters::see_also(name),
    });
    text
}

/// Mends what mandoc would warn of: blank lines, which part paragraphs, space at the end of a line, and paragraphs around nothing.
fn tidied(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        let line = if line.is_empty() { ".sp" } else { line };
        let is_break = |line: &str| matches!(line, ".PP" | ".sp" | ".br");
        let begins = |line: &str| [".SH", ".SS", ".TP", ".nf"].iter().any(|begin| line.starts_with(begin));
        if is_break(line) && lines.last().is_some_and(|last| is_break(last) || begins(last)) {
            continue;
        }
        if begins(line) && lines.last().is_some_and(|last| is_break(last)) {
            lines.pop();
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}
