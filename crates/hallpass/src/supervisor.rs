//! What the service manager that started the server is told: that it answers, that it is alive,
//! that it ends. The protocol is sd_notify(3), one datagram for each; without `NOTIFY_SOCKET`
//! nobody is told. It must never hold the server up.

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use tracing::warn;

/// For a datagram to be taken. A manager that is too slow for it misses one.
const SEND: Duration = Duration::from_secs(1);

/// For what comes after the open requests: counts that are still to be written.
const AFTER_GRACE: Duration = Duration::from_secs(30);

/// Whoever started the server and waits for word from it.
#[derive(Debug, Default)]
pub(crate) struct Supervisor {
    socket: Option<UnixDatagram>,
    /// It restarts a server that is silent for this long.
    patience: Option<Duration>,
}

impl Supervisor {
    /// The one that the environment names.
    #[expect(clippy::disallowed_methods, reason = "the binary reads the environment")]
    pub(crate) fn from_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Self::default() };
        let socket = connect(&name);
        if let Err(why) = &socket {
            warn!(socket = ?name, %why, "NOTIFY_SOCKET cannot be reached: nobody is told that this server answers");
        }
        let variable = |name| std::env::var(name).ok();
        let patience = patience(
            variable("WATCHDOG_USEC").as_deref(),
            variable("WATCHDOG_PID").as_deref(),
            std::process::id(),
        );
        Self { socket: socket.ok(), patience }
    }

    /// Says that requests are answered from now on.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// Says that no new requests are taken, and for how long open ones may go on.
    pub(crate) fn stopping(&self, grace: Duration) {
        let longest = (grace + AFTER_GRACE).as_micros();
        let status = "Closing: open requests may finish";
        self.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={longest}\nSTATUS={status}"));
    }

    /// Says twice within its patience that the server is alive; ends at once if nobody asks.
    ///
    /// What is shown is that tasks are run and timers fire. It does not call the server's own
    /// listener: one whose connections are all taken is busy, and a restart would not help it.
    pub(crate) async fn keep_alive(self) {
        let Some(patience) = self.patience else { return };
        let mut beat = tokio::time::interval(patience / 2);
        loop {
            beat.tick().await;
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, words: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(why) = socket.send(words.as_bytes()) {
            warn!(%why, "The service manager could not be told: {}", words.replace('\n', ", "));
        }
    }

    /// The same, to be told by another task.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let socket = self.socket.as_ref().map(UnixDatagram::try_clone).transpose()?;
        Ok(Self { socket, patience: self.patience })
    }
}

/// A path, or `@` and a name without a file (abstract).
fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        [b'/', ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(io::Error::from(io::ErrorKind::Unsupported)),
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_write_timeout(Some(SEND))?;
    Ok(socket)
}

/// sd_watchdog_enabled(3): none if it is not asked for, or asked of another process.
fn patience(micros: Option<&str>, of: Option<&str>, this: u32) -> Option<Duration> {
    let micros: u64 = micros?.parse().ok().filter(|micros| *micros > 0)?;
    let is_ours = of.is_none_or(|of| of.parse() == Ok(this));
    is_ours.then(|| Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(socket: &UnixDatagram) -> String {
        let mut text = [0; 500];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_manager_is_reached_by_a_path_or_by_an_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let name = format!("hallpass-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&name).unwrap();
        for (at, socket) in [
            (path.clone().into_os_string(), UnixDatagram::bind(&path).unwrap()),
            (format!("@{name}").into(), UnixDatagram::bind_addr(&abstract_address).unwrap()),
        ] {
            let supervisor = Supervisor { socket: connect(&at).ok(), patience: None };
            supervisor.ready("Answers");
            assert_eq!(told(&socket), "READY=1\nSTATUS=Answers", "{at:?}");
            supervisor.try_clone().unwrap().stopping(Duration::from_secs(10));
            let told = told(&socket);
            assert!(told.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\n"), "{told}");
        }
    }

    #[test]
    fn a_manager_that_is_not_there_is_an_error_that_stops_nothing() {
        for name in ["", "notify", "vsock:2:1", "/nowhere/notify", "@hallpass-nobody"] {
            assert!(connect(OsStr::new(name)).is_err(), "{name}");
        }
        Supervisor::default().ready("Answers");
    }

    #[test]
    fn a_watchdog_counts_if_it_is_asked_of_this_process() {
        for (micros, of, expected) in [
            (None, None, None),
            (Some("30000000"), None, Some(30)),
            (Some("30000000"), Some("7"), Some(30)),
            (Some("30000000"), Some("8"), None),
            (Some("30000000"), Some("x"), None),
            (Some("0"), None, None),
            (Some("soon"), None, None),
        ] {
            let patience = patience(micros, of, 7);
            assert_eq!(patience, expected.map(Duration::from_secs), "{micros:?} {of:?}");
        }
    }
}
