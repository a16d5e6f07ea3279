//! The gateway itself: a verifier, and the rules in force. It decides about a request from what is
//! known in memory, and must never wait for anything but fresh keys.

use std::{fs, io, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use hallpass_verifier::{
    BadPolicy, Caller, Challenge, Rejection, ResourceMetadata, Verifier, WhenStale as Stale,
};
use http::HeaderMap;
use tokio_util::sync::CancellationToken;

use crate::{
    answer::Refusal,
    identity,
    metrics::Metrics,
    question::Question,
    reload,
    rules::{self, BadFile, NoRoute, Route, Rules},
    settings::{Settings, Upstream, WhenStale},
};

/// Why a gateway does not start. An issuer that is away is no reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A file cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The file of rules cannot be used.
    #[error("{}, {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The first mistake.
        why: BadFile,
    },
    /// The verifier does not start.
    #[error(transparent)]
    Verifier(#[from] hallpass_verifier::StartError),
    /// An audience is no protection.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
    /// TLS to the upstream cannot be spoken.
    #[error("TLS: {0}")]
    Tls(String),
    /// An address cannot be had.
    #[error("cannot listen on {address}: {why}; is another process listening there?")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        why: io::Error,
    },
}

/// How a gateway is started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The file with settings and rules.
    pub file: PathBuf,
    /// Whose tokens are taken, if the file does not say.
    pub issuer: String,
    /// In place of what the file says.
    pub upstream: Option<Upstream>,
    /// In place of what the file says.
    pub listen: Option<std::net::SocketAddr>,
    /// In place of what the file says.
    pub metrics_listen: Option<std::net::SocketAddr>,
    /// How often the file is looked at.
    pub look: std::time::Duration,
}

impl Options {
    /// With what the file says, and tokens of `issuer` if it does not say.
    pub fn new(file: impl Into<PathBuf>, issuer: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            issuer: issuer.into(),
            upstream: None,
            listen: None,
            metrics_listen: None,
            look: std::time::Duration::from_secs(1),
        }
    }

    /// Reads the file.
    pub(crate) fn read(&self) -> Result<(Settings, Rules), StartError> {
        let path = || self.file.clone();
        let text = fs::read_to_string(&self.file);
        let text = text.map_err(|why| StartError::Unreadable { path: path(), why })?;
        let read = rules::read(&text).map_err(|why| StartError::File { path: path(), why });
        let (mut settings, rules) = read?;
        settings.issuer.get_or_insert_with(|| self.issuer.clone());
        settings.upstream = self.upstream.clone().or(settings.upstream);
        settings.listen = self.listen.unwrap_or(settings.listen);
        settings.metrics_listen = self.metrics_listen.unwrap_or(settings.metrics_listen);
        Ok((settings, rules))
    }
}

/// A gateway. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    options: Options,
    settings: Settings,
    verifier: Verifier,
    in_force: ArcSwap<InForce>,
    metrics: Metrics,
    closing: CancellationToken,
    /// How the file looked before it was read.
    first_look: Option<reload::State>,
}

/// The rules that decide now.
pub(crate) struct InForce {
    rules: Rules,
    guards: Vec<Guard>,
}

/// What stands before one API.
struct Guard {
    audience: String,
    verifier: Verifier,
    metadata: Option<ResourceMetadata>,
}

/// A request that gets through.
pub(crate) struct Admitted {
    /// Who calls, for the API behind.
    pub(crate) headers: HeaderMap,
    /// None: anybody may.
    pub(crate) caller: Option<Known>,
}

/// A caller, and who can say whether the token is still good.
pub(crate) struct Known {
    caller: Caller,
    verifier: Verifier,
}

impl Known {
    pub(crate) fn is_alive(&self) -> bool {
        self.verifier.recheck(&self.caller).is_ok()
    }
}

/// Why a request does not, with the rules that said so.
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    in_force: Arc<InForce>,
    audience: Option<String>,
    scope: Option<String>,
}

impl Gateway {
    /// Reads the file, and starts a verifier. Succeeds also when the issuer is away: then saved
    /// state serves, or the answer is 503 until the issuer is back.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let first_look = reload::state(&options.file);
        let (settings, rules) = options.read()?;
        let verifier = verifier(&settings, &rules).await?;
        let in_force = ArcSwap::from_pointee(InForce::new(&verifier, &settings, rules)?);
        let (metrics, closing) = (Metrics::default(), CancellationToken::new());
        Ok(Self(Arc::new(Inner {
            options,
            settings,
            verifier,
            in_force,
            metrics,
            closing,
            first_look,
        })))
    }

    /// Begins the end: no new requests, and open ones may finish.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// Ends the verifier and saves what it knows.
    pub async fn shutdown(&self) {
        self.0.verifier.shutdown().await;
    }

    /// Its verifier.
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// What is set.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn first_look(&self) -> Option<reload::State> {
        self.0.first_look
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.0.closing
    }

    /// How many routes are in force.
    pub(crate) fn routes(&self) -> usize {
        self.0.in_force.load().rules.routes().len()
    }

    /// From now on these rules decide.
    pub(crate) fn adopt(&self, rules: Rules) -> Result<(), StartError> {
        let inner = &*self.0;
        let in_force = InForce::new(&inner.verifier, &inner.settings, rules)?;
        inner.in_force.store(Arc::new(in_force));
        Ok(())
    }

    /// The metadata document that belongs at this path (RFC 9728 §3).
    pub(crate) fn metadata_at(&self, path: &str) -> Option<ResourceMetadata> {
        let in_force = self.0.in_force.load();
        let mut known = in_force.guards.iter().filter_map(|guard| guard.metadata.as_ref());
        known.find(|metadata| metadata.path() == path).cloned()
    }

    /// Whether a request gets through.
    pub(crate) async fn decide(&self, question: Question) -> Result<Admitted, Box<Refused>> {
        let in_force = self.0.in_force.load_full();
        let refused = |refusal, route: Option<&Route>| {
            let audience = route.map(|route| route.audience.clone());
            let scope = route.map(|route| route.scopes.join(" ")).filter(|text| !text.is_empty());
            Box::new(Refused { refusal, in_force: in_force.clone(), audience, scope })
        };
        let path = question.path.map_err(|bad| refused(Refusal::Path(bad), None))?;
        let route = in_force.rules.select(&question.method, question.host.as_deref(), &path);
        let route = route.map_err(|why| match why {
            NoRoute::Unknown => refused(Refusal::NoRoute, None),
            NoRoute::OnlyByCase => refused(Refusal::PathByCase, None),
        })?;
        let of_token = |rejection| refused(Refusal::Token(rejection), Some(route));
        let header = question.authorization.map_err(of_token)?;
        if header.is_none() && route.anonymous {
            return Ok(Admitted { headers: HeaderMap::new(), caller: None });
        }
        let guard = in_force.guard(&route.audience).ok_or_else(|| {
            of_token(Rejection::Unavailable("the audience of the route has no verifier"))
        })?;
        let header = header.as_ref().map(http::HeaderValue::as_bytes);
        let checked = guard.verifier.check_scopes_async(header, &route.scopes).await;
        let caller = checked.map_err(of_token)?;
        let headers = identity::headers(&caller, &route.audience);
        let headers = headers.ok_or_else(|| refused(Refusal::NoHeader, Some(route)))?;
        let verifier = guard.verifier.clone();
        Ok(Admitted { headers, caller: Some(Known { caller, verifier }) })
    }
}

impl Refused {
    /// The challenge of the API that was asked for.
    pub(crate) fn challenge(&self) -> Challenge<'_> {
        let guard = self.audience.as_deref().and_then(|audience| self.in_force.guard(audience));
        let Some(guard) = guard else { return Challenge::default() };
        Challenge {
            scope: self.scope.as_deref(),
            resource_metadata: guard.metadata.as_ref().map(ResourceMetadata::url),
            ..guard.verifier.challenge()
        }
    }
}

impl InForce {
    fn new(verifier: &Verifier, settings: &Settings, rules: Rules) -> Result<Self, BadPolicy> {
        let issuer = settings.issuer.as_deref().unwrap_or_default();
        let guard = |audience: &str| {
            let verifier = verifier.for_audiences([audience])?;
            let metadata = ResourceMetadata::new(audience, issuer, &rules.scopes_of(audience));
            Ok(Guard { audience: audience.to_owned(), verifier, metadata })
        };
        let guards = rules.audiences().into_iter().map(guard).collect::<Result<_, _>>()?;
        Ok(Self { rules, guards })
    }

    fn guard(&self, audience: &str) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.audience == audience)
    }
}

/// Starts the verifier that all audiences share.
async fn verifier(settings: &Settings, rules: &Rules) -> Result<Verifier, StartError> {
    let issuer = settings.issuer.as_deref().unwrap_or_default();
    let first = rules.audiences().first().copied().unwrap_or_default();
    let mut builder = Verifier::builder(issuer, first)
        .accept_jwt_type(settings.accept_jwt_type)
        .allow_plain_http(settings.allow_plain_http)
        .leeway_s(settings.leeway_s)
        .max_staleness_s(settings.max_staleness_s)
        .when_stale(match settings.when_stale {
            WhenStale::FailClosed => Stale::FailClosed,
            WhenStale::FailOpen => Stale::FailOpen,
        });
    if let Some(folder) = &settings.state_dir {
        builder = builder.state_dir(folder);
    }
    if let Some(path) = &settings.ca_file {
        let pem = fs::read(path);
        let pem = pem.map_err(|why| StartError::Unreadable { path: path.clone(), why })?;
        builder = builder.ca_pem(pem);
    }
    Ok(builder.start().await?)
}
