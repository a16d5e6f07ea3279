//! The cases of libraries that verify tokens. It must never decide whether a token is good.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{encoded, header};
use crate::{Case, Outcome, Trouble, World, expect, expect_equal};

/// How often a verifier asks for a token during the rotation: all of them are the load.
const EVERY: Duration = Duration::from_millis(200);
const ROTATED_WITHIN: Duration = Duration::from_secs(120);
/// Verified after the new keys sign.
const AFTERWARDS: usize = 5;
const ALGORITHMS: [&str; 3] = ["ES256", "RS256", "EdDSA"];

/// What became of a token.
pub enum Verdict {
    /// It is good, and these are its claims.
    Good(Value),
    /// The library's own error says that it is not.
    Refused(String),
}

/// Verifies a token for an audience: the world, the token, the audience, the algorithm.
pub type Verify = fn(&World, &str, &str, &str) -> Result<Verdict, Trouble>;

/// All cases over `verify`.
pub fn table(verify: Verify) -> HashMap<&'static str, Case> {
    let library = Rc::new(Library { verify });
    let mut cases = HashMap::new();
    let mut add = |name: &'static str, act: fn(&Library, &World) -> Outcome| {
        let library = Rc::clone(&library);
        cases.insert(name, Box::new(move |world: &World| act(&library, world)) as Case);
    };
    add("verify-es256", |l, w| l.signed(w, "ES256"));
    add("verify-rs256", |l, w| l.signed(w, "RS256"));
    add("verify-eddsa", |l, w| l.signed(w, "EdDSA"));
    add("claims", Library::all_claims);
    add("other-audience", |l, w| {
        let token = w.plain_token(&w.api.audience)?;
        l.expect_refusal(w, &token, &w.other_api.audience)
    });
    add("changed-token", |l, w| {
        let token = with_changed_signature(&w.plain_token(&w.api.audience)?);
        l.expect_refusal(w, &token, &w.api.audience)
    });
    add("other-key", |l, w| {
        let token = with_other_kid(&w.plain_token(&w.api.audience)?);
        l.expect_refusal(w, &token, &w.api.audience)
    });
    add("expired", |l, w| {
        // That it is a good one but for its age, a fresh one shows.
        l.good(w, &w.plain_token(&w.short_api.audience)?, &w.short_api.audience, "ES256")?;
        l.expect_refusal(w, &w.expired_token, &w.short_api.audience)
    });
    add("wrong-type", |l, w| {
        let token = w.plain_token(&w.legacy_api.audience)?;
        l.expect_refusal(w, &token, &w.legacy_api.audience)
    });
    add("rotation", Library::rotation);
    cases
}

struct Library {
    verify: Verify,
}

impl Library {
    fn good(
        &self,
        world: &World,
        token: &str,
        audience: &str,
        algorithm: &str,
    ) -> Result<Value, Trouble> {
        match (self.verify)(world, token, audience, algorithm)? {
            Verdict::Good(claims) => Ok(claims),
            Verdict::Refused(why) => Err(Trouble::Failed(format!("a good token: {why}"))),
        }
    }

    fn expect_refusal(&self, world: &World, token: &str, audience: &str) -> Outcome {
        match (self.verify)(world, token, audience, "ES256")? {
            Verdict::Refused(_) => Ok(()),
            Verdict::Good(_) => Err(Trouble::Failed("the token was taken for good".to_owned())),
        }
    }

    fn signed(&self, world: &World, algorithm: &str) -> Outcome {
        let audience = &world.api_of(algorithm).audience;
        let token = world.plain_token(audience)?;
        let claims = self.good(world, &token, audience, algorithm)?;
        let header = header(&token);
        expect_equal("typ", header["typ"].as_str(), Some("at+jwt"))?;
        expect_equal("alg", header["alg"].as_str(), Some(algorithm))?;
        expect_equal("iss", claims["iss"].as_str(), Some(world.issuer.as_str()))
    }

    fn all_claims(&self, world: &World) -> Outcome {
        let audience = &world.api.audience;
        let claims = self.good(world, &world.plain_token(audience)?, audience, "ES256")?;
        let id = world.login("several").id;
        let scope = world.api.scopes.join(" ");
        for (name, wanted) in
            [("sub", &id), ("client_id", &id), ("scope", &scope), ("aud", audience)]
        {
            expect_equal(name, claims[name].as_str(), Some(wanted.as_str()))?;
        }
        expect(claims["jti"].is_string(), || format!("jti is {}", claims["jti"]))?;
        let lives = claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(exp, iat)| exp - iat);
        expect_equal("exp - iat", lives, Some(86_400))
    }

    fn look(&self, world: &World) -> Result<Vec<String>, Trouble> {
        let mut tokens = Vec::new();
        for algorithm in ALGORITHMS {
            let audience = &world.api_of(algorithm).audience;
            let token = world.plain_token(audience)?;
            self.good(world, &token, audience, algorithm)?;
            tokens.push(token);
        }
        Ok(tokens)
    }

    /// Verifies while the keys change, from before the first new one to after the last old one.
    fn rotation(&self, world: &World) -> Outcome {
        let first = self.look(world)?;
        std::fs::write(&world.ready_file, "")?;
        let since = Instant::now();
        while !Path::new(&world.rotated_file).exists() {
            expect(since.elapsed() < ROTATED_WITHIN, || "no rotation in time".to_owned())?;
            self.look(world)?;
            std::thread::sleep(EVERY);
        }
        let mut last = Vec::new();
        for _ in 0..AFTERWARDS {
            last = self.look(world)?;
        }
        for (at, algorithm) in ALGORITHMS.into_iter().enumerate() {
            let changed = header(&first[at])["kid"] != header(&last[at])["kid"];
            expect(changed, || format!("{algorithm}: still the same key"))?;
            self.good(world, &first[at], &world.api_of(algorithm).audience, algorithm)?;
        }
        Ok(())
    }
}

/// One character changed in the middle of the signature: the last one may hold unused bits.
fn with_changed_signature(token: &str) -> String {
    let at = token.rfind('.').expect("a JWT") + 40;
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

fn with_other_kid(token: &str) -> String {
    let mut fields = header(token);
    fields["kid"] = "unheard-of".into();
    let (_, rest) = token.split_once('.').expect("a JWT");
    format!("{}.{rest}", encoded(fields.to_string().as_bytes()))
}
