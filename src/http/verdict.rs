//! What an answer says about the key.

use super::answer::Answer;
use super::expect::Expect;
use super::failure::Failure;

/// The verdict of a test call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The answer is what was expected: exit 0.
    Accepted,
    /// The check said no: exit 7.
    Rejected(Rejection),
    /// The network, or the server, said nothing about the key: exit 9.
    NoVerdict(Doubt),
}

/// Why a key counts as rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// 401: the server does not know the key.
    #[error("the server does not accept the key (401)")]
    Unauthorized,
    /// 403: the server knows the key, or does not say, and refuses what was asked.
    #[error("the server refuses the key this request (403)")]
    Forbidden,
    /// A status that `--expect` does not cover.
    #[error("the status is {status}, expected was {expect}")]
    Unexpected {
        /// What came.
        status: u16,
        /// What was to come.
        expect: Expect,
    },
}

/// Why nothing is known about the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No answer came.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// A redirect, which is never followed; the address may simply be wrong.
    #[error("the server redirects ({status}); redirects are not followed")]
    Redirected {
        /// The status.
        status: u16,
    },
    /// 407 from a proxy that answers in place of the server.
    #[error("a proxy asks for authentication (407)")]
    ProxyAuthentication,
    /// 429: some servers count before they look at the key.
    #[error("the server limits the rate (429)")]
    RateLimited,
    /// Another 4xx: the request is wrong for this server, whatever the key.
    #[error("the server refuses the request ({status}), which says nothing about the key")]
    RequestRefused {
        /// The status.
        status: u16,
    },
    /// 5xx, or a status outside the classes.
    #[error("the server failed ({status})")]
    ServerFailed {
        /// The status.
        status: u16,
    },
}

/// Judges the result of a call against what the user said to expect; `None` means that they said nothing.
///
/// - A status that is expected (without a word: `2xx`) is acceptance, whatever it is.
/// - 407 comes from a proxy and is no verdict, even beside an explicit expectation.
/// - With an explicit expectation every other status is a no: the user knows this endpoint.
/// - Without one, 401 and 403 are a no, and everything else is no verdict: a redirect (wrong address), 429 (some
///   servers count before they look at the key), other 4xx (wrong path or data), 5xx.
/// - No answer is no verdict, always. A body that broke off does not take back its status.
#[must_use]
pub fn judge(expect: Option<&Expect>, result: &Result<Answer, Failure>) -> Verdict {
    match result {
        Err(failure) => Verdict::NoVerdict(Doubt::Failed(failure.clone())),
        Ok(answer) => judge_status(expect, answer.status),
    }
}

fn judge_status(expect: Option<&Expect>, status: u16) -> Verdict {
    let is_expected = expect.map_or_else(|| Expect::success().covers(status), |expect| expect.covers(status));
    if is_expected {
        return Verdict::Accepted;
    }
    match (status, expect) {
        (407, _) => Verdict::NoVerdict(Doubt::ProxyAuthentication),
        (_, Some(expect)) => Verdict::Rejected(Rejection::Unexpected { status, expect: expect.clone() }),
        (401, None) => Verdict::Rejected(Rejection::Unauthorized),
        (403, None) => Verdict::Rejected(Rejection::Forbidden),
        (429, None) => Verdict::NoVerdict(Doubt::RateLimited),
        (300..=399, None) => Verdict::NoVerdict(Doubt::Redirected { status }),
        (400..=499, None) => Verdict::NoVerdict(Doubt::RequestRefused { status }),
        (_, None) => Verdict::NoVerdict(Doubt::ServerFailed { status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_expectation_only_401_and_403_reject() {
        for status in 100..=599 {
            let verdict = judge_status(None, status);
            let expected = match status {
                200..=299 => matches!(verdict, Verdict::Accepted),
                401 => verdict == Verdict::Rejected(Rejection::Unauthorized),
                403 => verdict == Verdict::Rejected(Rejection::Forbidden),
                407 => verdict == Verdict::NoVerdict(Doubt::ProxyAuthentication),
                429 => verdict == Verdict::NoVerdict(Doubt::RateLimited),
                300..=399 => verdict == Verdict::NoVerdict(Doubt::Redirected { status }),
                400..=499 => verdict == Verdict::NoVerdict(Doubt::RequestRefused { status }),
                _ => verdict == Verdict::NoVerdict(Doubt::ServerFailed { status }),
            };
            assert!(expected, "{status}: {verdict:?}");
        }
    }

    #[test]
    fn an_explicit_expectation_turns_every_other_status_but_407_into_a_no() {
        let expect: Expect = "404".parse().unwrap();
        assert_eq!(judge_status(Some(&expect), 404), Verdict::Accepted);
        for status in [200, 302, 401, 429, 500] {
            let no = Rejection::Unexpected { status, expect: expect.clone() };
            assert_eq!(judge_status(Some(&expect), status), Verdict::Rejected(no));
        }
        assert_eq!(judge_status(Some(&expect), 407), Verdict::NoVerdict(Doubt::ProxyAuthentication));
        assert_eq!(judge_status(Some(&"407".parse().unwrap()), 407), Verdict::Accepted);
    }

    #[test]
    fn no_answer_is_never_a_no() {
        let expect: Expect = "401".parse().unwrap();
        for expect in [None, Some(&expect)] {
            let verdict = judge(expect, &Err(Failure::TimedOut));
            assert_eq!(verdict, Verdict::NoVerdict(Doubt::Failed(Failure::TimedOut)));
        }
    }
}
