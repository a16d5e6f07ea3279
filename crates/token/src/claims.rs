//! The claims of an access token (RFC 9068 §2.2): how the issuer writes them and how everybody
//! reads them. A claim of the wrong JSON type is invalid and never counts as absent; whether the
//! claims are acceptable to an API is decided in `verify`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{
    Rejection,
    json::{self, Strict, Text},
    rejection::clip,
};

/// The latest second of the year 9999: a later date is milliseconds taken for seconds.
const LATEST_S: u64 = 253_402_300_799;

/// The claims of a token. They are as trustworthy as the signature that was checked before.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// Who issued the token. Not empty, like the other identifiers here.
    pub iss: String,
    /// Whom it is for: one or more.
    pub aud: Vec<String>,
    /// Whom it speaks for; the `client_id`, when no person is involved.
    pub sub: String,
    /// The credential that fetched it.
    pub client_id: String,
    /// When it was issued, in Unix seconds; a fraction is rounded down, so that "issued before"
    /// kills rather one too many.
    pub iat: u64,
    /// When it ends, in Unix seconds; a fraction is rounded down.
    pub exp: u64,
    /// When it begins, in Unix seconds; a fraction is rounded up.
    pub nbf: Option<u64>,
    /// The token's own name.
    pub jti: String,
    /// The scopes with blanks between; empty when the claim is absent.
    pub scope: String,
    /// `gen`: the generation of the credential under which it was minted.
    pub generation: Option<u32>,
    /// `org`: the organization that owns the credential.
    pub organization: Option<String>,
    /// All other claims, as they came.
    pub extra: Map<String, Value>,
}

impl Claims {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`Rejection::BadClaim`], and [`Rejection::Bound`] for a token with `cnf`.
    pub fn parse(payload: &[u8]) -> Result<Self, Rejection> {
        let mut reading = "payload";
        let mut json = serde_json::Deserializer::from_slice(payload);
        let read = ReadClaims { reading: &mut reading }.deserialize(&mut json).and_then(|read| {
            json.end()?;
            Ok(read)
        });
        // What serde says quotes the value with escapes, so it may go into the log.
        read.map_err(|e| bad(reading, &e.to_string()))?.finish()
    }

    /// Whether `scope` is one of the granted scopes (RFC 6749 §3.3: case matters).
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.scope.split(' ').any(|one| one == scope)
    }
}

/// The claims of a token to be signed. The order of the members never changes, so tokens compress
/// and compare well; an empty scope and absent options are left out.
#[derive(Clone, Copy, Debug)]
pub struct Minted<'a> {
    /// The issuer's URL.
    pub iss: &'a str,
    /// The audience of the one API that the token is for.
    pub aud: &'a str,
    /// The same as `client_id`, as long as only credentials get tokens.
    pub sub: &'a str,
    /// The credential.
    pub client_id: &'a str,
    /// Now, in Unix seconds, rounded down.
    pub iat: u64,
    /// The end, in Unix seconds.
    pub exp: u64,
    /// The token's own name, unguessable and never used twice.
    pub jti: &'a str,
    /// The granted scopes with blanks between.
    pub scope: &'a str,
    /// The generation of the secret that was used.
    pub generation: Option<u32>,
    /// The organization of the credential.
    pub organization: Option<&'a str>,
}

impl Minted<'_> {
    /// Appends the JSON to `out`. Written by hand: to go through a serializer would cost ten times
    /// as much, and every token pays it.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.reserve(512);
        let mut members = Members(out);
        members.text("{\"iss\":", self.iss);
        members.text(",\"aud\":", self.aud);
        members.text(",\"sub\":", self.sub);
        members.text(",\"client_id\":", self.client_id);
        members.number(",\"iat\":", self.iat);
        members.number(",\"exp\":", self.exp);
        members.text(",\"jti\":", self.jti);
        if !self.scope.is_empty() {
            members.text(",\"scope\":", self.scope);
        }
        if let Some(generation) = self.generation {
            members.number(",\"gen\":", generation.into());
        }
        if let Some(organization) = self.organization {
            members.text(",\"org\":", organization);
        }
        out.push(b'}');
    }
}

/// The members of an object that is being written.
struct Members<'a>(&'a mut Vec<u8>);

impl Members<'_> {
    fn text(&mut self, name: &str, value: &str) {
        self.0.extend_from_slice(name.as_bytes());
        // RFC 8259 §7. Without an early exit, so that the compiler looks at many bytes at once.
        let escapes = value
            .bytes()
            .fold(false, |any, byte| any | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
        if escapes {
            serde_json::to_writer(&mut *self.0, value).expect("a text into memory cannot fail");
        } else {
            self.0.push(b'"');
            self.0.extend_from_slice(value.as_bytes());
            self.0.push(b'"');
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
}

fn bad(name: &'static str, problem: &str) -> Rejection {
    Rejection::BadClaim { name, problem: clip(problem) }
}

/// Claims in the course of being read.
#[derive(Default)]
struct Read {
    iss: Option<Identifier>,
    aud: Option<Audiences>,
    sub: Option<Identifier>,
    client_id: Option<Identifier>,
    iat: Option<NumericDate>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    jti: Option<Identifier>,
    scope: Option<String>,
    generation: Option<u32>,
    organization: Option<Identifier>,
    bound: bool,
    extra: Map<String, Value>,
}

impl Read {
    fn finish(self) -> Result<Claims, Rejection> {
        if self.bound {
            return Err(Rejection::Bound);
        }
        let missing = |name| move || bad(name, "missing");
        Ok(Claims {
            iss: self.iss.ok_or_else(missing("iss"))?.0,
            aud: self.aud.ok_or_else(missing("aud"))?.0,
            sub: self.sub.ok_or_else(missing("sub"))?.0,
            client_id: self.client_id.ok_or_else(missing("client_id"))?.0,
            iat: self.iat.ok_or_else(missing("iat"))?.floor,
            exp: self.exp.ok_or_else(missing("exp"))?.floor,
            nbf: self.nbf.map(|nbf| nbf.ceil),
            jti: self.jti.ok_or_else(missing("jti"))?.0,
            scope: self.scope.unwrap_or_default(),
            generation: self.generation,
            organization: self.organization.map(|org| org.0),
            extra: self.extra,
        })
    }
}

/// Leaves in `reading` the claim at which reading stopped.
struct ReadClaims<'r> {
    reading: &'r mut &'static str,
}

impl<'de> DeserializeSeed<'de> for ReadClaims<'_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Read, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadClaims<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Read, A::Error> {
        let mut read = Read::default();
        let from = &mut from;
        while let Some(Text(name)) = from.next_key()? {
            *self.reading = known(&name);
            match *self.reading {
                "iss" => json::once(&mut read.iss, from)?,
                "aud" => json::once(&mut read.aud, from)?,
                "sub" => json::once(&mut read.sub, from)?,
                "client_id" => json::once(&mut read.client_id, from)?,
                "iat" => json::once(&mut read.iat, from)?,
                "exp" => json::once(&mut read.exp, from)?,
                "nbf" => json::once(&mut read.nbf, from)?,
                "jti" => json::once(&mut read.jti, from)?,
                "scope" => json::once(&mut read.scope, from)?,
                "gen" => json::once(&mut read.generation, from)?,
                "org" => json::once(&mut read.organization, from)?,
                other => {
                    read.bound |= other == "cnf";
                    let Strict(value) = from.next_value()?;
                    if read.extra.insert(name.into_owned(), value).is_some() {
                        return Err(json::duplicate());
                    }
                }
            }
            *self.reading = "payload";
        }
        Ok(read)
    }
}

/// The claims with rules of their own, by name.
fn known(name: &str) -> &'static str {
    match name {
        "iss" => "iss",
        "aud" => "aud",
        "sub" => "sub",
        "client_id" => "client_id",
        "iat" => "iat",
        "exp" => "exp",
        "nbf" => "nbf",
        "jti" => "jti",
        "scope" => "scope",
        "gen" => "gen",
        "org" => "org",
        "cnf" => "cnf",
        _ => "payload",
    }
}

/// A string that is not empty.
struct Identifier(String);

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text.is_empty() {
            return Err(D::Error::custom("empty"));
        }
        Ok(Self(text))
    }
}

/// RFC 7519 §4.1.3: a string or an array of strings. An empty array is nobody.
struct Audiences(Vec<String>);

impl<'de> Deserialize<'de> for Audiences {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Audiences;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }
            fn visit_str<E>(self, one: &str) -> Result<Audiences, E> {
                Ok(Audiences(vec![one.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Audiences, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = from.next_element()? {
                    all.push(one);
                }
                if all.is_empty() {
                    return Err(A::Error::custom("an empty array"));
                }
                Ok(Audiences(all))
            }
        }
        from.deserialize_any(OneOrMore)
    }
}

/// RFC 7519 §2: seconds since 1970, perhaps with a fraction.
struct NumericDate {
    floor: u64,
    ceil: u64,
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct ADate;
        impl Visitor<'_> for ADate {
            type Value = NumericDate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds from 1970 to 9999")
            }
            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                if seconds > LATEST_S {
                    return Err(E::invalid_value(serde::de::Unexpected::Unsigned(seconds), &self));
                }
                Ok(NumericDate { floor: seconds, ceil: seconds })
            }
            fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<NumericDate, E> {
                // Also refuses what is not a number at all.
                if !(0.0..=LATEST_S as f64).contains(&seconds) {
                    return Err(E::invalid_value(serde::de::Unexpected::Float(seconds), &self));
                }
                Ok(NumericDate { floor: seconds.floor() as u64, ceil: seconds.ceil() as u64 })
            }
        }
        from.deserialize_any(ADate)
    }
}

#[cfg(test)]
mod tests;
