//! The server under a service manager: it is told by datagrams (sd_notify(3)) when the server
//! answers, that it is alive, and when it ends. The manager here is a socket of the test.

use std::net::{SocketAddr, TcpListener};

use reqwest::StatusCode;
use tokio::net::UnixDatagram;

use crate::{
    node::SERVE,
    place::{Place, refusal},
    process::{Process, within_limit},
};

/// Whoever waits for word.
struct Manager(UnixDatagram);

impl Manager {
    fn at(place: &Place) -> Self {
        Self(UnixDatagram::bind(place.path("notify")).unwrap())
    }

    fn starts(&self, place: &Place, args: &[&str]) -> Process {
        let mut serve = place.command(args);
        serve.env("NOTIFY_SOCKET", place.path("notify")).env("WATCHDOG_USEC", "200000");
        Process::start(serve, "")
    }

    /// The next words that are not the heartbeat.
    async fn hears(&self) -> String {
        loop {
            let words = self.hears_anything().await;
            if words != "WATCHDOG=1" {
                return words;
            }
        }
    }

    async fn hears_anything(&self) -> String {
        let mut words = [0; 500];
        let length = within_limit("word", self.0.recv(&mut words)).await.unwrap();
        String::from_utf8(words[..length].to_vec()).unwrap()
    }
}

#[tokio::test]
async fn a_manager_hears_when_the_server_answers_that_it_lives_and_when_it_ends() {
    let place = Place::empty();
    let manager = Manager::at(&place);
    let process = manager.starts(&place, &SERVE);
    let first = manager.hears_anything().await;
    let address = first.strip_prefix("READY=1\nSTATUS=Answers at ").expect(&first);
    let address: SocketAddr = address.parse().unwrap();
    // The first call, not one of many: it had no reason to say so earlier.
    let answer = reqwest::get(format!("http://{address}/readyz")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(manager.hears_anything().await, "WATCHDOG=1");
    }
    process.terminate();
    let last = manager.hears().await;
    // Ten seconds of grace, and half a minute for what is still to be written.
    assert!(last.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=40000000\n"), "{last}");
    assert_eq!(process.ended().await.code, Some(0));
}

#[tokio::test]
async fn a_server_that_cannot_listen_never_says_that_it_is_ready() {
    let place = Place::empty();
    let manager = Manager::at(&place);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let args = ["serve", "--listen", &listen, "--metrics-listen", "127.0.0.1:0"];
    let ended = manager.starts(&place, &args).ended().await;
    let why = refusal(&args, ended);
    assert!(why.contains("is another process listening there?"), "{why}");
    assert!(manager.0.try_recv(&mut [0; 500]).is_err());
}

#[tokio::test]
async fn a_manager_that_is_gone_is_named_and_stops_nothing() {
    let place = Place::empty();
    let mut serve = place.command(&SERVE);
    serve.env("NOTIFY_SOCKET", place.path("nobody"));
    let mut process = Process::start(serve, "");
    process.says("NOTIFY_SOCKET cannot be reached").await.unwrap();
    process.says("Hallpass answers").await.unwrap();
    process.terminate();
    assert_eq!(process.ended().await.code, Some(0));
}
