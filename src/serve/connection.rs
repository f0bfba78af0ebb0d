//! One connection: HTTP/1.1 under deadlines, so that a client that is slow, idle or greedy costs itself alone.
//!
//! A deadline costs no timer of its own. Each connection notes what it waits for and since when, and its one timer looks
//! at that no later than the shortest deadline; a request costs one reading of the clock, and one with a body two.

use std::future::{Future, poll_fn};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, TRANSFER_ENCODING};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tower_service::Service as _;

use super::forward;
use super::house::House;
use super::metrics::Outcome;
use super::peer::{Peer, Socket};
use super::pulse::{LINGER, Phase, Pulse};

/// Answers requests until the client, a deadline or the end of the server closes the connection.
pub(super) async fn attend(socket: Socket, peer: Peer, house: Arc<House>) {
    let tuning = house.tuning();
    let pulse = Arc::new(Pulse::begin());
    let service = service_fn(|request| answer(&house, peer, &pulse, request));
    let wire = TokioIo::new(Wire { socket, pulse: pulse.clone(), is_closed: false });
    let mut http = http1::Builder::new();
    // The deadlines are ours, and so the parser needs no timer.
    // Answers are small: one piece is written cheaper than a list of them. Nearly all are given at once, so
    // that nothing is won by looking for the end of the connection while one is worked out; a client that has said all it
    // has to say may close its side, and one that is gone keeps its place until its answer is there.
    http.header_read_timeout(None)
        .writev(false)
        .half_close(true)
        .max_header_size(tuning.most_head_bytes())
        .max_buf_size(tuning.most_head_bytes());
    let mut connection = pin!(http.serve_connection(wire, service));
    let mut timer = pin!(sleep_until(Instant::now() + tuning.shortest()));
    let mut end = pin!(house.end.told.notified());
    let (mut is_listening, mut is_timed, mut is_ending, mut is_leaving) = (false, false, false, false);
    poll_fn(|context| {
        // One task polls all of this with one waker, so to have asked once is enough: no lock is taken per request. It is
        // asked before anything else, while tokio lets this task ask for as much as it likes.
        if !is_listening {
            is_listening = true;
            // Whether it was told already is asked below.
            let _ = end.as_mut().poll(context);
        }
        if !is_timed && timer.as_mut().poll(context).is_ready() {
            let Some(left) = pulse.left(&tuning, house.is_crowded()) else { return Poll::Ready(()) };
            timer.as_mut().reset(Instant::now() + left.min(tuning.shortest()));
            // It is asked again at the next turn, which may ask for as much again.
            context.waker().wake_by_ref();
        } else {
            is_timed = true;
        }
        // What the client did wrong was answered as far as it can be; nobody else is to be told.
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if house.end.is_told() && !is_ending {
            is_ending = true;
            connection.as_mut().graceful_shutdown();
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
        }
        let leaves = !is_leaving && pulse.is_leaving();
        if leaves {
            // Sooner than the timer would look.
            is_leaving = true;
            timer.as_mut().reset(Instant::now() + LINGER);
        }
        if leaves || timer.is_elapsed() {
            is_timed = false;
            context.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

async fn answer(
    house: &House,
    peer: Peer,
    pulse: &Pulse,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, std::convert::Infallible> {
    // One that was read together with the one before it begins here.
    pulse.beat();
    pulse.is_in(Phase::Working);
    let has_body = !request.body().is_end_stream();
    let (is_last, mut response) = if house.is_for_requests && forward::is_asked(request.uri().path()) {
        // What nearly all ask needs no router. A body is left unread, and so is what follows it.
        let asked = (request.method(), request.uri(), request.headers());
        (has_body, forward::decide(&house.gate, peer, asked))
    } else {
        // What follows a body whose end was said in two ways is never read as a request.
        let is_last = request.headers().contains_key(TRANSFER_ENCODING);
        request.extensions_mut().insert(ConnectInfo(peer));
        (is_last, house.router.clone().call(request).await?)
    };
    // Of whom is refused the body may be unread.
    let is_last = is_last || (has_body && !response.status().is_success());
    if matches!(response.status(), StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE) {
        house.gate.metrics.answered(Outcome::BadRequest);
    }
    if is_last {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if has_body {
        // The time that it took to come is not that of its answer.
        pulse.restart();
    }
    pulse.wait(is_last);
    Ok(response)
}

/// The socket, noting when something comes.
struct Wire {
    socket: Socket,
    pulse: Arc<Pulse>,
    /// Nothing is written any more.
    is_closed: bool,
}

impl Wire {
    fn socket(self: Pin<&mut Self>) -> Pin<&mut Socket> {
        Pin::new(&mut self.get_mut().socket)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.as_mut().socket().poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pulse.beat();
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = self.as_mut().socket().poll_write(context, bytes);
        self.pulse.sends(written.is_ready());
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.socket().poll_flush(context)
    }

    /// Closes this side, and then hears out a client that still sends: closing on it would reset the connection, and
    /// take its answer away before it is read.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if !self.is_closed {
            ready!(self.as_mut().socket().poll_shutdown(context))?;
            self.is_closed = true;
            if !self.pulse.is_unheard() {
                return Poll::Ready(Ok(()));
            }
            self.pulse.leave();
        }
        let mut scratch = [MaybeUninit::uninit(); 4096];
        loop {
            let mut unread = ReadBuf::uninit(&mut scratch);
            ready!(self.as_mut().socket().poll_read(context, &mut unread))?;
            if unread.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
