//! Where the database is and how it is spoken to, from a URL as libpq knows it. The password in it
//! must never be shown.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};

use crate::StoreError;

/// How a store connects. Times are bounds, not wishes.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections at most; three at least: one writes, one polls, the others read.
    pub connections_at_most: usize,
    /// For one statement.
    pub statement_timeout: Duration,
    /// For a connection to be made, and for one that is free to be found.
    pub connect_timeout: Duration,
    /// Whose certificates are believed, in PEM; without, those that the system believes.
    pub root_cert: Option<PathBuf>,
    /// The file that holds the password; it beats one in the URL.
    pub password_file: Option<PathBuf>,
}

impl Default for Options {
    /// Ten connections, ten seconds for a statement, five to connect.
    fn default() -> Self {
        Self {
            connections_at_most: 10,
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            root_cert: None,
            password_file: None,
        }
    }
}

/// The URL of a PostgreSQL database.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) is_encrypted: bool,
    /// From `sslrootcert`.
    pub(super) root_cert: Option<PathBuf>,
}

impl Address {
    /// Whether a text is such a URL, rather than a path.
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Whether nobody on the way can listen: it is encrypted, or does not leave the machine.
    pub fn is_private(&self) -> bool {
        let stays = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        self.is_encrypted || self.config.get_hosts().iter().all(stays)
    }
}

impl FromStr for Address {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        // Nothing of the text is quoted: it holds a password.
        let refused = |why: &str| StoreError::Unusable {
            database: "the database's URL".to_owned(),
            why: why.to_owned(),
        };
        if !Self::is_one(text) {
            return Err(refused("it does not begin with postgres://"));
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut mode, mut root_cert, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => root_cert = Some(PathBuf::from(value)),
                _ => rest.push(pair),
            }
        }
        let config = format!("{base}?{}", rest.join("&")).parse::<Config>();
        let mut config = config.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            refused(&cause.unwrap_or_else(|| error.to_string()))
        })?;
        let is_local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let is_encrypted = match mode {
            None => !is_local,
            Some("disable") => false,
            Some("require" | "verify-full") => true,
            Some(_) => {
                return Err(refused(
                    "sslmode must be verify-full, or disable; anything between the two protects \
                     from nobody",
                ));
            }
        };
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        // A standby answers reads, too, but of a while ago, and would be believed to be fresh.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("hallpass");
        }
        Ok(Self { config, is_encrypted, root_cert })
    }
}

/// Hosts, ports and the database's name. Neither user nor password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        f.write_str("postgres://")?;
        for (place, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{comma}{}:{port}", folder.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_shown_without_their_password() {
        for (text, shown, is_encrypted) in [
            ("postgres://db.example/hallpass", "postgres://db.example:5432/hallpass", true),
            ("postgresql://me:s3cret@a,b:7/x", "postgres://a:5432,b:7/x", true),
            ("postgres://me:s3cret@a/x?sslmode=disable", "postgres://a:5432/x", false),
            ("postgres://a/x?sslmode=require&connect_timeout=3", "postgres://a:5432/x", true),
            ("postgres:///x?host=/run/postgresql", "postgres:///run/postgresql:5432/x", false),
            ("postgres://%2Frun%2Fpostgresql/x", "postgres:///run/postgresql:5432/x", false),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(address.is_encrypted, is_encrypted, "{text}");
            assert_eq!(format!("{address:?}"), format!("Address({shown})"));
            assert!(!format!("{:?}", address.config).contains("s3cret"));
        }
        for (text, why) in [
            ("mysql://a", "does not begin with postgres://"),
            ("postgres://me:s3cret@a/x?sslmode=prefer", "must be verify-full, or disable"),
            ("postgres://me:s3cret@a:port/x", "port"),
            ("postgres://me:s3cret@a/x?sslkey=k", "sslkey"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("s3cret"), "{text}: {error}");
        }
    }
}
