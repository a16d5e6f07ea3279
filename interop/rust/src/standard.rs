//! The cases of a client library, made of what the library does: how it fetches a token, and what
//! its errors are. It must never fetch a token by itself where the library is to be tested.

use std::collections::HashMap;
use std::rc::Rc;

use crate::world::claims;
use crate::{Case, Login, Outcome, Trouble, World, expect, expect_equal, not_supported};

/// How the secret is sent.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
}

/// What a library tells of the answer.
pub struct Answer {
    /// The token.
    pub token: String,
    /// How long it lives, if the library tells.
    pub expires_in_s: Option<u64>,
    /// What was granted, if the library tells.
    pub scope: Option<String>,
}

/// A token, or the code of the library's own error.
pub enum Fetched {
    /// It came.
    Token(Answer),
    /// It was refused.
    Refused(String),
}

/// Fetches a token by the library: where, for whom, how, and what else is sent.
pub type Fetch = fn(&World, &Login, Way, &[(&str, &str)]) -> Result<Fetched, Trouble>;

const REASONS: [(&str, &str); 11] = [
    ("discover-oauth", "it reads no metadata"),
    ("discover-openid", "it reads no metadata"),
    ("token-auto", "one says which way"),
    ("token-json", "it only sends forms"),
    ("token-empty-body", "it always sends grant_type"),
    ("token-http2", "reqwest speaks HTTP/2 over TLS only, unless told otherwise"),
    ("reuse", "it keeps no token"),
    ("renew", "it keeps no token"),
    ("unsupported-grant", "it names no grant but its own"),
    ("introspect", "it has no helper for introspection"),
    ("revoke-token", "it has no helper for revocation"),
];

/// All cases over `fetch`.
pub fn table(fetch: Fetch) -> HashMap<&'static str, Case> {
    let mut cases: HashMap<&'static str, Case> =
        REASONS.iter().map(|&(name, why)| (name, not_supported(why))).collect();
    let library = Rc::new(Library { fetch });
    let mut add = |name: &'static str, act: fn(&Library, &World) -> Outcome| {
        let library = Rc::clone(&library);
        cases.insert(name, Box::new(move |world: &World| act(&library, world)) as Case);
    };
    add("token-basic", |l, w| l.token(w, Way::Basic, None));
    add("token-post", |l, w| l.token(w, Way::Post, None));
    add("scope-given", |l, w| l.token(w, Way::Basic, Some("books:read")));
    add("scope-omitted", |l, w| l.token(w, Way::Basic, None));
    add("audience", |l, w| l.other_api(w, "audience"));
    add("resource", |l, w| l.other_api(w, "resource"));
    add("imported-secret", Library::imported);
    add("wrong-secret-basic", |l, w| {
        l.refused(w, "invalid_client", &w.wrong_login(), Way::Basic, &[])
    });
    add("wrong-secret-post", |l, w| {
        l.refused(w, "invalid_client", &w.wrong_login(), Way::Post, &[])
    });
    add("unknown-scope", |l, w| {
        l.refused(w, "invalid_scope", &w.login("plain"), Way::Basic, &[("scope", "books:burn")])
    });
    add("unknown-audience", |l, w| {
        let asked = [("audience", "https://no.example.com")];
        l.refused(w, "invalid_target", &w.login("plain"), Way::Basic, &asked)
    });
    add("paused", |l, w| l.refused(w, "invalid_client", &w.login("paused"), Way::Basic, &[]));
    add("call", Library::call);
    add("early-death", Library::early_death);
    add("revoke-credential", Library::revoke_credential);
    cases
}

struct Library {
    fetch: Fetch,
}

impl Library {
    fn get(
        &self,
        world: &World,
        login: &Login,
        way: Way,
        asked: &[(&str, &str)],
    ) -> Result<Answer, Trouble> {
        match (self.fetch)(world, login, way, asked)? {
            Fetched::Token(answer) => Ok(answer),
            Fetched::Refused(code) => Err(Trouble::Failed(format!("refused: {code}"))),
        }
    }

    fn token(&self, world: &World, way: Way, scope: Option<&str>) -> Outcome {
        let asked: Vec<_> = scope.map(|scope| ("scope", scope)).into_iter().collect();
        let answer = self.get(world, &world.login("plain"), way, &asked)?;
        let claims = claims(&answer.token);
        let wanted = scope.map_or_else(|| world.api.scopes.join(" "), str::to_owned);
        let told = answer.scope.as_deref().or(claims["scope"].as_str()).unwrap_or_default();
        expect_equal("scope", told, &wanted)?;
        let lives = claims["exp"].as_u64().unwrap_or(0) - claims["iat"].as_u64().unwrap_or(0);
        expect_equal("expires_in", answer.expires_in_s.unwrap_or(lives), 86_400)?;
        expect_equal("aud", claims["aud"].as_str(), Some(world.api.audience.as_str()))
    }

    fn other_api(&self, world: &World, parameter: &str) -> Outcome {
        let audience = world.other_api.audience.as_str();
        let asked = [(parameter, audience)];
        let answer = self.get(world, &world.login("several"), Way::Basic, &asked)?;
        expect_equal("aud", claims(&answer.token)["aud"].as_str(), Some(audience))
    }

    fn imported(&self, world: &World) -> Outcome {
        let login = world.login("imported");
        for way in [Way::Basic, Way::Post] {
            let answer = self.get(world, &login, way, &[])?;
            expect_equal("sub", claims(&answer.token)["sub"].as_str(), Some(login.id.as_str()))?;
        }
        Ok(())
    }

    fn refused(
        &self,
        world: &World,
        code: &str,
        login: &Login,
        way: Way,
        asked: &[(&str, &str)],
    ) -> Outcome {
        match (self.fetch)(world, login, way, asked)? {
            Fetched::Refused(found) => expect_equal("error", found.as_str(), code),
            Fetched::Token(_) => Err(Trouble::Failed(format!("no error, although {code} is due"))),
        }
    }

    fn call(&self, world: &World) -> Outcome {
        let token = self.get(world, &world.login("plain"), Way::Basic, &[])?.token;
        expect_equal("status", world.api_status(Some(&token))?, 200)?;
        expect_equal("status without token", world.api_status(None)?, 401)
    }

    fn early_death(&self, world: &World) -> Outcome {
        let login = world.login("plain");
        let token = self.get(world, &login, Way::Basic, &[])?.token;
        expect_equal("status", world.api_status(Some(&token))?, 200)?;
        world.kill(&token, &login)?;
        let next = self.get(world, &login, Way::Basic, &[])?.token;
        expect(next != token, || "the library gave the dead token again".to_owned())?;
        expect_equal("status of the next token", world.api_status(Some(&next))?, 200)
    }

    fn revoke_credential(&self, world: &World) -> Outcome {
        let login = world.login("doomed");
        let token = self.get(world, &login, Way::Basic, &[])?.token;
        expect_equal("status", world.api_status(Some(&token))?, 200)?;
        world.revoke_credential()?;
        world.refused_in_time(&token)?;
        self.refused(world, "invalid_client", &login, Way::Basic, &[])
    }
}
