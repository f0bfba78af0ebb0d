//! A settings file: read within bounds, and what is wrong with it said by line and column.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most bytes a settings file may have.
const MOST: u64 = 1 << 20;

/// Reads it.
///
/// # Errors
/// What the file system said; a file of more than a mebibyte.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

/// What is wrong with it, in one line.
pub(crate) fn said(text: &str, error: &toml::de::Error) -> String {
    let why = error.message().replace('\n', ", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return why };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "#".repeat(1 << 20)).unwrap();
        assert!(read(&path).is_ok());
        std::fs::write(&path, "#".repeat((1 << 20) + 1)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("1 MiB"));
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero")).is_err());
    }

    #[test]
    fn an_error_says_where_it_is_on_one_line() {
        let wrong = |text: &str| said(text, &toml::from_str::<toml::Table>(text).unwrap_err());
        let said = wrong("a = 1\nä = \"b\n");
        assert!(said.starts_with("line 2, column ") && !said.contains('\n'), "{said}");
        assert!(wrong("a = 1\na = 2\n").starts_with("line 2, column 1: "));
    }
}
