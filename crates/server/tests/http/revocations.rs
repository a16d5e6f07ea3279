//! `/revocations` and `/revocations/stream`: what died, for whoever asks.

mod deaths;
mod snapshot;
mod stream;
