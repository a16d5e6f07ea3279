//! An answer without a known end, a stream of events above all. It lives longer than the check of
//! its request, so its token is looked at while it goes on: one that has died breaks it off.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::upgraded::LOOK;
use crate::{
    answer::BodyError,
    gateway::{Gateway, Known},
};

pin_project! {
    /// A body that ends with its token.
    pub(super) struct Watched {
        #[pin]
        inner: Incoming,
        caller: Known,
        gateway: Gateway,
        look: Interval,
    }
}

/// Breaks the connection off, so that nobody takes what came for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the token has died")]
struct Died;

impl Watched {
    pub(super) fn new(inner: Incoming, caller: Known, gateway: Gateway) -> Self {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inner, caller, gateway, look }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        // Until it says that it is not due: only then does it wake this up again.
        while this.look.poll_tick(context).is_ready() {
            if !this.caller.is_alive() {
                this.gateway.metrics().cut();
                tracing::info!("An answer that was under way ended with its token");
                return Poll::Ready(Some(Err(Died.into())));
            }
        }
        this.inner.poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
