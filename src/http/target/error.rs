//! What a target must not be.

use super::super::placement::PlacementError;

/// Why a target is refused. No form carries a value that may be private.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a method token of capital letters.
    #[error("a method is a word in capitals, such as GET or POST")]
    Method,
    /// `CONNECT` would turn the connection into a tunnel.
    #[error("the method CONNECT makes a tunnel, not a call")]
    Connect,
    /// It does not parse, or is over 8192 bytes.
    #[error("this is not an absolute http or https url")]
    Url,
    /// A user or password in the URL.
    #[error("the url carries a user name or password; the key is placed with `--in basic`")]
    UrlUser,
    /// A fragment is never sent.
    #[error("the url has a fragment, which is never sent")]
    UrlFragment,
    /// Plain http to another machine.
    #[error("plain http to `{0}` would show the key to everyone on the way")]
    PlainHttp(String),
    /// A header without a colon, or whose value has control characters or is over 8192 bytes.
    #[error("a header is written `Name: value`, on one line")]
    Header,
    /// The header's name is not one, or is reserved.
    #[error(transparent)]
    HeaderName(#[from] PlacementError),
    /// More than 50 headers.
    #[error("more than 50 headers")]
    TooManyHeaders,
    /// A header, parameter or field that the key is to fill.
    #[error("`{0}` is where the key goes; it cannot be given as well")]
    Occupied(String),
    /// `--in body` without an object to put the field in.
    #[error("`--in body` needs data that is a JSON object, or none")]
    NotAnObject,
    /// Over 1 MiB.
    #[error("the data is larger than 1 MiB")]
    DataTooLarge,
    /// Zero, or longer than ten minutes.
    #[error("a timeout is between 1 ms and 10 minutes")]
    Timeout,
    /// Something of the shape of a secret where none belongs; it would be stored and shown.
    #[error("the {0} contains a secret; name the key, and where it goes with `--in`")]
    ContainsSecret(&'static str),
}
