//! jsonwebtoken: Rust's usual one. Its users fetch the keys.

use std::cell::RefCell;

use hallpass_interop::Trouble;
use hallpass_interop::verifying::{Verdict, table};
use hallpass_interop::world::{World, plain};
use serde_json::Value;
// example
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};

fn verified(
    keys: &JwkSet, // from the JWKS, by serde_json
    token: &str,
    (issuer, audience): (&str, &str),
    algorithm: Algorithm,
) -> Result<TokenData<Value>, Error> {
    let header = decode_header(token)?;
    let key = header.kid.as_deref().and_then(|kid| keys.find(kid));
    let key = key.ok_or(ErrorKind::InvalidKeyFormat)?;
    if header.typ.as_deref() != Some("at+jwt") {
        return Err(ErrorKind::InvalidToken.into());
    }
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[audience]);
    rules.leeway = 0;
    decode(token, &DecodingKey::from_jwk(key)?, &rules)
}
// end

thread_local! {
    static KEYS: RefCell<JwkSet> = const { RefCell::new(JwkSet { keys: Vec::new() }) };
}

/// The keys, read again for one that is not among them.
fn keys_for(world: &World, token: &str) -> Result<JwkSet, Trouble> {
    let kid = decode_header(token)?.kid.unwrap_or_default();
    if KEYS.with_borrow(|keys| keys.find(&kid).is_none()) {
        let fresh = plain()?.get(&world.metadata.jwks_uri).send()?.json()?;
        KEYS.set(fresh);
    }
    Ok(KEYS.with_borrow(JwkSet::clone))
}

fn verify(world: &World, token: &str, audience: &str, algorithm: &str) -> Result<Verdict, Trouble> {
    let keys = keys_for(world, token)?;
    Ok(match verified(&keys, token, (&world.issuer, audience), algorithm.parse()?) {
        Ok(read) => Verdict::Good(read.claims),
        Err(error) => Verdict::Refused(error.to_string()),
    })
}

fn main() {
    hallpass_interop::run("jsonwebtoken", table(verify));
}
