//! What can be chosen about a verifier, and how it starts. Every choice has a safe default; what
//! would be no protection is refused here and never met later.

use std::{io, path::PathBuf, sync::Arc};

use hallpass_token::{
    jose::Algorithm,
    verify::{BadPolicy, Policy},
};

use crate::{
    BadUrl,
    clock::{Clock, SystemClock},
    feed::{BLIND_S, Choice},
    fetch::Transport,
    metadata::Issuer,
    saved::Saved,
    timing::Timing,
    verifier::{Demands, Parts, Verifier},
};

/// How the verifier names itself, so that operators see who follows their feed.
#[cfg(feature = "fetch")]
const USER_AGENT: &str = concat!("hallpass-verifier/", env!("CARGO_PKG_VERSION"));

/// Whether tokens are held against the issuer's revocation feed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Revocations {
    /// Without a feed nothing passes (503).
    Required,
    /// If the issuer has one; tokens of other issuers live until they expire.
    #[default]
    IfOffered,
    /// Tokens live until they expire.
    Off,
}

/// What happens once the feed is staler than was chosen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WhenStale {
    /// Nothing passes (503): a revoked token never gets in.
    #[default]
    FailClosed,
    /// What is not known to be dead passes: the API stays up.
    FailOpen,
}

/// Why a verifier cannot start. An issuer that is away is no reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The audiences, algorithms or leeway would be no protection.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
    /// The issuer is not a URL that may be asked for keys.
    #[error("issuer: {0}")]
    Issuer(#[from] BadUrl),
    /// Less than heartbeats can show.
    #[error("max_staleness_s is {0}: at least 5 s, since heartbeats come every 2 s")]
    Staleness(u64),
    /// The folder for saved state cannot be used.
    #[error("state_dir: {0}")]
    StateDir(#[source] io::Error),
    /// The HTTP client cannot be built, for example since the CA is not readable.
    #[error("HTTP client: {0}")]
    Http(String),
}

/// A verifier in the making. Made by [`Verifier::builder`].
#[must_use]
pub struct Builder {
    issuer: String,
    audiences: Vec<String>,
    accept_jwt_type: bool,
    algorithms: Vec<Algorithm>,
    leeway_s: u64,
    realm: Option<String>,
    published_scopes: Option<Vec<String>>,
    choice: Choice,
    state_dir: Option<PathBuf>,
    cache_at_most: usize,
    allow_plain_http: bool,
    clock: Arc<dyn Clock>,
    timing: Timing,
    transport: Option<Arc<dyn Transport>>,
    #[cfg(feature = "fetch")]
    http: reqwest::ClientBuilder,
    #[cfg(feature = "fetch")]
    ca_pem: Option<Vec<u8>>,
}

impl Builder {
    pub(crate) fn new(issuer: String, audience: String) -> Self {
        Self {
            issuer,
            audiences: vec![audience],
            accept_jwt_type: false,
            algorithms: Algorithm::ALL.to_vec(),
            leeway_s: 30,
            realm: None,
            published_scopes: None,
            choice: Choice {
                revocations: Revocations::default(),
                when_stale: WhenStale::default(),
                max_staleness_s: 3600,
            },
            state_dir: None,
            cache_at_most: 10_000,
            allow_plain_http: false,
            clock: Arc::new(SystemClock),
            timing: Timing::default(),
            transport: None,
            #[cfg(feature = "fetch")]
            http: reqwest::Client::builder().user_agent(USER_AGENT),
            #[cfg(feature = "fetch")]
            ca_pem: None,
        }
    }

    /// Also accepts tokens for this audience.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Also accepts tokens with `typ: JWT`, for issuers that write it into access tokens. A
    /// knowing loosening of RFC 9068 §4.
    pub fn accept_jwt_type(self, accept: bool) -> Self {
        Self { accept_jwt_type: accept, ..self }
    }

    /// Accepts these algorithms only; all three unless set.
    pub fn algorithms(self, algorithms: &[Algorithm]) -> Self {
        Self { algorithms: algorithms.to_vec(), ..self }
    }

    /// Forgives clocks that are apart by this many seconds; 30 unless set, 300 at most.
    pub fn leeway_s(self, leeway_s: u64) -> Self {
        Self { leeway_s, ..self }
    }

    /// The realm of challenges (RFC 9110 §11.5); the first audience unless set.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        Self { realm: Some(realm.into()), ..self }
    }

    /// Names the API's metadata (RFC 9728) in every challenge, with these scopes in it: whoever
    /// has no token reads there who issues them. The API must then serve what
    /// [`Verifier::resource_metadata`] returns, most easily by its
    /// [`layer`](crate::ResourceMetadata::layer). Works if the first audience is an http or https
    /// URL at which the API is really reached.
    pub fn publish_metadata<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes = scopes.into_iter().map(Into::into).collect();
        Self { published_scopes: Some(scopes), ..self }
    }

    /// Whether the issuer must have a revocation feed.
    pub fn revocations(mut self, revocations: Revocations) -> Self {
        self.choice.revocations = revocations;
        self
    }

    /// For how long, in seconds, the verifier works on after its last sign of the feed; one hour
    /// unless set. Until then an outage of the issuer is loud, but stops nothing.
    pub fn max_staleness_s(mut self, max_staleness_s: u64) -> Self {
        self.choice.max_staleness_s = max_staleness_s;
        self
    }

    /// What happens after that.
    pub fn when_stale(mut self, when_stale: WhenStale) -> Self {
        self.choice.when_stale = when_stale;
        self
    }

    /// Saves the last keys and the last feed in this folder, so that the verifier starts without
    /// its issuer. Whoever can write there can forge tokens: guard it as the program itself.
    pub fn state_dir(self, folder: impl Into<PathBuf>) -> Self {
        Self { state_dir: Some(folder.into()), ..self }
    }

    /// Caches the verified claims of at most so many tokens; 10,000 unless set, about 2 KB each.
    pub fn cache_at_most(self, tokens: usize) -> Self {
        Self { cache_at_most: tokens, ..self }
    }

    /// Fetches keys over plain HTTP too, in a network that protects by other means. Whoever can
    /// change what is on the way can then forge tokens.
    pub fn allow_plain_http(self, allow: bool) -> Self {
        Self { allow_plain_http: allow, ..self }
    }

    /// Tells the time; for tests.
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Limits of patience with the network.
    pub fn timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// Fetches by another HTTP client than reqwest.
    pub fn transport(self, transport: impl Transport) -> Self {
        Self { transport: Some(Arc::new(transport)), ..self }
    }

    /// Trusts these certificates (PEM) alone when it fetches from the issuer.
    #[cfg(feature = "fetch")]
    pub fn ca_pem(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { ca_pem: Some(pem.into()), ..self }
    }

    /// Fetches by this client: proxies, client certificates and CAs are yours, redirects are
    /// always off.
    #[cfg(feature = "fetch")]
    pub fn http(self, http: reqwest::ClientBuilder) -> Self {
        Self { http, ..self }
    }

    /// Starts the tasks that fetch keys and read the feed, on the tokio runtime of the caller,
    /// and waits a moment for their first success. Succeeds also when the issuer is away: then
    /// saved state serves, or the answer is 503 until the issuer is back.
    ///
    /// # Errors
    /// [`StartError`], for choices that cannot work.
    pub async fn start(self) -> Result<Verifier, StartError> {
        let demands = Demands {
            issuer: self.issuer.clone(),
            accept_jwt_type: self.accept_jwt_type,
            algorithms: self.algorithms.clone(),
            leeway_s: self.leeway_s,
            realm: self.realm.clone(),
            published_scopes: self.published_scopes.clone(),
        };
        let policy: Policy = demands.policy(self.audiences.clone())?;
        let issuer = Issuer::new(&self.issuer, self.allow_plain_http)?;
        if self.choice.max_staleness_s < BLIND_S {
            return Err(StartError::Staleness(self.choice.max_staleness_s));
        }
        let saved = match &self.state_dir {
            None => None,
            Some(folder) => {
                let saved = Saved::open(folder, &self.issuer).map_err(StartError::StateDir)?;
                Some(Arc::new(saved))
            }
        };
        let (choice, cache_at_most) = (self.choice, self.cache_at_most);
        let (clock, timing) = (self.clock.clone(), self.timing.clone());
        let transport = self.into_transport()?;
        let parts =
            Parts { demands, issuer, choice, cache_at_most, clock, timing, transport, saved };
        Ok(Verifier::start(parts, policy).await)
    }

    #[cfg(feature = "fetch")]
    fn into_transport(self) -> Result<Arc<dyn Transport>, StartError> {
        if let Some(transport) = self.transport {
            return Ok(transport);
        }
        let described = |e: reqwest::Error| StartError::Http(e.to_string());
        let mut http = self.http;
        if let Some(pem) = &self.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(described)?;
            http = http.tls_certs_only(certificates);
        }
        let loopback = crate::metadata::is_on_loopback(&self.issuer);
        let transport = crate::fetch::over_reqwest::OverReqwest::new(http, loopback);
        Ok(Arc::new(transport.map_err(described)?))
    }

    #[cfg(not(feature = "fetch"))]
    fn into_transport(self) -> Result<Arc<dyn Transport>, StartError> {
        let missing = "without the feature `fetch` a transport must be given";
        self.transport.ok_or_else(|| StartError::Http(missing.to_owned()))
    }
}
