//! Which requests get through, and what for: an ordered list of routes, of which the first that
//! fits decides. What fits none is refused. No clock, no I/O: the same rules and the same request,
//! the same answer.

mod parse;

use http::Method;

pub use self::parse::BadFile;
pub(crate) use self::parse::read;
use crate::{path::Path, pattern::Pattern};

/// The routes, in the order in which they are tried.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rules {
    routes: Vec<Route>,
    /// Whether any path of them has some, which then matter for every request.
    has_capitals: bool,
}

/// What holds for some requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// Where it stands in the file.
    pub(crate) line: usize,
    pub(crate) pattern: Pattern,
    /// None: any but CONNECT and TRACE.
    pub(crate) methods: Vec<Method>,
    /// None: any.
    pub(crate) host: Option<String>,
    pub(crate) audience: String,
    /// Of which a token needs all.
    pub(crate) scopes: Vec<String>,
    /// Whether a request without a token gets through.
    pub(crate) anonymous: bool,
}

/// Why no route decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoRoute {
    /// None fits.
    Unknown,
    /// Another one would fit for a server that does not tell capitals from small letters.
    OnlyByCase,
}

impl Rules {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        let has_capitals = routes.iter().any(|route| route.pattern.has_capitals());
        Self { routes, has_capitals }
    }

    /// The routes, in order.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route that decides about a request.
    pub(crate) fn select(
        &self,
        method: &Method,
        host: Option<&str>,
        path: &Path,
    ) -> Result<&Route, NoRoute> {
        let fits = |route: &Route| route.takes(method) && route.is_at(host);
        let exact = self.routes.iter().find(|route| fits(route) && route.pattern.matches(path));
        let exact = exact.ok_or(NoRoute::Unknown)?;
        if self.has_capitals || path.has_capitals() {
            let folded =
                self.routes.iter().find(|route| fits(route) && route.pattern.matches_folded(path));
            // Routes do not repeat, so equal ones are the same.
            if folded != Some(exact) {
                return Err(NoRoute::OnlyByCase);
            }
        }
        Ok(exact)
    }

    /// The audiences of all routes, each once.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        let mut audiences: Vec<_> = self.routes.iter().map(|r| r.audience.as_str()).collect();
        audiences.sort_unstable();
        audiences.dedup();
        audiences
    }

    /// The scopes that routes of this audience ask for, each once.
    pub(crate) fn scopes_of(&self, audience: &str) -> Vec<String> {
        let own = self.routes.iter().filter(|route| route.audience == audience);
        let mut scopes: Vec<_> = own.flat_map(|route| route.scopes.iter().cloned()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

impl Route {
    fn takes(&self, method: &Method) -> bool {
        if self.methods.is_empty() {
            return !matches!(*method, Method::CONNECT | Method::TRACE);
        }
        // Frameworks answer HEAD by what they have for GET.
        let as_get = *method == Method::HEAD && self.methods.contains(&Method::GET);
        as_get || self.methods.contains(method)
    }

    fn is_at(&self, host: Option<&str>) -> bool {
        let Some(own) = &self.host else { return true };
        host.is_some_and(|host| without_port(host).eq_ignore_ascii_case(own))
    }

    /// Whether it leaves nothing to the other.
    fn covers(&self, other: &Self) -> bool {
        let takes_all = if other.methods.is_empty() {
            self.methods.is_empty()
        } else {
            other.methods.iter().all(|method| self.takes(method))
        };
        let everywhere = self.host.is_none() || self.host == other.host;
        takes_all && everywhere && self.pattern.covers(&other.pattern)
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        let methods = match self.methods.as_slice() {
            [] => "any method".to_owned(),
            methods => methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", "),
        };
        let host = self.host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default();
        let (pattern, audience) = (&self.pattern, &self.audience);
        let needs = match (self.anonymous, self.scopes.as_slice()) {
            (true, _) => format!("anybody; a token, if one comes, must be for {audience}"),
            (false, []) => format!("a token for {audience}"),
            (false, scopes) => format!("a token for {audience} with {}", scopes.join(" and ")),
        };
        format!("{methods} {pattern}{host}: {needs}")
    }
}

/// A `Host` without its port; addresses of IPv6 stand in brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests;
