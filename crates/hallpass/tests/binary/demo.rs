//! The demo as a newcomer meets it: start it, and paste what it prints into a shell.

use std::{
    net::TcpListener,
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

use crate::{
    place::Place,
    process::{Ended, Process},
};

/// Below what the system hands out to outgoing connections, so that none of those is in the way.
const PORTS: std::ops::Range<u16> = 15_000..30_000;

/// Three ports on loopback that nobody listens on.
fn free_ports() -> [u16; 3] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test runs side by side begin elsewhere.
    let begin = u16::try_from(std::process::id() % 12_000).unwrap();
    let tries = PORTS.skip(begin.into());
    let mut free = tries
        .skip(NEXT.fetch_add(100, Ordering::Relaxed).into())
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    std::array::from_fn(|_| free.next().unwrap())
}

/// A running demo.
struct Demo {
    process: Process,
    guide: String,
}

impl Demo {
    async fn start(place: &Place) -> Self {
        Self::start_with(place, &[]).await
    }

    async fn start_with(place: &Place, more: &[&str]) -> Self {
        let [public, metrics, books] = free_ports().map(|port| format!("127.0.0.1:{port}"));
        let issuer = format!("http://{public}");
        let options = ["--listen", &public, "--metrics-listen", &metrics, "--issuer", &issuer];
        let args = [&["demo", "--books-listen", &books][..], &options, more].concat();
        let mut process = Process::start(place.command(&args), "");
        let guide = process.prints_text("Ctrl-C ends everything").await;
        Self { process, guide }
    }

    /// The lines to paste of one numbered step: those that are set in.
    fn step(&self, number: usize) -> String {
        let (_, after) = self.guide.split_once(&format!("\n {number}. ")).unwrap();
        let set_in = |line: &&str| line.is_empty() || line.starts_with("    ");
        after.lines().skip(1).take_while(set_in).collect::<Vec<_>>().join("\n")
    }

    async fn end(self) -> Ended {
        self.process.terminate();
        let ended = self.process.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }
}

/// Runs pasted lines in one shell, as one person would, and returns what they print.
async fn paste(place: &Place, lines: &str) -> String {
    let mut shell = Command::new("sh");
    // Nothing of the demo may need a particular environment, but for where programs are.
    shell.arg("-u").env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
    shell.current_dir(place.path("."));
    let ended = place.run_with(shell, lines).await;
    assert!(!ended.stderr.contains("not found"), "the demo's lines need curl: {}", ended.stderr);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

#[tokio::test]
async fn the_lines_that_the_demo_prints_work_as_pasted() {
    let place = Place::empty();
    // A shell would take it for two words, and a quotation.
    let demo = Demo::start_with(&place, &["--data-dir", "Anna's data"]).await;
    let [token, call, revoke] = [1, 2, 3].map(|number| demo.step(number));

    let answer = paste(&place, &format!("{token}\n{call}\necho\necho \"$TOKEN\"\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""total_book_count":"#), "{answer}");
    let token = answer.lines().last().unwrap();
    assert_eq!(token.matches('.').count(), 2, "{token}");

    let began = Instant::now();
    let answer = paste(&place, &format!("TOKEN={token}\n{revoke}\n")).await;
    assert!(answer.contains("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert!(answer.contains(r#"error="invalid_token""#), "{answer}");
    // The pasted lines themselves wait for a second.
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());

    let (_, look) = demo.guide.split_once("Look around:").unwrap();
    let (look, _) = look.split_once("\n\n").unwrap();
    for (line, shows) in look.lines().zip([
        "revoked",
        r#""token_endpoint":"#,
        r#""entries":[{"h":""#,
        "hallpass_token_requests_total",
    ]) {
        let shown = paste(&place, line).await;
        assert!(shown.contains(shows), "{line}: {shown}");
    }
    demo.end().await;
}

#[tokio::test]
async fn a_revoked_credential_is_refused_within_a_second() {
    let place = Place::empty();
    let demo = Demo::start(&place).await;
    let [token, call, revoke] = [1, 2, 3].map(|number| demo.step(number));
    // The same lines without the wait: asked again and again, for a second at most.
    let (revoke, _) = revoke.split_once(" && sleep 1").unwrap();
    let status = call.replace("curl -i", "curl -s -o /dev/null -w '%{http_code}\\n'");
    let asked = format!("{token}\n{status}\n{revoke}\ndate +%s%N\n");
    let until = format!(
        "for i in $(seq 200); do [ \"$({})\" = 401 ] && break; done\ndate +%s%N\n",
        status.trim()
    );
    let answer = paste(&place, &format!("{asked}{until}{status}\n")).await;
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(lines.first(), Some(&"200"), "{answer}");
    assert_eq!(lines.last(), Some(&"401"), "{answer}");
    let [began, ended] = [lines[lines.len() - 3], lines[lines.len() - 2]]
        .map(|line| line.parse::<u64>().unwrap_or_else(|why| panic!("{why}: {answer}")));
    let took = Duration::from_nanos(ended - began);
    assert!(took < Duration::from_secs(1), "refused after {took:?}");
    demo.end().await;
}

#[tokio::test]
async fn a_second_demo_uses_what_the_first_one_made() {
    let place = Place::empty();
    for _ in 0..2 {
        let demo = Demo::start(&place).await;
        let [token, call] = [1, 2].map(|number| demo.step(number));
        let answer = paste(&place, &format!("{token}\n{call}\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        demo.end().await;
    }
    let data = ["--data-dir", "hallpass-demo"];
    let list = async |what: &str| {
        place.ask(&[&[what, "list"][..], &data].concat()).await.as_array().unwrap().len()
    };
    // The second one listens elsewhere, so its API is another; the customer is the same.
    assert_eq!((list("organization").await, list("credential").await), (1, 2));
}
