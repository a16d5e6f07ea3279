//! A network between a server and those who call it: it keeps one address while the server
//! behind it ends and starts again, and it can be cut.

use std::{io, net::SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// One address of this machine, and whoever answers behind it.
#[derive(Debug)]
pub struct Line {
    /// Where it is called.
    pub address: SocketAddr,
    behind: watch::Sender<Option<SocketAddr>>,
    carrying: JoinHandle<()>,
}

impl Line {
    /// Nobody is behind it yet.
    ///
    /// # Errors
    /// The system has no port.
    pub async fn lay() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (behind, follower) = watch::channel(None);
        let carrying = tokio::spawn(async move {
            loop {
                let Ok((caller, _)) = listener.accept().await else { return };
                tokio::spawn(carry(caller, follower.clone()));
            }
        });
        Ok(Self { address, behind, carrying })
    }

    /// From now on calls go there.
    pub fn join(&self, address: SocketAddr) {
        self.behind.send_replace(Some(address));
    }

    /// Breaks every call, and those to come.
    pub fn cut(&self) {
        self.behind.send_replace(None);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(mut caller: TcpStream, mut behind: watch::Receiver<Option<SocketAddr>>) {
    let Some(address) = *behind.borrow_and_update() else { return };
    let Ok(mut server) = TcpStream::connect(address).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut caller, &mut server) => {}
        _ = behind.changed() => {}
    }
}
