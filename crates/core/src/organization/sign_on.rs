//! Single sign-on: members sign in at the organization's own OpenID Connect provider. Operators
//! set it up, since whoever names a domain vouches for every address in it.

use serde::{Deserialize, Serialize};

use crate::{email::Email, permission::Role, vault::Sealed};

/// How many domains an organization may have.
pub const DOMAINS_AT_MOST: usize = 20;

/// An organization's provider.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SignOn {
    /// The provider's issuer.
    pub issuer: ProviderIssuer,
    /// Who we are to the provider.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: Sealed,
    /// The domains whose people sign in there.
    pub domains: Vec<Domain>,
    /// What somebody becomes who signs in for the first time.
    pub default_role: Role,
}

impl SignOn {
    /// Checks what the types cannot.
    pub fn validate(&self) -> Result<(), BadSignOn> {
        if self.client_id.is_empty() || self.client_id.len() > 500 {
            return Err(BadSignOn::ClientId);
        }
        if self.domains.is_empty() || self.domains.len() > DOMAINS_AT_MOST {
            return Err(BadSignOn::Domains);
        }
        // Owners are named by owners.
        if self.default_role == Role::Owner {
            return Err(BadSignOn::Owner);
        }
        Ok(())
    }

    /// Whether the provider may vouch for this address.
    pub fn vouches_for(&self, email: &Email) -> bool {
        self.domains.iter().any(|domain| domain.0 == email.domain())
    }
}

/// Why single sign-on cannot be set up like this.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadSignOn {
    /// Without it no provider knows us.
    #[error("the client id has 1 to 500 characters")]
    ClientId,
    /// None, or more than anybody needs.
    #[error("name 1 to {DOMAINS_AT_MOST} domains")]
    Domains,
    /// Owners are named by owners.
    #[error("nobody becomes owner by signing in; choose another role")]
    Owner,
}

/// Why a text is no issuer of a provider.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a provider's issuer is an https URL without login, query and fragment")]
pub struct BadIssuer;

/// The issuer of an OpenID Connect provider (Discovery 1.0, §2): https, or http on loopback, to try
/// things out.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderIssuer(String);

impl ProviderIssuer {
    /// As the provider writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl TryFrom<String> for ProviderIssuer {
    type Error = BadIssuer;

    fn try_from(text: String) -> Result<Self, BadIssuer> {
        let rest = match text.split_once("://") {
            Some(("https", rest)) => rest,
            Some(("http", rest)) => {
                let host = rest.split(['/', ':']).next().unwrap_or_default();
                if !matches!(host, "127.0.0.1" | "localhost") {
                    return Err(BadIssuer);
                }
                rest
            }
            _ => return Err(BadIssuer),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%".contains(c);
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        if host.is_empty() || text.len() > 500 || !rest.chars().all(plain) {
            return Err(BadIssuer);
        }
        Ok(Self(text))
    }
}

impl std::str::FromStr for ProviderIssuer {
    type Err = BadIssuer;

    fn from_str(text: &str) -> Result<Self, BadIssuer> {
        text.to_owned().try_into()
    }
}

impl From<ProviderIssuer> for String {
    fn from(issuer: ProviderIssuer) -> Self {
        issuer.0
    }
}

/// Why a text is no domain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a domain is the part of an e-mail address after the @, such as example.com")]
pub struct BadDomain;

/// A domain of e-mail addresses, in lower case.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Domain {
    type Error = BadDomain;

    fn try_from(text: String) -> Result<Self, BadDomain> {
        // An address with this domain must be one.
        let email: Email = format!("x@{}", text.trim()).parse().map_err(|_| BadDomain)?;
        let domain = email.domain();
        if domain.contains('.') { Ok(Self(domain)) } else { Err(BadDomain) }
    }
}

impl std::str::FromStr for Domain {
    type Err = BadDomain;

    fn from_str(text: &str) -> Result<Self, BadDomain> {
        text.to_owned().try_into()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_reached_by_tls_or_on_this_machine() {
        for (text, ok) in [
            ("https://login.example.com", true),
            ("https://login.example.com:8443/tenant/v2.0", true),
            ("http://127.0.0.1:3000", true),
            ("http://localhost:3000/", true),
            ("http://login.example.com", false),
            ("http://127.0.0.1.evil.example", false),
            ("https://user@login.example.com", false),
            ("https://login.example.com?x", false),
            ("https://login.example.com#x", false),
            ("https://", false),
            ("ftp://login.example.com", false),
            ("login.example.com", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<ProviderIssuer>().is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn a_provider_vouches_for_its_own_domains_alone() {
        let sign_on = SignOn {
            issuer: "https://login.example.com".parse().unwrap(),
            client_id: "hallpass".to_owned(),
            client_secret: Sealed::presented("x"),
            domains: vec!["Example.com".parse().unwrap()],
            default_role: Role::Developer,
        };
        for (email, wanted) in [
            ("ada@example.com", true),
            ("Ada@EXAMPLE.com", true),
            ("ada@sub.example.com", false),
            ("ada@example.com.evil.example", false),
            ("ada@notexample.com", false),
        ] {
            assert_eq!(sign_on.vouches_for(&email.parse().unwrap()), wanted, "{email}");
        }
        assert_eq!(sign_on.validate(), Ok(()));
        let of_owners = SignOn { default_role: Role::Owner, ..sign_on.clone() };
        assert_eq!(of_owners.validate(), Err(BadSignOn::Owner));
        let nowhere = SignOn { domains: Vec::new(), ..sign_on };
        assert_eq!(nowhere.validate(), Err(BadSignOn::Domains));
        for text in ["", "com", "@example.com", "a b.com", "example.com/"] {
            assert!(text.parse::<Domain>().is_err(), "{text}");
        }
    }
}
