//! Credentials that other servers have made.

/// Where an imported credential comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Ory Hydra: clients with the digests of their secrets.
    Hydra,
    /// Keycloak: the clients of a realm, with their secrets in the clear.
    Keycloak,
    /// Our own format of lines of JSON.
    Jsonl,
}

impl Source {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hydra => "hydra",
            Self::Keycloak => "keycloak",
            Self::Jsonl => "jsonl",
        }
    }
}
