//! Reads the file of a gateway: settings and routes. Pure: text in, values or the first mistake
//! out, with its line. What is not understood is refused, so that no rule is silently left out.

use std::{net::SocketAddr, path::PathBuf};

use http::Method;
use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::{Route, Rules};
use crate::{
    pattern::Pattern,
    settings::{self, Settings},
};

/// Why a file cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadFile {
    line: usize,
    problem: String,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    issuer: Option<String>,
    audience: Option<String>,
    listen: SocketAddr,
    metrics_listen: SocketAddr,
    trusted_proxies: Vec<IpNet>,
    state_dir: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    allow_plain_http: bool,
    accept_jwt_type: bool,
    max_staleness_s: u64,
    when_stale: settings::WhenStale,
    leeway_s: u64,
    upstream: Option<Spanned<String>>,
    upstream_ca_file: Option<PathBuf>,
    upstream_timeout_s: u64,
    pass_authorization: bool,
    connections_at_most: usize,
    header_timeout_s: u64,
    shutdown_grace_s: u64,
    route: Vec<Spanned<RouteTable>>,
}

impl Default for File {
    fn default() -> Self {
        let Settings {
            issuer,
            listen,
            metrics_listen,
            trusted_proxies,
            state_dir,
            ca_file,
            allow_plain_http,
            accept_jwt_type,
            max_staleness_s,
            when_stale,
            leeway_s,
            upstream: _,
            upstream_ca_file,
            upstream_timeout_s,
            pass_authorization,
            connections_at_most,
            header_timeout_s,
            shutdown_grace_s,
        } = Settings::default();
        Self {
            issuer,
            audience: None,
            listen,
            metrics_listen,
            trusted_proxies,
            state_dir,
            ca_file,
            allow_plain_http,
            accept_jwt_type,
            max_staleness_s,
            when_stale,
            leeway_s,
            upstream: None,
            upstream_ca_file,
            upstream_timeout_s,
            pass_authorization,
            connections_at_most,
            header_timeout_s,
            shutdown_grace_s,
            route: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteTable {
    path: String,
    #[serde(default)]
    methods: Option<Vec<String>>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    audience: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    anonymous: bool,
}

/// Reads settings and rules.
pub(crate) fn read(text: &str) -> Result<(Settings, Rules), BadFile> {
    let at = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|why| {
        let line = why.span().map_or(1, |span| at(span.start));
        BadFile { line, problem: why.message().to_owned() }
    })?;
    let mut routes: Vec<Route> = Vec::new();
    for table in &file.route {
        let line = at(table.span().start);
        let wrong = |problem: String| BadFile { line, problem };
        let route = route(table.get_ref(), file.audience.as_deref(), line).map_err(wrong)?;
        if let Some(first) = routes.iter().find(|first| first.covers(&route)) {
            let (pattern, first) = (&route.pattern, first.line);
            return Err(wrong(format!(
                "the route {pattern} never decides, since the one of line {first} takes all that \
                 it takes: put the narrower one first"
            )));
        }
        routes.push(route);
    }
    if routes.is_empty() {
        let problem = "there is no [[route]], so nothing would get through".to_owned();
        return Err(BadFile { line: at(text.len()), problem });
    }
    let upstream = file.upstream.as_ref().map(|url| {
        let wrong = |problem: String| BadFile { line: at(url.span().start), problem };
        url.get_ref().parse().map_err(|why| wrong(format!("upstream: {why}")))
    });
    let settings = Settings {
        issuer: file.issuer,
        listen: file.listen,
        metrics_listen: file.metrics_listen,
        trusted_proxies: file.trusted_proxies,
        state_dir: file.state_dir,
        ca_file: file.ca_file,
        allow_plain_http: file.allow_plain_http,
        accept_jwt_type: file.accept_jwt_type,
        max_staleness_s: file.max_staleness_s,
        when_stale: file.when_stale,
        leeway_s: file.leeway_s,
        upstream: upstream.transpose()?,
        upstream_ca_file: file.upstream_ca_file,
        upstream_timeout_s: file.upstream_timeout_s,
        pass_authorization: file.pass_authorization,
        connections_at_most: file.connections_at_most,
        header_timeout_s: file.header_timeout_s,
        shutdown_grace_s: file.shutdown_grace_s,
    };
    settings.validate().map_err(|(name, problem)| {
        let named = |line: &str| line.trim_start().starts_with(name);
        let line = text.lines().position(named).map_or(1, |index| index + 1);
        BadFile { line, problem }
    })?;
    Ok((settings, Rules::new(routes)))
}

fn route(table: &RouteTable, audience: Option<&str>, line: usize) -> Result<Route, String> {
    let path = &table.path;
    let pattern = Pattern::parse(path).map_err(|why| format!("path {path:?}: {why}"))?;
    let methods = match &table.methods {
        None => Vec::new(),
        Some(none) if none.is_empty() => {
            return Err("methods is empty: leave it out, or name some".to_owned());
        }
        Some(methods) => methods.iter().map(|name| method(name)).collect::<Result<_, _>>()?,
    };
    if let Some(host) = &table.host
        && (host.is_empty() || host.contains(['/', '*', ' ']) || super::without_port(host) != host)
    {
        return Err(format!("host {host:?}: a name as in api.example.com, without port"));
    }
    let audience = table.audience.as_deref().or(audience).filter(|audience| !audience.is_empty());
    let audience = audience.ok_or(
        "there is no audience: say for which API tokens must be, by `audience` here or at the top",
    )?;
    for scope in &table.scopes {
        // RFC 6749 §3.3.
        let good = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scope.is_empty() || !scope.bytes().all(good) {
            return Err(format!("scope {scope:?}: one word of letters, digits and signs each"));
        }
    }
    if table.anonymous && !table.scopes.is_empty() {
        return Err("a route is for anybody (anonymous), or asks for scopes: not both".to_owned());
    }
    Ok(Route {
        line,
        pattern,
        methods,
        host: table.host.clone(),
        audience: audience.to_owned(),
        scopes: table.scopes.clone(),
        anonymous: table.anonymous,
    })
}

fn method(name: &str) -> Result<Method, String> {
    let method: Method =
        name.parse().map_err(|_| format!("method {name:?}: there is no such method"))?;
    if name.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(format!("method {name:?}: methods are written in capitals"));
    }
    if matches!(method, Method::CONNECT | Method::TRACE) {
        return Err(format!("method {name:?}: is never let through"));
    }
    Ok(method)
}
