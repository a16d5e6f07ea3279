//! What holds below HTTP: framing, waiting, connections, TLS, and the end.

mod connections;
mod framing;
mod shutdown;
mod tls;
