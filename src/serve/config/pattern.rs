//! The path of a route: which requests it fits, and which text is none.

use std::fmt;

/// Segments; `*` is any one, and `**` at the end any number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<String>);

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}", self.0.join("/"))
    }
}

impl Pattern {
    /// Reads one, or says why no request would fit it and what to write instead.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let path =
            text.strip_prefix('/').ok_or_else(|| format!("a path begins with `/`: write `/{text}`"))?;
        if let Some(why) = unfit(text) {
            return Err(why);
        }
        // Of a slash at its end nothing is made, in a request neither.
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<String> =
            path.split('/').skip(usize::from(path.is_empty())).map(str::to_owned).collect();
        if let Some(named) = segments.iter().find(|segment| is_named(segment)) {
            return Err(format!("`{named}` would be compared as it is: write `*`, which is any one segment"));
        }
        let is_odd = |segment: &String| segment.contains('*') && segment != "*" && segment != "**";
        let open = segments.iter().position(|segment| segment == "**");
        if segments.iter().any(is_odd) || open.is_some_and(|place| place + 1 != segments.len()) {
            return Err("not a pattern: `*` is one whole segment, `**` all that follow".to_owned());
        }
        Ok(Self(segments))
    }

    pub(super) fn fits(&self, segments: &[&str]) -> bool {
        let (fixed, is_open) = self.parts();
        let fits_length = if is_open { segments.len() >= fixed.len() } else { segments.len() == fixed.len() };
        fits_length
            && fixed.iter().zip(segments).all(|(pattern, segment)| pattern == "*" || pattern == segment)
    }

    /// Whether it fits every path that the other fits.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let ((fixed, is_open), (others, other_is_open)) = (self.parts(), other.parts());
        let covers_length =
            if is_open { others.len() >= fixed.len() } else { !other_is_open && others.len() == fixed.len() };
        // One that is any segment is covered by no other than such.
        covers_length && fixed.iter().zip(others).all(|(pattern, other)| pattern == "*" || pattern == other)
    }

    /// The segments that must be there, and whether any number may follow.
    fn parts(&self) -> (&[String], bool) {
        match self.0.split_last() {
            Some((last, before)) if last == "**" => (before, true),
            _ => (&self.0, false),
        }
    }
}

/// Why no request fits this path, whatever stands in its segments: those that two servers could read differently are
/// refused before (`serve::origin`).
fn unfit(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("no request with a control character fits any route: leave it out".to_owned());
    }
    for (part, why) in [
        ("//", "no request with an empty segment fits any route: write one `/`"),
        ("\\", "no request with a backslash fits any route: segments are between `/`"),
        (";", "no request with a `;` fits any route: leave it out, and what follows it"),
        ("?", "routes do not look at the query: leave the `?` out, and what follows it"),
        ("#", "no request has a fragment: leave the `#` out, and what follows it"),
    ] {
        if text.contains(part) {
            return Some(why.to_owned());
        }
    }
    if text.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Some(
            "no request with a segment `.` or `..` fits any route: write the path that it leads to"
                .to_owned(),
        );
    }
    text.contains('%').then(|| decoded(text))
}

/// What to write instead of a path with percent signs.
fn decoded(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().ok();
    match decoded.filter(|decoded| !decoded.contains('%') && Pattern::read(decoded).is_ok()) {
        Some(plain) => format!("paths are compared decoded: write `{plain}`"),
        None => "paths are compared decoded, and this cannot be written so: write `*` for the segment with the `%`"
            .to_owned(),
    }
}

/// Whether it looks like the name of a segment, as frameworks write it; no request says these letters unencoded.
fn is_named(segment: &str) -> bool {
    let is_name = |name: &str| name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    segment.contains(['{', '}', '<', '>']) || segment.strip_prefix(':').is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_no_request_can_fit_is_refused_with_what_to_write() {
        for (path, instead) in [
            ("a", "write `/a`"),
            ("", "write `/`"),
            ("*", "write `/*`"),
            ("//", "one `/`"),
            ("/a//b", "one `/`"),
            ("/a//", "one `/`"),
            ("/a/.", "that it leads to"),
            ("/./a", "that it leads to"),
            ("/a/../b", "that it leads to"),
            ("/a/../", "that it leads to"),
            ("/a;v=1", "leave it out"),
            ("/a?b=c", "leave the `?` out"),
            ("/a#b", "leave the `#` out"),
            ("/a\\b", "between `/`"),
            ("/a\nb", "control character"),
            ("/a\u{85}", "control character"),
            ("/caf%C3%A9", "write `/café`"),
            ("/a%20b/*", "write `/a b/*`"),
            ("/a%2", "write `*`"),
            ("/a%2e%2e/%2e%2e", "write `*`"),
            ("/%ff", "write `*`"),
            ("/%zz", "write `*`"),
            ("/a%3Fb", "write `*`"),
            ("/a%252a", "write `*`"),
            ("/orders/{id}", "`{id}` would be compared as it is: write `*`"),
            ("/orders/{id}.json", "write `*`"),
            ("/orders/:id/items", "`:id` would be compared as it is: write `*`"),
            ("/orders/<int:id>", "write `*`"),
            ("/orders/*x", "one whole segment"),
            ("/**/x", "all that follow"),
            ("/***", "one whole segment"),
        ] {
            let why = Pattern::read(path).unwrap_err();
            assert!(why.contains(instead), "{path:?}: {why}");
        }
        for path in [
            "/",
            "/a",
            "/a/",
            "/a b",
            "/café",
            "/...",
            "/.well-known/**",
            "/*/b",
            "/**",
            "/a:b",
            "/:",
            "/~a/b,c=d@e",
        ] {
            assert!(Pattern::read(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_pattern_covers_another_just_when_it_fits_whatever_that_fits() {
        let segments = ["a", "b", "*"];
        let mut patterns = vec![vec![]];
        for length in 0..3 {
            let longer: Vec<Vec<&str>> = patterns
                .iter()
                .filter(|pattern| pattern.len() == length)
                .flat_map(|pattern| segments.map(|segment| [&pattern[..], &[segment]].concat()))
                .collect();
            patterns.extend(longer);
        }
        let open: Vec<Vec<&str>> = patterns.iter().map(|pattern| [&pattern[..], &["**"]].concat()).collect();
        patterns.extend(open);
        // A letter that no pattern names stands for all of those.
        let mut paths: Vec<Vec<&str>> = vec![vec![]];
        for length in 0..5 {
            let longer: Vec<Vec<&str>> = paths
                .iter()
                .filter(|path| path.len() == length)
                .flat_map(|path| ["a", "b", "c"].map(|segment| [&path[..], &[segment]].concat()))
                .collect();
            paths.extend(longer);
        }
        let read = |pattern: &Vec<&str>| Pattern::read(&format!("/{}", pattern.join("/"))).unwrap();
        let patterns: Vec<Pattern> = patterns.iter().map(read).collect();
        let fitting: Vec<Vec<bool>> =
            patterns.iter().map(|pattern| paths.iter().map(|path| pattern.fits(path)).collect()).collect();
        for (one, fits) in patterns.iter().zip(&fitting) {
            for (other, others) in patterns.iter().zip(&fitting) {
                let fits_all = fits.iter().zip(others).all(|(fits, other)| *fits || !other);
                assert_eq!(one.covers(other), fits_all, "{one:?} {other:?}");
            }
        }
    }
}
