//! Connections that become something else, WebSockets above all (RFC 9110 §7.8). They live longer
//! than a request, so their token is looked at once a second: one that has died ends them.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::{
    body::Incoming,
    upgrade::{OnUpgrade, on},
};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tracing::{debug, info};

use crate::gateway::{Gateway, Known};

/// Between two looks at the token.
pub(super) const LOOK: Duration = Duration::from_millis(500);

/// A caller who wants another protocol.
pub(super) struct Upgrade {
    protocol: HeaderValue,
    caller: OnUpgrade,
}

impl Upgrade {
    /// Whether a request asks for one.
    pub(super) fn asked(request: &mut Request<Incoming>) -> Option<Self> {
        let headers = request.headers();
        let protocol = headers.get(header::UPGRADE).filter(|_| is_wanted(headers)).cloned()?;
        // HTTP/2 without TLS is spoken from the start, or not at all.
        if protocol.as_bytes().eq_ignore_ascii_case(b"h2c") {
            return None;
        }
        Some(Self { protocol, caller: on(request) })
    }

    /// Asks the upstream for the same.
    pub(super) fn ask(asked: Option<&Self>, mut request: Request<Incoming>) -> Request<Incoming> {
        if let Some(asked) = asked {
            let headers = request.headers_mut();
            headers.insert(header::UPGRADE, asked.protocol.clone());
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        request
    }

    /// Joins both ends once the upstream has agreed.
    pub(super) fn begin(
        self,
        mut response: Response<Incoming>,
        gateway: &Gateway,
        caller: Option<Known>,
    ) -> Response<Incoming> {
        let behind = on(&mut response);
        let gateway = gateway.clone();
        tokio::spawn(async move { join(self.caller, behind, &gateway, caller).await });
        response
    }
}

fn is_wanted(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::CONNECTION).iter();
    let mut words = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    words.any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
}

async fn join(front: OnUpgrade, behind: OnUpgrade, gateway: &Gateway, caller: Option<Known>) {
    let both = tokio::try_join!(front, behind);
    let (front, behind) = match both {
        Ok(both) => both,
        Err(why) => {
            debug!(%why, "A connection did not become another");
            return;
        }
    };
    let (mut front, mut behind) = (TokioIo::new(front), TokioIo::new(behind));
    tokio::select! {
        _ = copy_bidirectional(&mut front, &mut behind) => {}
        () = gateway.closing().cancelled() => {}
        () = dies(caller.as_ref()) => {
            gateway.metrics().cut();
            info!("An upgraded connection ended with its token");
        }
    }
}

/// Waits until a token is no longer good.
async fn dies(caller: Option<&Known>) {
    let Some(caller) = caller else { return std::future::pending().await };
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        if !caller.is_alive() {
            return;
        }
    }
}
