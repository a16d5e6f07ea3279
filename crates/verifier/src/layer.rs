//! The tower layer: lets a request through when its token is good, and answers it otherwise. It
//! reads the `Authorization` header and nothing else of a request.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hallpass_token::Rejection;
use http::{HeaderMap, HeaderValue, Request, Response, header::AUTHORIZATION};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    caller::Caller,
    challenge::Challenge,
    verifier::{Verdict, Verifier},
};

/// Lets only requests with a good token through, and puts the [`Caller`] into their extensions.
/// Made by [`Verifier::layer`].
#[derive(Clone, Debug)]
pub struct RequireToken(Arc<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    verifier: Verifier,
    /// Of which a token needs all.
    required: Vec<String>,
    /// The scopes as challenges name them.
    scope: Option<String>,
    anonymous: bool,
}

/// In the extensions of a request that came without a token where that is allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anonymous;

impl RequireToken {
    pub(crate) fn new(verifier: Verifier) -> Self {
        Self(Arc::new(Rule { verifier, required: Vec::new(), scope: None, anonymous: false }))
    }

    /// Demands this scope too. Of several, a token needs all.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        let rule = Arc::make_mut(&mut self.0);
        rule.required.push(scope.into());
        rule.scope = Some(rule.required.join(" "));
        self
    }

    /// Lets requests without any `Authorization` header through as [`Anonymous`]. A bad token is
    /// still refused.
    #[must_use]
    pub fn or_anonymous(mut self) -> Self {
        Arc::make_mut(&mut self.0).anonymous = true;
        self
    }
}

impl<S> Layer<S> for RequireToken {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, rule: self.0.clone() }
    }
}

/// A service behind [`RequireToken`].
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    inner: S,
    rule: Arc<Rule>,
}

impl Rule {
    fn refuse<R: From<String>>(&self, rejection: &Rejection) -> Response<R> {
        let challenge = Challenge { scope: self.scope.as_deref(), ..self.verifier.challenge() };
        challenge.response(rejection)
    }
}

/// The only `Authorization` header (RFC 6750 §2: one method per request, once).
fn authorization(headers: &HeaderMap) -> Result<Option<&HeaderValue>, Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Rejection::InvalidRequest("more than one Authorization header"));
    }
    Ok(first)
}

impl<S, B, R> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = GuardedFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // Whatever an outer layer left there, only this one vouches for a caller.
        request.extensions_mut().remove::<Caller>();
        request.extensions_mut().remove::<Anonymous>();
        let rule = &self.rule;
        let verdict = match authorization(request.headers()) {
            Ok(None) if rule.anonymous => {
                request.extensions_mut().insert(Anonymous);
                return GuardedFuture::passed(self.inner.call(request));
            }
            Ok(header) => rule.verifier.admit(header.map(HeaderValue::as_bytes), &rule.required),
            Err(rejection) => Verdict::Now(Err(rule.verifier.refused(rejection))),
        };
        match verdict {
            Verdict::Now(Ok(caller)) => {
                request.extensions_mut().insert(caller);
                GuardedFuture::passed(self.inner.call(request))
            }
            Verdict::Now(Err(rejection)) => GuardedFuture::refused(rule.refuse(&rejection)),
            Verdict::After(ticket) => {
                // The service that was polled to readiness is the one to call.
                let clone = self.inner.clone();
                let mut inner = std::mem::replace(&mut self.inner, clone);
                let rule = rule.clone();
                GuardedFuture::waiting(Box::pin(async move {
                    let header = request.headers().get(AUTHORIZATION).cloned();
                    let header = header.as_ref().map(HeaderValue::as_bytes);
                    let required = &rule.required;
                    match rule.verifier.admit_after(ticket, header, required).await {
                        Ok(caller) => {
                            request.extensions_mut().insert(caller);
                            inner.call(request).await
                        }
                        Err(rejection) => Ok(rule.refuse(&rejection)),
                    }
                }))
            }
        }
    }
}

pin_project! {
    /// The answer of [`Guarded`].
    pub struct GuardedFuture<F, R, E> {
        #[pin]
        state: State<F, R, E>,
    }
}

type Waiting<R, E> = Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>;

pin_project! {
    #[project = StateProjection]
    enum State<F, R, E> {
        Passed { #[pin] inner: F },
        Refused { response: Option<Response<R>> },
        Waiting { future: Waiting<R, E> },
    }
}

impl<F, R, E> GuardedFuture<F, R, E> {
    fn passed(inner: F) -> Self {
        Self { state: State::Passed { inner } }
    }

    fn refused(response: Response<R>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }

    fn waiting(future: Waiting<R, E>) -> Self {
        Self { state: State::Waiting { future } }
    }
}

impl<F, R, E> Future for GuardedFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { inner } => inner.poll(context),
            StateProjection::Waiting { future } => {
                Poll::Ready(ready!(future.as_mut().poll(context)))
            }
            StateProjection::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // A finished future is not polled again.
                None => Poll::Pending,
            },
        }
    }
}
