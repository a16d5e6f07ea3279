//! TLS: both versions of HTTP, a certificate that is renewed while the node runs, and strangers
//! who do not speak it.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use hallpass_server::{Server, listener::ListenError};
use rcgen::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    ask::Ask,
    node::{Node, ask_token, eventually},
    wire::{Listening, Wire, ask_at, client, within},
};

/// A certificate for localhost, in files.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> (Self, CertificateDer<'static>) {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let certificate = files.renew();
        (files, certificate)
    }

    fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.cert(), cert.pem()).unwrap();
        fs::write(self.key(), signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }
}

async fn node(files: &Files) -> Listening {
    let (cert, key) = (files.cert(), files.key());
    let node = Node::start()
        .with_config(|config| (config.tls_cert, config.tls_key) = (Some(cert), Some(key)))
        .with_credential("reports");
    node.await.listen_as(|server| server.with_certificate_look(Duration::from_millis(10))).await
}

/// Shakes hands with whoever has this certificate.
async fn shake_hands(
    node: &Listening,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(node.public).await?;
    let name = ServerName::try_from("localhost").unwrap();
    within("a handshake", TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}

#[tokio::test]
async fn both_versions_of_http_are_offered() {
    let (files, certificate) = Files::new();
    let node = node(&files).await;
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["http/1.1", "h2"], Some("h2")),
        (&[], None),
    ] {
        let stream = shake_hands(&node, &certificate, offered).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.alpn_protocol(), chosen.map(str::as_bytes), "{offered:?}");
    }
    let root = reqwest::Certificate::from_der(&certificate).unwrap();
    let url = format!("https://localhost:{}/oauth/token", node.public.port());
    for version in [http::Version::HTTP_2, http::Version::HTTP_11] {
        let client = client(|builder| {
            let builder = builder.tls_certs_only([root.clone()]);
            if version == http::Version::HTTP_11 { builder.http1_only() } else { builder }
        });
        ask_at(&client, &url, ask_token("reports")).await.token();
        let response = within("an answer", client.get(&url).send()).await.unwrap();
        assert_eq!(response.version(), version);
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let (files, old) = Files::new();
    let node = node(&files).await;
    let open = shake_hands(&node, &old, &["http/1.1"]).await.unwrap();
    let new = files.renew();
    let renewed = async || shake_hands(&node, &new, &[]).await.is_ok();
    eventually("the new certificate", renewed).await;
    assert!(shake_hands(&node, &old, &[]).await.is_err());
    // Who was there before stays.
    let mut open = Wire::new(open);
    open.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(open.answer().await.unwrap().status, 200);
    // Files that are no certificate change nothing, and the next good ones count again.
    fs::write(files.cert(), "no certificate").unwrap();
    for _ in 0..20 {
        assert!(shake_hands(&node, &new, &[]).await.is_ok());
    }
    let newest = files.renew();
    let renewed = async || shake_hands(&node, &newest, &[]).await.is_ok();
    eventually("the newest certificate", renewed).await;
}

#[tokio::test]
async fn whoever_does_not_speak_tls_harms_nobody() {
    let (files, certificate) = Files::new();
    let node = node(&files).await;
    for garbage in [
        &b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
        &[0; 70_000],
        &[0xFF; 70_000],
    ] {
        let mut wire = node.dial().await;
        wire.say(garbage).await;
        if garbage.len() > 5 {
            let came = wire.rest().await;
            assert!(!came.contains("HTTP"), "{came}");
        }
    }
    drop(node.dial().await);
    let mut wire = Wire::new(shake_hands(&node, &certificate, &["http/1.1"]).await.unwrap());
    wire.say(crate::wire::on_the_wire(&Ask::get("/healthz"))).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
    eventually("no connection but one", async || node.app.metrics.connections.get() <= 1).await;
}

#[tokio::test]
async fn operators_read_their_numbers_without_tls() {
    let (files, _) = Files::new();
    let node = node(&files).await;
    let url = format!("http://{}/metrics", node.metrics);
    let answer = ask_at(&client(|builder| builder), &url, Ask::get("/metrics")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_said_before_the_start() {
    let (files, _) = Files::new();
    let (other, _) = Files::new();
    let missing = files.folder.path().join("missing.pem");
    let empty = files.folder.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    for (what, cert, key) in [
        ("no such file", missing.clone(), files.key()),
        ("no such key", files.cert(), missing),
        ("an empty file", empty.clone(), files.key()),
        ("an empty key", files.cert(), empty),
        ("the other way round", files.key(), files.cert()),
        ("another's key", files.cert(), other.key()),
    ] {
        let node = Node::start()
            .with_config(|config| (config.tls_cert, config.tls_key) = (Some(cert), Some(key)))
            .await;
        let refused = Server::bind(node.app.clone()).await;
        assert!(matches!(refused, Err(ListenError::Tls(_))), "{what}");
    }
}
