//! Several hosts, of which one takes writes: which of them is called, and for how long. One that
//! hangs must not keep anybody from the next.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Error,
    config::{Config, Host},
};

/// Which host took the last connection, for all that connect.
pub(super) type LastGood = Arc<AtomicUsize>;

/// Calls one host after the other, beginning with the one that was good the last time.
pub(super) struct EachHost<C> {
    /// Calls a single one.
    pub(super) one: C,
    /// For all of them together.
    pub(super) limit: Duration,
    pub(super) last_good: LastGood,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl<C: Connect> Connect for EachHost<C> {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let hosts: Vec<Config> = (0..config.get_hosts().len()).map(|at| only(config, at)).collect();
        Box::pin(async move {
            let share = self.limit / hosts.len().max(1) as u32;
            let first = self.last_good.load(Ordering::Relaxed);
            let mut left = hosts.len();
            loop {
                let at = (first + hosts.len() - left) % hosts.len().max(1);
                left = left.saturating_sub(1);
                let call = self.one.connect(&hosts[at]);
                // The last may take what is left; whoever waits for all of this has a limit.
                let connected = match left {
                    0 => call.await,
                    _ => match tokio::time::timeout(share, call).await {
                        Ok(connected) => connected,
                        Err(_) => continue,
                    },
                };
                match connected {
                    Err(_) if left > 0 => {}
                    connected => {
                        if connected.is_ok() {
                            self.last_good.store(at, Ordering::Relaxed);
                        }
                        return connected;
                    }
                }
            }
        })
    }
}

/// The same with one of its hosts alone.
fn only(config: &Config, at: usize) -> Config {
    let mut one = Config::new();
    match config.get_hosts().get(at) {
        Some(Host::Tcp(name)) => one.host(name),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => one.host_path(folder),
        None => &mut one,
    };
    let ports = config.get_ports();
    if let Some(port) = ports.get(at).or(ports.first()) {
        one.port(*port);
    }
    if let Some(address) = config.get_hostaddrs().get(at) {
        one.hostaddr(*address);
    }
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(database) = config.get_dbname() {
        one.dbname(database);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(limit) = config.get_connect_timeout() {
        one.connect_timeout(*limit);
    }
    if let Some(silence) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*silence);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .channel_binding(config.get_channel_binding())
        .target_session_attrs(config.get_target_session_attrs())
        .load_balance_hosts(config.get_load_balance_hosts());
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_keeps_all_that_was_said_of_it() {
        let url = "postgres://me:s3cret@a,b:7/x?sslmode=require&keepalives_idle=9&connect_timeout=3\
                   &target_session_attrs=read-write&application_name=n&options=-cgeqo%3Doff";
        let both: Config = url.parse().unwrap();
        for (at, host, port) in [(0, "a", 5432), (1, "b", 7)] {
            let single = url.replace("a,b:7", &format!("{host}:{port}"));
            assert_eq!(only(&both, at), single.parse().unwrap(), "{host}");
        }
        let same = "postgres://a:8,b:9/x?hostaddr=127.0.0.1,127.0.0.2";
        let second = "postgres://b:9/x?hostaddr=127.0.0.2";
        assert_eq!(only(&same.parse().unwrap(), 1), second.parse().unwrap());
    }
}
