//! Calls an API with a token from a source. Must never send a token over plain HTTP to another
//! machine, along a redirect, or a third time.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::{Client, Request, RequestBuilder, Response, StatusCode, Url, header::AUTHORIZATION};

use crate::{
    error::TokenError, schedule::Backoff, source::TokenSource, token::AccessToken, transport,
};

/// A [`reqwest::Client`] that sends a token along (RFC 6750 §2.1), and mends a 401 once. Clones
/// share everything.
#[derive(Clone)]
pub struct AuthorizedClient {
    source: TokenSource,
    http: Client,
    only_to: Option<Url>,
    /// An API that refuses every token must not make the issuer pay for each of its answers.
    renewals: Arc<Mutex<Backoff>>,
}

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// There is no token to send.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token would travel unencrypted to another machine (RFC 6750 §5.3).
    #[error("refused to send a token to `{0}`: not https")]
    Insecure(String),
    /// The URL is outside of what [`AuthorizedClient::only_to`] allows.
    #[error("refused to send a token to `{0}`: not the configured origin")]
    OtherOrigin(String),
    /// The call itself failed.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl AuthorizedClient {
    /// With an HTTP client that follows no redirects, gives up connecting after 5 s, and waits at
    /// most 60 s for the next piece of an answer.
    ///
    /// # Errors
    /// If the HTTP client cannot be built, for example for want of root certificates.
    pub fn new(source: TokenSource) -> Result<Self, reqwest::Error> {
        transport::for_api().map(|http| Self::with_client(source, http))
    }

    /// With a client of your own. If it follows redirects, it is reqwest that keeps the token from
    /// other origins.
    pub fn with_client(source: TokenSource, http: Client) -> Self {
        Self { source, http, only_to: None, renewals: Arc::default() }
    }

    /// Refuses to send the token to any other origin (scheme, host and port) than that of this
    /// URL. Worth it wherever URLs come out of answers, such as the link to a next page.
    pub fn only_to(mut self, api: Url) -> Self {
        self.only_to = Some(api);
        self
    }

    /// The HTTP client, to build requests with. What it sends by itself goes without a token.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// Builds the request and [executes](Self::execute) it.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, CallError> {
        self.execute(request.build()?).await
    }

    /// Sends the request with a token, in place of any `Authorization` that it carries.
    ///
    /// If the API answers 401, the token is dropped and the request is sent once more with a new
    /// one. The 401 is returned as it is if the token was fetched for this very request, if the
    /// body is a stream and cannot be sent again, if the second answer is a 401 too, or if the API
    /// has just refused a renewed token (then renewals pause, from 1 s up to 60 s).
    ///
    /// # Errors
    /// See [`CallError`]. An HTTP status is never an error here.
    pub async fn execute(&self, request: Request) -> Result<Response, CallError> {
        self.admit(request.url())?;
        let (token, fresh) = self.source.obtain().await?;
        let again = request.try_clone();
        let response = self.attempt(request, &token).await?;
        if response.status() != StatusCode::UNAUTHORIZED || fresh || !self.renew(&token) {
            return Ok(response);
        }
        let Some(again) = again else { return Ok(response) };
        let token = self.source.token().await?;
        Ok(self.attempt(again, &token).await?)
    }

    async fn attempt(
        &self,
        mut request: Request,
        token: &AccessToken,
    ) -> Result<Response, reqwest::Error> {
        request.headers_mut().insert(AUTHORIZATION, token.authorization());
        let response = self.http.execute(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            self.renewals().succeeded();
        }
        Ok(response)
    }

    /// Drops a refused token. `false` if renewing would be of no use now.
    fn renew(&self, refused: &AccessToken) -> bool {
        // Held throughout, so that of many callers refused together one counts as a renewal and
        // the others find its token.
        let mut renewals = self.renewals();
        if !self.source.is_current(refused) {
            return true;
        }
        let now = self.source.now();
        if renewals.wait(now).is_some() {
            return false;
        }
        renewals.failed(now, None, self.source.random());
        self.source.invalidate(refused);
        true
    }

    fn renewals(&self) -> MutexGuard<'_, Backoff> {
        self.renewals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, url: &Url) -> Result<(), CallError> {
        let origin = url.origin();
        if !transport::is_safe(url) {
            return Err(CallError::Insecure(origin.ascii_serialization()));
        }
        match &self.only_to {
            Some(api) if api.origin() != origin => {
                Err(CallError::OtherOrigin(origin.ascii_serialization()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for AuthorizedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizedClient").field("source", &self.source).finish_non_exhaustive()
    }
}
