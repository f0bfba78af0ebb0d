//! Why a call brought no answer, told apart by what the caller can do about it.
//!
//! Nothing the far side wrote is in a failure.

use std::io;

use rustls::CertificateError;

use super::proxy::ProxyError;
use super::target::TargetError;

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The name of the host, or of the proxy, has no address.
    #[error("the name of the host cannot be resolved")]
    NameNotFound,
    /// `localhost` is another machine here; the key was not sent there over plain http.
    #[error("`localhost` does not resolve to this machine")]
    NotLoopback,
    /// Nothing listens there.
    #[error("the connection was refused")]
    Refused,
    /// No way there.
    #[error("the host or its network cannot be reached")]
    Unreachable,
    /// The time for the whole call was over.
    #[error("no answer in time")]
    TimedOut,
    /// The connection ended before the answer.
    #[error("the connection was closed before an answer came")]
    Closed,
    /// TLS came about with someone whose certificate does not hold.
    #[error("the certificate of the server is not valid: {0}")]
    Certificate(CertificateFault),
    /// No TLS came about.
    #[error("no TLS connection came about")]
    Tls,
    /// The roots of the platform cannot be used.
    #[error("the platform's trusted certificates cannot be loaded")]
    Roots,
    /// What came is not HTTP, or its header is over 64 KiB.
    #[error("the answer is not valid HTTP")]
    NotHttp,
    /// The proxy did not open the way.
    #[error("the proxy refused the connection")]
    Proxy,
    /// A proxy is named that cannot be used.
    #[error(transparent)]
    ProxySetting(#[from] ProxyError),
    /// The request could not be made.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Anything else that the operating system reports.
    #[error("the connection failed ({0})")]
    Io(io::ErrorKind),
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come: or this machine's clock is wrong.
    #[error("it is not valid yet; is the clock right?")]
    NotYetValid,
    /// It is for another host.
    #[error("it is for another host")]
    WrongHost,
    /// Self-signed, or from an authority that is not trusted here.
    #[error("its issuer is not trusted here")]
    UnknownIssuer,
    /// Taken back by its issuer.
    #[error("it has been revoked")]
    Revoked,
    /// Malformed, or signed in a way that does not hold.
    #[error("it does not hold")]
    Broken,
}

impl Failure {
    /// A word for scripts, never renamed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::NotLoopback => "not_loopback",
            Self::Refused => "connection_refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Closed => "connection_closed",
            Self::Certificate(_) => "certificate",
            Self::Tls => "tls",
            Self::Roots => "roots",
            Self::NotHttp => "not_http",
            Self::Proxy => "proxy",
            Self::ProxySetting(_) => "proxy_setting",
            Self::Target(_) => "target",
            Self::Io(_) => "io",
        }
    }
}

/// Raised by the resolver; carried through the HTTP library.
#[derive(Debug, thiserror::Error)]
#[error("not a loopback address")]
pub(super) struct NotLoopback;

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::HostNotFound => Self::NameNotFound,
            ureq::Error::Timeout(_) => Self::TimedOut,
            ureq::Error::Io(error) => from_io(&error),
            // Inside a handshake an error of TLS is wrapped in one of I/O; a bare one is from before it.
            ureq::Error::Rustls(rustls::Error::General(_) | rustls::Error::Other(_)) => Self::Roots,
            ureq::Error::Rustls(error) => from_rustls(&error),
            ureq::Error::Tls(_) | ureq::Error::TlsRequired => Self::Tls,
            ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => Self::Proxy,
            ureq::Error::Other(error) if error.is::<NotLoopback>() => Self::NotLoopback,
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => Self::NotHttp,
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => Self::Target(TargetError::Url),
            _ => Self::Io(io::ErrorKind::Other),
        }
    }
}

fn from_io(error: &io::Error) -> Failure {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return from_rustls(inner);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failure::Refused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => Failure::Unreachable,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Failure::Closed,
        kind => Failure::Io(kind),
    }
}

fn from_rustls(error: &rustls::Error) -> Failure {
    let rustls::Error::InvalidCertificate(fault) = error else { return Failure::Tls };
    Failure::Certificate(match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongHost
        }
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::Revoked => CertificateFault::Revoked,
        _ => CertificateFault::Broken,
    })
}
