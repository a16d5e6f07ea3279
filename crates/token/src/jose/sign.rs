//! Signing keys, and the compact JWS that they make (RFC 7515 §7.1). This is the hot path of the
//! token endpoint: a signature, its base64url, and nothing else. A private key never leaves its
//! [`SigningKey`], except once, sealed by the caller, when it is generated.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{Algorithm, Jwk, KeyError, TokenType, jwk::Material};

/// A private key, parsed once, with the headers of its tokens already encoded.
pub struct SigningKey {
    kid: String,
    public: Jwk,
    pair: Pair,
    /// Encoded headers with the dot that follows them.
    at_jwt_header: Box<str>,
    jwt_header: Box<str>,
}

enum Pair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl SigningKey {
    /// Makes a key (P-256, RSA of 2048 bits, or Ed25519) and its PKCS#8 DER, which the caller
    /// seals and stores.
    ///
    /// # Errors
    /// [`KeyError::Library`], for example when the system has no entropy.
    pub fn generate(algorithm: Algorithm) -> Result<(Self, Zeroizing<Vec<u8>>), KeyError> {
        let pkcs8 = generate_pkcs8(algorithm)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Library("generate a key"))?;
        Ok((Self::from_pkcs8(algorithm, &pkcs8)?, pkcs8))
    }

    /// Reads a PKCS#8 DER private key.
    ///
    /// # Errors
    /// [`KeyError::Invalid`] when it is not a key of this algorithm, or an RSA key of less than
    /// 2048 bits (RFC 7518 §3.3).
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let invalid = |_| KeyError::Invalid("not a PKCS#8 private key of this algorithm");
        let pair = match algorithm {
            Algorithm::Es256 => Pair::Es256(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                    .map_err(invalid)?,
            ),
            Algorithm::Rs256 => Pair::Rs256(RsaKeyPair::from_pkcs8(pkcs8).map_err(invalid)?),
            Algorithm::EdDsa => Pair::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(invalid)?),
        };
        let public = Jwk::new(None, pair.public()?)?;
        let kid = public.thumbprint();
        let header = |typ: TokenType| header(algorithm, typ.as_str(), &kid).into_boxed_str();
        let (at_jwt_header, jwt_header) = (header(TokenType::AtJwt), header(TokenType::Jwt));
        Ok(Self { public: public.named(kid.clone()), kid, pair, at_jwt_header, jwt_header })
    }

    /// The name under which the key is published: its thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The public half, to publish.
    pub fn public_jwk(&self) -> Jwk {
        self.public.clone()
    }

    /// The compact JWS over `payload`.
    ///
    /// # Errors
    /// [`KeyError::Library`] when the library fails, which no input brings about.
    pub fn sign(&self, typ: TokenType, payload: &[u8]) -> Result<String, KeyError> {
        let header = match typ {
            TokenType::AtJwt => &self.at_jwt_header,
            TokenType::Jwt => &self.jwt_header,
        };
        self.sign_after(header, payload)
    }

    /// The compact JWS over what is no access token. `typ` is its own (RFC 8725 §3.11), so that nobody
    /// takes it for one, and needs no escapes in JSON.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn sign_other(&self, typ: &'static str, payload: &[u8]) -> Result<String, KeyError> {
        self.sign_after(&header(self.algorithm(), typ, &self.kid), payload)
    }

    /// Signs under any header at all, to show that verifiers refuse it.
    #[cfg(test)]
    pub(crate) fn sign_with_header(&self, header: &str, payload: &[u8]) -> String {
        self.sign_after(&(URL_SAFE_NO_PAD.encode(header) + "."), payload).unwrap()
    }

    fn sign_after(&self, header: &str, payload: &[u8]) -> Result<String, KeyError> {
        let encoded_len = |len: usize| len.div_ceil(3) * 4;
        let capacity =
            header.len() + encoded_len(payload.len()) + 1 + encoded_len(self.pair.signature_len());
        let mut token = String::with_capacity(capacity);
        token.push_str(header);
        base64url::LONG.encode_string(payload, &mut token);
        self.pair.sign_onto(&mut token).map_err(|_| KeyError::Library("sign"))?;
        Ok(token)
    }
}

/// The encoded header, with the dot that follows it. Base64url and names of algorithms need no
/// escapes.
fn header(algorithm: Algorithm, typ: &str, kid: &str) -> String {
    let json = format!(r#"{{"alg":"{algorithm}","typ":"{typ}","kid":"{kid}"}}"#);
    URL_SAFE_NO_PAD.encode(json) + "."
}

impl Pair {
    fn public(&self) -> Result<Material, KeyError> {
        let unreadable = KeyError::Invalid("its public half is unreadable");
        match self {
            Self::Es256(pair) => match pair.public_key().as_ref() {
                // SEC 1 §2.3.3: 0x04, x, y.
                [0x04, point @ ..] if point.len() == 64 => {
                    let (mut x, mut y) = ([0; 32], [0; 32]);
                    x.copy_from_slice(&point[..32]);
                    y.copy_from_slice(&point[32..]);
                    Ok(Material::Ec { x, y })
                }
                _ => Err(unreadable),
            },
            Self::Rs256(pair) => {
                let public = pair.public_key();
                Ok(Material::Rsa {
                    n: public.modulus().big_endian_without_leading_zero().to_vec(),
                    e: public.exponent().big_endian_without_leading_zero().to_vec(),
                })
            }
            Self::EdDsa(pair) => {
                let x = pair.public_key().as_ref().try_into().map_err(|_| unreadable)?;
                Ok(Material::Okp { x })
            }
        }
    }

    fn signature_len(&self) -> usize {
        match self {
            Self::Es256(_) | Self::EdDsa(_) => 64,
            Self::Rs256(pair) => pair.public_modulus_len(),
        }
    }

    /// Signs what `token` holds and appends a dot and the signature.
    fn sign_onto(&self, token: &mut String) -> Result<(), aws_lc_rs::error::Unspecified> {
        let message = token.as_bytes();
        match self {
            Self::Es256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message)?;
                append(token, signature.as_ref());
            }
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
                append(token, &signature);
            }
            Self::EdDsa(pair) => {
                let signature = pair.try_sign(message)?;
                append(token, signature.as_ref());
            }
        }
        Ok(())
    }
}

/// base64url as fast as this processor can: eight times as fast for a payload, where it has the
/// instructions. Nothing shorter gains by it.
mod base64url {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    pub(super) static LONG: std::sync::LazyLock<base64::engine::Simd> =
        std::sync::LazyLock::new(|| {
            base64::engine::Simd::url_safe(base64::engine::general_purpose::NO_PAD)
        });

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) use base64::engine::general_purpose::URL_SAFE_NO_PAD as LONG;
}

fn append(token: &mut String, signature: &[u8]) {
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, token);
}

/// PKCS#8 version 1, the form that every other tool reads too.
fn generate_pkcs8(algorithm: Algorithm) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    Ok(match algorithm {
        Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?
            .to_pkcs8v1()?
            .as_ref()
            .to_vec(),
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?.as_ref().to_vec()
        }
        Algorithm::EdDsa => Ed25519KeyPair::generate()?.to_pkcs8v1()?.as_ref().to_vec(),
    })
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("alg", &self.algorithm())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
