//! The service that a layer puts around another: decide, then let pass or answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::ApiKeyLayer;
use super::rule::Rule;

/// A service that only requests with a good key reach; see [`ApiKeyLayer`].
#[derive(Debug, Clone)]
pub struct ApiKeyService<S> {
    inner: S,
    rule: Arc<Rule>,
}

impl<S> Layer<S> for ApiKeyLayer {
    type Service = ApiKeyService<S>;

    fn layer(&self, inner: S) -> ApiKeyService<S> {
        ApiKeyService { inner, rule: self.rule.clone() }
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for ApiKeyService<S>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<Bytes>,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let kind = match self.rule.admit(&mut parts) {
            Ok(limits) => Kind::Passed { answer: self.inner.call(Request::from_parts(parts, body)), limits },
            Err(refusal) => Kind::Refused { refusal: Some(refusal) },
        };
        ResponseFuture { kind }
    }
}

pin_project! {
    /// The answer of an [`ApiKeyService`].
    #[derive(Debug)]
    pub struct ResponseFuture<F, ResponseBody> {
        #[pin]
        kind: Kind<F, ResponseBody>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<F, ResponseBody> {
        Passed { #[pin] answer: F, limits: HeaderMap },
        Refused { refusal: Option<Response<ResponseBody>> },
    }
}

impl<F, ResponseBody, E> Future for ResponseFuture<F, ResponseBody>
where
    F: Future<Output = Result<Response<ResponseBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Passed { answer, limits } => {
                let mut answered = ready!(answer.poll(context));
                if let Ok(response) = &mut answered {
                    // What the service says of limits of its own stays beside ours: each field is a list.
                    for (name, value) in limits.drain() {
                        if let Some(name) = name {
                            response.headers_mut().append(name, value);
                        }
                    }
                }
                Poll::Ready(answered)
            }
            KindProjection::Refused { refusal } => {
                Poll::Ready(Ok(refusal.take().expect("a future that has answered is not asked again")))
            }
        }
    }
}
