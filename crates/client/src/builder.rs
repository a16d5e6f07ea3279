//! How a token source is configured. Everything that can be checked without the network is checked
//! in [`Builder::build`]. Must never quote a credentials file in an error.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::Mutex,
    time::Duration,
};

use reqwest::{ClientBuilder, Url};
use serde::Deserialize;

use crate::{
    clock::{Clock, SystemClock},
    endpoint::{Endpoint, Place},
    flight::Flight,
    json,
    secret::Secret,
    source::TokenSource,
    transport,
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Numbers from 0 to 1, to spread refreshes: no secrecy needed.
pub(crate) type Random = Box<dyn Fn() -> f64 + Send + Sync>;

/// Configures a [`TokenSource`].
///
/// ```
/// use hallpass_client::{AuthStyle, Builder, Secret};
///
/// let source = Builder::new("reports", Secret::new("correct horse"))
///     .token_endpoint("https://auth.example.com/oauth/token")
///     .resource("https://api.example.com")
///     .auth_style(AuthStyle::Body)
///     .build()?;
/// # Ok::<(), hallpass_client::BuildError>(())
/// ```
pub struct Builder {
    client_id: String,
    secret: Secret,
    token_endpoint: Option<String>,
    issuer: Option<String>,
    parameters: Vec<(&'static str, String)>,
    style: AuthStyle,
    timeout: Duration,
    http: ClientBuilder,
    clock: Box<dyn Clock>,
    random: Random,
}

/// How the client id and secret are sent (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AuthStyle {
    /// In the `Authorization` header, escaped as appendix B says: what every issuer must accept.
    #[default]
    Basic,
    /// In the form, for issuers that take nothing else.
    Body,
}

/// Why no token source could be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Neither a token endpoint nor an issuer was given.
    #[error("give a token endpoint, or an issuer to discover it from")]
    NoEndpoint,
    /// The client id or the secret is empty.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Not a URL that can be used.
    #[error("the {what} is not usable: {reason}")]
    Url {
        /// Which URL.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The secret would travel unencrypted to another machine.
    #[error("the {0} must be https: only this machine itself may be asked over plain http")]
    Insecure(&'static str),
    /// The credentials file cannot be read; its text is never quoted.
    #[error(
        "the credentials file is not the JSON that was downloaded (line {line}, column {column})"
    )]
    CredentialsFile {
        /// The line where reading ended, from 1; 0 if the file is as a whole of the wrong kind.
        line: usize,
        /// The column where reading ended, alike.
        column: usize,
    },
    /// The HTTP client cannot be built, for example for want of root certificates.
    #[error("the HTTP client cannot be built")]
    Http(#[source] reqwest::Error),
}

/// The file that the dashboard offers once; other members are ignored.
///
/// It holds id and secret under both spellings, for scripts that read the other one.
#[derive(Deserialize)]
struct CredentialsFile {
    client_id: Option<String>,
    #[serde(rename = "clientId")]
    other_client_id: Option<String>,
    client_secret: Option<Secret>,
    #[serde(rename = "clientSecret")]
    other_client_secret: Option<Secret>,
    issuer: Option<String>,
    #[serde(alias = "tokenEndpoint")]
    token_endpoint: Option<String>,
    audience: Option<String>,
    scope: Option<String>,
}

impl Builder {
    /// For the credential with this id and secret. A token endpoint or an issuer is needed too.
    pub fn new(client_id: impl Into<String>, secret: Secret) -> Self {
        Self {
            client_id: client_id.into(),
            secret,
            token_endpoint: None,
            issuer: None,
            parameters: Vec::new(),
            style: AuthStyle::default(),
            timeout: DEFAULT_TIMEOUT,
            http: ClientBuilder::new(),
            clock: Box::new(SystemClock),
            random: Box::new(random),
        }
    }

    /// From the JSON file that the dashboard offers: `client_id`, `client_secret` (or `clientId`,
    /// `clientSecret`), and as far as present `issuer`, `token_endpoint`, `audience`, `scope`.
    /// Everything can still be changed before [`build`](Self::build).
    ///
    /// # Errors
    /// [`BuildError::CredentialsFile`] if it is not such a file.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, BuildError> {
        let file: CredentialsFile = json::object(text.as_ref()).map_err(|error| {
            BuildError::CredentialsFile { line: error.line(), column: error.column() }
        })?;
        let disagree = file
            .other_client_id
            .as_ref()
            .is_some_and(|other| file.client_id.as_ref().is_some_and(|id| id != other))
            || file.other_client_secret.as_ref().is_some_and(|other| {
                file.client_secret.as_ref().is_some_and(|secret| secret.expose() != other.expose())
            });
        let id = file.client_id.or(file.other_client_id);
        let secret = file.client_secret.or(file.other_client_secret);
        let (Some(id), Some(secret), false) = (id, secret, disagree) else {
            return Err(BuildError::CredentialsFile { line: 1, column: 1 });
        };
        let mut builder = Self::new(id, secret);
        builder.issuer = file.issuer;
        builder.token_endpoint = file.token_endpoint;
        let builder = builder.audience(file.audience.unwrap_or_default());
        Ok(builder.scope(file.scope.unwrap_or_default()))
    }

    /// Where tokens are requested. Wins over [`issuer`](Self::issuer).
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.token_endpoint = Some(url.into());
        self
    }

    /// Discovers the token endpoint from this issuer's metadata (RFC 8414), at the first fetch.
    /// Must be, to the character, what the issuer calls itself.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Scopes to ask for, separated by blanks (RFC 6749 §3.3). Empty: what the issuer grants.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.parameter("scope", scope.into())
    }

    /// The API that the token is for, as the parameter `audience`, which many issuers know.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.parameter("audience", audience.into())
    }

    /// The API that the token is for, as the parameter `resource` (RFC 8707 §2).
    pub fn resource(self, resource: impl Into<String>) -> Self {
        self.parameter("resource", resource.into())
    }

    /// How id and secret are sent; [`AuthStyle::Basic`] unless said otherwise.
    pub fn auth_style(mut self, style: AuthStyle) -> Self {
        self.style = style;
        self
    }

    /// How long one request to the issuer may take, from connecting to the last byte; 10 s unless
    /// said otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The HTTP client for requests to the issuer: for private CAs, proxies, client certificates.
    /// Redirects and time limits are set on top of it.
    pub fn http(mut self, http: ClientBuilder) -> Self {
        self.http = http;
        self
    }

    /// Another clock: for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Another source of numbers from 0 to 1, which spread refreshes by ±10 %: for tests.
    pub fn randomness(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Checks everything and builds the source. Makes no request yet.
    ///
    /// # Errors
    /// [`BuildError`] names what is missing, unusable or unsafe.
    pub fn build(self) -> Result<TokenSource, BuildError> {
        if self.client_id.is_empty() {
            return Err(BuildError::Empty("client id"));
        }
        if self.secret.expose().is_empty() {
            return Err(BuildError::Empty("client secret"));
        }
        let (url, place) = match (self.token_endpoint, self.issuer) {
            (Some(endpoint), _) => {
                let url = parse_url("token endpoint", &endpoint)?;
                (url.clone(), Place::Token(url))
            }
            (None, Some(issuer)) => {
                let metadata = metadata_url(&issuer)?;
                let found = Mutex::default();
                (metadata.clone(), Place::Issuer { issuer, metadata, found })
            }
            (None, None) => return Err(BuildError::NoEndpoint),
        };
        let http = transport::for_issuer(self.http, &url, self.timeout);
        let endpoint = Endpoint {
            http: http.map_err(BuildError::Http)?,
            place,
            client_id: self.client_id,
            secret: self.secret,
            style: self.style,
            parameters: self.parameters,
        };
        // A flight makes at most two requests: discovery and token.
        let flight = Flight::new(self.timeout.saturating_mul(2) + self.timeout / 2);
        Ok(TokenSource::new(endpoint, self.clock, self.random, flight))
    }

    /// RFC 6749 §3.2: none twice, and an empty one is as good as none.
    fn parameter(mut self, name: &'static str, value: String) -> Self {
        self.parameters.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.parameters.push((name, value));
        }
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

fn parse_url(what: &'static str, text: &str) -> Result<Url, BuildError> {
    let unusable = |reason: String| BuildError::Url { what, reason };
    let url = Url::parse(text).map_err(|error| unusable(error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(unusable("it must begin with https://".to_owned()));
    }
    if !transport::is_safe(&url) {
        return Err(BuildError::Insecure(what));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable("a login does not belong into a URL".to_owned()));
    }
    if url.fragment().is_some() {
        return Err(unusable("it must not have a fragment".to_owned())); // RFC 6749 §3.2.
    }
    Ok(url)
}

/// RFC 8414 §3.1: the well-known part goes between the host and the path of the issuer.
fn metadata_url(issuer: &str) -> Result<Url, BuildError> {
    let mut url = parse_url("issuer", issuer)?;
    if url.query().is_some() {
        let reason = "an issuer has no query".to_owned(); // RFC 8414 §2.
        return Err(BuildError::Url { what: "issuer", reason });
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/oauth-authorization-server{path}"));
    Ok(url)
}

/// Each `RandomState` is keyed from the system's randomness, which is plenty to spread refreshes.
fn random() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
