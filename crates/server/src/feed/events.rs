//! One reader's stream of the feed: what it missed, then what comes, in the order of the numbers. It
//! never leaves one out: a reader that is too slow is told to start over.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use hallpass_token::feed::Event;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::Frame;
use crate::live_directory::LiveDirectory;

/// One reader's stream.
#[derive(Debug)]
pub struct Events {
    live: Arc<LiveDirectory>,
    closing: CancellationToken,
    waiting: VecDeque<Bytes>,
    /// `None` once the stream is to end.
    receiver: Option<Receiver<Frame>>,
    last: u64,
    has_reset: bool,
}

impl Events {
    /// Joins the stream after the event `after`, until `closing` is cancelled.
    pub fn join(live: Arc<LiveDirectory>, closing: CancellationToken, after: u64) -> Self {
        let (missed, receiver) = live.feed.follow(after);
        let mut waiting = VecDeque::new();
        let (mut last, mut has_reset) = (after, false);
        match missed {
            Some(missed) => {
                for frame in missed {
                    last = frame.seq.unwrap_or(last);
                    waiting.push_back(frame.bytes);
                }
            }
            None => {
                last = live.feed.seq();
                has_reset = true;
                waiting.push_back(Bytes::from(Event::Reset { seq: last }.to_sse()));
            }
        }
        waiting.push_back(Bytes::from(live.feed.heartbeat(live.as_of()).to_sse()));
        Self { live, closing, waiting, receiver: Some(receiver), last, has_reset }
    }

    /// The number up to which everything has been handed out, once that is all that was missed.
    pub fn told(&self) -> Option<u64> {
        self.waiting.is_empty().then_some(self.last)
    }

    /// Whether the reader has been told to start over; says so once.
    pub fn takes_reset(&mut self) -> bool {
        std::mem::take(&mut self.has_reset)
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.waiting.pop_front() {
            return Some(bytes);
        }
        loop {
            let receiver = self.receiver.as_mut()?;
            let frame = tokio::select! {
                biased;
                () = self.closing.cancelled() => return None,
                frame = receiver.recv() => frame,
            };
            match frame {
                // Seen already, among what was missed.
                Ok(Frame { seq: Some(seq), .. }) if seq <= self.last => {}
                Ok(Frame { seq, bytes, last }) => {
                    if last {
                        self.receiver = None;
                        self.has_reset = true;
                    }
                    self.last = seq.unwrap_or(self.last);
                    return Some(bytes);
                }
                Err(RecvError::Lagged(_)) => {
                    self.receiver = None;
                    self.has_reset = true;
                    let seq = self.live.feed.seq();
                    return Some(Bytes::from(Event::Reset { seq }.to_sse()));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
