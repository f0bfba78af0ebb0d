//! An error as it leaves the program with `--json`: one line on stderr.

use serde::Serialize;

/// `{"error":{…}}`.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorView<'a> {
    /// What went wrong.
    pub error: ErrorBody<'a>,
}

/// What went wrong, and what the caller can do.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorBody<'a> {
    /// A word that scripts may test; never renamed.
    pub code: &'a str,
    /// One sentence for people.
    pub message: &'a str,
    /// What to do about it.
    pub hint: Option<&'a str>,
    /// The exit code of the process.
    pub exit_code: u8,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}
