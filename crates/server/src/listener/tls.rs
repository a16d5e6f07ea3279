//! TLS from PEM files, read again when they change: a renewed certificate needs no restart.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Between two looks at the files, unless told otherwise.
pub(super) const LOOK: Duration = Duration::from_secs(10);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read as PEM.
    #[error("cannot read {}: {why}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not fit, or are of a kind that TLS cannot use.
    #[error("cannot use the certificate in {} with its key: {why}", path.display())]
    Unfit {
        /// The certificate's file.
        path: PathBuf,
        /// What is wrong.
        why: rustls::Error,
    },
}

/// The certificate in use.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    cert: PathBuf,
    key: PathBuf,
    config: Arc<ArcSwap<ServerConfig>>,
}

impl Tls {
    pub(super) fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let config = Arc::new(ArcSwap::from_pointee(read(cert, key)?));
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), config })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// Time and length of both files: the time alone is too coarse to tell a file that is half
    /// written from the whole one a moment later.
    fn state(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.cert, &self.key].map(|path| {
            let meta = path.metadata().ok()?;
            Some((meta.modified().ok()?, meta.len()))
        })
    }
}

/// Reads the files again whenever they change. Files that do not fit change nothing.
pub(super) async fn keep_reloading(tls: Option<Tls>, every: Duration, closing: CancellationToken) {
    let Some(tls) = tls else { return };
    let mut seen = tls.state();
    let mut look = tokio::time::interval(every);
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            _ = look.tick() => {}
        }
        let now = tls.state();
        if now == seen {
            continue;
        }
        seen = now;
        match read(&tls.cert, &tls.key) {
            Ok(config) => {
                tls.config.store(Arc::new(config));
                info!("The TLS certificate changed and is in use");
            }
            Err(why) => error!(%why, "The TLS certificate changed; going on with the old one"),
        }
    }
}

fn read(cert: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let pem = |path: &Path| {
        let path = path.to_owned();
        move |why| TlsError::Pem { path, why }
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem(cert))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let unfit = |why| TlsError::Unfit { path: cert.to_owned(), why };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
