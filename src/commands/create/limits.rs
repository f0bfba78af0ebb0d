//! Reading limits from the command line.

use anyhow::Result;

use crate::domain::limit::{LimitError, Quota, Rate};
use crate::exit::Failure;

/// Reads a rate.
///
/// # Errors
/// Exit 2, saying how rates are written.
pub(crate) fn rate(text: &str, burst: Option<u32>) -> Result<Rate> {
    Rate::parse(text, burst).map_err(|error| limit_refused(&error))
}

/// Reads a quota.
///
/// # Errors
/// Exit 2, saying how quotas are written.
pub(crate) fn quota(text: &str) -> Result<Quota> {
    text.parse().map_err(|error| limit_refused(&error))
}

fn limit_refused(error: &LimitError) -> anyhow::Error {
    Failure::usage(error.to_string()).hint(error.hint()).into()
}
