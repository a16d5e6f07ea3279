//! What holds below HTTP: framing, waiting, connections, TLS, and the end.

mod connections;
mod framing;
mod proxy_protocol;
mod shutdown;
mod tls;
